//! The operations of a case's steps, and those that undo them.
//! Not here: when they are taken.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::routes;
use super::wire::{self, Wire};
use super::{Act, Change, DeviceAct, HostAct, MptcpAct, NftAct, Op, PlannedStep, RouteAct};
use crate::document::case::{Action, AddressChange, Case, EndpointChange, How, MtuChange, Reshape, RouteChange};
use crate::document::topology::Topology;
use crate::words::names::WIRES;
use crate::words::ramp::Ramp;
use crate::words::{Direction, End, Shape, Time};

/// The interval between the parts of a gradual change.
const TICK: Time = Time::from_millis(50);

pub(super) fn plan(topology: &Topology, case: &Case, wires: &[Wire], setup: &[Op]) -> Vec<PlannedStep> {
    let wires: BTreeMap<&str, &Wire> = wires.iter().map(|wire| (wire.name, wire)).collect();
    let mut cuts: BTreeMap<&str, Vec<&How>> = BTreeMap::new();
    let mut shapes: BTreeMap<&str, [&Shape; 2]> = wires.iter().map(|(name, wire)| (*name, [&wire.link.up, &wire.link.down])).collect();
    let mut planned = Vec::new();
    for step in &case.steps {
        let mut changes = match &step.action {
            Action::Cut(cut) => {
                cuts.entry(&cut.link).or_default().push(&cut.how);
                at_once(apply(wires[cut.link.as_str()], &cut.how))
            }
            Action::Restore(link) => {
                let undone = cuts.remove(link.as_str()).unwrap_or_default();
                let mut ops: Vec<Op> = Vec::new();
                for op in undone.into_iter().flat_map(|how| undo(wires[link.as_str()], how, setup)) {
                    if !ops.contains(&op) {
                        ops.push(op);
                    }
                }
                at_once(ops)
            }
            Action::Firewall { host, rules } => one(host, NftAct::Firewall { rules: rules.clone() }),
            Action::Endpoint { host, change } => one(
                host,
                match change {
                    EndpointChange::Add(endpoint) => MptcpAct::of_endpoint(endpoint),
                    EndpointChange::Remove(address) => MptcpAct::DeleteEndpoint { address: *address },
                    EndpointChange::Change(address, flags) => MptcpAct::ChangeEndpoint { address: *address, flags: flags.clone() },
                    EndpointChange::ChangeId(id, flags) => MptcpAct::ChangeEndpointId { id: *id, flags: flags.clone() },
                    EndpointChange::RemoveId(id) => MptcpAct::DeleteEndpointId { id: *id, address: None },
                    EndpointChange::RemoveInitial(address) => MptcpAct::DeleteEndpointId { id: 0, address: Some(*address) },
                    EndpointChange::Flush => MptcpAct::FlushEndpoints,
                },
            ),
            Action::Limits { host, subflows, add_addr_accepted } => {
                one(host, MptcpAct::Limits { subflows: *subflows, add_addr_accepted: *add_addr_accepted })
            }
            Action::Address(change) => at_once(address(change, setup)),
            Action::Route(RouteChange { host, route, add }) => {
                let told: Vec<RouteAct> = routes_of(host, setup).cloned().collect();
                one(host, routes::changed(topology, host, route, &told, *add))
            }
            Action::Mtu(MtuChange { ends, bytes }) => {
                let op = |end: &End| Op::new(&end.host, DeviceAct::Mtu { dev: end.interface.clone(), bytes: *bytes });
                at_once(ends.iter().map(op).collect())
            }
            Action::Sysctl { host, set } => {
                let op = |(key, value): (&String, &String)| Op::new(host, HostAct::Sysctl { key: key.clone(), value: value.clone() });
                at_once(set.iter().map(op).collect())
            }
            Action::Destroy { transfer: name, address, hosts } => {
                let transfer = &case.transfers[name];
                let to = SocketAddr::new(transfer.to, transfer.port);
                let act = |host: &String| {
                    let server = *host == transfer.server;
                    MptcpAct::Destroy { transfer: name.clone(), to, server, address: *address, may_be_gone: *host != hosts[0] }
                };
                at_once(hosts.iter().map(|host| Op::new(host, act(host))).collect())
            }
            Action::PathManager { host, transfer: name, command, token } => {
                let transfer = &case.transfers[name];
                let to = SocketAddr::new(transfer.to, transfer.port);
                let server = *host == transfer.server;
                one(host, MptcpAct::Command { transfer: name.clone(), to, server, command: command.clone(), token: *token })
            }
            Action::Shape(to) => {
                let from = shapes.insert(&to.link, [&to.up, &to.down]).unwrap_or([&to.up, &to.down]);
                reshape(wires[to.link.as_str()], from, to, step.at)
            }
            // The processes do it.
            Action::Process(..) => at_once(Vec::new()),
        };
        let process = if let Action::Process(verb, name) = &step.action { Some((*verb, name.clone())) } else { None };
        let first = changes.remove(0);
        planned.push(PlannedStep { at: step.at, ops: first.ops, later: changes, process, when: step.when.clone(), refused: step.refused });
    }
    planned
}

