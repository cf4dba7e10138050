//! Checks a host: its firewall, routes and sysctls.
//! Not here: its MPTCP configuration.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{mptcp, raw};
use crate::document::diagnostic::Mistakes;
use crate::document::toml::Entry;
use crate::document::topology::address::{contains, is_link_local, subnet_of};
use crate::document::topology::interfaces::known_interface;
use crate::document::topology::{Host, Interface, Route, firewall};
use crate::words::Network;

/// Checks a host that has these interfaces. A host that is only named as an end of a link has nothing else.
pub(super) fn check(
    name: &str,
    written: Option<&Entry<raw::Host>>,
    interfaces: BTreeMap<String, Interface>,
    mistakes: &mut Mistakes,
) -> Host {
    let nothing = raw::Host::default();
    let raw = written.map_or(&nothing, |entry| &entry.value);
    Host {
        forward: raw.forward,
        sysctls: raw.sysctls.0.iter().map(|(key, value)| (key.clone(), value.value.clone())).collect(),
        routes: raw.routes.iter().filter_map(|written| route(name, &written.value, &interfaces, mistakes)).collect(),
        firewall: firewall::check(name, raw.forward, &raw.firewall, &interfaces, mistakes),
        mptcp: mptcp::check(name, &raw.mptcp, &interfaces, mistakes),
        interfaces,
    }
}

/// Checks a route of a host that has these interfaces.
pub(crate) fn route(host: &str, raw: &raw::Route, interfaces: &BTreeMap<String, Interface>, mistakes: &mut Mistakes) -> Option<Route> {
    raw.interface.as_ref().map(|interface| known_interface(host, interface, interfaces, mistakes));
    let to = raw.to.as_ref()?;
    let network = match (to.value, &raw.via) {
        (raw::Destination::Network(network), _) => network,
        (raw::Destination::Default, Some(via)) => everywhere(via.value),
        (raw::Destination::Default, None) => {
            mistakes
                .add(&to.span, "this could be the default route of IPv4 or of IPv6")
                .help("add `via`, or write to = \"0.0.0.0/0\" or \"::/0\" instead");
            return None;
        }
    };
    if subnet_of(network) != network {
        mistakes
            .add(&to.span, format!("{network} is an address in a network, and a route leads to the network"))
            .help(format!("write \"{}\"", subnet_of(network)));
    }
    if let Some(via) = &raw.via {
        let reachable = |interface: &Interface| interface.addresses.iter().any(|&network| contains(network, via.value));
        if via.value.is_ipv6() != network.address.is_ipv6() {
            mistakes
                .add(&via.span, format!("{} and {network} are not of the same family", via.value))
                .help("write a next hop of the destination's family");
        } else if raw.interface.is_none() && (is_link_local(via.value) || !interfaces.values().any(reachable)) {
            mistakes
                .add(&via.span, format!("{} alone does not say by which interface of `{host}` it is reached", via.value))
                .help("write `interface` too, or the address of the other end of one of its links");
        }
    }
    let interface = raw.interface.as_ref().map(|interface| interface.value.clone());
    Some(Route { to: network, via: raw.via.as_ref().map(|via| via.value), interface })
}

/// The destination of a default route of the family that `like` has.
fn everywhere(like: IpAddr) -> Network {
    let address = if like.is_ipv6() { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
    Network { address, prefix: 0 }
}
