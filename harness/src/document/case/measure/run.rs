//! A run as measures see it: what was requested, and what was observed.
//! Not here: a transfer's deliveries (`delivery`).

use std::collections::BTreeMap;

use crate::document::case::{Case, Process};
use crate::document::topology::Topology;
use crate::record::{HostRecord, ProcessRecord, TransferRecord};
use crate::words::Time;

/// What was requested of a run, and what was observed.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// The topology it ran on.
    pub topology: &'a Topology,
    /// The case, with its expectations.
    pub case: &'a Case,
    /// The sampling interval.
    pub sample: Time,
    /// What was seen of its transfers.
    pub transfers: &'a BTreeMap<String, TransferRecord>,
    /// What was seen of its processes.
    pub processes: &'a BTreeMap<String, ProcessRecord>,
    /// What was seen of its hosts.
    pub hosts: &'a BTreeMap<String, HostRecord>,
    /// When it ended, in µs.
    pub end: u64,
    /// Whether the deadline ended it.
    pub timed_out: bool,
}

/// A host, which may have a record.
pub(super) struct HostSeen<'a> {
    pub(super) run: Run<'a>,
    pub(super) name: &'a str,
}

/// A process of the case, which may have a record.
pub(super) struct ProcessSeen<'a> {
    pub(super) run: Run<'a>,
    pub(super) name: &'a str,
    pub(super) asked: &'a Process,
}

impl<'a> Run<'a> {
    pub(super) const fn host(&self, name: &'a str) -> HostSeen<'a> {
        HostSeen { run: *self, name }
    }

    pub(super) fn process(&self, name: &'a str) -> Result<ProcessSeen<'a>, String> {
        let asked = self.case.processes.get(name).ok_or_else(|| format!("the case has no process {name}"))?;
        Ok(ProcessSeen { run: *self, name, asked })
    }

    /// The message if the deadline ended it.
    pub(super) fn cut_off(&self) -> Option<String> {
        self.timed_out.then(|| format!("the deadline ended the run at {}", Time::from_micros(self.end)))
    }
}

impl<'a> HostSeen<'a> {
    /// What was seen.
    pub(super) fn record(&self) -> Result<&'a HostRecord, String> {
        self.run.hosts.get(self.name).ok_or_else(|| format!("nothing was recorded of host {}", self.name))
    }
}

/// How many of the last lines that a process printed are shown.
const TOLD: usize = 5;

impl<'a> ProcessSeen<'a> {
    /// What was seen.
    pub(super) fn record(&self) -> Result<&'a ProcessRecord, String> {
        self.run.processes.get(self.name).ok_or_else(|| format!("nothing was recorded of process {}", self.name))
    }
}

/// What a process printed last, if something is amiss.
pub(super) fn printed(record: &ProcessRecord, amiss: bool) -> Vec<String> {
    if !amiss {
        return Vec::new();
    }
    let last = &record.output[record.output.len().saturating_sub(TOLD)..];
    let lines = last.iter().map(|line| format!("{} {}", Time::from_micros(line.at), line.text));
    let silent = (last.is_empty() && record.error.is_none()).then(|| "it printed nothing".to_owned());
    record.error.iter().cloned().chain(silent).chain(lines).collect()
}
