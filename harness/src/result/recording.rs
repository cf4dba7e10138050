//! What a run leaves: everything that was seen, with the job it was seen of, as one JSON value that can be judged and drawn anywhere.
//! Not here: what is seen of each host, transfer and process (`record`), seeing it, or an opinion of it.
//!
//! Times are microseconds from the run's start, cumulative counts start at 0. Series are columns: the n-th value of each belongs to the
//! n-th value of its `at`. A reader must refuse a `format` it does not know and ignore keys that it does not know.

mod exact;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::document::case::Case;
use crate::document::case::measure::Run;
use crate::plan::{Job, Means};
pub use crate::record::{
    About, ConnectionRecord, ConnectionSeries, EventRecord, FlowRecord, HostRecord, InterfaceSeries, Iperf3Interval, Iperf3Record,
    LimitsRecord, NoticeRecord, OutputLine, ProcessRecord, RouteRecord, StateRecord, SubflowSeries, TransferRecord, WrongRecord, growth,
    value_at,
};
use crate::result::splat::Splat;
use crate::words::{Errno, Feature, Rate, Time};

pub(crate) use exact::Exact;

/// The format's version. It changes when a reader of the previous one would misread the new one.
pub const FORMAT: u32 = 2;

/// A run, as it was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    /// [`FORMAT`].
    pub format: u32,
    /// Where it ran.
    pub place: PlaceRecord,
    /// When the run ended, in µs.
    pub end: u64,
    /// Whether the deadline ended it.
    pub timed_out: bool,
    /// How late the lab itself was.
    pub lateness: Lateness,
    /// The transfers by name.
    pub transfers: BTreeMap<String, TransferRecord>,
    /// The processes by name.
    #[serde(default)]
    pub processes: BTreeMap<String, ProcessRecord>,
    /// The hosts by name.
    pub hosts: BTreeMap<String, HostRecord>,
    /// The links that mplab's own relay made, by name. [`Job::engines`] says what made each link.
    #[serde(default)]
    pub relayed: BTreeMap<String, RelayRecord>,
    /// What the kernel said of failures of its own while the run lasted.
    #[serde(default)]
    pub splats: Vec<Splat>,
    /// The steps, in their order.
    pub steps: Vec<StepRecord>,
    /// The steps that waited until something was so, by their number in the case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub waits: BTreeMap<usize, WaitRecord>,
    /// What was to be done: the topology, the case and the plan.
    pub job: Job,
}

/// Where a run took place.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PlaceRecord {
    /// `local` for this computer's kernel.
    pub name: String,
    /// The kernel's release, as `uname -r` has it.
    pub kernel: String,
    /// Whether it ran as root.
    pub root: bool,
    /// What the kernel was found to do.
    pub features: BTreeSet<Feature>,
    /// How finely its timers could be set when the run began, in ns: 1, or the length of a tick, to which all delays are rounded up then. Absent
    /// where the kernel did not say.
    #[serde(default)]
    pub timers: Option<u64>,
    /// The virtual machine, where it was one.
    #[serde(default)]
    pub machine: Option<MachineRecord>,
}

impl PlaceRecord {
    /// What it has for a lab.
    pub fn means(&self, seed: u64) -> Means {
        let instant = self.machine.as_ref().is_some_and(|machine| machine.clock == Clockwork::Events);
        Means { unshaped: instant.then_some(UNSHAPED), ..Means::of(&self.features, seed) }
    }

    /// Whether it ran in virtual time: nothing outside can have made it late.
    pub fn is_virtual(&self) -> bool {
        self.machine.as_ref().is_some_and(|machine| machine.clock != Clockwork::Real)
    }

    /// To what every delay was rounded up, if the kernel had no timers of high resolution.
    pub fn rounds_to(&self) -> Option<Time> {
        self.timers.map(Time).filter(|resolution| *resolution >= Time::from_micros(1))
    }
}

/// What an unshaped link has for a rate where no CPU is too slow for it.
const UNSHAPED: Rate = Rate(10_000_000_000);

/// A virtual machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineRecord {
    /// What emulated it, with its version.
    pub emulator: String,
    /// What its CPU was made of.
    pub acceleration: Acceleration,
    /// What its time followed from.
    pub clock: Clockwork,
    /// The kernel's command line.
    pub kernel_line: String,
}

/// What a virtual machine's CPU is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Acceleration {
    /// Instructions are translated by QEMU.
    Tcg,
    /// Instructions run on this computer's CPU.
    Kvm,
    /// The kernel is a program of this computer's.
    Host,
}

/// What a virtual machine's time follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Clockwork {
    /// This computer's clock.
    Real,
    /// The instructions that the guest executes.
    Virtual {
        /// Each takes 2 to the power of this many nanoseconds.
        shift: u8,
    },
    /// Nothing but what is waited for: no time passes while anything runs.
    Events,
}

