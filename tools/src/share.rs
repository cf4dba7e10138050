//! `--shard K/N`: which of a command's runs to make, and the file for their results.
//! Not here: merging such files, which `mplab merge` does.

use std::path::{Path, PathBuf};

use mplab::compare::Column;
use mplab::disk;
use mplab::shards::{Command, Durations, Share};
use mplab::suite::{self, Planned};
use mplab::words::{Seeds, Shard};

use crate::Failure;

#[derive(clap::Args)]
pub(crate) struct Sharding {
    /// Make only the runs of this shard, such as 1/8, which are the same on every computer. `mplab merge` merges the results
    #[arg(long, value_name = "K/N")]
    shard: Option<Shard>,
    /// Balance the shards by this file of durations, written by `mplab merge --durations` [default: by the durations in the cases]
    #[arg(long, value_name = "FILE", requires = "shard")]
    durations: Option<PathBuf>,
}

impl Sharding {
    /// The requested share: all runs if no shard is named.
    pub(crate) fn share(&self, command: Command, seeds: &Seeds, planned: &[Planned<'_>]) -> Result<Share, Failure> {
        let Some(shard) = self.shard else { return Ok(Share::all(planned.iter().map(|planned| Column::of(planned.place)).collect())) };
        let durations = self.durations.as_deref().map(known).transpose()?.unwrap_or_default();
        let whole = suite::whole(command, seeds, planned, &durations).map_err(Failure::usage)?;
        Ok(Share::of(whole, shard))
    }

    /// Whether a shard is named.
    pub(crate) fn is_part(&self) -> bool {
        self.shard.is_some()
    }
}

fn known(path: &Path) -> Result<Durations, Failure> {
    let text = disk::read_text(path, disk::RECORDING).map_err(|error| Failure::path(path, error))?;
    let wrong = |error| Failure::path(path, format!("not a file of durations, as `mplab merge --durations` writes it: {error}"));
    Durations::from_json(&text).map_err(wrong)
}

/// Writes the results of a share in full or not at all.
pub(crate) fn write(share: &Share, path: &Path) -> Result<(), Failure> {
    disk::write_with(path, |file| share.write(file).map_err(Into::into)).map_err(|error| not_written(path, &error))
}

/// The message about results that could not be written.
pub(crate) fn not_written(path: &Path, error: &std::io::Error) -> Failure {
    Failure::system(format!("failed to write the results {}", path.display()), error)
}

/// Prints a note if the shard has nothing to do.
pub(crate) fn tell_idle(share: &Share) {
    if let Some(shard) = share.idle() {
        say!("shard {shard} has nothing to do: there are fewer runs than shards");
    }
}
