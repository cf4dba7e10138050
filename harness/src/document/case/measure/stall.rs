//! `stall`: for how long nothing arrived.
//! Not here: why.

use serde::{Deserialize, Serialize};

use super::about::{About, Of, Scope, Topic, one, sound};
use super::delivery::{Gap, Seen};
use super::measured::{Measured, Measuring};
use crate::words::{Constraint, Time, Window};

/// Its description.
pub(super) const ABOUT: About = About {
    key: "stall",
    value: "constraint of a time",
    of: &[Of::Transfer],
    scope: Scope::Window,
    topic: Topic::Carriage,
    meaning: "The longest time in which nothing arrived although more was to come.",
    read: |key, value, mistakes| one(key, value, mistakes, Stall),
    check: sound,
};

/// The longest time during which nothing arrived although more was due.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stall(pub Constraint<Time>);

impl Measuring for Stall {
    fn wanted(&self) -> String {
        self.0.to_string()
    }

    fn of_transfer(&self, seen: &Seen<'_>, window: Window) -> Result<Measured, String> {
        let stall = seen.longest_stall(window)?;
        let measured = Measured::of(&self.0, stall.as_ref().map_or(Time::ZERO, Gap::length));
        let told = stall.filter(|_| !measured.held).map(|stall| stall.to_string());
        Ok(measured.because(told))
    }
}
