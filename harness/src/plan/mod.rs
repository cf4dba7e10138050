//! Plans a [`Job`] from a checked topology and case: the operations that build the lab and take the steps, as data.
//! It is pure: it does not ask a kernel. What the kernel must be able to do is listed in [`Job::needs`].

mod needs;
mod netem;
pub mod op;
mod routes;
mod setup;
mod state;
mod steps;
mod unshaped;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde::{Deserialize, Serialize};

pub use needs::needs;
use netem::Course;
pub use op::{Act, DeviceAct, HostAct, MAIN_TABLE, MptcpAct, NftAct, Op, QdiscAct, RelayAct, RouteAct};
pub use state::{LinkState, links};
use wire::Wire;
pub use wire::{Choice, Forwarding, Means};

use crate::document::case::{Action, Case, Process, Reshape, Step, Verb, When};
use crate::document::topology::{Link, Topology};
use crate::words::feature::{self, Lack};
use crate::words::{Errno, Feature, Rate, Shape, Time};

/// Everything a place needs to run a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The case's name: its path below the directory of cases, without the ending, such as `survival::ethernet_unplugged`.
    pub name: String,
    /// Random seed: determines what transfers carry and, within a millisecond, when they start.
    pub seed: u64,
    /// The topology.
    pub topology: Topology,
    /// The case.
    pub case: Case,
    /// The engine of each link.
    pub engines: BTreeMap<String, Choice>,
    /// The operations that build the lab.
    pub setup: Vec<Op>,
    /// What the case's steps do, in their order.
    pub steps: Vec<PlannedStep>,
    /// What the place must be able to do.
    pub needs: BTreeSet<Feature>,
    /// The links that nothing slows down, and the rate that they get in a place where they would be infinitely fast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unshaped: Option<(Rate, BTreeSet<String>)>,
}

/// A step's operations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// When they are due.
    pub at: Time,
    /// What is done.
    pub ops: Vec<Op>,
    /// What is done afterwards, for a gradual change.
    #[serde(default)]
    pub later: Vec<Change>,
    /// What is done to which process.
    #[serde(default)]
    pub process: Option<(Verb, String)>,
    /// What it waits for, if it has no fixed time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// The error with which the kernel must refuse it, if it must.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Errno>,
}

/// A part of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// How long after the step.
    pub after: Time,
    /// What is done.
    pub ops: Vec<Op>,
}

impl Job {
    /// Plans a case on its topology for a place with these means.
    pub fn plan(name: &str, mut topology: Topology, mut case: Case, means: impl Into<Means>) -> Self {
        let means = means.into();
        let unshaped = means.unshaped.map(|rate| (rate, unshaped::give(rate, &mut topology, &mut case.steps)));
        let unshaped = unshaped.filter(|(_, links)| !links.is_empty());
        let engines: BTreeMap<_, _> =
            topology.links.keys().map(|name| (name.clone(), choose(&topology, &case.steps, name, means))).collect();
        let wires = wires(&topology, &case.steps, &engines, means);
        let setup = setup::lab(&topology, &wires, means);
        let steps = steps::plan(&topology, &case, &wires, &setup);
        let (refused, taken): (Vec<_>, Vec<_>) = steps.iter().partition(|step| step.refused.is_some());
        let changes = taken.into_iter().flat_map(|step| step.ops.iter().chain(step.later.iter().flat_map(|change| &change.ops)));
        let mut needs = needs(setup.iter().chain(changes));
        // A refused step needs no room.
        needs.extend(refused.into_iter().flat_map(|step| &step.ops).filter_map(|op| op.act.needs()));
        // A bridge does not forward LACP frames.
        needs.extend(topology.speaks_lacp().then_some(Feature::Redirect).filter(|_| means.forwarding == Forwarding::Bridge));
        needs.extend(programs(&case).map(Feature::Program));
        needs.extend(needs::measures(&case).chain(needs::transfers(&case)));
        Self { name: name.to_owned(), seed: means.seed, topology, case, engines, setup, steps, needs, unshaped }
    }

