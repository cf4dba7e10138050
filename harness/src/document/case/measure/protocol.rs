//! `protocol`: what connections spoke.
//! Not here: what sockets listen for.

use serde::{Deserialize, Serialize};

use super::about::{About, Of, Scope, Topic, one, sound};
use super::delivery::Seen;
use super::measured::{Measured, Measuring};
use crate::words::{self, Window};

/// Its description.
pub(super) const ABOUT: About = About {
    key: "protocol",
    value: r#"`"mptcp"` or `"tcp"`"#,
    of: &[Of::Transfer],
    scope: Scope::Run,
    topic: Topic::Protocol,
    meaning: "The protocol that the connections used; `tcp` after a fallback.",
    read: |key, value, mistakes| one(key, value, mistakes, Protocol),
    check: sound,
};

/// What the connections spoke once established, fallback (RFC 8684, section 3.7) taken into account.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Protocol(pub words::Protocol);

impl Measuring for Protocol {
    fn wanted(&self) -> String {
        format!("= {}", self.0)
    }

    fn of_transfer(&self, seen: &Seen<'_>, _: Window) -> Result<Measured, String> {
        let spoken: Option<Vec<words::Protocol>> = seen.record.connections.iter().map(|connection| connection.protocol).collect();
        let mut spoken = spoken.filter(|spoken| !spoken.is_empty()).ok_or("the protocol of a connection was never seen")?;
        spoken.sort();
        spoken.dedup();
        let text: Vec<String> = spoken.iter().map(words::Protocol::to_string).collect();
        Ok(Measured::plain(text.join(" and "), spoken == [self.0]))
    }
}
