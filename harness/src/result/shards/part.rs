//! The results of a shard, with everything they depend on, as JSON.
//! Not here: merging parts.

use std::collections::BTreeMap;
use std::io::Write;

use serde::{Deserialize, Serialize};

use super::durations::Took;
use super::whole::Whole;
use crate::result::compare::Cell;
use crate::result::file::{self, FileKind, ReadError};
use crate::words::Shard;

/// The format's version. It changes when a reader of the previous one would misread the new one.
pub const FORMAT: u32 = 1;

/// The results of a shard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// [`FORMAT`].
    pub part: u32,
    /// Its number, and the number of shards.
    pub shard: Shard,
    /// The whole that it is a part of.
    pub whole: Whole,
    /// How long the runs that it made took, by case and kernel.
    pub took: BTreeMap<String, BTreeMap<String, Took>>,
    /// Its results, by case and kernel.
    pub cases: BTreeMap<String, BTreeMap<String, Cell>>,
}

impl Part {
    /// Reads a part's JSON.
    pub fn from_json(json: &str) -> Result<Self, ReadError> {
        file::read(json, FileKind::Part, FORMAT)
    }

    /// Writes the JSON that [`Self::from_json`] reads.
    pub fn write(&self, to: impl Write) -> serde_json::Result<()> {
        serde_json::to_writer(to, self)
    }
}