    /// What it needs but a place with `features` lacks; empty if the case can run there.
    pub fn missing(&self, features: &BTreeSet<Feature>) -> Vec<Lack<'_>> {
        feature::missing(&self.needs, features)
    }

    /// The programs that must be installed for it, by name or path.
    pub fn programs(&self) -> Vec<String> {
        programs(&self.case).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The lines that a person would type. Those of processes and steps follow a comment with their time.
    pub fn script(&self) -> String {
        let mut script = self::script(&self.setup);
        for (name, process) in &self.case.processes {
            let when = process.start.map_or_else(|| "when a step starts it".to_owned(), |start| format!("at {start}"));
            let line = process.line();
            writeln!(script, "# {name}, {when}\nip netns exec {} {line}", process.host).expect("writing to a string");
        }
        for step in &self.steps {
            match &step.when {
                Some(when) => writeln!(script, "# when {when}"),
                None => writeln!(script, "# at {}", step.at),
            }
            .expect("writing to a string");
            if let Some((verb, name)) = &step.process {
                writeln!(script, "# {} {name}", verb.key()).expect("writing to a string");
            }
            if let Some(refused) = step.refused {
                writeln!(script, "# must fail: {refused}").expect("writing to a string");
            }
            script += &self::script(&step.ops);
            for change in &step.later {
                writeln!(script, "# at {}", step.at.after(change.after)).expect("writing to a string");
                script += &self::script(&change.ops);
            }
        }
        script
    }
}

fn programs(case: &Case) -> impl Iterator<Item = String> {
    case.processes.values().flat_map(Process::programs).map(str::to_owned)
}

/// The operations that build a topology.
pub fn lab(topology: &Topology, means: impl Into<Means>) -> Vec<Op> {
    let means = means.into();
    let engines = topology.links.keys().map(|name| (name.clone(), choose(topology, &[], name, means))).collect();
    setup::lab(topology, &wires(topology, &[], &engines, means), means)
}

/// The conditions that steps give a link.
fn reshapes<'a>(steps: &'a [Step], name: &'a str) -> impl Iterator<Item = &'a Reshape> {
    let all = steps.iter().filter_map(|step| if let Action::Shape(to) = &step.action { Some(&**to) } else { None });
    all.filter(move |to| to.link == name)
}

/// The conditions that a link has in the course of a case, up and down.
fn course<'a>(link: &'a Link, steps: &'a [Step], name: &'a str) -> [Vec<&'a Shape>; 2] {
    let up = std::iter::once(&link.up).chain(reshapes(steps, name).map(|to| &to.up));
    let down = std::iter::once(&link.down).chain(reshapes(steps, name).map(|to| &to.down));
    [up.collect(), down.collect()]
}

/// The engine of a link whose conditions steps may change.
fn choose(topology: &Topology, steps: &[Step], name: &str, means: Means) -> Choice {
    let link = &topology.links[name];
    let [up, down] = course(link, steps, name);
    wire::choose(link, [&up, &down], means)
}

fn wires<'a>(topology: &'a Topology, steps: &[Step], engines: &BTreeMap<String, Choice>, means: Means) -> Vec<Wire<'a>> {
    let wire = |(name, link): (&'a String, &'a Link)| {
        let course = course(link, steps, name);
        let fastest = course.each_ref().map(|shapes| shapes.iter().filter_map(|shape| shape.rate).max());
        let [first, second] = topology.mtus(link);
        let narrows = [second < first, first < second];
        let mut course = course.map(|shapes| Course::of(shapes.into_iter()));
        for (course, narrows) in course.iter_mut().zip(narrows) {
            course.units |= narrows;
        }
        Wire { name, link, engine: engines[name].engine, fastest, course, narrows, means }
    };
    topology.links.iter().map(wire).collect()
}

/// Operations as the lines that a person would type.
pub fn script(ops: &[Op]) -> String {
    ops.iter().fold(String::new(), |script, op| script + &op.to_string() + "\n")
}
