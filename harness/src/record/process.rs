//! What is seen of a process: when it ran, what it printed, and what iperf3 measured.
//! Not here: running it, or reading iperf3's JSON.

use serde::{Deserialize, Serialize};

use crate::words::Exit;

/// The record of a process. Times before the run's start are 0.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ProcessRecord {
    /// What was executed, as a person would type it.
    pub command: String,
    /// Whether a library of mplab's was used because mptcpize is not installed.
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
    /// The line, without its newline. What is not UTF-8 is replaced.
    pub text: String,
}

/// What iperf3 measured: all its streams together, of both directions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Iperf3Record {
    /// Its intervals.
    pub intervals: Vec<Iperf3Interval>,
    /// Bytes that arrived, as both sides agreed in the end.
    pub received: Option<u64>,
    /// The time they took, in µs.
    pub took: u64,
    /// Segments that the sender retransmitted, if iperf3 knows.
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
    /// Segments retransmitted, if iperf3 knows.
    pub retransmits: Option<u64>,
}
