//! The README tells the truth: what it quotes is what the repository has.

use std::fs;
use std::path::Path;

/// The blocks of the README that are written in `language`.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).filter_map(|rest| Some(rest.split_once("```")?.0.to_owned())).collect()
}

#[test]
fn the_documents_it_shows_are_those_of_the_repository() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let shown = blocks(&read("README.md"), "toml");
    for file in ["topologies/laptop.toml", "testcases/cases/survival/ethernet_unplugged.toml"] {
        assert!(shown.contains(&read(file)), "the README shows another {file} than there is");
    }
}
