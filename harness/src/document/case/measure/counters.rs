//! `counters`: how much the kernel's counters grew.
//! Not here: what they mean.

use serde::{Deserialize, Serialize};

use super::about::{About, Of, Topic, Written, several};
use super::measured::{Measured, Measuring};
use super::run::HostSeen;
use crate::document::diagnostic::Mistakes;
use crate::document::topology::Topology;
use crate::record::grown;
use crate::words::{Constraint, Count, Feature, Window};

/// What there is to say of it.
pub(super) const ABOUT: About = About {
    key: "counters",
    value: "table of counters",
    of: &[Of::Host],
    whole_run: false,
    topic: Topic::Counters,
    meaning: "How much each grew, in the kernel's spelling (`nstat`): a constraint of a number each.",
    read: |_, value, mistakes| several(value, mistakes, Counter),
    check,
};

/// A counter of the host, in the kernel's spelling (`nstat`): how much it grew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counter(pub String, pub Constraint<Count>);

fn check(written: &Written, _: Option<Of>, _: Option<&Topology>, mistakes: &mut Mistakes) {
    for found in &written.found {
        let Some(name) = found.measure.item() else { continue };
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric()) {
            mistakes
                .add(&found.name, format!("`{name}` is not a counter of the kernel"))
                .help("write one as `nstat` shows it, such as MPTcpExtMPJoinSynRx");
        }
    }
}

impl Measuring for Counter {
    fn wanted(&self) -> String {
        self.1.to_string()
    }

    fn item(&self) -> Option<String> {
        Some(self.0.clone())
    }

    /// One that a kernel lacks cannot be told from one that stayed 0.
    fn needs(&self) -> Option<Feature> {
        self.0.starts_with("MPTcpExt").then(|| Feature::Counter(self.0.clone()))
    }

    fn of_host(&self, seen: &HostSeen<'_>, window: Window) -> Result<Measured, String> {
        let host = seen.record()?;
        if host.counted.is_empty() {
            return Err("the host was never sampled".to_owned());
        }
        let grown = host.counters.get(&self.0).map_or(0, |values| grown(&host.counted, values, window));
        Ok(Measured::of(&self.1, Count(grown)))
    }
}
