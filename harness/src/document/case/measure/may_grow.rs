//! `may_grow`: that no MPTCP counter grew except those listed.
//! Not here: how much those grew (`counters`).

use serde::{Deserialize, Serialize};

use super::Measure;
use super::about::{About, Of, Scope, Topic, Written, one};
use super::counters::named;
use super::measured::{Measured, Measuring};
use super::run::HostSeen;
use crate::document::diagnostic::Mistakes;
use crate::document::toml::Spanned;
use crate::document::topology::Topology;
use crate::record::grown;
use crate::words::Window;

/// Its description.
pub(super) const ABOUT: About = About {
    key: "may_grow",
    value: "array of counters",
    of: &[Of::Host],
    scope: Scope::Window,
    topic: Topic::Counters,
    meaning: "The MPTCP counters that may grow; `\"MPTcpExtMPJoin*\"` stands for all that begin so. No other `MPTcpExt...` counter may, \
              including counters that mplab does not know.",
    read: |key, value, mistakes| one(key, value, mistakes, MayGrow::of),
    check,
};

/// What the names of all MPTCP counters begin with.
const MPTCP: &str = "MPTcpExt";

/// The only MPTCP counters of the host that may grow; a name that ends in `*` stands for all with that prefix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MayGrow(pub Vec<String>);

impl MayGrow {
    fn of(names: Vec<Spanned<String>>) -> Self {
        Self(names.into_iter().map(|name| name.value).collect())
    }

    fn names(&self, counter: &str) -> bool {
        self.0.iter().any(|name| name.strip_suffix('*').map_or(name == counter, |start| counter.starts_with(start)))
    }
}

fn check(written: &Written, _: Option<Of>, _: Option<&Topology>, mistakes: &mut Mistakes) {
    for found in &written.found {
        let Measure::MayGrow(MayGrow(names)) = &found.measure else { continue };
        for name in names {
            let start = name.strip_suffix('*').unwrap_or(name);
            if start == MPTCP && name != start {
                mistakes.add(&found.value, "every MPTCP counter may grow, so this expects nothing").help("name those that may");
            } else if !start.starts_with(MPTCP) && start.chars().all(|c| c.is_ascii_alphanumeric()) {
                mistakes
                    .add(&found.value, format!("`{name}` may always grow: `may_grow` looks only at MPTCP's counters"))
                    .help("remove it, or write one that begins with MPTcpExt");
            } else {
                named(start, &found.value, mistakes);
            }
        }
    }
}

impl Measuring for MayGrow {
    fn wanted(&self) -> String {
        if self.0.is_empty() { "none".to_owned() } else { format!("none but {}", self.0.join(", ")) }
    }

    fn of_host(&self, seen: &HostSeen<'_>, window: Window) -> Result<Measured, String> {
        let host = seen.record()?;
        if host.counted.is_empty() {
            return Err("the host was never sampled".to_owned());
        }
        let others = host.counters.iter().filter(|(name, _)| name.starts_with(MPTCP) && !self.names(name));
        let others = others.map(|(name, values)| (name, grown(&host.counted, values, window))).filter(|(_, grown)| *grown > 0);
        let others: Vec<String> = others.map(|(name, grown)| format!("{name} {grown}")).collect();
        let text = if others.is_empty() { "no other".to_owned() } else { others.join(", ") };
        Ok(Measured::plain(text, others.is_empty()))
    }
}
