//! `retransmits`: the segments that a process says it sent again.
//! Not here: the kernel's own counters of that.

use serde::{Deserialize, Serialize};

use super::about::{About, Of, Scope, Topic, one, sound};
use super::iperf3::numbers;
use super::measured::{Measured, Measuring};
use super::run::ProcessSeen;
use crate::words::{Constraint, Count, Window};

/// Its description.
pub(super) const ABOUT: About = About {
    key: "retransmits",
    value: "constraint of a number",
    of: &[Of::Iperf3],
    scope: Scope::Window,
    topic: Topic::Carriage,
    meaning: "Segments that were sent again, if iperf3 reports them.",
    read: |key, value, mistakes| one(key, value, mistakes, Retransmits),
    check: sound,
};

/// Segments that the process's connections sent again, as it says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Retransmits(pub Constraint<Count>);

impl Measuring for Retransmits {
    fn wanted(&self) -> String {
        self.0.to_string()
    }

    fn of_process(&self, seen: &ProcessSeen<'_>, window: Window) -> Result<Measured, String> {
        Ok(Measured::of(&self.0, Count(numbers(seen)?.retransmits(window)?)))
    }
}
