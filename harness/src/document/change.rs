//! Changes to documents: what is different in a case and its topology, and the variants in a case file.
//! Not here: reading the resulting document.
//!
//! Tables are merged key by key; anything else, an empty table included, replaces what was there.

use serde::Deserialize;
use toml::{Table, Value};

/// What is different in a case and in its topology.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Change {
    /// In the case.
    #[serde(default)]
    pub case: Table,
    /// In its topology.
    #[serde(default)]
    pub topology: Table,
}

/// A variant of a case, by its name.
#[derive(Debug, Clone, Deserialize)]
struct Variant {
    name: String,
    #[serde(flatten)]
    change: Change,
}

/// The variants in the text of a case, in its order. A text that cannot be read has none: whoever reads it reports why.
pub fn variants(text: &str) -> Vec<(String, Change)> {
    #[derive(Deserialize)]
    struct Variants {
        #[serde(default)]
        variant: Vec<Variant>,
    }
    // Most files have no variants and need not be read twice.
    let read = text.contains("variant").then(|| toml::from_str::<Variants>(text).ok()).flatten();
    read.into_iter().flat_map(|read| read.variant).map(|variant| (variant.name, variant.change)).collect()
}

/// The names of the topologies that a case and its variants run on.
pub(super) fn topologies(text: &str) -> Vec<String> {
    let named = |table: &Table| table.get("topology").and_then(Value::as_str).map(str::to_owned);
    let changed = variants(text).into_iter().filter_map(|(_, change)| named(&change.case));
    text.parse::<Table>().ok().as_ref().and_then(named).into_iter().chain(changed).collect()
}

/// Applies a change to a document. A text that is not TOML stays as it is: whoever reads it reports why.
pub fn changed(text: String, change: &Table) -> String {
    match text.parse::<Table>() {
        Ok(mut document) => {
            document.remove("variant");
            merge(&mut document, change);
            document.to_string()
        }
        Err(_) => text,
    }
}

fn merge(document: &mut Table, change: &Table) {
    for (key, new) in change {
        match (document.get_mut(key), new) {
            (Some(Value::Table(old)), Value::Table(new)) if !new.is_empty() => merge(old, new),
            _ => drop(document.insert(key.clone(), new.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_replaces_all_but_tables() {
        let document = "list = [1, 2]\n[table]\nkept = 1\nnew = 1\n[table.gone]\nkey = 1\n".to_owned();
        let change = "list = [3]\ntable = { new = 2, gone = {} }".parse().unwrap();
        assert_eq!(changed(document, &change), "list = [3]\n\n[table]\nkept = 1\nnew = 2\n\n[table.gone]\n");
        assert_eq!(changed("no TOML".to_owned(), &change), "no TOML");
    }

    #[test]
    fn a_case_has_variants_in_its_order() {
        let text = "summary = \"x\"\n[[variant]]\nname = \"b\"\ncase.transfer.t.family = \"ipv6\"\n[[variant]]\nname = \"a\"\n";
        let found = variants(text);
        assert_eq!(found.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!(changed(text.to_owned(), &found[0].1.case), "summary = \"x\"\n\n[transfer.t]\nfamily = \"ipv6\"\n");
        assert_eq!(variants("variant = 3").len(), 0);
    }
}
