//! The recording of a run: everything that was seen, with its job, as one JSON value that can be judged and drawn anywhere.
//! Not here: the records of hosts, transfers and processes (`record`), making them, or judging them.
//!
//! Times are microseconds from the run's start, cumulative counts start at 0. Series are columns: the n-th value of each belongs to the
//! n-th value of its `at`. A reader must refuse a `format` that it does not know, and ignore keys that it does not know.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::document::case::Case;
use crate::document::case::measure::Run;
use crate::plan::{Job, Means};
pub use crate::record::{
    About, AnswersRecord, ConnectionRecord, ConnectionSeries, EventRecord, FlowRecord, HostRecord, InterfaceSeries, Iperf3Interval,
    Iperf3Record, LimitsRecord, NoticeRecord, OneByOneRecord, OutputLine, ProcessRecord, RouteRecord, StateRecord, SubflowAnswer,
    SubflowSeries, TransferRecord, WrongRecord, growth, value_at,
};
use crate::result::file;
pub use crate::result::file::{FileKind, ReadError};
use crate::result::splat::Splat;
use crate::words::{Errno, Feature, Rate, Time};

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
    /// The links that mplab's own relay made, by name. [`Job::engines`] has the engine of each link.
    #[serde(default)]
    pub relayed: BTreeMap<String, RelayRecord>,
    /// The kernel's own failures during the run, from its log.
    #[serde(default)]
    pub splats: Vec<Splat>,
    /// The steps, in their order.
    pub steps: Vec<StepRecord>,
    /// The steps that waited, by their number in the case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub waits: BTreeMap<usize, WaitRecord>,
    /// The job: the topology, the case and the plan.
    pub job: Job,
}

/// Where a run took place.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PlaceRecord {
    /// `local` for this computer's kernel.
    pub name: String,
    /// The kernel's release, as `uname -r` prints it.
    pub kernel: String,
    /// Whether it ran as root.
    pub root: bool,
    /// The features found by probing.
    pub features: BTreeSet<Feature>,
    /// The resolution of its timers when the run began, in ns: 1, or the length of a tick, to which all delays are then rounded up. Absent if the
    /// kernel did not say.
    #[serde(default)]
    pub timers: Option<u64>,
    /// The virtual machine, if it was one.
    #[serde(default)]
    pub machine: Option<MachineRecord>,
}

impl PlaceRecord {
    /// The means that it offers a plan.
    pub fn means(&self, seed: u64) -> Means {
        let instant = self.machine.as_ref().is_some_and(|machine| machine.clock == Clockwork::Events);
        Means { unshaped: instant.then_some(UNSHAPED), ..Means::of(&self.features, seed) }
    }

    /// Whether it ran in virtual time, in which nothing outside can make it late.
    pub fn is_virtual(&self) -> bool {
        self.machine.as_ref().is_some_and(|machine| machine.clock != Clockwork::Real)
    }

    /// The tick to which delays were rounded up, if the kernel had no high-resolution timers.
    pub fn rounds_to(&self) -> Option<Time> {
        self.timers.map(Time).filter(|resolution| *resolution >= Time::from_micros(1))
    }
}

/// The rate of an unshaped link if the CPU takes no time.
const UNSHAPED: Rate = Rate(10_000_000_000);

/// A virtual machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineRecord {
    /// What emulated it, with its version.
    pub emulator: String,
    /// How its CPU was emulated.
    pub acceleration: Acceleration,
    /// Where its time came from.
    pub clock: Clockwork,
    /// The kernel's command line.
    pub kernel_line: String,
}

/// How a virtual machine's CPU is emulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Acceleration {
    /// Instructions are translated by QEMU.
    Tcg,
    /// Instructions run on this computer's CPU.
    Kvm,
    /// The kernel runs as a program on this computer.
    Host,
}

/// Where a virtual machine's time comes from.
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
    /// Waiting only: no time passes while anything runs.
    Events,
}

/// How late the lab was: a computer too busy to keep time makes measurements that cannot be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Lateness {
    /// The greatest lateness of a step or transfer start, in µs.
    pub step: u64,
    /// The greatest lateness of a sample, in µs.
    pub sample: u64,
    /// The median sample's, in µs.
    pub sample_median: u64,
    /// How much CPU time a hypervisor gave to others during the run, in percent.
    #[serde(default)]
    pub stolen: u64,
    /// For how much of the time some task on the computer waited for a CPU, in percent (PSI).
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
    /// Why the relay had no real-time priority, if it had none.
    pub not_realtime: Option<String>,
}

/// What a relay did to the packets of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RelayedDirection {
    /// Packets that came in, those of a super-packet one by one.
    pub offered: u64,
    /// Packets that went out.
    pub packets: u64,
    /// Packets lost on purpose, by the link's loss.
    pub lost: u64,
    /// Packets dropped because the queue was full.
    pub dropped: u64,
    /// Packets swallowed while the link was cut.
    pub cut: u64,
    /// Packets that the relay was too late for.
    pub missed: u64,
    /// How late packets were sent, in µs: the median, ...
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
    /// Its number in the case, if some steps wait and the order differs from the case's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<usize>,
    /// The error with which the kernel refused it, if it had to be refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Errno>,
}

/// A step that waited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitRecord {
    /// When it began to wait, in µs: the steps before it were done.
    pub since: u64,
    /// When what it waited for was seen, in µs; absent if that never came.
    pub met: Option<u64>,
    /// What was seen then, or when it gave up.
    pub found: String,
}

impl Recording {
    /// An empty recording, for a job that left none.
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

    /// A case with the steps that waited at the times at which this run took them; those that never came are after its end.
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

    /// The run as measures of a case see it, normally of its own job's case.
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
        file::read(json, FileKind::Recording, FORMAT)
    }

    /// The JSON that [`Self::from_json`] reads.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a recording has string keys and finite numbers only")
    }
}
