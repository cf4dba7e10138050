//! The operations that build a lab: namespaces, sysctls, cables and their wires, addresses, routes, MPTCP, in an order that is fast for the kernel.
//! Not here: what happens to it later.

use std::collections::BTreeMap;

use super::wire::{self, Wire};
use super::{Act, DeviceAct, Forwarding, HostAct, Means, MptcpAct, NftAct, Op, RouteAct, routes};
use crate::document::topology::{Bond, Host, Topology};
use crate::words::End;
use crate::words::mptcp::PATH_MANAGERS;
use crate::words::names::WIRES;

/// For interfaces that are made from then on; `lo` already exists.
const NO_IPV6: &str = "net.ipv6.conf.default.disable_ipv6";

pub(super) fn lab(topology: &Topology, wires: &[Wire], means: Means) -> Vec<Op> {
    let mut ops: Vec<Op> = topology.hosts.keys().map(|host| Op::new(host, HostAct::Namespace)).collect();
    ops.push(Op::new(WIRES, HostAct::Namespace));
    for (name, host) in &topology.hosts {
        ops.extend(sysctls(host, false, means).into_iter().map(|(key, value)| Op::new(name, HostAct::Sysctl { key, value })));
    }
    // The wires have no host: they must not send anything of their own.
    ops.push(Op::new(WIRES, HostAct::Sysctl { key: NO_IPV6.into(), value: "1".into() }));
    ops.extend(topology.hosts.keys().map(|name| Op::new(name, DeviceAct::Up { dev: "lo".into() })));
    let rules = topology.hosts.keys().flat_map(|name| routes::rules(topology, name));
    // Rules after interfaces: each new interface makes the kernel walk the rules (net/core/fib_rules.c).
    if topology.hosts.values().any(Host::has_ipv6) {
        // But before carriers: each new IPv6 rule makes it walk every route there is (net/ipv6/fib6_rules.c).
        ops.extend(cables(topology, wires));
        ops.extend(rules);
        ops.extend(carriers(wires, means));
    } else {
        // A few links at a time: 1000 take a tenth less time than with all cables before the first carrier.
        ops.extend(wires.chunks(LINKS_AT_A_TIME).flat_map(|wires| cables(topology, wires).into_iter().chain(carriers(wires, means))));
        ops.extend(rules);
    }
    for (name, host) in &topology.hosts {
        // Carriers are there by now: of several members that could be the active one the first is, at both ends.
        ops.extend(bonds(topology, host).into_iter().chain(vlans(host)).map(|act| Op::new(name, act)));
        for (dev, interface) in &host.interfaces {
            ops.extend(interface.addresses.iter().map(|&address| Op::new(name, RouteAct::Address { dev: dev.clone(), address })));
        }
        ops.extend(routes::routes(topology, name));
    }
    if means.forwarding == Forwarding::Redirect {
        // Well after the ingress qdiscs: a filter on a fresh one waits for an RCU grace period (net/sched/sch_generic.c, mini_qdisc_pair_swap).
        ops.extend(wires.iter().flat_map(Wire::open));
    }
    for (name, host) in &topology.hosts {
        ops.extend(sysctls(host, true, means).into_iter().map(|(key, value)| Op::new(name, HostAct::Sysctl { key, value })));
        ops.extend(middle(host).into_iter().map(|act| Op::new(name, act)));
        ops.extend(mptcp(host).into_iter().map(|act| Op::new(name, act)));
    }
    ops
}

/// How many links get their carriers before the next are made.
const LINKS_AT_A_TIME: usize = 30;

/// The cables between hosts and wires, host by host.
fn cables(topology: &Topology, wires: &[Wire]) -> Vec<Op> {
    let ends = wires.iter().flat_map(|wire| wire.link.ends.iter().enumerate().map(move |(end, at)| (at, wire, end)));
    let mut ends: Vec<_> = ends.collect();
    ends.sort_by_key(|(at, ..)| (&at.host, &at.interface));
    let cable = |(at, wire, end): (&End, &Wire, usize)| {
        let interface = &topology.hosts[&at.host].interfaces[&at.interface];
        let (mtu, there) = (interface.mtu.unwrap_or(wire.link.mtu), wire.link.mtu);
        let (peer_ns, peer) = (WIRES.into(), wire::dev(wire.name, end));
        Op::new(
            &at.host,
            DeviceAct::Veth {
                dev: at.interface.clone(),
                peer_ns,
                peer,
                mtu,
                peer_mtu: (mtu != there).then_some(there),
                down: interface.member_of.is_some(),
            },
        )
    };
    ends.into_iter().map(cable).collect()
}

/// What the wires need to carry and shape packets, and their carriers.
fn carriers(wires: &[Wire], means: Means) -> Vec<Op> {
    let mut ops: Vec<_> = wires.iter().flat_map(Wire::prepare).collect();
    if means.forwarding == Forwarding::Bridge {
        // Before a frame can arrive: a bridge sends to a learnt address even through a port that does not flood.
        ops.extend(wires.iter().flat_map(Wire::open));
    }
    ops.extend(wires.iter().flat_map(Wire::shape));
    ops.extend(wires.iter().flat_map(|wire| [0, 1].map(|end| Op::new(WIRES, DeviceAct::Up { dev: wire::dev(wire.name, end) }))));
    ops
}

