//! All runs that planned cases stand for, to be divided into shards: with digests of the program, the kernels and the plans.
//! Not here: which shard makes which runs.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::{Task, missing};
use crate::document::disk;
use crate::place::Place;
use crate::result::compare::Column;
use crate::result::recording::{self, PlaceRecord};
use crate::result::shards::{CaseUsed, Command, Durations, KernelUsed, Whole};
use crate::words::feature::absences;
use crate::words::{Digest, Seeds, Time};

/// The cases of a kernel, planned with the first seed.
#[derive(Debug, Clone, Copy)]
pub struct Planned<'a> {
    /// Where they run.
    pub at: &'a Place,
    /// What that is.
    pub place: &'a PlaceRecord,
    /// The cases.
    pub tasks: &'a [Task],
}

/// Why the runs cannot be divided into shards.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WholeError {
    /// Two cases have one name, by which results are told apart.
    #[error("two cases are called {name}, {} and {}: run only one of them, or move one to another directory", .files[0], .files[1])]
    Twice {
        /// The name.
        name: String,
        /// Their files.
        files: [String; 2],
    },
    /// A file that the results depend on could not be read.
    #[error("failed to read {what}: {source}")]
    Read {
        /// Which one.
        what: String,
        /// What the system said.
        source: io::Error,
    },
}

impl WholeError {
    fn read(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Read { what: what.into(), source }
    }
}

/// The digest of a file.
fn digest(path: &Path) -> io::Result<Digest> {
    Ok(Digest::of([disk::read(path, disk::RECORDING)?.as_slice()]))
}

/// All runs. Each kernel has the same cases.
pub fn whole(command: Command, seeds: &Seeds, planned: &[Planned<'_>], durations: &Durations) -> Result<Whole, WholeError> {
    let mut kernels = Vec::new();
    let mut parts: BTreeMap<String, (String, Vec<Vec<u8>>)> = BTreeMap::new();
    let mut lacks: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut says: BTreeMap<String, BTreeMap<String, Time>> = BTreeMap::new();
    for (number, Planned { at, place, tasks }) in planned.iter().enumerate() {
        kernels.push(used(at, place)?);
        for Task { file, job } in *tasks {
            let (name, path) = (file.name.clone(), file.to_string());
            let (_, plans) = parts.entry(name.clone()).or_insert_with(|| (path.clone(), Vec::new()));
            if plans.len() > number {
                let files = [parts[&name].0.clone(), path];
                return Err(WholeError::Twice { name, files });
            }
            plans.push(serde_json::to_vec(job).expect("a job has string keys only"));
            let missing = missing(job, place);
            if !missing.is_empty() {
                lacks.entry(name.clone()).or_default().insert(place.name.clone(), absences(&missing));
            }
            says.entry(name).or_default().insert(place.name.clone(), job.case.lasts());
        }
    }
    let mut takes = durations.expected(&says);
    let cases = parts.into_iter().map(|(name, (file, plans))| {
        let digest = Digest::of(plans.iter().map(Vec::as_slice));
        let used =
            CaseUsed { file, digest, lacks: lacks.remove(&name).unwrap_or_default(), takes: takes.remove(&name).unwrap_or_default() };
        (name, used)
    });
    let program = digest(Path::new("/proc/self/exe")).map_err(WholeError::read("this program"))?;
    Ok(Whole { command, program, recording: recording::FORMAT, seeds: seeds.clone(), kernels, cases: cases.collect() })
}

/// The parts of a place that results depend on.
fn used(at: &Place, place: &PlaceRecord) -> Result<KernelUsed, WholeError> {
    let image = match at {
        Place::Local => None,
        Place::Guest(guest) => Some(guest.kernel().digest().map_err(WholeError::read(format!("kernel {}", place.name)))?),
    };
    let machine = place.machine.as_ref().map(|machine| machine.emulator.clone());
    Ok(KernelUsed { column: Column::of(place), image, machine, options: at.options() })
}
