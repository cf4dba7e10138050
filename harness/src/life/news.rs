//! News: what is reported about a run while it lasts. It crosses process borders as a line of JSON.
//! Not here: reporting it, and showing it.

use serde::{Deserialize, Serialize};

use crate::record::{Captured, Moment};

/// A piece of news about a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum News {
    /// A guest waits for its debugger.
    Waits {
        /// The command that attaches it.
        gdb: String,
    },
    /// The run comes from a cache and is not made.
    Taken,
    /// The lab is built.
    Built {
        /// How long building it took, in µs.
        took: u64,
    },
    /// A sample was taken.
    Sample(Moment),
    /// A step was taken.
    Step {
        /// When, in µs.
        at: u64,
        /// Its number in the case.
        number: usize,
    },
    /// Captured packets: bytes in base64, which need not end at a packet's end.
    Packets(String),
    /// All packets have been reported.
    Captured(Captured),
}
