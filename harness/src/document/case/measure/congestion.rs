//! `congestion`: by which congestion control subflows send.
//! Not here: how many subflows there are.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::about::{About, Of, Scope, Topic, one, sound};
use super::delivery::Seen;
use super::measured::{Measured, Measuring};
use crate::words::Window;

/// Its description.
pub(super) const ABOUT: About = About {
    key: "congestion",
    value: "string",
    of: &[Of::Transfer],
    scope: Scope::Run,
    topic: Topic::Other,
    meaning: "The congestion control of every subflow, the first included, at the client (`ss -ti`).",
    read: |key, value, mistakes| one(key, value, mistakes, Congestion),
    check: sound,
};

/// The congestion control of every subflow at the client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Congestion(pub String);

impl Measuring for Congestion {
    fn wanted(&self) -> String {
        format!("= {}", self.0)
    }

    fn of_transfer(&self, seen: &Seen<'_>, _: Window) -> Result<Measured, String> {
        let client = seen.client()?;
        let subflows = seen.record.connections.iter().flat_map(|connection| seen.subflows(client, connection));
        let found: BTreeSet<&str> = subflows.map(|subflow| subflow.congestion.as_str()).filter(|name| !name.is_empty()).collect();
        if found.is_empty() {
            return Err("no subflow's congestion control was seen".to_owned());
        }
        let text: Vec<_> = found.iter().copied().collect();
        Ok(Measured::plain(text.join(" and "), found.iter().all(|name| *name == self.0)))
    }
}
