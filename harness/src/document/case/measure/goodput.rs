//! `goodput`: how fast bytes arrived.
//! Not here: how fast they were sent.

use serde::{Deserialize, Serialize};

use super::about::{About, Of, Scope, Topic, one, sound};
use super::delivery::Seen;
use super::iperf3::numbers;
use super::measured::{Measured, Measuring};
use super::run::ProcessSeen;
use crate::words::{Constraint, Rate, Window};

/// Its description.
pub(super) const ABOUT: About = About {
    key: "goodput",
    value: "constraint of a rate",
    of: &[Of::Transfer, Of::Iperf3],
    scope: Scope::Window,
    topic: Topic::Carriage,
    meaning: "Bytes that arrived, per time.",
    read: |key, value, mistakes| one(key, value, mistakes, Goodput),
    check: sound,
};

/// Bytes that arrived per time, as a rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Goodput(pub Constraint<Rate>);

impl Measuring for Goodput {
    fn wanted(&self) -> String {
        self.0.to_string()
    }

    fn of_transfer(&self, seen: &Seen<'_>, window: Window) -> Result<Measured, String> {
        Ok(Measured::of(&self.0, seen.goodput(window)))
    }

    fn of_process(&self, seen: &ProcessSeen<'_>, window: Window) -> Result<Measured, String> {
        Ok(Measured::of(&self.0, numbers(seen)?.goodput(window)?))
    }
}
