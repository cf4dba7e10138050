//! `connections`: how many MPTCP connections a host has.
//! Not here: what they carry, and those of a transfer.

use serde::{Deserialize, Serialize};

use super::about::{About, Of, Scope, Topic, one, sound};
use super::measured::{Measured, Measuring};
use super::run::HostSeen;
use crate::words::{Constraint, Count, Window};

/// Its description.
pub(super) const ABOUT: About = About {
    key: "connections",
    value: "constraint of a number",
    of: &[Of::Host],
    scope: Scope::Moment,
    topic: Topic::Protocol,
    meaning: "MPTCP connections of the host, as `ss -M` lists them: the highest number at any time, or the number at the moment. A connection \
              that has fallen back to TCP counts until it ends.",
    read: |key, value, mistakes| one(key, value, mistakes, Connections),
    check: sound,
};

/// MPTCP connections that a host has: the most in one sample.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Connections(pub Constraint<Count>);

impl Measuring for Connections {
    fn wanted(&self) -> String {
        self.0.to_string()
    }

    fn of_host(&self, seen: &HostSeen<'_>, window: Window) -> Result<Measured, String> {
        let record = seen.record()?;
        let window = record.samples_of(window);
        let samples = record.at.iter().filter(|at| window.contains(**at));
        let counts = samples.map(|at| record.connections.iter().filter(|connection| connection.at.binary_search(at).is_ok()).count());
        let most = counts.max().ok_or("no sample was taken in this window")?;
        Ok(Measured::of(&self.0, Count(most as u64)))
    }
}
