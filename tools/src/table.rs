//! Tables of documents that come from the code: compared with it, and written anew on request.
//! Not here: their rows.

/// Compares the rows below a heading with those of a document. Writes them if `MPLAB_BLESS` is set.
pub(crate) fn compare(document: &str, heading: &str, rows: &str) {
    let path = format!("{}/../{document}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let from = text.find(heading).unwrap_or_else(|| panic!("{path} has no table\n{heading}")) + heading.len();
    let to = from + text[from..].find("\n\n").expect("the table ends") + 1;
    if text[from..to] == *rows {
        return;
    }
    assert!(std::env::var_os("MPLAB_BLESS").is_some(), "MPLAB_BLESS=1 writes these to {path}:\n{rows}");
    std::fs::write(&path, format!("{}{rows}{}", &text[..from], &text[to..])).expect("the document can be written");
}
