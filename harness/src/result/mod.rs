//! The results of a run: its recording, the verdict on it, the comparison with others, and reports.
//! Pure functions and types. Not here: how a run is recorded.

pub mod compare;
pub(crate) mod file;
pub mod judge;
pub mod recording;
pub mod report;
pub mod shards;
pub mod splat;
