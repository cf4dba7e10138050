//! From a checked topology and case to a [`Job`]: the operations that build the lab and take the steps, as data.
//! Pure: no kernel is asked; what it must be able to do is listed in [`Job::needs`].

pub mod op;
mod routes;
mod setup;
mod steps;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde::{Deserialize, Serialize};

pub use op::{Act, Op};
pub use wire::{Choice, Forwarding, Means};

use crate::case::Case;
use crate::topology::Topology;
use crate::words::{EndpointFlag, Feature, Time};

/// Everything a place needs to run a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The case's name: its path below the directory of cases, without the ending, such as `survival::ethernet_unplugged`.
    pub name: String,
    /// What makes this run differ from another of the same case: the content of transfers.
    pub seed: u64,
    /// The topology.
    pub topology: Topology,
    /// The case.
    pub case: Case,
    /// What each link is made with.
    pub engines: BTreeMap<String, Choice>,
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

impl Job {
    /// Plans a case on its topology for a place with these means.
    pub fn plan(name: &str, topology: Topology, case: Case, means: impl Into<Means>) -> Self {
        let means = means.into();
        let setup = setup::lab(&topology, means);
        let steps = steps::plan(&topology, &case.steps, &setup, means);
        let needs = needs(&topology, means);
        let engines = topology.links.iter().map(|(name, link)| (name.clone(), wire::choose(link, means))).collect();
        Self { name: name.to_owned(), seed: means.seed, topology, case, engines, setup, steps, needs }
    }

    /// What it needs that a place with `features` lacks; nothing if the case can run there.
    pub fn missing<'a>(&'a self, features: &'a BTreeSet<Feature>) -> Vec<&'a Feature> {
        self.needs.difference(features).collect()
    }

    /// The `ip`, `tc` and `sysctl` lines that a person would type, a step's after a comment with its time.
    pub fn script(&self) -> String {
        let mut script = self::script(&self.setup);
        for step in &self.steps {
            writeln!(script, "# at {}", step.at).expect("writing to a string");
            script += &self::script(&step.ops);
        }
        script
    }
}

/// The operations that build a topology.
pub fn lab(topology: &Topology, means: impl Into<Means>) -> Vec<Op> {
    setup::lab(topology, means.into())
}

/// Operations as the lines that a person would type.
pub fn script(ops: &[Op]) -> String {
    ops.iter().fold(String::new(), |script, op| script + &op.to_string() + "\n")
}

/// What a place must be able to do to build a topology.
pub fn needs(topology: &Topology, means: impl Into<Means>) -> BTreeSet<Feature> {
    let means = means.into();
    let mut needs = BTreeSet::from([Feature::Mptcp, Feature::Ipv6]);
    needs.extend(topology.links.values().flat_map(|link| wire::needs(link, means)));
    for mptcp in topology.hosts.values().map(|host| &host.mptcp) {
        needs.extend(mptcp.scheduler.clone().map(Feature::Scheduler));
        needs.extend(mptcp.path_manager.clone().map(Feature::PathManager));
        let laminar = mptcp.endpoints.iter().any(|endpoint| endpoint.flags.contains(&EndpointFlag::Laminar));
        needs.extend(laminar.then_some(Feature::LaminarEndpoints));
    }
    needs
}
