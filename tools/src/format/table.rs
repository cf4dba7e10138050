//! The table of formats in `docs/ci.md`, generated from the formats' own files.
//! Not here: its sentences.

use super::{ALL, About};

#[test]
fn the_document_has_the_formats() {
    let row = |about: &About| match about {
        About::Written { option, .. } => format!("| `--{} FILE` | {} |\n", option.name, option.writes),
        About::Printed { option, .. } => format!("| `--{}` | {} |\n", option.name, option.writes),
        About::Asked(_) => String::new(),
    };
    crate::table::compare("docs/ci.md", "| option | writes |\n|---|---|\n", &ALL.iter().map(row).collect::<String>());
}
