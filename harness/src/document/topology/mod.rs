//! A topology: hosts with interfaces and the links between them, checked and complete.
//! Not here: how it is written (`raw`), nor how it is built.

pub mod address;
pub mod check;
pub(crate) mod conditions;
pub(crate) mod firewall;
pub(crate) mod interfaces;
mod raw;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

pub(crate) use raw::{Endpoint as RawEndpoint, Family, Route as RawRoute, Sysctls as RawSysctls};

use super::form::Form;
use super::toml::{self, Read};
pub use crate::words::Endpoint;
use crate::words::{BondMode, End, Engine, Network, Rule, Shape, Time, XmitHashPolicy};

/// The form of a topology file.
pub(super) fn form() -> Form {
    toml::form(|value, mistakes| drop(raw::Topology::read(value, mistakes)))
}

/// A checked topology: every name in it exists, every interface is on exactly one link and has its addresses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Topology {
    /// One line that says what it is.
    pub summary: String,
    /// The hosts by name.
    pub hosts: BTreeMap<String, Host>,
    /// The links by name.
    pub links: BTreeMap<String, Link>,
}

/// A node: a network namespace with interfaces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Host {
    /// Whether it is a router: it forwards packets that are not for itself.
    pub forward: bool,
    /// Its interfaces by name, bonds included.
    pub interfaces: BTreeMap<String, Interface>,
    /// Sysctls set before its interfaces exist, by their dotted name.
    pub sysctls: BTreeMap<String, String>,
    /// Routes besides those that follow from the links.
    pub routes: Vec<Route>,
    /// Its firewall: what it does to packets that it forwards or receives.
    #[serde(default)]
    pub firewall: Vec<Rule>,
    /// Its MPTCP configuration.
    pub mptcp: Mptcp,
}

/// A NIC of a host, or a bond of several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// The link it is an end of; for a bond, the first link of its members by name; for a VLAN, the link of its interface.
    pub link: String,
    /// Its addresses, IPv4 before IPv6. A member of a bond has none.
    pub addresses: Vec<Network>,
    /// Its MTU in bytes, if smaller than its link's.
    #[serde(default)]
    pub mtu: Option<u32>,
    /// The bond that it is, if it is one.
    #[serde(default)]
    pub bond: Option<Bond>,
    /// The VLAN that it is, if it is one.
    #[serde(default)]
    pub vlan: Option<Vlan>,
    /// The bond that it is a member of.
    #[serde(default)]
    pub member_of: Option<String>,
    /// Whether packets that leave by it get its address as their source.
    #[serde(default)]
    pub masquerade: bool,
    /// The port of the program that gets the TCP connections that enter by it.
    #[serde(default)]
    pub tproxy: Option<u16>,
}

/// The packets of an interface that have one tag (802.1Q), as an interface of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vlan {
    /// The interface over which they come and go.
    pub interface: String,
    /// The tag, 1 to 4094.
    pub id: u16,
}

/// Several interfaces as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bond {
    /// How it chooses the member by which a frame leaves.
    pub mode: BondMode,
    /// Its members, in the order of the file. Their links all lead to one bond of another host.
    pub interfaces: Vec<String>,
    /// The interval at which it looks for their carriers, in whole milliseconds.
    pub miimon: Time,
    /// The part of a frame that it hashes; the kernel chooses if absent.
    pub xmit_hash_policy: Option<XmitHashPolicy>,
}

/// A route as in `ip route add TO via VIA dev INTERFACE`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The destination; prefix length 0 is the default route.
    pub to: Network,
    /// The next hop.
    pub via: Option<IpAddr>,
    /// The interface it leaves by.
    pub interface: Option<String>,
}

/// The MPTCP configuration of a host: `net.mptcp.*`, `ip mptcp limits`, `ip mptcp endpoint`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Mptcp {
    /// `net.mptcp.enabled`; on if absent.
    pub enabled: Option<bool>,
    /// `net.mptcp.scheduler`.
    pub scheduler: Option<String>,
    /// `net.mptcp.path_manager`.
    pub path_manager: Option<String>,
    /// `limits subflows`: additional subflows a connection may have (0 to 8 unless the kernel allows more).
    pub subflows: Option<u32>,
    /// `limits add_addr_accepted`: announced addresses a connection may use.
    pub add_addr_accepted: Option<u32>,
    /// Its endpoints, in the order of the file.
    pub endpoints: Vec<Endpoint>,
}

/// A cable between two interfaces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// Its two ends. `up` is from the first to the second, `down` the other way.
    pub ends: [End; 2],
    /// The MTU in bytes.
    pub mtu: u32,
    /// Its engine; if absent, the simplest that can do what is requested.
    pub engine: Option<Engine>,
    /// What it does to packets from the first end to the second.
    pub up: Shape,
    /// What it does to packets the other way.
    pub down: Shape,
}

