//! `bytes`: how much arrived.
//! Not here: how fast.

use serde::{Deserialize, Serialize};

use super::about::{About, Of, Scope, Topic, one, sound};
use super::delivery::Seen;
use super::iperf3::numbers;
use super::measured::{Measured, Measuring};
use super::run::ProcessSeen;
use crate::words::{Constraint, Size, Window};

/// Its description.
pub(super) const ABOUT: About = About {
    key: "bytes",
    value: "constraint of a size",
    of: &[Of::Transfer, Of::Iperf3],
    scope: Scope::Window,
    topic: Topic::Carriage,
    meaning: "Bytes that arrived, over all connections and directions.",
    read: |key, value, mistakes| one(key, value, mistakes, Bytes),
    check: sound,
};

/// Bytes that arrived, all connections and directions together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bytes(pub Constraint<Size>);

impl Measuring for Bytes {
    fn wanted(&self) -> String {
        self.0.to_string()
    }

    fn of_transfer(&self, seen: &Seen<'_>, window: Window) -> Result<Measured, String> {
        Ok(Measured::of(&self.0, seen.bytes(window)))
    }

    fn of_process(&self, seen: &ProcessSeen<'_>, window: Window) -> Result<Measured, String> {
        Ok(Measured::of(&self.0, Size(numbers(seen)?.bytes(window)?)))
    }
}
