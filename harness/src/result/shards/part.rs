//! The results of a shard, with everything they depend on, as JSON.
//! Not here: merging parts.

use std::collections::BTreeMap;
use std::io::Write;

use serde::{Deserialize, Serialize};

use super::durations::Took;
use super::whole::Whole;
use crate::result::compare::Cell;
use crate::result::recording::Exact;
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

/// Why a part could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It is not one.
    #[error("not a part, as `--shard K/N` with `--results FILE` writes one: {0}")]
    Json(#[from] serde_json::Error),
    /// It has another version.
    #[error("a part of format {0}, but this version of mplab reads format {FORMAT}: use the version that wrote it")]
    Format(u64),
}

impl Part {
    /// Reads a part's JSON.
    pub fn from_json(json: &str) -> Result<Self, ReadError> {
        #[derive(Deserialize)]
        struct Version {
            part: u64,
        }
        let version: Version = serde_json::from_str(json)?;
        if version.part != u64::from(FORMAT) {
            return Err(ReadError::Format(version.part));
        }
        let _: Exact = serde_json::from_str(json)?;
        Ok(serde_json::from_str(json)?)
    }

    /// Writes the JSON that [`Self::from_json`] reads.
    pub fn write(&self, to: impl Write) -> serde_json::Result<()> {
        serde_json::to_writer(to, self)
    }
}
