//! The meanings of the kernel's counters, and which of them grew in a run: the kernel's own evidence.
//! Not here: which of them explains a missing subflow, which is in [`super::explain`].

mod course;
mod faults;
mod tcp;

use crate::document::case::measure::{Topic, topic};
use crate::record::grown;
use crate::result::recording::{HostRecord, Recording};
use crate::words::Window;

pub use faults::{At, MEANINGS, Meaning, Stage};

/// The prefix of MPTCP's counters.
pub const MPTCP: &str = "MPTcpExt";

/// A counter that grew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grown {
    /// Its name, as `nstat` has it.
    pub name: String,
    /// How much it grew at each host where it grew, by host.
    pub by: Vec<(String, u64)>,
    /// What it counts, if mplab knows.
    pub means: Option<&'static str>,
}

impl Grown {
    /// Whether it counts failures: what was refused, lost or given up.
    pub fn is_fault(&self) -> bool {
        MEANINGS.iter().any(|meaning| meaning.name == self.name)
    }

    /// `laptop 3, server 1`
    pub fn counts(&self) -> String {
        self.by.iter().map(|(host, count)| format!("{host} {count}")).collect::<Vec<_>>().join(", ")
    }
}

/// What a counter counts, in a sentence, if mplab has one for it.
pub fn means(name: &str) -> Option<&'static str> {
    all().find(|(known, ..)| *known == name).map(|(.., means)| means)
}

/// The stage of a subflow's life at which a counter rises.
fn stage(name: &str) -> Option<Stage> {
    all().find(|(known, ..)| *known == name).map(|(_, stage, _)| stage)
}

/// All counters that mplab has a sentence for: MPTCP's before TCP's, failures after normal operation.
fn all() -> impl Iterator<Item = (&'static str, Stage, &'static str)> {
    let faults = MEANINGS.iter().map(|meaning| (meaning.name, meaning.stage, meaning.means));
    course::COURSE.iter().copied().chain(faults).chain(tcp::TCP.iter().copied())
}

/// The counters that bear on a measure and grew in a window, with counters of failures first. `item` says which of several things the measure
/// is about, as in [`super::Finding`].
pub fn evidence(recording: &Recording, key: &str, item: Option<&str>, window: Window) -> Vec<Grown> {
    let topic = topic(key);
    let bears = |counter: &Grown| {
        let Some(stage) = stage(&counter.name) else { return false };
        let is_fault = counter.is_fault();
        match topic {
            Topic::Protocol => stage == Stage::Fallback,
            Topic::Paths => is_fault || counter.name.starts_with(MPTCP) && [Stage::Announcement, Stage::Join].contains(&stage),
            Topic::Carriage => is_fault || stage == Stage::Carriage,
            Topic::Delivery => is_fault || [Stage::Carriage, Stage::End].contains(&stage),
            Topic::Counters => item.is_some_and(|item| item != counter.name && self::stage(item) == Some(stage)),
            Topic::Events => is_fault || counter.name.starts_with(MPTCP) && stage != Stage::Carriage && stage != Stage::Fallback,
            Topic::Other => false,
        }
    };
    let mut found: Vec<Grown> = growth(recording, window).into_iter().filter(bears).collect();
    found.sort_by_key(|counter| !counter.is_fault());
    found
}

/// Every counter that grew in a window at some host: those that mplab has a sentence for first, MPTCP's before TCP's, in the tables' order;
/// then the others by name.
pub fn growth(recording: &Recording, window: Window) -> Vec<Grown> {
    let mut names: Vec<&String> = recording.hosts.values().flat_map(|host| host.counters.keys()).collect();
    names.sort_by_key(|name| (place(name), *name));
    names.dedup();
    let by = |name: &String| {
        let at = |(host, record): (&String, &HostRecord)| {
            let count = grown(&record.counted, record.counters.get(name)?, window);
            (count > 0).then(|| (host.clone(), count))
        };
        recording.hosts.iter().filter_map(at).collect::<Vec<_>>()
    };
    let grown = names.into_iter().map(|name| Grown { name: name.clone(), by: by(name), means: means(name) });
    grown.filter(|counter| !counter.by.is_empty()).collect()
}

/// The position of a counter among all.
fn place(name: &str) -> usize {
    all().position(|(known, ..)| known == name).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_counter_has_two_sentences() {
        let mut names: Vec<&str> = all().map(|(name, ..)| name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(names.iter().all(|name| name.starts_with(MPTCP) || name.starts_with("Tcp")));
    }
}
