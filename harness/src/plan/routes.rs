//! The routes and rules of a host, so that it reaches every address and every subflow leaves by the interface of its address.
//! Not here: addresses, which the topology already has.
//!
//! A router has a route to every network. A host with one interface has a default route through a neighbouring router. A host with several also
//! has that, and a table per interface with a default route through it, looked up for packets from the interface's address:
//!
//! ```text
//! 1000: from all lookup main suppress_prefixlength 0     networks it is part of
//! 1001: from 10.0.1.2 lookup 1001                        all else by the interface of the source address
//! ```
//!
//! The main table is looked up first, so that an answer reaches a neighbour by the cable between them, whatever its source address. A socket
//! bound to an interface, as for MPTCP endpoints with `dev`, skips routes of other interfaces and finds its table.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

use super::{Op, RouteAct, op::MAIN_TABLE};
use crate::document::topology::address::{contains, is_link_local, subnet_of};
use crate::document::topology::{Route, Topology};
use crate::words::{End, Network};

/// The first rule's place in the order. Those after it, one per interface, have the number of the table that they look up.
const RULES: u32 = 1000;

/// A neighbour across one of a host's links.
struct Neighbour<'a> {
    interface: &'a str,
    /// The link's name, or `LINK.ID` for a VLAN on it.
    link: String,
    host: &'a str,
    via: Network,
}

fn neighbours<'a>(topology: &'a Topology, host: &'a str, v6: bool) -> Vec<Neighbour<'a>> {
    let of = |(name, interface): (&'a String, &'a crate::document::topology::Interface)| {
        let other = topology.links.get(&interface.link)?.other(&End::new(host, name));
        let there = topology.hosts.get(&other.host)?;
        let (link, far) = match &interface.vlan {
            Some(vlan) => (format!("{}.{}", interface.link, vlan.id), there.vlan(&other.interface, vlan.id)?.1),
            None => (interface.link.clone(), there.bond_or_itself(&other.interface)?),
        };
        Some(Neighbour { interface: name, link, host: &other.host, via: far.address(v6)? })
    };
    let mut found: Vec<_> = topology.hosts[host].addressed().filter_map(of).collect();
    found.sort_by(|a, b| a.link.cmp(&b.link));
    found
}

/// The links whose networks are reached through routers next to `host`, each with the nearest router's place in `first`; of several, the first.
/// One search starts from all of them at once, so it reaches each link by the shortest way first.
fn reach(topology: &Topology, host: &str, first: &[&str], v6: bool) -> BTreeMap<String, usize> {
    let mut links = BTreeMap::new();
    let mut seen = BTreeSet::from([host]);
    let mut queue: VecDeque<(usize, &str)> = first.iter().copied().enumerate().filter(|(_, router)| seen.insert(router)).collect();
    while let Some((place, router)) = queue.pop_front() {
        for neighbour in neighbours(topology, router, v6) {
            links.entry(neighbour.link).or_insert(place);
            if topology.hosts[neighbour.host].forward && seen.insert(neighbour.host) {
                queue.push_back((place, neighbour.host));
            }
        }
    }
    links
}

/// The networks of a link or VLAN: those of its ends' addresses, usually one.
fn networks(topology: &Topology, ends: &[End; 2], v6: bool) -> Vec<Network> {
    let of = |end: &End| topology.hosts.get(&end.host)?.bond_or_itself(&end.interface)?.address(v6).map(subnet_of);
    let mut networks: Vec<_> = ends.iter().filter_map(of).collect();
    networks.dedup();
    networks
}

/// Routes to neighbours that are in no network of the interface that leads to them.
fn beside<'a>(topology: &'a Topology, host: &'a str, neighbours: &'a [Neighbour<'a>]) -> impl Iterator<Item = RouteAct> + use<'a> {
    let apart = |neighbour: &&Neighbour| {
        let own = &topology.hosts[host].interfaces[neighbour.interface].addresses;
        !own.iter().any(|network| contains(*network, neighbour.via.address))
    };
    neighbours.iter().filter(apart).map(|neighbour| {
        let address = neighbour.via.address;
        let to = Network { address, prefix: if address.is_ipv6() { 128 } else { 32 } };
        RouteAct::Route { to, via: None, dev: Some(neighbour.interface.to_owned()), table: None, onlink: false }
    })
}

/// A route that is written. If its next hop is in no network of the named interface, Linux must be told so (`onlink`).
fn written(topology: &Topology, host: &str, route: &Route, routes: &[RouteAct]) -> RouteAct {
    let known = |via: IpAddr, dev: &str| {
        let own = topology.hosts[host].interfaces.get(dev).is_some_and(|own| own.addresses.iter().any(|network| contains(*network, via)));
        let by_device = |act: &RouteAct| matches!(act, RouteAct::Route { to, via: None, dev: Some(by), table: None, .. } if by == dev && contains(*to, via));
        own || is_link_local(via) || routes.iter().any(by_device)
    };
    let onlink = route.via.zip(route.interface.as_deref()).is_some_and(|(via, dev)| !known(via, dev));
    RouteAct::Route { to: route.to, via: route.via, dev: route.interface.clone(), table: None, onlink }
}

/// A route that a step adds to a host with these routes, or removes.
pub(super) fn changed(topology: &Topology, host: &str, route: &Route, routes: &[RouteAct], add: bool) -> RouteAct {
    match written(topology, host, route, routes) {
        RouteAct::Route { to, via, dev, table, .. } if !add => RouteAct::DeleteRoute { to, via, dev, table },
        act => act,
    }
}

fn default_network(v6: bool) -> Network {
    Network { address: if v6 { [0u8; 16].into() } else { [0u8; 4].into() }, prefix: 0 }
}

/// A host's interfaces that have a table of their own, with the table's number: only a host with several interfaces that is not a router has them.
fn tables<'a>(topology: &'a Topology, host: &str) -> Vec<(u32, &'a str, &'a crate::document::topology::Interface)> {
    let host = &topology.hosts[host];
    let several = !host.forward && host.addressed().count() > 1;
    (RULES + 1..).zip(host.addressed()).filter(|_| several).map(|(table, (name, interface))| (table, name.as_str(), interface)).collect()
}

