//! Looks up what a case names: hosts, links, addresses, transfers and processes. What does not exist is a mistake.
//! Not here: what is done with them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Transfer;
use crate::document::diagnostic::Mistakes;
use crate::document::toml::{Named, Spanned};
use crate::document::topology::interfaces::known_interface;
use crate::document::topology::{Host, Interface, Link, Topology};
use crate::words::End;

/// The host of this name.
pub(in crate::document::case) fn host<'a>(topology: &'a Topology, name: &Spanned<String>, mistakes: &mut Mistakes) -> Option<&'a Host> {
    let found = topology.hosts.get(&name.value);
    if found.is_none() {
        let message = format!("the topology has no host `{}`", name.value);
        mistakes.undefined(&name.span, message, &name.value, topology.hosts.keys().map(String::as_str));
    }
    found
}

/// The topology's link of this name; a mistake if there is none.
pub(in crate::document::case) fn link<'a>(topology: &'a Topology, name: &Spanned<String>, mistakes: &mut Mistakes) -> Option<&'a Link> {
    let found = topology.links.get(&name.value);
    if found.is_none() {
        let message = format!("the topology has no link `{}`", name.value);
        let mistake = mistakes.undefined(&name.span, message, &name.value, topology.links.keys().map(String::as_str));
        let is_end = |end: &End| end.interface == name.value || end.to_string() == name.value;
        if let Some((link, end)) = topology.links.iter().find_map(|(link, of)| Some((link, of.ends.iter().find(|end| is_end(end))?))) {
            mistake.help(format!("{end} is an interface: write the name of its link, \"{link}\""));
        }
    }
    found
}

/// The interface of this name that a host has.
pub(in crate::document::case) fn interface<'a>(
    name: &str,
    host: &'a Host,
    written: &Spanned<String>,
    mistakes: &mut Mistakes,
) -> Option<&'a Interface> {
    known_interface(name, written, &host.interfaces, mistakes)
}

/// The case's transfer of this name.
pub(in crate::document::case) fn transfer<'a>(
    name: &'a Spanned<String>,
    transfers: &'a BTreeMap<String, Transfer>,
    mistakes: &mut Mistakes,
) -> Option<(&'a str, &'a Transfer)> {
    let found = transfers.get(&name.value);
    if found.is_none() {
        let message = format!("there is no transfer `{}`", name.value);
        mistakes.undefined(&name.span, message, &name.value, transfers.keys().map(String::as_str));
    }
    Some((&name.value, found?))
}

/// The host, if it is an end of the transfer; a mistake if not.
pub(in crate::document::case) fn end_of(host: &Spanned<String>, name: &str, transfer: &Transfer, mistakes: &mut Mistakes) -> Option<()> {
    if [&transfer.client, &transfer.server].contains(&&host.value) {
        return Some(());
    }
    mistakes
        .add(&host.span, format!("`{}` is neither client nor server of the transfer `{name}`", host.value))
        .help(format!("write \"{}\" or \"{}\"", transfer.client, transfer.server));
    None
}

/// Whether the case has this process; a mistake if not.
pub(in crate::document::case) fn known<T>(name: &Spanned<String>, processes: &Named<T>, mistakes: &mut Mistakes) -> bool {
    known_among(name, &processes.keys().map(String::as_str).collect::<Vec<_>>(), mistakes)
}

/// Whether a process has one of these names, which are all that the case has; a mistake if not.
pub(in crate::document::case) fn known_among(name: &Spanned<String>, names: &[&str], mistakes: &mut Mistakes) -> bool {
    let known = names.contains(&name.value.as_str());
    if !known {
        let message = format!("the case has no process `{}`", name.value);
        mistakes.undefined(&name.span, message, &name.value, names.iter().copied());
    }
    known
}

/// The help if an IPv6 address is needed and there is none.
pub(in crate::document::case) const NO_IPV6: &str = "write `ipv6 = true` at the top of the topology";

pub(in crate::document::case) fn family_name(ipv6: bool) -> &'static str {
    if ipv6 { "IPv6" } else { "IPv4" }
}

/// An address that is written as itself or as the name of an interface of the host.
pub(in crate::document::case) fn address_of(
    name: &str,
    host: &Host,
    written: &Spanned<String>,
    ipv6: Option<bool>,
    mistakes: &mut Mistakes,
) -> Option<IpAddr> {
    if let Ok(address) = written.value.parse::<IpAddr>() {
        let mut all = host.interfaces.values().flat_map(|interface| &interface.addresses).map(|network| network.address);
        if !all.clone().any(|known| known == address) {
            let known: Vec<String> = all.by_ref().map(|address| address.to_string()).collect();
            mistakes
                .add(&written.span, format!("`{name}` has no address {address}"))
                .help(format!("its addresses are {}", known.join(", ")));
            return None;
        }
        if ipv6.is_some_and(|ipv6| ipv6 != address.is_ipv6()) {
            mistakes
                .add(&written.span, format!("{address} is not an {} address", family_name(!address.is_ipv6())))
                .help("name an address of the other end's family");
            return None;
        }
        return Some(address);
    }
    let Some(interface) = host.interfaces.get(&written.value) else {
        let message = format!("`{}` is neither an interface of `{name}` nor an IP address", written.value);
        mistakes.undefined(&written.span, message, &written.value, host.interfaces.keys().map(String::as_str));
        return None;
    };
    let ipv6 = ipv6.unwrap_or(false);
    let network = interface.address(ipv6);
    if network.is_none() {
        let mistake = mistakes.add(&written.span, format!("{name}:{} has no {} address", written.value, family_name(ipv6)));
        if ipv6 {
            mistake.help(NO_IPV6);
        }
    }
    network.map(|network| network.address)
}
