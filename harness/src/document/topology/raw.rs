//! A topology file as it is written: its keys, their types, and their places. topologies/README.md explains the keys.
//! Not here: whether the names in it exist and the values make sense (`check`).

use std::collections::BTreeMap;
use std::net::IpAddr;

use toml::de::DeValue;

use super::conditions::{CONDITIONS, Conditions, LinkConditions};
use super::firewall::Rule;
use crate::document::diagnostic::Mistakes;
use crate::document::toml::{Named, Read, Shape, Spanned, Table, Value, word};
use crate::words::{BondMode, End, EndpointFlag, Engine, Network, Time, XmitHashPolicy};

const TOPOLOGY: Shape = Shape { heading: "The file", what: "a topology", keys: &["summary", "ipv6", "host", "link"] };
const HOST: Shape = Shape {
    heading: "`[host.NAME]`",
    what: "a host",
    keys: &["bond", "firewall", "forward", "interface", "mptcp", "route", "sysctl", "vlan"],
};
const BOND: Shape =
    Shape { heading: "`[host.NAME.bond.NAME]`", what: "a bond", keys: &["mode", "interfaces", "miimon", "xmit_hash_policy"] };
const VLAN: Shape = Shape { heading: "`[host.NAME.vlan.NAME]`", what: "a VLAN", keys: &["interface", "id"] };
const INTERFACE: Shape =
    Shape { heading: "`[host.NAME.interface.NAME]`", what: "an interface", keys: &["address", "mtu", "nat", "tproxy"] };
const ROUTE: Shape = Shape { heading: "`[[host.NAME.route]]`", what: "a route", keys: &["to", "via", "interface"] };
const MPTCP: Shape = Shape {
    heading: "`[host.NAME.mptcp]`",
    what: "a host's MPTCP configuration",
    keys: &["enabled", "scheduler", "path_manager", "limits", "endpoint"],
};
const LIMITS: Shape = Shape { heading: "`limits`", what: "a table of MPTCP limits", keys: &["subflows", "add_addr_accepted"] };
const ENDPOINT: Shape =
    Shape { heading: "`endpoint`", what: "an MPTCP endpoint", keys: &["interface", "family", "address", "flags", "id", "port"] };
const LINK: Shape = Shape { heading: "`[link.NAME]`", what: "a link", keys: &["ends", "mtu", "engine", "up", "down"] };

/// Every table of a topology file, for the test that compares them with the reference document.
#[cfg(test)]
pub(super) const SHAPES: [&Shape; 11] =
    [&TOPOLOGY, &HOST, &BOND, &VLAN, &super::firewall::RULE, &INTERFACE, &ROUTE, &MPTCP, &LIMITS, &ENDPOINT, &LINK];

#[derive(Debug)]
pub(super) struct Topology {
    /// Whether links are written, readable or not.
    pub(super) has_links: bool,
    pub(super) summary: Option<Spanned<String>>,
    pub(super) ipv6: Option<Spanned<bool>>,
    pub(super) hosts: Named<Host>,
    pub(super) links: Named<Link>,
}

#[derive(Debug, Default)]
pub(super) struct Host {
    pub(super) bonds: Named<Bond>,
    pub(super) firewall: Vec<Spanned<Rule>>,
    pub(super) forward: bool,
    pub(super) interfaces: Named<Interface>,
    pub(super) sysctls: Sysctls,
    pub(super) routes: Vec<Spanned<Route>>,
    pub(super) mptcp: Mptcp,
    pub(super) vlans: Named<Vlan>,
}

#[derive(Debug)]
pub(super) struct Vlan {
    pub(super) interface: Option<Spanned<String>>,
    pub(super) id: Option<Spanned<u16>>,
}

#[derive(Debug)]
pub(super) struct Bond {
    pub(super) mode: Option<Spanned<BondMode>>,
    pub(super) interfaces: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) miimon: Option<Spanned<Time>>,
    pub(super) xmit_hash_policy: Option<Spanned<XmitHashPolicy>>,
}

#[derive(Debug)]
pub(super) struct Interface {
    pub(super) addresses: Vec<Spanned<Network>>,
    pub(super) mtu: Option<Spanned<u32>>,
    pub(super) nat: Option<Spanned<Nat>>,
    pub(super) tproxy: Option<Spanned<u16>>,
}

/// How an interface translates addresses.
#[derive(Debug, Clone, Copy)]
pub(super) enum Nat {
    Masquerade,
}

