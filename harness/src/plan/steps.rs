//! What a case's steps do to the lab, and what undoes them.
//! Not here: when they are taken.

use std::collections::BTreeMap;

use super::{Act, Means, Op, PlannedStep, wire};
use crate::case::{Action, How, Step};
use crate::topology::Topology;
use crate::words::End;
use crate::words::names::WIRES;

pub(super) fn plan(topology: &Topology, steps: &[Step], setup: &[Op], means: Means) -> Vec<PlannedStep> {
    let mut cuts: BTreeMap<&str, Vec<&How>> = BTreeMap::new();
    let mut planned = Vec::new();
    for step in steps {
        let mut ops: Vec<Op> = match &step.action {
            Action::Cut(cut) => {
                cuts.entry(&cut.link).or_default().push(&cut.how);
                apply(topology, &cut.link, &cut.how, means)
            }
            Action::Restore(link) => {
                let undone = cuts.remove(link.as_str()).unwrap_or_default();
                undone.into_iter().flat_map(|how| undo(topology, link, how, setup, means)).collect()
            }
        };
        let mut seen: Vec<Op> = Vec::new();
        ops.retain(|op| {
            !seen.contains(op) && {
                seen.push(op.clone());
                true
            }
        });
        planned.push(PlannedStep { at: step.at, ops });
    }
    planned
}

/// Which of the link's two ends one of its interfaces is.
fn side(topology: &Topology, link: &str, end: &End) -> usize {
    usize::from(topology.links[link].ends[0] != *end)
}

fn apply(topology: &Topology, link: &str, how: &How, means: Means) -> Vec<Op> {
    match how {
        // A veth's carrier is its peer being up.
        How::Carrier(ends) => {
            ends.iter().map(|end| Op::new(WIRES, Act::Down { dev: wire::dev(link, side(topology, link, end)) })).collect()
        }
        How::Admin(ends) => ends.iter().map(|end| Op::new(&end.host, Act::Down { dev: end.interface.clone() })).collect(),
        How::Blackhole { up, down } => {
            directions(*up, *down).map(|from| wire::pass(link, &topology.links[link], from, false, means)).collect()
        }
    }
}

fn undo(topology: &Topology, link: &str, how: &How, setup: &[Op], means: Means) -> Vec<Op> {
    match how {
        How::Carrier(ends) => ends.iter().map(|end| Op::new(WIRES, Act::Up { dev: wire::dev(link, side(topology, link, end)) })).collect(),
        // The kernel forgets an interface's routes when it is set down.
        How::Admin(ends) => ends
            .iter()
            .flat_map(|end| {
                let routes = setup
                    .iter()
                    .filter(|op| op.ns == end.host && matches!(&op.act, Act::Route { dev, .. } if dev.as_ref() == Some(&end.interface)));
                std::iter::once(Op::new(&end.host, Act::Up { dev: end.interface.clone() })).chain(routes.cloned())
            })
            .collect(),
        How::Blackhole { up, down } => {
            directions(*up, *down).map(|from| wire::pass(link, &topology.links[link], from, true, means)).collect()
        }
    }
}

/// The ends at which packets of these directions enter.
fn directions(up: bool, down: bool) -> impl Iterator<Item = usize> {
    up.then_some(0).into_iter().chain(down.then_some(1))
}
