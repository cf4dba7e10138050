//! What can be told of a run while it lasts. It crosses the border of processes as a line of JSON.
//! Not here: who tells it, and who shows it.

use serde::{Deserialize, Serialize};

use crate::record::{Captured, Moment};

/// What can be told of a run while it lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum News {
    /// A guest waits for its debugger.
    Waits {
        /// The command that attaches it.
        gdb: String,
    },
    /// The run was taken from a cache, and is not made.
    Taken,
    /// The lab stands.
    Built {
        /// How long it took to build it, in µs.
        took: u64,
    },
    /// A sample was taken.
    Sample(Moment),
    /// A step was taken.
    Step {
        /// When, in µs.
        at: u64,
        /// Which of the case's.
        number: usize,
    },
    /// Some captured packets: bytes in base64, which need not end where a packet does.
    Packets(String),
    /// All packets have been told.
    Captured(Captured),
}
