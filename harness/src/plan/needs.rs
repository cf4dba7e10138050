//! What a place must be able to do for a plan.
//! Not here: what places can do, which is probed.

use std::collections::{BTreeMap, BTreeSet};

use super::{Act, DeviceAct, MptcpAct, Op, RelayAct};
use crate::document::case::{Case, Measure, Transfer};
use crate::words::{Feature, Protocol};

/// What a place must be able to do for operations, done in this order.
pub fn needs<'a>(ops: impl IntoIterator<Item = &'a Op>) -> BTreeSet<Feature> {
    let all: Vec<&Op> = ops.into_iter().collect();
    let mut needs = BTreeSet::new();
    let mut endpoints: BTreeMap<&str, u32> = BTreeMap::new();
    let (mut most, mut highest) = (0, 0);
    for op in &all {
        needs.extend(op.act.needs());
        let here = endpoints.entry(&op.ns).or_default();
        match &op.act {
            Act::Mptcp(MptcpAct::Endpoint { .. }) => *here += 1,
            Act::Mptcp(MptcpAct::DeleteEndpoint { .. } | MptcpAct::DeleteEndpointId { address: None, .. }) => {
                *here = here.saturating_sub(1);
            }
            Act::Mptcp(MptcpAct::FlushEndpoints) => *here = 0,
            Act::Mptcp(MptcpAct::Limits { subflows, add_addr_accepted }) => {
                highest = highest.max((*subflows).max(*add_addr_accepted).unwrap_or(0));
            }
            _ => {}
        }
        most = most.max(*here);
    }
    needs.extend(tags_on_a_relay(&all).then_some(Feature::RelayedVlans));
    needs.extend((most > 0).then_some(Feature::Endpoints(most)));
    needs.extend((highest > 0).then_some(Feature::Limits(highest)));
    needs
}

/// What the measures of a case need of a kernel.
pub(super) fn measures(case: &Case) -> impl Iterator<Item = Feature> {
    case.expects.iter().flat_map(|expect| &expect.measures).flat_map(Measure::needs)
}

/// What its transfers need in addition.
pub(super) fn transfers(case: &Case) -> impl Iterator<Item = Feature> {
    let mptcp = |transfer: &&Transfer| [transfer.client_protocol, transfer.server_protocol].contains(&Protocol::Mptcp);
    case.transfers.values().filter(mptcp).filter(|transfer| transfer.fast_open).map(|_| Feature::FastOpen)
}

/// Whether an interface with VLANs is an end of a link that the relay makes, whose packet sockets get frames without their tags.
fn tags_on_a_relay(ops: &[&Op]) -> bool {
    let relayed: BTreeSet<&String> = ops
        .iter()
        .filter_map(|op| if let Act::Relay(RelayAct::Relay { dev, to, .. }) = &op.act { Some([dev, to]) } else { None })
        .flatten()
        .collect();
    let tagged: BTreeSet<(&String, &String)> = ops
        .iter()
        .filter_map(|op| if let Act::Device(DeviceAct::Vlan { link, .. }) = &op.act { Some((&op.ns, link)) } else { None })
        .collect();
    ops.iter().any(
        |op| matches!(&op.act, Act::Device(DeviceAct::Veth { dev, peer, .. }) if tagged.contains(&(&op.ns, dev)) && relayed.contains(peer)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Forwarding, Means};
    use crate::words::Engine;

    fn endpoint(host: &str, last: u8) -> Op {
        let address = [10, 0, 0, last].into();
        Op::new(host, MptcpAct::Endpoint { address, dev: None, flags: Vec::new(), id: None, port: None })
    }

    #[test]
    fn the_most_endpoints_that_a_host_has_at_once_are_needed() {
        let host = |name: &'static str, count: u8| (1..=count).map(move |last| endpoint(name, last));
        assert_eq!(needs(&host("a", 3).chain(host("b", 5)).collect::<Vec<_>>()), [Feature::Endpoints(5)].into());
        let deleted = Op::new("a", MptcpAct::DeleteEndpoint { address: [10, 0, 0, 1].into() });
        let in_turns: Vec<_> =
            host("a", 2).chain([deleted, endpoint("a", 3), Op::new("a", MptcpAct::FlushEndpoints)]).chain(host("a", 1)).collect();
        assert_eq!(needs(&in_turns), [Feature::Endpoints(2)].into());
        assert_eq!(needs(&[Op::new("a", MptcpAct::FlushEndpoints)]), BTreeSet::new());
    }

    #[test]
    fn tags_are_lost_where_the_relay_makes_the_link() {
        let text = r#"
            summary = "A VLAN on a link with a delay"
            link.x = { ends = ["a:x", "b:x"], delay = "1ms" }
            host.a.vlan.v = { interface = "x", id = 7 }
            host.b.vlan.v = { interface = "x", id = 7 }
        "#;
        let topology = crate::document::topology::check::parse("x.toml", text).expect("it has no mistakes");
        let by = |delays| {
            let means = Means { delays, ..Means::from(Forwarding::Redirect) };
            needs(&crate::plan::lab(&topology, means))
                .into_iter()
                .filter(|feature| matches!(feature, Feature::Vlan | Feature::RelayedVlans))
                .collect()
        };
        let (netem, relay): (Vec<_>, Vec<_>) = (by(Engine::Netem), by(Engine::Relay));
        assert_eq!((netem, relay), (vec![Feature::Vlan], vec![Feature::Vlan, Feature::RelayedVlans]));
    }

    #[test]
    fn the_highest_limit_is_needed() {
        let limits = |subflows, add_addr_accepted| Op::new("a", MptcpAct::Limits { subflows, add_addr_accepted });
        assert_eq!(needs(&[limits(Some(2), Some(9)), limits(Some(3), None)]), [Feature::Limits(9)].into());
        assert_eq!(needs(&[limits(Some(0), None)]), BTreeSet::new());
    }
}
