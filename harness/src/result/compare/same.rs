//! Whether two runs are identical and, if not, where they differ.
//! Not here: whether a difference matters.

use serde_json::Value;

use crate::result::recording::Recording;

/// The values that differ, by their paths: `hosts.laptop.at: 41 values, and 40`. At most `most` of them.
pub fn differences(one: &Recording, other: &Recording, most: usize) -> Vec<String> {
    let value = |recording: &Recording| serde_json::to_value(recording).expect("a recording has string keys and finite numbers only");
    let mut found = Vec::new();
    compare("", &value(one), &value(other), &mut found);
    let more = found.len().saturating_sub(most);
    found.truncate(most);
    if more > 0 {
        found.push(format!("and {more} more"));
    }
    found
}

fn compare(path: &str, one: &Value, other: &Value, found: &mut Vec<String>) {
    match (one, other) {
        (one, other) if one == other => {}
        (Value::Object(one), Value::Object(other)) => {
            let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            for (key, value) in one {
                compare(&below(key), value, other.get(key).unwrap_or(&Value::Null), found);
            }
            let fresh = other.iter().filter(|(key, _)| !one.contains_key(*key));
            fresh.for_each(|(key, value)| compare(&below(key), &Value::Null, value, found));
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            // The first difference in a series is enough.
            if let Some(at) = (0..one.len()).find(|&at| one[at] != other[at]) {
                compare(&format!("{path}[{at}]"), &one[at], &other[at], found);
            }
        }
        (one, other) => found.push(format!("{path}: {}, and {}", shown(one), shown(other))),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Array(values) => format!("{} values", values.len()),
        Value::Object(values) => format!("{} entries", values.len()),
        plain => plain.to_string(),
    }
}