#[derive(Debug)]
pub(crate) struct Route {
    pub(super) to: Option<Spanned<Destination>>,
    pub(super) via: Option<Spanned<IpAddr>>,
    pub(super) interface: Option<Spanned<String>>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Destination {
    Default,
    Network(Network),
}

#[derive(Debug, Default)]
pub(super) struct Mptcp {
    pub(super) enabled: Option<Spanned<bool>>,
    pub(super) scheduler: Option<Spanned<String>>,
    pub(super) path_manager: Option<Spanned<String>>,
    pub(super) limits: Limits,
    pub(super) endpoints: Vec<Spanned<Endpoint>>,
}

#[derive(Debug, Default)]
pub(super) struct Limits {
    pub(super) subflows: Option<Spanned<u32>>,
    pub(super) add_addr_accepted: Option<Spanned<u32>>,
}

/// An endpoint as it is written.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(super) interface: Option<Spanned<String>>,
    pub(super) family: Option<Spanned<Family>>,
    pub(super) address: Option<Spanned<IpAddr>>,
    pub(super) flags: Vec<Spanned<EndpointFlag>>,
    pub(super) id: Option<Spanned<u8>>,
    pub(super) port: Option<Spanned<u16>>,
}

/// IPv4 or IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Ipv4,
    Ipv6,
}

#[derive(Debug)]
pub(super) struct Link {
    pub(super) ends: Option<Spanned<Vec<Spanned<End>>>>,
    pub(super) mtu: Option<Spanned<u32>>,
    pub(super) engine: Option<Spanned<Engine>>,
    pub(super) conditions: LinkConditions,
    /// Where the table is.
    pub(super) span: crate::document::diagnostic::Span,
}

/// Sysctls by their dotted names.
#[derive(Debug, Default)]
pub(crate) struct Sysctls(pub(crate) BTreeMap<String, Spanned<String>>);

impl Read for Topology {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &TOPOLOGY, mistakes)?;
        Some(Self {
            has_links: table.fills(&["link"]),
            summary: table.required("summary"),
            ipv6: table.optional("ipv6"),
            hosts: table.or_default("host"),
            links: table.or_default("link"),
        })
    }
}

impl Topology {
    /// Whether there is IPv6: as `ipv6` says, else if anything of IPv6 is written.
    pub(super) fn ipv6(&self) -> bool {
        self.ipv6.as_ref().map_or_else(|| self.hosts.values().any(|host| host.value.names_ipv6()), |written| written.value)
    }
}

impl Host {
    fn names_ipv6(&self) -> bool {
        let addresses = self.interfaces.values().flat_map(|interface| &interface.value.addresses).map(|written| written.value.address);
        let routes = self.routes.iter().flat_map(|route| {
            let to = route.value.to.as_ref().and_then(|to| if let Destination::Network(to) = to.value { Some(to.address) } else { None });
            to.into_iter().chain(route.value.via.as_ref().map(|via| via.value))
        });
        let endpoints = self.mptcp.endpoints.iter().filter_map(|endpoint| endpoint.value.address.as_ref()).map(|written| written.value);
        let family = |endpoint: &Spanned<Endpoint>| endpoint.value.family.as_ref().is_some_and(|family| family.value == Family::Ipv6);
        addresses.chain(routes).chain(endpoints).any(|address| address.is_ipv6())
            || self.mptcp.endpoints.iter().any(family)
            || self.sysctls.0.keys().any(|key| key.starts_with("net.ipv6."))
    }
}

impl Read for Host {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &HOST, mistakes)?;
        Some(Self {
            bonds: table.or_default("bond"),
            firewall: table.or_default("firewall"),
            forward: table.or_default("forward"),
            interfaces: table.or_default("interface"),
            sysctls: table.or_default("sysctl"),
            routes: table.or_default("route"),
            mptcp: table.or_default("mptcp"),
            vlans: table.or_default("vlan"),
        })
    }
}

impl Read for Vlan {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &VLAN, mistakes)?;
        Some(Self { interface: table.required("interface"), id: table.required("id") })
    }
}

impl Read for Bond {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &BOND, mistakes)?;
        Some(Self {
            mode: table.required("mode"),
            interfaces: table.required("interfaces"),
            miimon: table.optional("miimon"),
            xmit_hash_policy: table.optional("xmit_hash_policy"),
        })
    }
}

impl Read for BondMode {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        word(value, "mode of a bond", &Self::ALL.map(|mode| (mode.word(), mode)), mistakes)
    }
}

impl Read for XmitHashPolicy {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        word(value, "hash policy of a bond", &Self::ALL.map(|policy| (policy.word(), policy)), mistakes)
    }
}

impl Read for Interface {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &INTERFACE, mistakes)?;
        let tproxy = table.optional("tproxy");
        if let Some(port) = tproxy.as_ref().filter(|port: &&Spanned<u16>| port.value == 0) {
            table.mistakes.add(&port.span, "0 is not a port").help("write 1 to 65535");
        }
        Some(Self { addresses: table.or_default("address"), mtu: table.optional("mtu"), nat: table.optional("nat"), tproxy })
    }
}

