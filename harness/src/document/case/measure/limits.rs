//! `limits`: which MPTCP limits a host has in the end.
//! Not here: whether connections keep to them.

use serde::{Deserialize, Serialize};

use super::Measure;
use super::about::{About, Of, Scope, Topic, Written, several};
use super::measured::{Measured, Measuring};
use super::run::HostSeen;
use crate::document::diagnostic::Mistakes;
use crate::document::topology::Topology;
use crate::words::{Constraint, Count, Window};

/// Its description.
pub(super) const ABOUT: About = About {
    key: "limits",
    value: "table",
    of: &[Of::Host],
    scope: Scope::Run,
    topic: Topic::Paths,
    meaning: "The MPTCP limits of the host at the end, `{ subflows = 2, add_addr_accepted = 0 }`: a constraint of a number for each.",
    read: |_, value, mistakes| several(value, mistakes, Limit),
    check,
};

/// The names of the limits.
const LIMITS: [&str; 2] = ["subflows", "add_addr_accepted"];

/// The value of one of the host's limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limit(pub String, pub Constraint<Count>);

fn check(written: &Written, _: Option<Of>, _: Option<&Topology>, mistakes: &mut Mistakes) {
    for found in &written.found {
        if let Measure::Limit(Limit(name, _)) = &found.measure
            && !LIMITS.contains(&name.as_str())
        {
            mistakes.unknown(&found.name, format!("`{name}` is not an MPTCP limit"), name, LIMITS);
        }
    }
}

impl Measuring for Limit {
    fn wanted(&self) -> String {
        self.1.to_string()
    }

    fn item(&self) -> Option<String> {
        Some(self.0.clone())
    }

    fn of_host(&self, seen: &HostSeen<'_>, _: Window) -> Result<Measured, String> {
        let state = seen.record()?.state.as_ref().ok_or("the host's configuration was not read")?;
        let has = state.limits.ok_or("the host's limits could not be read")?;
        let limit = if self.0 == LIMITS[0] { has.subflows } else { has.add_addr_accepted };
        Ok(Measured::of(&self.1, Count(u64::from(limit))))
    }
}
