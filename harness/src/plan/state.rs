//! The state of a lab's links after steps: their cuts and conditions.
//! Not here: what brings them there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::document::case::{Action, How, Step};
use crate::document::topology::{Link, Topology};
use crate::words::Shape;

/// The state of a link.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinkState {
    /// How it is cut.
    pub cuts: Vec<How>,
    /// The conditions from its first end to its second.
    pub up: Shape,
    /// The conditions from its second end to its first.
    pub down: Shape,
}

/// The state of all links after these steps, in the order of time.
pub fn links(topology: &Topology, steps: &[Step]) -> BTreeMap<String, LinkState> {
    let built = |link: &Link| LinkState { cuts: Vec::new(), up: link.up.clone(), down: link.down.clone() };
    let mut links: BTreeMap<String, LinkState> = topology.links.iter().map(|(name, link)| (name.clone(), built(link))).collect();
    let mut with = |link: &String, change: &dyn Fn(&mut LinkState)| links.get_mut(link).map(change);
    for step in steps {
        match &step.action {
            Action::Cut(cut) => with(&cut.link, &|link| link.cuts.push(cut.how.clone())),
            Action::Restore(link) => with(link, &|link| link.cuts.clear()),
            Action::Shape(to) => with(&to.link, &|link| (link.up, link.down) = (to.up.clone(), to.down.clone())),
            _ => None,
        };
    }
    links
}
