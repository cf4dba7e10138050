//! The table of `[[expect]]` in the reference document, generated from the measures' own files.
//! Not here: its sentences.

use super::ALL;
use super::about::{About, Of, Scope};

/// The rows behind those of the keys that name a subject.
fn rows() -> String {
    let of = |scope: Scope| {
        let keys: Vec<String> = ALL.iter().filter(|about| about.scope == scope).map(|about| format!("`{}`", about.key)).collect();
        keys.join(", ")
    };
    let during = format!(
        "| `during` | window | | The part of the run: `\"2s..10s\"`, `\"2s..\"` or `\"..10s\"`. Not with measures of the whole run: {}. \
         A single time, `\"3s\"`, is a moment, for {}. |\n",
        of(Scope::Run),
        of(Scope::Moment)
    );
    let row = |about: &&About| format!("| `{}` | {} | {} | {} |\n", about.key, about.value, subjects(about), about.meaning);
    during + &ALL.iter().map(row).collect::<String>()
}

fn subjects(about: &About) -> String {
    if about.of.len() == 3 {
        return "all".to_owned();
    }
    let name = |of: &Of| if *of == Of::Iperf3 { "iperf3" } else { of.key() };
    about.of.iter().map(name).collect::<Vec<_>>().join(", ")
}

#[test]
fn the_reference_document_has_the_measures() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../testcases/README.md");
    let document = std::fs::read_to_string(path).expect("the reference document can be read");
    let from = document.find("| `during` |").expect("the table has a row of `during`");
    let to = from + document[from..].find("\n\n").expect("the table ends") + 1;
    if document[from..to] == rows() {
        return;
    }
    assert!(std::env::var_os("MPLAB_BLESS").is_some(), "MPLAB_BLESS=1 writes these to {path}:\n{}", rows());
    std::fs::write(path, document[..from].to_owned() + &rows() + &document[to..]).expect("the reference document can be written");
}