impl Read for Nat {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        word(value, "translation of addresses", &[("masquerade", Self::Masquerade)], mistakes)
    }
}

impl Read for Route {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &ROUTE, mistakes)?;
        if table.lacks(&["via", "interface"]) {
            table
                .mistakes
                .absent(&value.span(), "a route needs the key `via`, `interface` or both")
                .help("add `via = \"ADDRESS\"`, or `interface = \"NAME\"` for neighbours");
        }
        Some(Self { to: table.required("to"), via: table.optional("via"), interface: table.optional("interface") })
    }
}

impl Read for Destination {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        if value.get_ref().as_str() == Some("default") { Some(Self::Default) } else { Network::read(value, mistakes).map(Self::Network) }
    }
}

impl Read for Mptcp {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &MPTCP, mistakes)?;
        Some(Self {
            enabled: table.optional("enabled"),
            scheduler: table.optional("scheduler"),
            path_manager: table.optional("path_manager"),
            limits: table.or_default("limits"),
            endpoints: table.or_default("endpoint"),
        })
    }
}

impl Read for Limits {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &LIMITS, mistakes)?;
        Some(Self { subflows: table.optional("subflows"), add_addr_accepted: table.optional("add_addr_accepted") })
    }
}

impl Read for Endpoint {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &ENDPOINT, mistakes)?;
        if table.lacks(&["interface", "address"]) {
            table
                .mistakes
                .absent(&value.span(), "an MPTCP endpoint needs the key `interface`, `address` or both")
                .help("add `interface = \"NAME\"`");
        }
        Some(Self {
            interface: table.optional("interface"),
            family: table.optional("family"),
            address: table.optional("address"),
            flags: table.or_default("flags"),
            id: table.optional("id"),
            port: table.optional("port"),
        })
    }
}

impl Read for Family {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        word(value, "family of addresses", &[("ipv4", Self::Ipv4), ("ipv6", Self::Ipv6)], mistakes)
    }
}

impl Read for Engine {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let words = [Self::Kernel, Self::Netem, Self::Relay].map(|engine| (engine.word(), engine));
        word(value, "engine of a link", &words, mistakes)
    }
}

impl Read for Link {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open_with(value, &LINK, CONDITIONS.keys, mistakes)?;
        let conditions = LinkConditions { both: Conditions::among(&mut table), up: table.or_default("up"), down: table.or_default("down") };
        Some(Self {
            ends: table.required("ends"),
            mtu: table.optional("mtu"),
            engine: table.optional("engine"),
            conditions,
            span: table.span().clone(),
        })
    }
}

impl Read for Sysctls {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut sysctls = BTreeMap::new();
        if !value.get_ref().is_table() {
            mistakes.refused();
            let help = "write each with its value, such as { net.mptcp.checksum_enabled = 1 }";
            mistakes.add(&value.span(), "this is no table of sysctls").help(help);
            return None;
        }
        gather("", value, &mut sysctls, mistakes);
        Some(Self(sysctls))
    }
}

/// Gathers sysctls. Unless their dotted names are quoted, TOML reads them as nested tables.
fn gather(name: &str, value: &Value<'_>, sysctls: &mut BTreeMap<String, Spanned<String>>, mistakes: &mut Mistakes) {
    let text = match value.get_ref() {
        DeValue::Table(table) => {
            for (key, value) in table {
                let name = if name.is_empty() { key.get_ref().to_string() } else { format!("{name}.{}", key.get_ref()) };
                if name.split('.').next() == Some("net") {
                    gather(&name, value, sysctls, mistakes);
                } else {
                    let message = format!("a host has no sysctl `{name}` of its own: only those below `net` belong to a network namespace");
                    let of_net = ["core", "ipv4", "ipv6", "mptcp"].contains(&name.split('.').next().unwrap_or_default());
                    let help = if of_net { format!("write `net.{name}`") } else { "write one that starts with `net.`".to_owned() };
                    mistakes.add(&key.span(), message).help(help);
                }
            }
            return;
        }
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) if number.radix() == 10 => number.to_string(),
        DeValue::Boolean(on) => u8::from(*on).to_string(),
        _ => {
            mistakes.refused();
            mistakes.add(&value.span(), "this cannot be the value of a sysctl: write a string, a decimal whole number, true or false");
            return;
        }
    };
    sysctls.insert(name.to_owned(), Spanned { value: text, span: value.span() });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_in_the_reference_document() {
        let document = include_str!("../../../../topologies/README.md");
        Shape::compare(&SHAPES, document);
        Shape::compare(&super::super::conditions::SHAPES, document);
    }
}
