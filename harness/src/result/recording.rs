//! What a run leaves: everything that was seen, with the job it was seen of, as one JSON value that can be judged and drawn anywhere.
//! Not here: seeing it, or an opinion of it.
//!
//! Times are microseconds from the run's start, cumulative counts start at 0. Series are columns: the n-th value of each belongs to the
//! n-th value of its `at`. A reader must refuse a `format` it does not know and ignore keys that it does not know.

mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::plan::{Job, Means};
use crate::result::splat::Splat;
use crate::words::{Exit, Feature, Protocol, Rate, Time};

pub use state::{LimitsRecord, StateRecord, WayRecord};

/// The format's version. It changes when a reader of the previous one would misread the new one.
pub const FORMAT: u32 = 2;

/// A run, as it was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    /// [`FORMAT`].
    pub format: u32,
    /// Where it ran.
    pub place: Place,
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
    /// What was to be done: the topology, the case and the plan.
    pub job: Job,
}

/// Where a run took place.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Place {
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

impl Place {
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
    pub up: RelayedWay,
    /// The other way.
    pub down: RelayedWay,
    /// Why the relay had no real-time priority; nothing if it had.
    pub not_realtime: Option<String>,
}

/// What a relay did to the packets of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RelayedWay {
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
}

/// What became of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TransferRecord {
    /// When its clients were told to connect, in µs.
    pub started: u64,
    /// Its connections.
    pub connections: Vec<ConnectionRecord>,
    /// What the listening socket was seen to speak by `sock_diag`, if it was seen.
    pub listener: Option<Protocol>,
}

/// One connection of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ConnectionRecord {
    /// The client's address and port.
    pub client: String,
    /// When `connect` had succeeded, in µs.
    pub connected: Option<u64>,
    /// What it spoke when it was last asked, as the client's socket says: `tcp` after a fallback.
    pub protocol: Option<Protocol>,
    /// The client's MPTCP token, which names the connection in [`HostRecord::connections`] and path-manager events.
    pub token: Option<u32>,
    /// Client to server.
    pub up: Option<FlowRecord>,
    /// Server to client.
    pub down: Option<FlowRecord>,
    /// What went wrong, in words; such a connection is not intact.
    pub error: Option<String>,
}

/// One direction of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FlowRecord {
    /// Bytes that the sender's socket took.
    pub sent: u64,
    /// Bytes that arrived in order, up to the first wrong one.
    pub received: u64,
    /// Where the first wrong byte was.
    pub corrupt_at: Option<u64>,
    /// What was there instead of what was sent.
    #[serde(default)]
    pub wrong: Option<WrongRecord>,
    /// When the sender had closed its direction, in µs.
    pub closed: Option<u64>,
    /// When the receiver saw the end, in µs; absent if it never did.
    pub ended: Option<u64>,
    /// Delivery: pairs of time in µs and bytes arrived by then, at most one pair each 10 ms, and a pair at each end of every longer gap.
    pub progress: Vec<(u64, u64)>,
}

/// Bytes that arrived and were not those that belong there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WrongRecord {
    /// When they were read, in µs.
    pub at: u64,
    /// The first few bytes that belong there, in hexadecimal.
    pub wanted: String,
    /// The bytes that came instead.
    pub got: String,
}

/// What became of a process. Times before the run's start are 0.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ProcessRecord {
    /// What was executed, as a person would type it.
    pub command: String,
    /// Whether mptcpize is not installed, and a library of mplab's did its work.
    pub preload: bool,
    /// When it was started, in µs.
    pub started: Option<u64>,
    /// When it was seen to be ready, in µs.
    pub ready: Option<u64>,
    /// When mplab first asked it to end, in µs.
    pub asked: Option<u64>,
    /// When it ended, in µs.
    pub ended: Option<u64>,
    /// How it ended.
    pub exit: Option<Exit>,
    /// Why it could not be started.
    pub error: Option<String>,
    /// What it printed.
    pub output: Vec<OutputLine>,
    /// Bytes that it printed beyond what is kept.
    pub dropped: u64,
    /// What it measured, if it is iperf3 and printed JSON.
    pub iperf3: Option<Iperf3Record>,
}

/// A line that a process printed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OutputLine {
    /// When it was read, in µs.
    pub at: u64,
    /// Whether it went to the standard error.
    pub stderr: bool,
    /// It, without its end. What is not UTF-8 is replaced.
    pub text: String,
}

