//! The final state of a host's kernel: limits, endpoints, sysctls, and the routes of its connections' packets.
//! Not here: whether that matches what was requested.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use super::{Lab, Room};
use crate::document::topology::Endpoint;
use crate::kernel::{mptcp, route, sysctl};
use crate::result::recording::{HostRecord, LimitsRecord, RouteRecord, StateRecord};
use crate::words::EndpointFlag;

/// The most pairs of addresses for which the kernel is asked for a route.
const WAYS: usize = 64;

impl Lab {
    /// The state of a host, given what was seen of its connections, with the routes to the addresses of its peers. What cannot be read is absent,
    /// since that must not break a run that is over.
    pub fn state(&mut self, host: &str, seen: &HostRecord, peers: &[IpAddr]) -> Option<StateRecord> {
        let room = self.rooms.get_mut(host)?;
        let limits = mptcp::limits(&mut room.netlink).ok();
        let endpoints = mptcp::endpoints(&mut room.netlink).ok();
        let endpoints = endpoints.map(|found| found.iter().map(|endpoint| shown(room, endpoint)).collect::<Vec<_>>());
        Some(StateRecord {
            sysctls: room.ns.enter(|| sysctls(room.devices.keys().map(String::as_str))).unwrap_or_default(),
            limits: limits.map(|limits| LimitsRecord { subflows: limits.subflows, add_addr_accepted: limits.add_addr_accepted }),
            ways: ways(room, seen, endpoints.as_deref().unwrap_or_default(), peers),
            endpoints,
        })
    }
}

fn shown(room: &Room, endpoint: &mptcp::Endpoint) -> Endpoint {
    Endpoint {
        address: endpoint.address,
        interface: room.name(endpoint.index),
        flags: EndpointFlag::ALL.into_iter().filter(|flag| endpoint.flags & flag.bit() != 0).collect(),
        id: Some(endpoint.id).filter(|id| *id > 0),
        port: Some(endpoint.port).filter(|port| *port > 0),
    }
}

fn sysctls<'a>(devices: impl Iterator<Item = &'a str>) -> BTreeMap<String, String> {
    let filters = devices.chain(["all"]).map(|dev| format!("net.ipv4.conf.{}.rp_filter", dev.replace('.', "/")));
    let keys = sysctl::below("net.mptcp").into_iter().chain(filters);
    keys.filter_map(|key| sysctl::read(&key).ok().map(|value| (key, value))).collect()
}

/// The routes of the subflows that were seen, from each endpoint to the connections' destinations, and from these connections to all addresses
/// of their peers.
fn ways(room: &mut Room, seen: &HostRecord, endpoints: &[Endpoint], peers: &[IpAddr]) -> Vec<RouteRecord> {
    let ip = |address: &String| address.parse::<SocketAddr>().ok().map(|address| address.ip());
    let led: BTreeSet<IpAddr> = seen.connections.iter().filter_map(|connection| ip(&connection.remote)).collect();
    let flowed = seen.subflows.iter().filter_map(|subflow| ip(&subflow.local).zip(ip(&subflow.remote)));
    let might = endpoints.iter().flat_map(|endpoint| led.iter().map(|to| (endpoint.address, *to)));
    let made: BTreeSet<IpAddr> = seen.connections.iter().filter_map(|connection| ip(&connection.local)).collect();
    let back = made.iter().flat_map(|from| peers.iter().map(|to| (*from, *to)));
    let pairs: BTreeSet<(IpAddr, IpAddr)> = flowed.chain(might).chain(back).filter(|(from, to)| from.is_ipv6() == to.is_ipv6()).collect();
    let mut ways = Vec::new();
    for (from, to) in pairs.into_iter().take(WAYS) {
        let bound = endpoints.iter().find(|endpoint| endpoint.address == from).and_then(|endpoint| endpoint.interface.clone());
        let index = bound.as_ref().map_or(0, |dev| room.index(dev));
        let way = route::way(&mut room.netlink, from, to, index).ok().flatten();
        let by = way.and_then(|way| room.name(way.index));
        ways.push(RouteRecord { from, to, bound, by, via: way.and_then(|way| way.via) });
    }
    ways
}

impl Room {
    /// The name of an interface.
    fn name(&self, index: i32) -> Option<String> {
        self.devices.iter().find(|(_, known)| **known == index).map(|(name, _)| name.clone())
    }
}