/// A step whose operations are done together.
fn at_once(ops: Vec<Op>) -> Vec<Change> {
    vec![Change { after: Time::ZERO, ops }]
}

/// A step that is one operation.
fn one(host: &str, act: impl Into<Act>) -> Vec<Change> {
    at_once(vec![Op::new(host, act)])
}

/// The operations that add or remove an address. An address that the interface had at first gets its routes back: the kernel forgets them.
fn address(change: &AddressChange, setup: &[Op]) -> Vec<Op> {
    let AddressChange { host, interface, address, add } = change;
    let act = RouteAct::Address { dev: interface.clone(), address: *address };
    if !*add {
        return vec![Op::new(host, RouteAct::DeleteAddress { dev: interface.clone(), address: *address })];
    }
    let had = setup.contains(&Op::new(host, act.clone()));
    let v6 = address.address.is_ipv6();
    let by_it =
        |act: &&RouteAct| matches!(act, RouteAct::Route { to, dev: Some(dev), .. } if dev == interface && to.address.is_ipv6() == v6);
    let back = routes_of(host, setup).filter(by_it).filter(|_| had).cloned();
    std::iter::once(act).chain(back).map(|act| Op::new(host, act)).collect()
}

/// The route operations of a host.
fn routes_of<'a>(host: &'a str, setup: &'a [Op]) -> impl Iterator<Item = &'a RouteAct> {
    let route = |op: &'a Op| if let Act::Route(act @ RouteAct::Route { .. }) = &op.act { Some(act) } else { None };
    setup.iter().filter(move |op| op.ns == host).filter_map(route)
}

/// The operations that change a link's conditions: at once, or a little with every tick.
fn reshape(wire: &Wire, from: [&Shape; 2], to: &Reshape, at: Time) -> Vec<Change> {
    let ways = [(Direction::Up, from[0], &to.up), (Direction::Down, from[1], &to.down)];
    let changed: Vec<_> = ways.into_iter().filter(|(_, from, to)| from != to).collect();
    let ticks = (to.over.0 / TICK.0).max(1);
    let moment = |tick: u64| {
        let after = if tick == ticks { to.over } else { Time(TICK.0 * tick) };
        let shape = |from: &Shape, shape: &Shape| Ramp { from: from.clone(), to: shape.clone(), over: to.over }.at(after);
        let ops = changed.iter().flat_map(|(way, from, to)| wire.reshape(*way, &shape(from, to), Some(at.after(after))));
        Change { after, ops: ops.collect() }
    };
    if to.over == Time::ZERO { vec![moment(ticks)] } else { (0..=ticks).map(moment).collect() }
}

/// Which of the link's two ends an interface is.
fn side(wire: &Wire, end: &End) -> usize {
    usize::from(wire.link.ends[0] != *end)
}

fn apply(wire: &Wire, how: &How) -> Vec<Op> {
    match how {
        // A veth has a carrier if its peer is up.
        How::Carrier(ends) => {
            ends.iter().map(|end| Op::new(WIRES, DeviceAct::Down { dev: wire::dev(wire.name, side(wire, end)) })).collect()
        }
        How::Admin(ends) => ends.iter().map(|end| Op::new(&end.host, DeviceAct::Down { dev: end.interface.clone() })).collect(),
        How::Blackhole { up, down } => directions(*up, *down).map(|from| wire.pass(from, false)).collect(),
    }
}

fn undo(wire: &Wire, how: &How, setup: &[Op]) -> Vec<Op> {
    match how {
        How::Carrier(ends) => ends.iter().map(|end| Op::new(WIRES, DeviceAct::Up { dev: wire::dev(wire.name, side(wire, end)) })).collect(),
        // The kernel forgets an interface's routes when it is set down.
        How::Admin(ends) => ends
            .iter()
            .flat_map(|end| {
                // Its VLANs are set down with it, but not every kernel sets them up again with it.
                let vlan = |op: &Op| match &op.act {
                    Act::Device(DeviceAct::Vlan { dev, link, .. }) if op.ns == end.host && *link == end.interface => Some(dev.clone()),
                    _ => None,
                };
                let devs: Vec<String> = std::iter::once(end.interface.clone()).chain(setup.iter().filter_map(vlan)).collect();
                let through = |op: &&Op| match &op.act {
                    Act::Route(RouteAct::Route { dev: Some(dev), .. }) => op.ns == end.host && devs.contains(dev),
                    _ => false,
                };
                let routes: Vec<Op> = setup.iter().filter(through).cloned().collect();
                let ups = devs.into_iter().map(|dev| Op::new(&end.host, DeviceAct::Up { dev }));
                ups.chain(routes).collect::<Vec<_>>()
            })
            .collect(),
        How::Blackhole { up, down } => directions(*up, *down).map(|from| wire.pass(from, true)).collect(),
    }
}

/// The ends at which packets of these directions enter.
fn directions(up: bool, down: bool) -> impl Iterator<Item = usize> {
    up.then_some(0).into_iter().chain(down.then_some(1))
}