/// What iperf3 measured: all its streams together, of both directions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Iperf3Record {
    /// Its intervals.
    pub intervals: Vec<Iperf3Interval>,
    /// Bytes that arrived, as both sides agreed in the end.
    pub received: Option<u64>,
    /// The time it took them, in µs.
    pub took: u64,
    /// Segments sent again by the side that sent; where iperf3 knows.
    pub retransmits: Option<u64>,
    /// What went wrong, in iperf3's words.
    pub error: Option<String>,
}

/// An interval of iperf3's. Its times count from the start of the process, a few round trips before iperf3's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Iperf3Interval {
    /// When it began, in µs.
    pub from: u64,
    /// When it ended, in µs.
    pub to: u64,
    /// Bytes that this side sent or received.
    pub bytes: u64,
    /// Segments sent again; where iperf3 knows.
    pub retransmits: Option<u64>,
}

/// What was seen of a host.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HostRecord {
    /// The times of its samples.
    pub at: Vec<u64>,
    /// Its interfaces by name.
    pub interfaces: BTreeMap<String, InterfaceSeries>,
    /// The times at which its counters were read: those of every fifth sample, and of the last.
    pub counted: Vec<u64>,
    /// Its counters by the kernel's names, those that ever differed from 0 (/proc/net/netstat and /proc/net/snmp; `nstat`).
    pub counters: BTreeMap<String, Vec<u64>>,
    /// The TCP flows that are part of MPTCP connections, in the order of appearance.
    pub subflows: Vec<SubflowSeries>,
    /// MPTCP connections, in the order of appearance.
    pub connections: Vec<ConnectionSeries>,
    /// Path-manager events.
    pub events: Vec<EventRecord>,
    /// What its listening TCP sockets spoke when they were last looked at, by address and port: when a process was ready, and at the end.
    #[serde(default)]
    pub listeners: BTreeMap<SocketAddr, Protocol>,
    /// How it was configured when the run ended.
    #[serde(default)]
    pub state: Option<StateRecord>,
}

/// An interface's counters (`ip -s link`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct InterfaceSeries {
    /// Bytes received, link-layer headers included.
    pub rx_bytes: Vec<u64>,
    /// Bytes sent, link-layer headers included.
    pub tx_bytes: Vec<u64>,
    /// Packets received; a super-packet of segmentation offload counts once.
    pub rx_packets: Vec<u64>,
    /// Packets sent; a super-packet of segmentation offload counts once.
    pub tx_packets: Vec<u64>,
    /// Whether it was up and had a carrier.
    pub running: Vec<bool>,
}

/// A subflow: one TCP flow of an MPTCP connection, as `ss -tiM` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SubflowSeries {
    /// The connection's token at this host.
    pub token: u32,
    /// Address and port here.
    pub local: String,
    /// Address and port there.
    pub remote: String,
    /// The address id here; 0 is the connection's initial address.
    pub local_id: u8,
    /// The address id there.
    pub remote_id: u8,
    /// `MPTCP_SUBFLOW_FLAG_*`, those last seen, as `ss` letters (include/uapi/linux/mptcp.h): `M` and `m` for `MP_CAPABLE` asked for remotely
    /// and locally, `J` and `j` for `MP_JOIN`, `B` and `b` for backup, `e` for fully established, `c` for connected, `v` for a valid mapping.
    pub flags: String,
    /// The times at which it was seen.
    pub at: Vec<u64>,
    /// Bytes of payload acknowledged by the peer.
    pub bytes_acked: Vec<u64>,
    /// Bytes of payload received.
    pub bytes_received: Vec<u64>,
    /// Segments retransmitted.
    pub retransmits: Vec<u64>,
    /// Smoothed round-trip time in µs.
    pub rtt: Vec<u64>,
    /// Congestion window in segments.
    pub cwnd: Vec<u64>,
    /// Whether it was in state ESTABLISHED.
    pub established: Vec<bool>,
}

impl SubflowSeries {
    /// The times at which it was seen established. One that joins is at the client as soon as its SYN is answered, when the server may still
    /// refuse it: it has none before it is fully established, with the fourth packet (RFC 8684, section 3.2).
    pub fn up(&self) -> impl DoubleEndedIterator<Item = u64> {
        let refused = self.flags.contains(['j', 'J']) && !self.flags.contains('e');
        self.at.iter().zip(&self.established).filter(move |(_, established)| **established && !refused).map(|(at, _)| *at)
    }
}

