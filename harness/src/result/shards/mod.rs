//! Work in shards: what all of it is, which part of it each shard has, what a shard leaves, and all of them put together again.
//! Not here: running any of it, or how it is shown. It is pure: the same work is dealt out alike on every computer.

mod deal;
mod durations;
mod merge;
mod part;
mod share;
mod whole;

pub use deal::deal;
pub use durations::{Durations, Took};
pub use merge::{Merged, merge};
pub use part::{FORMAT, Part, ReadError};
pub use share::Share;
pub use whole::{CaseUsed, Command, KernelUsed, Unit, Whole};
