//! `info`: what the kernel reports about a host's MPTCP connections (`MPTCP_INFO`).
//! Not here: asking the kernel.

use serde::{Deserialize, Serialize};

use super::about::{About, Of, Scope, Topic, Written, several};
use super::measured::{Measured, Measuring};
use super::run::HostSeen;
use crate::document::diagnostic::Mistakes;
use crate::document::topology::Topology;
use crate::record::ConnectionSeries;
use crate::words::mptcp::INFO_FIELDS;
use crate::words::{Constraint, Count, Feature, Window};

/// Its description.
pub(super) const ABOUT: About = About {
    key: "info",
    value: "table of fields",
    of: &[Of::Host],
    scope: Scope::Moment,
    topic: Topic::Other,
    meaning: "What the kernel reports about each MPTCP connection of the host (`struct mptcp_info`, by the kernel's names without `mptcpi_`): a \
              constraint of a number for each field, for its last value in the window, or its value at the moment.",
    read: |_, value, mistakes| several(value, mistakes, Info),
    check,
};

/// A field of `MPTCP_INFO`, by the kernel's name without `mptcpi_`, for each MPTCP connection of the host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Info(pub String, pub Constraint<Count>);

fn check(written: &Written, _: Option<Of>, _: Option<&Topology>, mistakes: &mut Mistakes) {
    let known = || INFO_FIELDS.iter().map(|field| field.name);
    for found in &written.found {
        let name = found.measure.item().unwrap_or_default();
        if !known().any(|field| field == name) {
            let meant = name.strip_prefix("mptcpi_").unwrap_or(&name);
            mistakes.unknown(&found.name, format!("MPTCP_INFO has no `{name}`"), meant, known());
        }
    }
}

impl Info {
    /// The last value that was seen in a window, or before a moment.
    fn last_of(&self, connection: &ConnectionSeries, window: Window) -> Option<u64> {
        let until = window.to.map_or(connection.at.len(), |to| connection.at.partition_point(|at| *at <= to.micros()));
        let last = until.checked_sub(1)?;
        let early = window.moment().is_none() && window.from.is_some_and(|from| connection.at[last] < from.micros());
        connection.field(&self.0).filter(|_| !early)?.get(last).copied()
    }
}

impl Measuring for Info {
    fn wanted(&self) -> String {
        self.1.to_string()
    }

    fn item(&self) -> Option<String> {
        Some(self.0.clone())
    }

    fn needs(&self) -> Vec<Feature> {
        INFO_FIELDS.iter().find(|field| field.name == self.0).map(|field| Feature::Info(field.end())).into_iter().collect()
    }

    fn of_host(&self, seen: &HostSeen<'_>, window: Window) -> Result<Measured, String> {
        let values: Vec<u64> = seen.record()?.connections.iter().filter_map(|connection| self.last_of(connection, window)).collect();
        let (least, most) = values.iter().min().zip(values.iter().max()).ok_or("no MPTCP connection was seen then")?;
        let text = if least == most { least.to_string() } else { format!("{least}..{most}") };
        Ok(Measured::plain(text, values.iter().all(|value| self.1.holds(Count(*value)))))
    }
}
