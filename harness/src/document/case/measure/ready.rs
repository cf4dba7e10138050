//! `ready`: whether a process was ready.
//! Not here: how that is detected.

use serde::{Deserialize, Serialize};

use super::about::{About, Of, Scope, Topic, one, sound};
use super::measured::{Measured, Measuring};
use super::run::{ProcessSeen, printed};
use crate::words::Window;

/// Its description.
pub(super) const ABOUT: About = About {
    key: "ready",
    value: "true or false",
    of: &[Of::Process],
    scope: Scope::Run,
    topic: Topic::Other,
    meaning: "The process was ready in time.",
    read: |key, value, mistakes| one(key, value, mistakes, Ready),
    check: sound,
};

/// Whether the process was ready.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ready(pub bool);

impl Measuring for Ready {
    fn wanted(&self) -> String {
        format!("= {}", self.0)
    }

    fn of_process(&self, seen: &ProcessSeen<'_>, _: Window) -> Result<Measured, String> {
        let record = seen.record()?;
        let ready = record.ready.is_some();
        Ok(Measured::plain(ready.to_string(), ready == self.0).because(printed(record, ready != self.0)))
    }
}
