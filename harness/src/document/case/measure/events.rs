//! `events`: how many path-manager events came.
//! Not here: what they say.

use serde::{Deserialize, Serialize};

use super::about::{About, Of, Topic, Written, several};
use super::measured::{Measured, Measuring};
use super::run::HostSeen;
use crate::document::diagnostic::Mistakes;
use crate::document::topology::Topology;
use crate::words::{Constraint, Count, Feature, Window};

/// What there is to say of it.
pub(super) const ABOUT: About = About {
    key: "events",
    value: "table of kinds",
    of: &[Of::Host],
    whole_run: false,
    topic: Topic::Events,
    meaning: "How many path-manager events came: a constraint of a number each. Kinds: `created`, `established`, `closed`, `announced`, \
              `removed`, `sub-established`, `sub-closed`, `sub-priority`, `listener-created`, `listener-closed`. A connection that ends as \
              usual has `closed` alone, without `sub-closed` for its subflows; when a path dies, `sub-closed` comes at the sender when TCP \
              gives up, by default after minutes, and never at the receiver.",
    read: |_, value, mistakes| several(value, mistakes, Event),
    check,
};

/// The kinds of path-manager events, as the kernel names them (`Documentation/netlink/specs/mptcp_pm.yaml`, event-type).
pub const EVENT_KINDS: [&str; 10] = [
    "created",
    "established",
    "closed",
    "announced",
    "removed",
    "sub-established",
    "sub-closed",
    "sub-priority",
    "listener-created",
    "listener-closed",
];

/// Path-manager events of the host by their kind (`ip mptcp monitor`): how many came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event(pub String, pub Constraint<Count>);

fn check(written: &Written, _: Option<Of>, _: Option<&Topology>, mistakes: &mut Mistakes) {
    for found in &written.found {
        let Some(kind) = found.measure.item() else { continue };
        if !EVENT_KINDS.contains(&kind.as_str()) {
            mistakes.unknown(&found.name, format!("`{kind}` is not a path-manager event"), &kind, EVENT_KINDS);
        }
    }
}

impl Measuring for Event {
    fn wanted(&self) -> String {
        self.1.to_string()
    }

    fn item(&self) -> Option<String> {
        Some(self.0.clone())
    }

    fn needs(&self) -> Option<Feature> {
        self.0.starts_with("listener-").then_some(Feature::ListenerEvents)
    }

    fn of_host(&self, seen: &HostSeen<'_>, window: Window) -> Result<Measured, String> {
        let came = seen.record()?.events.iter().filter(|event| event.kind == self.0 && window.contains(event.at)).count();
        Ok(Measured::of(&self.1, Count(came as u64)))
    }
}