/// An MPTCP connection, as `MPTCP_INFO` has it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ConnectionSeries {
    /// Its token at this host.
    pub token: u32,
    /// Address and port here.
    pub local: String,
    /// Address and port there.
    pub remote: String,
    /// The times at which it was seen.
    pub at: Vec<u64>,
    /// Subflows besides the first (`mptcpi_extra_subflows`).
    pub extra_subflows: Vec<u64>,
    /// Whether it had fallen back to TCP (`MPTCP_INFO_FLAG_FALLBACK`).
    pub fallback: Vec<bool>,
    /// Bytes of data sent (`mptcpi_bytes_sent`), 0 on kernels before 6.5.
    pub bytes_sent: Vec<u64>,
    /// Bytes of data received (`mptcpi_bytes_received`).
    pub bytes_received: Vec<u64>,
    /// Bytes of data sent again on another subflow (`mptcpi_bytes_retrans`).
    pub bytes_retrans: Vec<u64>,
}

/// A path-manager event (`ip mptcp monitor`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EventRecord {
    /// When it was read, in µs.
    pub at: u64,
    /// Its kind, one of [`crate::document::case::EVENT_KINDS`], or `lost` where the kernel had to drop events.
    pub kind: String,
    /// The connection's token at this host.
    pub token: Option<u32>,
    /// What else it says, as `ip mptcp monitor` spells it: `saddr4=10.0.1.1 dport=5001`.
    pub detail: String,
}

/// Why a recording could not be read.
#[derive(Debug, thiserror::Error)]
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
            place: Place::default(),
            end: 0,
            timed_out: true,
            lateness: Lateness::default(),
            transfers: BTreeMap::new(),
            processes: BTreeMap::new(),
            hosts: BTreeMap::new(),
            relayed: BTreeMap::new(),
            splats: Vec::new(),
            steps: Vec::new(),
            job,
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
        Ok(serde_json::from_str(json)?)
    }

    /// The JSON that [`Self::from_json`] reads.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a recording has string keys and finite numbers only")
    }
}

impl FlowRecord {
    /// Whether everything sent arrived as it was sent, to the end.
    pub fn intact(&self) -> bool {
        self.ended.is_some() && self.corrupt_at.is_none() && self.received == self.sent
    }
}

impl ConnectionRecord {
    /// Its directions.
    pub fn flows(&self) -> impl Iterator<Item = &FlowRecord> {
        self.up.iter().chain(&self.down)
    }
}

/// The value of a cumulative series at a time: linear between samples, flat outside them.
pub fn value_at(at: &[u64], values: &[u64], time: u64) -> u64 {
    let next = at.partition_point(|&sample| sample <= time);
    match (next.checked_sub(1).and_then(|last| Some((at[last], *values.get(last)?))), at.get(next).zip(values.get(next))) {
        (Some((t0, v0)), Some((&t1, &v1))) => v0 + (v1.saturating_sub(v0) as f64 * (time - t0) as f64 / (t1 - t0) as f64) as u64,
        (Some((_, last)), None) => last,
        (None, _) => values.first().copied().unwrap_or(0),
    }
}

/// How much a cumulative series grew in a span of time.
pub fn growth(at: &[u64], values: &[u64], from: Time, to: Time) -> u64 {
    value_at(at, values, to.micros()).saturating_sub(value_at(at, values, from.micros()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_read_between_their_samples() {
        let (at, values) = ([100, 200], [0, 50]);
        assert_eq!(value_at(&at, &values, 0), 0);
        assert_eq!(value_at(&at, &values, 150), 25);
        assert_eq!(value_at(&at, &values, 200), 50);
        assert_eq!(value_at(&at, &values, 900), 50);
        assert_eq!(growth(&at, &values, Time::from_micros(150), Time::from_micros(200)), 25);
        assert_eq!(value_at(&[], &[], 5), 0);
    }

    #[test]
    fn another_format_is_refused() {
        let error = Recording::from_json("{\"format\": 99}").unwrap_err();
        assert!(error.to_string().contains("format 99"));
    }
}
