//! A matrix: the result of each case on each kernel, as JSON for later comparisons.
//! Not here: comparing it with an earlier one.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use serde::{Deserialize, Serialize};

use super::run::{Ended, Run};
use super::spread::{Distance, Spread, spreads};
use crate::result::file::{self, FileKind, ReadError};
use crate::result::recording::PlaceRecord;
use crate::words::Amount;

/// The format's version. It changes when a reader of the previous one would misread the new one.
pub const FORMAT: u32 = 1;

/// The results of cases on kernels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Matrix {
    /// [`FORMAT`].
    pub format: u32,
    /// The kernels, in the order in which they were named.
    pub kernels: Vec<Column>,
    /// The results, by the names of case and kernel.
    pub cases: BTreeMap<String, BTreeMap<String, Cell>>,
}

/// A kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name; `local` is this computer's own.
    pub name: String,
    /// Its release, as `uname -r` prints it.
    pub release: String,
    /// Whether its runs were in virtual time.
    #[serde(rename = "virtual")]
    pub in_virtual_time: bool,
}

/// The results of a case on a kernel: a run for each seed, or a single one that says why there is none.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cell {
    /// The runs, in the order of their seeds.
    pub runs: Vec<Run>,
}

/// A measure that differs between kernels.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    /// The case.
    pub case: String,
    /// The measure's name.
    pub measure: String,
    /// Its median on each kernel, in their order.
    pub medians: Vec<Option<Amount>>,
    /// The two kernels that are farthest apart, in the order in which they were named, ...
    pub between: [String; 2],
    /// ... and how far.
    pub distance: Distance,
}

impl Column {
    /// The kernel of a place.
    pub fn of(place: &PlaceRecord) -> Self {
        Self { name: place.name.clone(), release: place.kernel.clone(), in_virtual_time: place.is_virtual() }
    }
}

impl Cell {
    /// How the worst run ended, if there is a run.
    pub fn worst(&self) -> Option<&Ended> {
        self.runs.iter().map(|run| &run.ended).max_by_key(|ended| ended.rank())
    }

    /// How many runs ended as the worst did.
    pub fn as_bad(&self) -> usize {
        let rank = self.worst().map(Ended::rank);
        self.runs.iter().filter(|run| Some(run.ended.rank()) == rank).count()
    }

    /// How many runs are missing.
    pub fn missing(&self) -> usize {
        self.runs.iter().filter(|run| matches!(run.ended, Ended::Missing(_))).count()
    }

    /// Every expectation that failed in some run, with what was measured in the first such run.
    pub fn failures(&self) -> BTreeMap<&str, &str> {
        let mut failures = BTreeMap::new();
        for run in &self.runs {
            if let Ended::Failed(failed) = &run.ended {
                for (claim, measured) in failed {
                    failures.entry(claim.as_str()).or_insert(measured.as_str());
                }
            }
        }
        failures
    }

    /// Its measures over the seeds.
    pub fn spreads(&self) -> BTreeMap<String, Spread> {
        spreads(&self.runs)
    }
}

impl Matrix {
    /// A matrix without cases.
    pub fn new(kernels: Vec<Column>) -> Self {
        Self { format: FORMAT, kernels, cases: BTreeMap::new() }
    }

    /// Adds a run, and keeps the runs of its cell in the order of their seeds.
    pub fn insert(&mut self, case: &str, kernel: &str, run: Run) {
        let cell = self.cases.entry(case.to_owned()).or_default().entry(kernel.to_owned()).or_default();
        let place = cell.runs.partition_point(|other| other.seed <= run.seed);
        cell.runs.insert(place, run);
    }

    /// Adds many runs of a cell. The caller [sorts](Self::sort) them at the end.
    pub(crate) fn extend(&mut self, case: &str, kernel: &str, runs: Vec<Run>) {
        self.cases.entry(case.to_owned()).or_default().entry(kernel.to_owned()).or_default().runs.extend(runs);
    }

    /// Puts the runs of each cell into the order of their seeds.
    pub(crate) fn sort(&mut self) {
        self.cases.values_mut().flat_map(BTreeMap::values_mut).for_each(|cell| cell.runs.sort_by_key(|run| run.seed));
    }

    /// Every cell with its case and kernel.
    pub fn cells(&self) -> impl Iterator<Item = (&str, &str, &Cell)> {
        self.cases.iter().flat_map(|(case, row)| row.iter().map(|(kernel, cell)| (case.as_str(), kernel.as_str(), cell)))
    }

    /// The cases that ended differently on some kernels, or failed differently.
    pub fn differing(&self) -> Vec<&str> {
        let alike = |row: &BTreeMap<String, Cell>| {
            let ends: BTreeSet<_> =
                row.values().map(|cell| (cell.worst().map(Ended::word), cell.failures().into_keys().collect::<Vec<_>>())).collect();
            ends.len() < 2
        };
        self.cases.iter().filter(|(_, row)| !alike(row)).map(|(case, _)| case.as_str()).collect()
    }

    /// The measures that moved between kernels, the farthest first.
    pub fn moved(&self) -> Vec<Moved> {
        let mut moved: Vec<Moved> = self.cases.iter().flat_map(|(case, row)| self.moved_in(case, row)).collect();
        moved.sort_by(|one, other| other.distance.size().total_cmp(&one.distance.size()));
        moved
    }

    fn moved_in(&self, case: &str, row: &BTreeMap<String, Cell>) -> Vec<Moved> {
        let by_kernel = |kernel: &Column| row.get(&kernel.name).map(Cell::spreads).unwrap_or_default();
        let columns: Vec<BTreeMap<String, Spread>> = self.kernels.iter().map(by_kernel).collect();
        let names: BTreeSet<&String> = columns.iter().flat_map(BTreeMap::keys).collect();
        let of = |measure: &String| {
            let spreads: Vec<_> = columns.iter().map(|column| column.get(measure)).collect();
            let pairs = (0..spreads.len()).flat_map(|here| (here + 1..spreads.len()).map(move |there| (here, there)));
            let apart = pairs.filter_map(|(here, there)| Some((here, there, spreads[here]?.distance(spreads[there]?)?)));
            let (here, there, distance) = apart.max_by(|one, other| one.2.size().total_cmp(&other.2.size()))?;
            Some(Moved {
                case: case.to_owned(),
                measure: measure.clone(),
                medians: spreads.iter().map(|spread| spread.map(Spread::median)).collect(),
                between: [here, there].map(|column| self.kernels[column].name.clone()),
                distance,
            })
        };
        names.into_iter().filter_map(of).collect()
    }

    /// Reads a matrix's JSON.
    pub fn from_json(json: &str) -> Result<Self, ReadError> {
        file::read(json, FileKind::Matrix, FORMAT)
    }

    /// The JSON that [`Self::from_json`] reads.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a matrix has string keys and finite numbers only")
    }

    /// Writes that JSON piece by piece, without building all of it in memory.
    pub fn write(&self, to: impl Write) -> serde_json::Result<()> {
        serde_json::to_writer_pretty(to, self)
    }
}