/// How late the lab was: a computer too busy to keep time makes measurements that cannot be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Lateness {
    /// The latest step or transfer start against its time, in µs.
    pub step: u64,
    /// The latest sample against its time, in µs.
    pub sample: u64,
    /// The median sample's, in µs.
    pub sample_median: u64,
    /// How much of the CPUs' time a hypervisor took for others while the run lasted, in percent.
    #[serde(default)]
    pub stolen: u64,
    /// How much of the time some task of the computer waited for a CPU, in percent (PSI).
    #[serde(default)]
    pub waited: u64,
}

/// A link that was made in user space.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RelayRecord {
    /// From the first end to the second.
    pub up: RelayedDirection,
    /// The other way.
    pub down: RelayedDirection,
    /// Why the relay had no real-time priority; nothing if it had.
    pub not_realtime: Option<String>,
}

/// What a relay did to the packets of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RelayedDirection {
    /// Packets that came in, those of a super-packet one by one.
    pub offered: u64,
    /// Packets that went out.
    pub packets: u64,
    /// Packets lost because the link is to lose some.
    pub lost: u64,
    /// Packets dropped because the queue was full.
    pub dropped: u64,
    /// Packets swallowed while the link was cut.
    pub cut: u64,
    /// Packets that the relay was too late for.
    pub missed: u64,
    /// How late packets were sent against when they were due, in µs: the median, ...
    pub late_median: u64,
    /// ... 99 of 100 ...
    pub late_p99: u64,
    /// ... and all.
    pub late_worst: u64,
}

/// A step that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRecord {
    /// When it was due, in µs.
    pub due: u64,
    /// When it had been done, in µs.
    pub at: u64,
    /// What was done, as the lines of the plan.
    pub lines: Vec<String>,
    /// Which of the case's it was, where some wait and the order is not that of the case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<usize>,
    /// With what the kernel refused it, where it had to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Errno>,
}

/// A step that waited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitRecord {
    /// Since when, in µs: the steps before it were done.
    pub since: u64,
    /// When what it waited for was seen, in µs; absent if that never came.
    pub met: Option<u64>,
    /// What was seen then, or when its patience ended.
    pub found: String,
}

/// Why a recording could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It is not a recording.
    #[error("not a recording: {0}")]
    Json(#[from] serde_json::Error),
    /// It is of another version.
    #[error("a recording of format {0}; this mplab reads format {FORMAT}: use the mplab that wrote it")]
    Format(u64),
}

impl Recording {
    /// That of a job that left none: nothing was seen.
    pub fn of_nothing(job: Job) -> Self {
        Self {
            format: FORMAT,
            place: PlaceRecord::default(),
            end: 0,
            timed_out: true,
            lateness: Lateness::default(),
            transfers: BTreeMap::new(),
            processes: BTreeMap::new(),
            hosts: BTreeMap::new(),
            relayed: BTreeMap::new(),
            splats: Vec::new(),
            steps: Vec::new(),
            waits: BTreeMap::new(),
            job,
        }
    }

    /// A case with its steps at the times at which this run took them, where some waited; those that never came are behind its end.
    pub fn timed<'a>(&self, case: &'a Case) -> Cow<'a, Case> {
        if case.steps.iter().all(|step| step.when.is_none()) {
            return Cow::Borrowed(case);
        }
        let mut case = case.clone();
        for (number, step) in case.steps.iter_mut().enumerate().filter(|(_, step)| step.when.is_some()) {
            let taken = self.steps.iter().find(|taken| taken.number == Some(number));
            step.at = Time::from_micros(taken.map_or(self.end + 1, |taken| taken.at));
        }
        case.steps.sort_by_key(|step| step.at);
        Cow::Owned(case)
    }

    /// It as measures look at it, of what a case asks for: normally that of its own job.
    pub fn run<'a>(&'a self, case: &'a Case) -> Run<'a> {
        Run {
            topology: &self.job.topology,
            case,
            sample: self.job.case.sample,
            transfers: &self.transfers,
            processes: &self.processes,
            hosts: &self.hosts,
            end: self.end,
            timed_out: self.timed_out,
        }
    }

    /// Reads a recording's JSON.
    pub fn from_json(json: &str) -> Result<Self, ReadError> {
        #[derive(Deserialize)]
        struct Version {
            format: u64,
        }
        let version: Version = serde_json::from_str(json)?;
        if version.format != u64::from(FORMAT) {
            return Err(ReadError::Format(version.format));
        }
        let _: Exact = serde_json::from_str(json)?;
        Ok(serde_json::from_str(json)?)
    }

    /// The JSON that [`Self::from_json`] reads.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a recording has string keys and finite numbers only")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_format_is_refused() {
        let error = Recording::from_json("{\"format\": 99}").unwrap_err();
        assert!(error.to_string().contains("format 99"));
    }
}