/// A host's rules: the table to look up for packets from each of its addresses.
pub(super) fn rules(topology: &Topology, host: &str) -> Vec<Op> {
    let tables = tables(topology, host);
    let mut acts = Vec::new();
    let families = [false, true].into_iter().filter(|v6| !tables.is_empty() && (!v6 || topology.hosts[host].has_ipv6()));
    for v6 in families {
        // The last first: the kernel looks for a rule's place from the front (net/core/fib_rules.c, fib_newrule).
        for &(table, _, interface) in tables.iter().rev() {
            let own = interface
                .addresses
                .iter()
                .map(|network| network.address)
                .filter(|address| address.is_ipv6() == v6 && !is_link_local(*address));
            acts.extend(own.map(|from| RouteAct::Rule {
                v6,
                priority: table,
                from: Some(from),
                mark: None,
                table,
                suppress_default: false,
            }));
        }
        acts.push(RouteAct::Rule { v6, priority: RULES, from: None, mark: None, table: MAIN_TABLE, suppress_default: true });
    }
    acts.into_iter().map(|act| Op::new(host, act)).collect()
}

/// A host's routes: in the main table, in those of its interfaces, and those written in the topology.
pub(super) fn routes(topology: &Topology, host: &str) -> Vec<Op> {
    let mut acts = Vec::new();
    for v6 in [false, true] {
        let neighbours = neighbours(topology, host, v6);
        acts.extend(beside(topology, host, &neighbours));
        main_table(topology, host, v6, &mut acts);
        for (table, name, _) in tables(topology, host) {
            let neighbour = neighbours.iter().find(|neighbour| neighbour.interface == name);
            acts.extend(neighbour.map(|neighbour| RouteAct::Route {
                to: default_network(v6),
                via: Some(neighbour.via.address),
                dev: Some(name.to_owned()),
                table: Some(table),
                onlink: false,
            }));
        }
    }
    let own = &topology.hosts[host].routes;
    // A written route replaces one that follows from the links.
    acts.retain(|act| !matches!(act, RouteAct::Route { to, table: None, .. } if own.iter().any(|route| route.to == *to)));
    // Next hops must be reachable before they are named.
    let (by_device, by_hop): (Vec<_>, Vec<_>) = own.iter().partition(|route| route.via.is_none());
    let by_device: Vec<_> = by_device.into_iter().map(|route| written(topology, host, route, &[])).collect();
    acts.splice(0..0, by_device);
    let by_hop: Vec<_> = by_hop.into_iter().map(|route| written(topology, host, route, &acts)).collect();
    acts.extend(by_hop);
    acts.into_iter().map(|act| Op::new(host, act)).collect()
}

/// Routes to other networks: through the nearest router or, for a host, by its default route if that leads there too.
fn main_table(topology: &Topology, host: &str, v6: bool, acts: &mut Vec<RouteAct>) {
    let mut routers = neighbours(topology, host, v6);
    routers.retain(|neighbour| topology.hosts[neighbour.host].forward);
    let names: Vec<&str> = routers.iter().map(|router| router.host).collect();
    let reached = reach(topology, host, &names, v6);
    let route = |to: Network, by: &Neighbour| RouteAct::Route {
        to,
        via: Some(by.via.address),
        dev: Some(by.interface.to_owned()),
        table: None,
        onlink: false,
    };
    let default = routers.first().filter(|_| !topology.hosts[host].forward);
    acts.extend(default.map(|router| route(default_network(v6), router)));
    let by_default = default.map(|router| reach(topology, host, &[router.host], v6)).unwrap_or_default();
    for (link, ends) in topology.networks().into_iter().filter(|(_, ends)| ends.iter().all(|end| end.host != host)) {
        if let Some(place) = reached.get(&link).filter(|_| !by_default.contains_key(&link)) {
            acts.extend(networks(topology, &ends, v6).into_iter().map(|to| route(to, &routers[*place])));
        }
    }
}

#[cfg(test)]
mod tests;
