//! From a checked topology and case to a [`Job`]: the operations that build the lab and take the steps, as data.
//! Pure: no kernel is asked; what it must be able to do is listed in [`Job::needs`].

pub mod op;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use op::{Act, Op};

use crate::case::Case;
use crate::topology::Topology;
use crate::words::{Feature, Time};

/// Everything a place needs to run a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The case's name: its path below the directory of cases, without the ending.
    pub name: String,
    /// What makes this run differ from another of the same case: the content of transfers.
    pub seed: u64,
    /// The topology.
    pub topology: Topology,
    /// The case.
    pub case: Case,
    /// What builds the lab.
    pub setup: Vec<Op>,
    /// What the case's steps do, in their order.
    pub steps: Vec<PlannedStep>,
    /// What the place must be able to do.
    pub needs: BTreeSet<Feature>,
}

/// A step's operations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// When they are due.
    pub at: Time,
    /// What is done.
    pub ops: Vec<Op>,
}
