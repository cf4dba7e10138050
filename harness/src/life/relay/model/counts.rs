//! Counts what happened to the packets of one direction.
//! Not here: when (a recording's samples say that).

use serde::{Deserialize, Serialize};

/// Packets and bytes of one direction of a link. A super-packet counts as the packets that it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Packets that came in.
    pub offered: u64,
    /// Packets that went out, duplicates included.
    pub packets: u64,
    /// Bytes that went out, with Ethernet headers.
    pub bytes: u64,
    /// Packets that did not come out, by cause.
    pub dropped: Dropped,
    /// Packets that came twice.
    pub duplicated: u64,
    /// Packets with a flipped bit.
    pub corrupted: u64,
    /// Packets that were sent at once, before others.
    pub reordered: u64,
}

/// Why packets did not come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Dropped {
    /// The link loses packets.
    pub loss: u64,
    /// The queue was full.
    pub queue: u64,
    /// The queue was long for too long.
    pub codel: u64,
    /// The link was a black hole.
    pub blackhole: u64,
    /// The interface was down.
    pub down: u64,
    /// The relay was too late to read them, or the kernel refused them. That is not a property of the link: do not trust a run with many.
    pub missed: u64,
}

impl Dropped {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.loss + self.queue + self.codel + self.blackhole + self.down + self.missed
    }
}
