//! Turns the arguments of a command line into steps as a case file has them.
//! Not here: which conditions there are.

use std::path;

/// A TOML string.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Conditions of a link, `CONDITION=VALUE` each, as the inside of a TOML table. Paths are relative to the working directory.
pub fn conditions<'a>(written: impl IntoIterator<Item = &'a str>) -> Result<String, String> {
    let one = |written: &str| {
        let (key, value) =
            written.split_once('=').ok_or_else(|| format!("`{written}` is not of the form CONDITION=VALUE, such as rate=10mbit"))?;
        let path = (key == "trace" && value != "none").then(|| path::absolute(value).ok()).flatten();
        let value = path.map_or_else(|| value.to_owned(), |path| path.display().to_string());
        let is_toml = value.starts_with(['{', '[', '"']) || value.parse::<u64>().is_ok();
        Ok(format!("{key} = {}", if is_toml { value } else { quoted(&value) }))
    };
    Ok(written.into_iter().map(one).collect::<Result<Vec<_>, String>>()?.join(", "))
}