impl Topology {
    /// The link that an interface is an end of, or `None` for a bond or VLAN.
    pub fn link_of(&self, end: &End) -> Option<&str> {
        let interface = self.hosts.get(&end.host)?.interfaces.get(&end.interface)?;
        interface.is_end().then_some(&interface.link)
    }

    /// What connects interfaces that have addresses, by name, each with its two ends: links, and the VLANs on them as `LINK.ID`.
    pub fn networks(&self) -> Vec<(String, [End; 2])> {
        let links = self.links.iter().map(|(name, link)| (name.clone(), link.ends.clone()));
        let on = |(link, end): (&String, &End)| {
            let host = self.hosts.get(&end.host)?;
            let there = self.links[link].other(end);
            let vlans = host.interfaces.iter().filter_map(|(name, interface)| Some((name, interface.vlan.as_ref()?)));
            let pair = |(name, vlan): (&String, &Vlan)| {
                let (far, _) = self.hosts.get(&there.host)?.vlan(&there.interface, vlan.id)?;
                Some((format!("{link}.{}", vlan.id), [End::new(&end.host, name), End::new(&there.host, far)]))
            };
            Some(vlans.filter(|(_, vlan)| vlan.interface == end.interface).filter_map(pair).collect::<Vec<_>>())
        };
        let firsts = self.links.iter().map(|(name, link)| (name, &link.ends[0]));
        links.chain(firsts.filter_map(on).flatten()).collect()
    }

    /// The MTU of each end of a link, in bytes.
    pub fn mtus(&self, link: &Link) -> [u32; 2] {
        let own = |end: &End| self.hosts.get(&end.host)?.interfaces.get(&end.interface)?.mtu;
        link.ends.each_ref().map(|end| own(end).unwrap_or(link.mtu))
    }

    /// Whether a bond speaks LACP.
    pub fn speaks_lacp(&self) -> bool {
        let interfaces = self.hosts.values().flat_map(|host| host.interfaces.values());
        interfaces.filter_map(|interface| interface.bond.as_ref()).any(|bond| bond.mode == BondMode::Lacp)
    }

    /// The names of all hosts' addresses, as the text of /etc/hosts (hosts(5)): `HOST`, and `INTERFACE.HOST` for one interface's.
    pub fn names(&self) -> String {
        let mut text = "127.0.0.1 localhost\n::1 localhost\n".to_owned();
        for (host, facts) in &self.hosts {
            for (name, interface) in &facts.interfaces {
                for network in interface.addresses.iter().filter(|network| !address::is_link_local(network.address)) {
                    writeln!(text, "{} {host} {name}.{host}", network.address).expect("writing to a string");
                }
            }
        }
        text
    }
}

impl Link {
    /// The other end, seen from `end`, or from a bond that `end` is a member of.
    pub fn other(&self, end: &End) -> &End {
        if self.ends[0].host == end.host { &self.ends[1] } else { &self.ends[0] }
    }

    /// The end at `host`, if it has one there.
    pub fn end_at(&self, host: &str) -> Option<&End> {
        self.ends.iter().find(|end| end.host == host)
    }
}

impl Host {
    /// Its interfaces that are ends of links: all but bonds and VLANs.
    pub fn ends(&self) -> impl Iterator<Item = (&String, &Interface)> {
        self.interfaces.iter().filter(|(_, interface)| interface.is_end())
    }

    /// The interfaces that have addresses: all but members of bonds.
    pub fn addressed(&self) -> impl Iterator<Item = (&String, &Interface)> {
        self.interfaces.iter().filter(|(_, interface)| interface.member_of.is_none())
    }

    /// The interface that has the addresses of this one: its bond, or itself.
    pub fn bond_or_itself(&self, name: &str) -> Option<&Interface> {
        let interface = self.interfaces.get(name)?;
        interface.member_of.as_ref().map_or(Some(interface), |bond| self.interfaces.get(bond))
    }

    /// Its VLAN with a tag on an interface.
    pub fn vlan(&self, interface: &str, id: u16) -> Option<(&String, &Interface)> {
        let has = |vlan: &Vlan| vlan.interface == interface && vlan.id == id;
        self.interfaces.iter().find(|(_, interface)| interface.vlan.as_ref().is_some_and(has))
    }

    /// Whether any of its interfaces has an IPv6 address.
    pub fn has_ipv6(&self) -> bool {
        self.interfaces.values().any(|interface| interface.address(true).is_some())
    }
}

impl Interface {
    /// Whether it is an end of a link.
    pub fn is_end(&self) -> bool {
        self.bond.is_none() && self.vlan.is_none()
    }

    /// Its first address of the family that `v6` names.
    pub fn address(&self, v6: bool) -> Option<Network> {
        self.addresses.iter().copied().find(|network| network.address.is_ipv6() == v6)
    }
}
