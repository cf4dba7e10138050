//! What the kernel's counters mean, and which of them grew in a run: they are the evidence that the kernel itself leaves.
//! Not here: which of them is to blame for a subflow that is missing, which is [`super::explain`]'s.

mod course;
mod faults;
mod tcp;

use crate::result::recording::{HostRecord, Recording};
use crate::words::Window;

use super::measure::grown;

pub use faults::{At, MEANINGS, Meaning, Stage};

/// Counters whose names begin so are MPTCP's.
pub const MPTCP: &str = "MPTcpExt";

/// A counter that grew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grown {
    /// Its name, as `nstat` has it.
    pub name: String,
    /// How much it grew at each host where it did, by the names of hosts.
    pub by: Vec<(String, u64)>,
    /// What it counts, where mplab knows.
    pub means: Option<&'static str>,
}

impl Grown {
    /// Whether it rises where something is refused, lost or given up.
    pub fn is_fault(&self) -> bool {
        MEANINGS.iter().any(|meaning| meaning.name == self.name)
    }

    /// `laptop 3, server 1`
    pub fn counts(&self) -> String {
        self.by.iter().map(|(host, count)| format!("{host} {count}")).collect::<Vec<_>>().join(", ")
    }
}

/// What a counter counts, in a sentence; nothing if mplab has none for it.
pub fn means(name: &str) -> Option<&'static str> {
    let fault = MEANINGS.iter().find(|meaning| meaning.name == name).map(|meaning| meaning.means);
    let mut usual = course::COURSE.iter().chain(tcp::TCP);
    fault.or_else(|| usual.find(|(known, _)| *known == name).map(|(_, means)| *means))
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

/// Where a counter stands among all.
fn place(name: &str) -> usize {
    let faults = MEANINGS.iter().map(|meaning| meaning.name);
    let mut all = course::COURSE.iter().map(|(name, _)| *name).chain(faults).chain(tcp::TCP.iter().map(|(name, _)| *name));
    all.position(|known| known == name).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_counter_has_two_sentences() {
        let faults = MEANINGS.iter().map(|meaning| meaning.name);
        let mut names: Vec<&str> = course::COURSE.iter().chain(tcp::TCP).map(|(name, _)| *name).chain(faults).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        assert!(names.iter().all(|name| name.starts_with(MPTCP) || name.starts_with("Tcp")));
    }
}
