//! Shards: all the runs of a command, the part of each shard, the results that a shard writes, and merging them.
//! Not here: making the runs, or showing the results. It is pure: every computer divides the same runs in the same way.

mod deal;
mod durations;
mod merge;
mod part;
mod share;
mod whole;

pub use deal::deal;
pub use durations::{Durations, Took};
pub use merge::{Merged, merge};
pub use part::{FORMAT, Part};
pub use share::Share;
pub use whole::{CaseUsed, Command, KernelUsed, Unit, Whole};