/// The operations that make a host's bonds.
fn bonds(topology: &Topology, host: &Host) -> Vec<DeviceAct> {
    let mut acts = Vec::new();
    for (dev, interface) in &host.interfaces {
        let Some(Bond { mode, interfaces, miimon, xmit_hash_policy }) = &interface.bond else { continue };
        let mtu = topology.links[&interface.link].mtu;
        acts.push(DeviceAct::Bond { dev: dev.clone(), mtu, mode: *mode, miimon: *miimon, xmit_hash_policy: *xmit_hash_policy });
        acts.extend(interfaces.iter().map(|member| DeviceAct::Attach { dev: member.clone(), master: dev.clone() }));
        acts.push(DeviceAct::Up { dev: dev.clone() });
    }
    acts
}

/// The operations that make a host's VLANs.
fn vlans(host: &Host) -> impl Iterator<Item = DeviceAct> {
    let found = host.interfaces.iter().filter_map(|(dev, interface)| Some((dev, interface.vlan.as_ref()?)));
    found.flat_map(|(dev, vlan)| {
        let made = DeviceAct::Vlan { dev: dev.clone(), link: vlan.interface.clone(), id: vlan.id };
        [made, DeviceAct::Up { dev: dev.clone() }]
    })
}

/// A host's sysctls: those of single interfaces once these exist (`late`), the others before.
fn sysctls(host: &Host, late: bool, means: Means) -> BTreeMap<String, String> {
    let of_interface = |key: &str| host.interfaces.keys().any(|dev| key.split('.').nth(3) == Some(&dev.replace('.', "/")));
    let mut sysctls = BTreeMap::new();
    if !late {
        let mut set = |key: &str, value: &str| sysctls.insert(key.to_owned(), value.to_owned());
        // A new namespace inherits these from the computer: a lab must not depend on it.
        set("net.ipv4.conf.all.rp_filter", "0");
        set("net.ipv4.conf.default.rp_filter", "0");
        set("net.ipv4.ip_forward", if host.forward { "1" } else { "0" });
        if host.has_ipv6() {
            set("net.ipv6.conf.all.forwarding", if host.forward { "1" } else { "0" });
            // Addresses stay usable when an interface is set down and up, as IPv4's do, and a new one is usable at once.
            set("net.ipv6.conf.all.keep_addr_on_down", "1");
            set("net.ipv6.conf.default.accept_dad", "0");
        } else {
            // Link-local addresses, their routes and multicast groups are more than half of what an interface costs.
            set(NO_IPV6, "1");
        }
        let mptcp = &host.mptcp;
        for (key, value) in [
            // Some distributions' kernels have it off.
            ("net.mptcp.enabled", Some(u8::from(mptcp.enabled.unwrap_or(true)).to_string())),
            ("net.mptcp.scheduler", mptcp.scheduler.clone()),
        ] {
            if let Some(value) = value {
                set(key, &value);
            }
        }
        if let Some(name) = &mptcp.path_manager {
            match PATH_MANAGERS.iter().position(|known| known == name) {
                Some(number) if !means.managers => set("net.mptcp.pm_type", &number.to_string()),
                _ => set("net.mptcp.path_manager", name),
            };
        }
    }
    let written = host.sysctls.iter().filter(|(key, _)| of_interface(key) == late);
    sysctls.extend(written.map(|(key, value)| (key.clone(), value.clone())));
    sysctls
}

/// The mark of intercepted packets, which is also the priority of the rule that matches it and the number of the table that keeps them here.
const INTERCEPTED: u32 = 900;

/// What a host does to packets in transit.
fn middle(host: &Host) -> Vec<Act> {
    let mut acts: Vec<Act> = Vec::new();
    if !host.firewall.is_empty() {
        acts.push(NftAct::Firewall { rules: host.firewall.clone() }.into());
    }
    let devs: Vec<_> = host.interfaces.iter().filter(|(_, interface)| interface.masquerade).map(|(dev, _)| dev.clone()).collect();
    if !devs.is_empty() {
        acts.push(NftAct::Masquerade { devs }.into());
    }
    let ports: Vec<_> = host.interfaces.iter().filter_map(|(dev, interface)| Some((dev.clone(), interface.tproxy?))).collect();
    if !ports.is_empty() {
        acts.push(NftAct::Intercept { ports, mark: INTERCEPTED }.into());
        for v6 in [false, true].into_iter().filter(|v6| !v6 || host.has_ipv6()) {
            let (priority, table) = (INTERCEPTED, INTERCEPTED);
            acts.push(RouteAct::Rule { v6, priority, from: None, mark: Some(INTERCEPTED), table, suppress_default: false }.into());
            acts.push(RouteAct::EverythingIsHere { v6, table }.into());
        }
    }
    acts
}

/// A host's limits, then its endpoints: an endpoint takes effect as soon as it exists.
fn mptcp(host: &Host) -> Vec<MptcpAct> {
    let mptcp = &host.mptcp;
    let mut acts = Vec::new();
    if mptcp.subflows.is_some() || mptcp.add_addr_accepted.is_some() {
        acts.push(MptcpAct::Limits { subflows: mptcp.subflows, add_addr_accepted: mptcp.add_addr_accepted });
    }
    acts.extend(mptcp.endpoints.iter().map(MptcpAct::of_endpoint));
    acts
}
