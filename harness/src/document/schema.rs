//! JSON schemas of topology and case files, for editors: made from the forms that the parsers themselves accept, with the reference documents'
//! description of every key.
//! Not here: what no schema can say, such as that a name must be defined, or how a quantity is spelled.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::form::{Fields, Form, Keys, Text};
use super::{case, topology};

/// The reference document of topologies.
const TOPOLOGIES: &str = include_str!("../../../topologies/README.md");
/// The reference document of cases.
const CASES: &str = include_str!("../../../testcases/README.md");

/// The schema of a topology file (JSON Schema, draft 7).
pub fn of_topology() -> Value {
    Schema::new([TOPOLOGIES, CASES]).document("A topology of mplab", &topology::form())
}

/// The schema of a case file (JSON Schema, draft 7).
pub fn of_case() -> Value {
    Schema::new([CASES, TOPOLOGIES]).document("A case of mplab", &case::form())
}

/// A schema that is being written.
struct Schema {
    /// The documents that explain its keys, its own first.
    references: [&'static str; 2],
    /// Tables that occur, by name.
    definitions: BTreeMap<String, Value>,
}

impl Schema {
    fn new(references: [&'static str; 2]) -> Self {
        Self { references, definitions: BTreeMap::new() }
    }

    fn document(mut self, title: &str, form: &Form) -> Value {
        let whole = self.value(form);
        json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": title,
            "allOf": [whole],
            "definitions": self.definitions,
        })
    }

    /// What a form takes.
    fn value(&mut self, form: &Form) -> Value {
        let mut any = Vec::new();
        match &form.text {
            Some(Text::Any) => any.push(json!({ "type": "string" })),
            Some(Text::Words(words)) => any.push(json!({ "type": "string", "enum": words })),
            None => {}
        }
        match (form.integer, form.fraction) {
            (Some(_), true) => any.push(json!({ "type": "number" })),
            // A bound above TOML's largest number is left out (and some editors refuse it).
            (Some(Some(most)), false) if i64::try_from(most).is_ok() => {
                any.push(json!({ "type": "integer", "minimum": 0, "maximum": most }));
            }
            (Some(Some(_)), false) => any.push(json!({ "type": "integer", "minimum": 0 })),
            (Some(None), false) => any.push(json!({ "type": "integer" })),
            (None, _) => {}
        }
        if form.truth {
            any.push(json!({ "type": "boolean" }));
        }
        match &form.array {
            Some(Some(elements)) => any.push(json!({ "type": "array", "items": self.value(elements) })),
            Some(None) => any.push(json!({ "type": "array" })),
            None => {}
        }
        match &form.table {
            Some(Fields::Any) => any.push(json!({ "type": "object" })),
            Some(Fields::Names(values)) => any.push(json!({ "type": "object", "additionalProperties": self.value(values) })),
            Some(Fields::Keys(keys)) => any.push(self.table(keys)),
            None => {}
        }
        if any.len() == 1 { any.remove(0) } else { json!({ "anyOf": any }) }
    }

    /// A reference to a table's definition.
    fn table(&mut self, keys: &Keys) -> Value {
        let mut properties = Map::new();
        for (key, form) in &keys.all {
            let described = self.described(keys.heading, key);
            let value = form.as_ref().map_or_else(|| json!({}), |form| self.value(form));
            // Editors ignore a description beside a reference.
            let mut property = if value.get("$ref").is_some() { json!({ "allOf": [value] }) } else { value };
            if let (Some(text), Some(property)) = (described, property.as_object_mut()) {
                property.insert("description".to_owned(), text.into());
            }
            properties.insert((*key).to_owned(), property);
        }
        let mut all: Vec<Value> = keys.any_of.iter().map(|any| json!({ "anyOf": needed(any) })).collect();
        all.extend(keys.one_of.iter().map(|one| json!({ "oneOf": needed(one) })));
        let mut table = json!({ "type": "object", "title": keys.what, "properties": properties, "additionalProperties": false });
        if !keys.required.is_empty() {
            table["required"] = json!(keys.required);
        }
        if !all.is_empty() {
            table["allOf"] = all.into();
        }
        json!({ "$ref": format!("#/definitions/{}", self.define(keys.what, table)) })
    }

    /// The name under which a table is defined. Different tables get different names.
    fn define(&mut self, what: &str, table: Value) -> String {
        let name = what.split(' ').filter(|word| !matches!(*word, "a" | "an" | "of")).collect::<Vec<_>>().join("-").replace('\'', "");
        let names = std::iter::once(name.clone()).chain((2..).map(|number| format!("{name}-{number}")));
        let free = |name: &String| self.definitions.get(name).is_none_or(|other| *other == table);
        let name = names.into_iter().find(free).expect("there are names enough");
        self.definitions.insert(name.clone(), table);
        name
    }

    /// What the reference documents say about a key: in the section of its table, else of a table whose keys it may also have.
    fn described(&self, heading: &str, key: &str) -> Option<String> {
        let own = self.references.iter().find_map(|document| row(section(document, heading)?, key));
        own.or_else(|| self.references.iter().find_map(|document| row(document, key)))
    }
}

/// Each of these keys as a requirement.
fn needed(keys: &[&str]) -> Vec<Value> {
    keys.iter().map(|key| json!({ "required": [key] })).collect()
}

/// The section of a document below a heading.
fn section<'a>(document: &'a str, heading: &str) -> Option<&'a str> {
    let (_, section) = document.split_once(&format!("\n## {heading}\n"))?;
    section.split("\n## ").next()
}

/// The text of a key's row: how its value is written, and its meaning. The columns in between are left out.
fn row(text: &str, key: &str) -> Option<String> {
    let row = text.lines().find_map(|line| line.strip_prefix(&format!("| `{key}` | ")))?;
    let row = row.trim_end().trim_end_matches('|');
    let (value, meaning) = (row.split(" | ").next()?.trim(), row.rsplit(" | ").next()?.trim());
    Some(unlinked(&format!("{value}. {meaning}")))
}

/// Markdown without its links, which would lead nowhere in an editor.
fn unlinked(text: &str) -> String {
    let mut parts = text.split("](");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // The text of the link is already in `plain`, behind the last bracket.
        if let Some(open) = plain.rfind('[') {
            plain.remove(open);
        }
        plain.push_str(part.split_once(')').map_or(part, |(_, rest)| rest));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_described() {
        for schema in [of_topology(), of_case()] {
            // The keys of the table of subflows are described in the row of its own key.
            for (table, definition) in schema["definitions"].as_object().unwrap().iter().filter(|(table, _)| *table != "table-subflows") {
                for (key, property) in definition["properties"].as_object().unwrap() {
                    assert!(property["description"].as_str().is_some_and(|text| text.len() > 10), "{table}: {key}");
                }
            }
        }
    }

    #[test]
    fn words_have_no_links() {
        assert_eq!(unlinked("a, see [`x`](#x) and [y](../y.md)."), "a, see `x` and y.");
        assert_eq!(unlinked("[[step]]"), "[[step]]");
    }

    #[test]
    fn a_key_of_another_table_with_that_name_is_told_by_its_heading() {
        let schema = of_case();
        let described = |table: &str, key: &str| schema["definitions"][table]["properties"][key]["description"].to_string();
        assert!(described("step", "limits").contains("MPTCP limits"));
        assert!(described("expectation", "subflows").contains("Established subflows"), "{}", described("expectation", "subflows"));
        assert!(described("firewalls-rule", "drop").contains("Drop these packets"));
    }
}
