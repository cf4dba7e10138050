//! A share of the runs: which runs belong to it, and their results, as a part or, if it is everything, as the matrix.
//! Not here: making the runs.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::time::Duration;

use super::deal::deal;
use super::durations::Took;
use super::part::{FORMAT, Part};
use super::whole::{Unit, Whole};
use crate::result::compare::{Column, Matrix, Run};
use crate::words::Shard;

/// A share.
#[derive(Debug, Clone)]
pub struct Share {
    sharded: Option<Sharded>,
    matrix: Matrix,
}

#[derive(Debug, Clone)]
struct Sharded {
    whole: Whole,
    shard: Shard,
    mine: BTreeMap<String, BTreeMap<String, BTreeSet<u64>>>,
    took: BTreeMap<String, BTreeMap<String, Took>>,
}

impl Share {
    /// All runs, on these kernels.
    pub fn all(kernels: Vec<Column>) -> Self {
        Self { sharded: None, matrix: Matrix::new(kernels) }
    }

    /// The share of a shard.
    pub fn of(whole: Whole, shard: Shard) -> Self {
        let mut mine: BTreeMap<String, BTreeMap<String, BTreeSet<u64>>> = BTreeMap::new();
        for (Unit { case, kernel, seed }, _) in deal(&whole, shard.of()).into_iter().filter(|(_, other)| *other == shard.number()) {
            mine.entry(case.to_owned()).or_default().entry(kernel.to_owned()).or_default().insert(seed);
        }
        let matrix = Matrix::new(whole.kernels.iter().map(|kernel| kernel.column.clone()).collect());
        Self { sharded: Some(Sharded { whole, shard, mine, took: BTreeMap::new() }), matrix }
    }

    /// Whether a run belongs to it.
    pub fn has(&self, case: &str, kernel: &str, seed: u64) -> bool {
        let Some(Sharded { mine, .. }) = &self.sharded else { return true };
        mine.get(case).and_then(|row| row.get(kernel)).is_some_and(|seeds| seeds.contains(&seed))
    }

    /// The shard, if it has nothing to do because there are fewer runs than shards.
    pub fn idle(&self) -> Option<Shard> {
        self.sharded.as_ref().filter(|sharded| sharded.mine.is_empty()).map(|sharded| sharded.shard)
    }

    /// Whether another shard has runs that can be made.
    pub fn is_made_elsewhere(&self) -> bool {
        let Some(Sharded { whole, .. }) = &self.sharded else { return false };
        let can_run = |(unit, _): (Unit<'_>, _)| !whole.cases[unit.case].lacks.contains_key(unit.kernel);
        whole.units().any(|unit| can_run(unit) && !self.has(unit.0.case, unit.0.kernel, unit.0.seed))
    }

    /// Adds a run, with how long it took if it was made.
    pub fn add(&mut self, case: &str, kernel: &str, run: Run, took: Option<Duration>) {
        self.matrix.insert(case, kernel, run);
        if let Some((Sharded { took: all, .. }, took)) = self.sharded.as_mut().zip(took) {
            let micros = took.as_micros() as u64;
            all.entry(case.to_owned()).or_default().entry(kernel.to_owned()).or_default().add(Took { runs: 1, micros });
        }
    }

    /// The results so far.
    pub fn matrix(&self) -> &Matrix {
        &self.matrix
    }

    /// Writes the results: those of a shard as a [`Part`], all of them as a [`Matrix`].
    pub fn write(&self, to: impl Write) -> serde_json::Result<()> {
        match &self.sharded {
            None => self.matrix.write(to),
            Some(Sharded { whole, shard, took, .. }) => {
                let (whole, took, cases) = (whole.clone(), took.clone(), self.matrix.cases.clone());
                Part { part: FORMAT, shard: *shard, whole, took, cases }.write(to)
            }
        }
    }
}
