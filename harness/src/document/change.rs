//! Changes to documents: what is different in a case and its topology, the variants in a case file, and what a case changes in the topology that it
//! extends.
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

/// The key of a case that says what it runs on.
const TOPOLOGY: &str = "topology";
/// The key in its table that names the topology that is extended.
const EXTENDS: &str = "extends";

/// Applies a change to a case. The change of its topology adds to the one that the case itself makes. A text that is not TOML stays as it is: whoever
/// reads it reports why.
pub fn changed(text: String, change: &Change) -> String {
    let Ok(mut case) = text.parse::<Table>() else { return text };
    case.remove("variant");
    merge(&mut case, &change.case);
    if !change.topology.is_empty()
        && let Some(topology) = case.get_mut(TOPOLOGY)
    {
        if let Value::String(name) = topology {
            *topology = Value::Table(Table::from_iter([(EXTENDS.to_owned(), Value::String(std::mem::take(name)))]));
        }
        if let Value::Table(topology) = topology {
            merge(topology, &change.topology);
        }
    }
    case.to_string()
}

/// What is different in the topology of a case, as its text says: what stands there under these keys. Whoever reads the case reports others.
pub(super) fn of_topology(text: &str, keys: &[&str]) -> Table {
    match text.parse::<Table>().ok().and_then(|mut case| case.remove(TOPOLOGY)) {
        Some(Value::Table(mut topology)) => {
            topology.retain(|key, _| key != EXTENDS && keys.contains(&key));
            topology
        }
        _ => Table::new(),
    }
}

/// Applies a change to a topology. A text that is not TOML stays as it is: whoever reads it reports why.
pub(super) fn extended(text: String, change: &Table) -> String {
    let Ok(mut topology) = text.parse::<Table>() else { return text };
    merge(&mut topology, change);
    topology.to_string()
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
        assert_eq!(extended(document, &change), "list = [3]\n\n[table]\nkept = 1\nnew = 2\n\n[table.gone]\n");
        assert_eq!(extended("no TOML".to_owned(), &change), "no TOML");
    }

    #[test]
    fn a_variant_s_topology_is_what_the_case_s_own_is_and_more() {
        let change = Change { case: Table::new(), topology: "link.x.rate = \"1mbit\"".parse().unwrap() };
        for (own, kept) in
            [("topology = \"two\"", ""), ("[topology]\nextends = \"two\"\nlink.x = { rate = \"9bit\", mtu = 9 }", "mtu = 9\n")]
        {
            let text = changed(own.to_owned(), &change);
            assert_eq!(text, format!("[topology]\nextends = \"two\"\n\n[topology.link.x]\n{kept}rate = \"1mbit\"\n"));
            assert_eq!(of_topology(&text, &["link"])["link"]["x"]["rate"].as_str(), Some("1mbit"));
            assert_eq!(of_topology(&text, &["links"]), Table::new(), "an unknown key is no change");
        }
        assert_eq!(of_topology("topology = \"two\"", &["link"]), Table::new());
    }

    #[test]
    fn a_case_has_variants_in_its_order() {
        let text = "summary = \"x\"\n[[variant]]\nname = \"b\"\ncase.transfer.t.family = \"ipv6\"\n[[variant]]\nname = \"a\"\n";
        let found = variants(text);
        assert_eq!(found.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!(changed(text.to_owned(), &found[0].1), "summary = \"x\"\n\n[transfer.t]\nfamily = \"ipv6\"\n");
        assert_eq!(variants("variant = 3").len(), 0);
    }
}
