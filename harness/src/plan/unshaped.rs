//! Gives a rate to links that nothing slows down, in a place whose CPU takes no time: there they would be infinitely fast.
//! Not here: which places these are.

use std::collections::BTreeSet;

use crate::document::case::{Action, Step};
use crate::document::topology::Topology;
use crate::words::{Rate, Shape, Time};

/// Gives each link a rate in the directions, and for as long, as neither its file nor a step gives it a rate or anything else that takes time.
/// Returns the names of these links.
pub(super) fn give(rate: Rate, topology: &mut Topology, steps: &mut [Step]) -> BTreeSet<String> {
    let links = topology.links.iter_mut().map(|(name, link)| (name, [&mut link.up, &mut link.down]));
    let reshapes = steps.iter_mut().filter_map(|step| match &mut step.action {
        Action::Shape(to) => Some((&to.link, [&mut to.up, &mut to.down])),
        _ => None,
    });
    let mut given = BTreeSet::new();
    for (name, shapes) in links.chain(reshapes) {
        for shape in shapes.into_iter().filter(|shape| is_instant(shape)) {
            shape.rate = Some(rate);
            given.insert(name.clone());
        }
    }
    given
}

/// Whether packets take no time at all.
fn is_instant(shape: &Shape) -> bool {
    let Shape { rate, trace, steps, delay, jitter, slot, limit, .. } = shape;
    let nothing = rate.is_none() && trace.is_none() && steps.is_empty() && jitter.is_none() && slot.is_none() && limit.is_none();
    nothing && *delay == Time::ZERO
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::topology::check::parse;

    #[test]
    fn only_what_takes_no_time_is_given_a_rate() {
        let text = r#"
            summary = "Links with and without a rate"
            link.bare = { ends = ["a:eth0", "b:eth0"] }
            link.lossy = { ends = ["a:eth1", "b:eth1"], up = { loss = "1%" }, down = { rate = "1mbit" } }
            link.late = { ends = ["a:eth2", "b:eth2"], delay = "1ms" }
        "#;
        let mut topology = parse("links.toml", text).expect("it has no mistakes");
        let ten = Rate(10_000_000_000);
        let given = give(ten, &mut topology, &mut []);
        assert_eq!(given.into_iter().collect::<Vec<_>>(), ["bare", "lossy"]);
        let rates = |name: &str| [&topology.links[name].up, &topology.links[name].down].map(|shape| shape.rate);
        assert_eq!(rates("bare"), [Some(ten); 2]);
        assert_eq!(rates("lossy"), [Some(ten), Some(Rate(1_000_000))]);
        assert_eq!(rates("late"), [None; 2]);
    }
}
