//! The configuration of a kernel that is built: what labs need, what the user adds, and which of that took effect.
//! Not here: what the options mean.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::make::Make;
use super::{BuildError, files};
use crate::document::disk;

/// What labs need, on top of `allnoconfig`.
const LABS: &str = include_str!("labs.config");

pub(super) fn checksum() -> u32 {
    let mut checksum = flate2::Crc::new();
    checksum.update(LABS.as_bytes());
    checksum.sum()
}

/// A requested option that had no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The file that asks for it.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What the line says.
    pub asked: String,
    /// What the configuration says instead.
    pub is: String,
}

/// What users ask for and where, by option; the last setting counts.
pub(super) struct Asked {
    texts: Vec<String>,
    options: BTreeMap<String, (String, PathBuf, usize)>,
}

impl Asked {
    /// Reads files of options.
    pub(super) fn read(paths: &[PathBuf]) -> Result<Self, BuildError> {
        let mut asked = Self { texts: vec![LABS.to_owned()], options: BTreeMap::new() };
        for path in paths {
            let refused = |line, why: String| BuildError::Config { file: path.clone(), line, why };
            let text = disk::read_text(path, disk::DOCUMENT).map_err(|error| refused(None, error.to_string()))?;
            for (number, line) in (1..).zip(text.lines()) {
                match option(line) {
                    Some((name, value)) => drop(asked.options.insert(name.to_owned(), (value.to_owned(), path.clone(), number))),
                    None if line.trim().is_empty() || line.starts_with('#') => (),
                    None => {
                        let why =
                            format!("`{line}` is not an option: write `CONFIG_NAME=y`, `CONFIG_NAME=value` or `# CONFIG_NAME is not set`");
                        return Err(refused(Some(number), why));
                    }
                }
            }
            asked.texts.push(text);
        }
        Ok(asked)
    }

    /// Makes the configuration, and reads back which requested options had no effect.
    pub(super) fn configure(&self, make: &Make) -> Result<Vec<Dropped>, BuildError> {
        let path = make.site.path_of("asked.config");
        fs::write(&path, self.texts.join("\n")).map_err(files("write", &path))?;
        // An unchanged configuration is not written again, so that nothing is recompiled for it.
        make.run("the configuration", &["allnoconfig", &format!("KCONFIG_ALLCONFIG={}", path.display())], &mut |_, _| ())?;
        let result = make.site.objects().join(".config");
        Ok(self.dropped(&fs::read_to_string(&result).map_err(files("read", &result))?))
    }

    fn dropped(&self, made: &str) -> Vec<Dropped> {
        let made: BTreeMap<&str, &str> = made.lines().filter_map(option).collect();
        let wrong = self.options.iter().filter_map(|(name, (value, file, line))| {
            let is = made.get(name.as_str()).copied().unwrap_or("n");
            // Without modules, what can be one is built in.
            let same = is == value || (value == "m" && is == "y");
            let shown = |value: &str| if value == "n" { format!("# CONFIG_{name} is not set") } else { format!("CONFIG_{name}={value}") };
            (!same).then(|| Dropped { file: file.clone(), line: *line, asked: shown(value), is: shown(is) })
        });
        let mut wrong: Vec<_> = wrong.collect();
        wrong.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
        wrong
    }
}

/// An option and its value in a line.
fn option(line: &str) -> Option<(&str, &str)> {
    let set = || line.strip_prefix("CONFIG_")?.split_once('=');
    let unset = || Some((line.strip_prefix("# CONFIG_")?.strip_suffix(" is not set")?, "n"));
    let (name, value) = set().or_else(unset)?;
    (!name.is_empty() && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')).then_some((name, value.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Asked, BuildError> {
        let path = std::env::temp_dir().join(format!("mplab-config-{}-{:?}", std::process::id(), std::thread::current().id()));
        fs::write(&path, text).unwrap();
        let asked = Asked::read(std::slice::from_ref(&path));
        fs::remove_file(&path).unwrap();
        asked
    }

    #[test]
    fn what_was_not_taken_is_told() {
        let asked =
            read("CONFIG_KASAN=y\n# comment\nCONFIG_GCOV=y\nCONFIG_X=m\nCONFIG_FRAME_WARN=2048\n# CONFIG_MPTCP is not set\n").unwrap();
        let dropped = asked.dropped("# CONFIG_KASAN is not set\nCONFIG_X=y\nCONFIG_FRAME_WARN=1024\nCONFIG_MPTCP=y\n");
        let told: Vec<_> = dropped.iter().map(|one| (one.line, one.asked.as_str(), one.is.as_str())).collect();
        assert_eq!(
            told,
            [
                (1, "CONFIG_KASAN=y", "# CONFIG_KASAN is not set"),
                (3, "CONFIG_GCOV=y", "# CONFIG_GCOV is not set"),
                (5, "CONFIG_FRAME_WARN=2048", "CONFIG_FRAME_WARN=1024"),
                (6, "# CONFIG_MPTCP is not set", "CONFIG_MPTCP=y"),
            ]
        );
    }

    #[test]
    fn a_line_that_is_no_option_is_refused() {
        let told = read("CONFIG_KASAN=y\nKASAN=y\n").err().expect("it is refused").to_string();
        assert!(told.contains(":2: `KASAN=y` is not an option: write `CONFIG_NAME=y`"), "{told}");
    }

    #[test]
    fn labs_ask_for_options_only_and_for_devices_in_every_namespace() {
        let lines = LABS.lines().filter(|line| !line.is_empty() && !line.starts_with("# "));
        assert!(lines.clone().all(|line| option(line).is_some()));
        // All that is wanted of a program is asked for.
        let asks = |name: &str| lines.clone().filter_map(option).any(|asked| asked == (name, "y"));
        assert!(asks("NET_IPIP") && asks("IPV6_SIT"));
        // Modules that one option brings with others.
        let implied = ["NFT_REJECT_INET", "NFT_REJECT_IPV4", "NFT_REJECT_IPV6"];
        for wanted in crate::place::guest::store::wanted::wanted(crate::place::guest::store::Form::Program) {
            assert!(asks(wanted.option) || implied.contains(&wanted.option), "{}", wanted.option);
        }
    }
}
