//! Which routes and rules a host gets, so that every address is reached and every subflow leaves by the interface of its address.
//! Not here: addresses, which the topology has already.
//!
//! A router has a route to every network. A host with one interface has a default route by a neighbouring router. A host with several has
//! that too, and a table per interface with a default route through it, looked up for packets from the interface's address:
//!
//! ```text
//! 1000: from all lookup main suppress_prefixlength 0     networks it is part of
//! 1001: from 10.0.1.2 lookup 101                         all else by the interface of the source address
//! ```
//!
//! The main table is asked first so that an answer reaches a neighbour by the cable between them, whatever its source address. A socket
//! bound to an interface, as those of MPTCP endpoints with `dev` are, passes over routes of other interfaces and finds its table.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

use super::{Act, Op, op::MAIN_TABLE};
use crate::topology::{Network, Topology};
use crate::words::End;

/// The rules' place in the order, and the first interface's table less 1.
const RULES: u32 = 1000;
const TABLES: u32 = 100;

/// A neighbour across one of a host's links.
struct Neighbour<'a> {
    interface: &'a str,
    link: &'a str,
    host: &'a str,
    via: Network,
}

fn neighbours<'a>(topology: &'a Topology, host: &'a str, v6: bool) -> Vec<Neighbour<'a>> {
    let of = |(name, interface): (&'a String, &'a crate::topology::Interface)| {
        let other = topology.links.get(&interface.link)?.other(&End::new(host, name));
        let via = topology.hosts.get(&other.host)?.interfaces.get(&other.interface)?.address(v6)?;
        Some(Neighbour { interface: name, link: &interface.link, host: &other.host, via })
    };
    let mut found: Vec<_> = topology.hosts[host].interfaces.iter().filter_map(of).collect();
    found.sort_by_key(|neighbour| neighbour.link);
    found
}

/// The links whose networks are reached through `first`, a router next to `host`, with their distances in hops.
fn reach(topology: &Topology, host: &str, first: &str, v6: bool) -> BTreeMap<String, usize> {
    let mut links = BTreeMap::new();
    let mut seen = BTreeSet::from([host, first]);
    let mut queue = VecDeque::from([(first, 1)]);
    while let Some((router, distance)) = queue.pop_front() {
        for neighbour in neighbours(topology, router, v6) {
            links.entry(neighbour.link.to_owned()).or_insert(distance);
            if topology.hosts[neighbour.host].forward && seen.insert(neighbour.host) {
                queue.push_back((neighbour.host, distance + 1));
            }
        }
    }
    links
}

/// The network of a link: that of its first end's address.
fn network(topology: &Topology, link: &str, v6: bool) -> Option<Network> {
    let end = &topology.links[link].ends[0];
    let Network { address, prefix } = topology.hosts.get(&end.host)?.interfaces.get(&end.interface)?.address(v6)?;
    let address = match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V4((u32::from(address) & mask).into())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V6((u128::from(address) & mask).into())
        }
    };
    Some(Network { address, prefix })
}

fn default_network(v6: bool) -> Network {
    Network { address: if v6 { [0u8; 16].into() } else { [0u8; 4].into() }, prefix: 0 }
}

/// A host's routes and rules.
pub(super) fn of(topology: &Topology, host: &str) -> Vec<Op> {
    let mut acts = Vec::new();
    for v6 in [false, true] {
        main_table(topology, host, v6, &mut acts);
        if !topology.hosts[host].forward && topology.hosts[host].interfaces.len() > 1 {
            source_tables(topology, host, v6, &mut acts);
        }
    }
    acts.extend(topology.hosts[host].routes.iter().map(|route| Act::Route {
        to: route.to,
        via: route.via,
        dev: route.interface.clone(),
        table: None,
    }));
    acts.into_iter().map(|act| Op::new(host, act)).collect()
}

/// Networks that are not its own: by the nearest router, or for a host by its default route where that leads there too.
fn main_table(topology: &Topology, host: &str, v6: bool, acts: &mut Vec<Act>) {
    let own: BTreeSet<&str> = topology.hosts[host].interfaces.values().map(|interface| interface.link.as_str()).collect();
    let routers: Vec<_> = neighbours(topology, host, v6)
        .into_iter()
        .filter(|neighbour| topology.hosts[neighbour.host].forward)
        .map(|neighbour| (reach(topology, host, neighbour.host, v6), neighbour))
        .collect();
    let route = |to: Network, by: &Neighbour| Act::Route { to, via: Some(by.via.address), dev: Some(by.interface.to_owned()), table: None };
    let default = routers.first().filter(|_| !topology.hosts[host].forward);
    acts.extend(default.map(|(_, router)| route(default_network(v6), router)));
    for link in topology.links.keys().filter(|link| !own.contains(link.as_str())) {
        if default.is_some_and(|(reached, _)| reached.contains_key(link)) {
            continue;
        }
        let nearest = routers.iter().filter_map(|(reached, router)| Some((reached.get(link)?, router))).min_by_key(|(hops, _)| **hops);
        if let Some(((_, router), to)) = nearest.zip(network(topology, link, v6)) {
            acts.push(route(to, router));
        }
    }
}

/// A table per interface, and the rules that ask them.
fn source_tables(topology: &Topology, host: &str, v6: bool, acts: &mut Vec<Act>) {
    let neighbours = neighbours(topology, host, v6);
    if neighbours.is_empty() {
        return;
    }
    acts.push(Act::Rule { v6, priority: RULES, from: None, table: MAIN_TABLE, suppress_default: true });
    for (number, (name, interface)) in (1..).zip(&topology.hosts[host].interfaces) {
        let Some(neighbour) = neighbours.iter().find(|neighbour| neighbour.interface == name) else { continue };
        let own = interface.addresses.iter().filter(|network| network.address.is_ipv6() == v6);
        acts.extend(own.map(|network| Act::Rule {
            v6,
            priority: RULES + number,
            from: Some(network.address),
            table: TABLES + number,
            suppress_default: false,
        }));
        acts.push(Act::Route {
            to: default_network(v6),
            via: Some(neighbour.via.address),
            dev: Some(name.clone()),
            table: Some(TABLES + number),
        });
    }
}
