//! `events`: which path-manager events came, and what they said.
//! Not here: reading them from the kernel.

use serde::{Deserialize, Serialize};

use super::Measure;
use super::about::{About, Found, Of, Scope, Topic, Written, one, several};
use super::measured::{Measured, Measuring};
use super::run::HostSeen;
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Read, Spanned, Value, word};
use crate::document::topology::Topology;
use crate::record::EventRecord;
use crate::words::{Constraint, Count, Feature, Window};

/// Its description.
pub(super) const ABOUT: About = About {
    key: "events",
    value: "table or array of kinds, or `\"none\"`",
    of: &[Of::Host],
    scope: Scope::Window,
    topic: Topic::Events,
    meaning: "How many path-manager events came: a constraint of a number for each kind. An array, `[\"created\", \"established\"]`: they came \
              in this order, possibly with others between them. `\"none\"`: no event came. Kinds: `created`, `established`, `closed`, \
              `announced`, `removed`, `sub-established`, `sub-closed`, `sub-priority`, `listener-created`, `listener-closed`. A connection that \
              ends normally has only `closed`, without `sub-closed` for its subflows. When a path dies, `sub-closed` comes at the sender once \
              TCP gives up, by default after minutes, and never at the receiver.",
    read,
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

/// The fields of events besides their kind and the connection's token, as `ip mptcp monitor` spells them.
const FIELDS: [&str; 14] = [
    "locid",
    "remid",
    "saddr4",
    "saddr6",
    "daddr4",
    "daddr6",
    "sport",
    "dport",
    "backup",
    "error",
    "flags",
    "reset_reason",
    "reset_flags",
    "server_side",
];

/// The kind of a wanted event, and the fields it must have.
fn parts(wanted: &str) -> (&str, impl Iterator<Item = &str>) {
    let mut words = wanted.split_whitespace();
    (words.next().unwrap_or_default(), words)
}

/// Whether an event is of the wanted kind and has all the wanted fields.
fn is(event: &EventRecord, wanted: &str) -> bool {
    let (kind, mut said) = parts(wanted);
    event.kind == kind && said.all(|word| event.detail.split(' ').any(|other| other == word))
}

/// The number of path-manager events of the host, by kind and fields (`ip mptcp monitor`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event(pub String, pub Constraint<Count>);

/// Path-manager events of the host of these kinds came in this order, others between them or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventOrder(pub Vec<String>);

/// No path-manager event of the host came.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NoEvents;

/// The word for [`NoEvents`].
#[derive(Debug, Clone, Copy)]
struct NoneOfThem;

impl Read for NoneOfThem {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        word(value, "number of events", &[("none", Self)], mistakes)
    }
}

fn read(key: &Span, value: &Value<'_>, mistakes: &mut Mistakes) -> Vec<Found> {
    if value.get_ref().is_array() {
        let kinds = |kinds: Vec<Spanned<String>>| EventOrder(kinds.into_iter().map(|kind| kind.value).collect());
        return one(key, value, mistakes, kinds);
    }
    if value.get_ref().is_str() { one(key, value, mistakes, |_: NoneOfThem| NoEvents) } else { several(value, mistakes, Event) }
}

fn check(written: &Written, _: Option<Of>, _: Option<&Topology>, mistakes: &mut Mistakes) {
    for found in &written.found {
        let (at, kinds) = match &found.measure {
            Measure::Event(Event(kind, _)) => (&found.name, std::slice::from_ref(kind)),
            Measure::EventOrder(EventOrder(kinds)) => (&found.value, kinds.as_slice()),
            _ => continue,
        };
        if kinds.is_empty() {
            mistakes
                .add(at, "an order names at least one kind")
                .help("name the kinds that must come one after the other, or write events = \"none\"");
        }
        for wanted in kinds {
            let (kind, said) = parts(wanted);
            if !EVENT_KINDS.contains(&kind) {
                mistakes.unknown(at, format!("`{kind}` is not a path-manager event"), kind, EVENT_KINDS);
            }
            for word in said {
                match word.split_once('=') {
                    Some((field, _)) if FIELDS.contains(&field) => {}
                    Some((field, _)) => {
                        mistakes.unknown(at, format!("no path-manager event has a field `{field}`"), field, FIELDS);
                    }
                    None => {
                        mistakes.add(at, format!("`{word}` is not a field with its value")).help("write FIELD=VALUE, such as locid=1");
                    }
                }
            }
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

    fn needs(&self) -> Vec<Feature> {
        needs([&self.0])
    }

    fn of_host(&self, seen: &HostSeen<'_>, window: Window) -> Result<Measured, String> {
        let events = came(seen, window)?;
        let measured = Measured::of(&self.1, Count(events.iter().filter(|event| is(event, &self.0)).count() as u64));
        // The fields of events of the kind.
        let (kind, mut said) = parts(&self.0);
        let others = events.iter().filter(|event| !measured.held && event.kind == kind).map(|event| format!("{kind} {}", event.detail));
        let others: Vec<_> = if said.next().is_some() { others.collect() } else { Vec::new() };
        Ok(measured.because(others))
    }
}

/// The features that a kernel needs to send events of these kinds.
fn needs<'a>(kinds: impl IntoIterator<Item = &'a String>) -> Vec<Feature> {
    let listeners = kinds.into_iter().any(|kind| kind.starts_with("listener-"));
    listeners.then_some(Feature::ListenerEvents).into_iter().collect()
}

/// The host's events in a window, in the order of arrival.
fn came<'a>(seen: &HostSeen<'a>, window: Window) -> Result<Vec<&'a EventRecord>, String> {
    Ok(seen.record()?.events.iter().filter(|event| window.contains(event.at)).collect())
}

/// Their kinds.
fn listed(events: &[&EventRecord]) -> String {
    let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    if kinds.is_empty() { "none".to_owned() } else { kinds.join(", ") }
}

impl Measuring for EventOrder {
    fn wanted(&self) -> String {
        self.0.join(", then ")
    }

    fn needs(&self) -> Vec<Feature> {
        needs(&self.0)
    }

    fn of_host(&self, seen: &HostSeen<'_>, window: Window) -> Result<Measured, String> {
        let came = came(seen, window)?;
        let mut left = came.iter();
        let missing = self.0.iter().find(|&wanted| !left.any(|event| is(event, wanted)));
        let why = missing.map(|kind| format!("no `{kind}` at its place in the order"));
        Ok(Measured::plain(listed(&came), missing.is_none()).because(why))
    }
}

impl Measuring for NoEvents {
    fn wanted(&self) -> String {
        "none".to_owned()
    }

    fn of_host(&self, seen: &HostSeen<'_>, window: Window) -> Result<Measured, String> {
        let came = came(seen, window)?;
        Ok(Measured::plain(listed(&came), came.is_empty()))
    }
}
