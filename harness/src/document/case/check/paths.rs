//! Checking what steps tell path managers: hosts, interfaces, transfers, and endpoints that are there by then.
//! Not here: reading it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::transfer::{address_of, host};
use crate::document::case::paths::{RawCommand, RawEndpoint, RawLimits};
use crate::document::case::{Action, Command, EndpointChange, Transfer};
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::Spanned;
use crate::document::topology::{Topology, check};
use crate::words::EndpointFlag;

/// The endpoints that hosts have by then.
pub(super) struct Endpoints(BTreeMap<String, BTreeSet<IpAddr>>);

impl Endpoints {
    /// Those of a topology.
    pub(super) fn of(topology: Option<&Topology>) -> Self {
        let hosts = topology.into_iter().flat_map(|topology| &topology.hosts);
        Self(hosts.map(|(name, host)| (name.clone(), host.mptcp.endpoints.iter().map(|endpoint| endpoint.address).collect())).collect())
    }

    /// Checks a change of them, and makes it.
    pub(super) fn change(&mut self, raw: &RawEndpoint, topology: &Topology, mistakes: &mut Mistakes) -> Option<Action> {
        let name = raw.host.as_ref()?;
        let interfaces = &host(topology, name, mistakes)?.interfaces;
        let known = self.0.entry(name.value.clone()).or_default();
        let change = if let Some(add) = &raw.add {
            let endpoint = check::mptcp::endpoint_alone(&name.value, &add.value, interfaces, mistakes)?;
            if !known.insert(endpoint.address) && endpoint.port.is_none() {
                mistakes.add(&add.span, format!("{} is an endpoint already", endpoint.address));
            }
            EndpointChange::Add(endpoint)
        } else if let Some(written) = raw.remove.as_ref().or(raw.change.as_ref()) {
            let address = written.value.parse().ok();
            let address = address.or_else(|| address_of(&name.value, &topology.hosts[&name.value], written, None, mistakes))?;
            if !known.contains(&address) {
                let known: Vec<String> = known.iter().map(ToString::to_string).collect();
                let has = if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
                mistakes.add(&written.span, format!("`{}` has no endpoint {address} by then", name.value)).help(has);
            }
            if let Some(flags) = &raw.flags {
                EndpointChange::Change(address, changeable(&flags.value, mistakes))
            } else {
                // One whose change lacks its flags stays.
                if raw.remove.is_some() {
                    known.remove(&address);
                }
                EndpointChange::Remove(address)
            }
        } else {
            if let Some(flush) = raw.flush.as_ref().filter(|flush| !flush.value) {
                mistakes.add(&flush.span, "this does nothing").help("write flush = true");
            }
            known.clear();
            EndpointChange::Flush
        };
        Some(Action::Endpoint { host: name.value.clone(), change })
    }
}

fn changeable(flags: &[Spanned<EndpointFlag>], mistakes: &mut Mistakes) -> Vec<EndpointFlag> {
    for flag in flags.iter().filter(|flag| !matches!(flag.value, EndpointFlag::Backup | EndpointFlag::Fullmesh)) {
        mistakes
            .add(&flag.span, format!("the kernel changes `backup` and `fullmesh` of an endpoint, not `{}`", flag.value))
            .help("write a step that removes the endpoint, and one that adds it with other flags");
    }
    flags.iter().map(|flag| flag.value).collect()
}

/// Checks a change of limits.
pub(super) fn limits(raw: &RawLimits, topology: &Topology, mistakes: &mut Mistakes) -> Option<Action> {
    check::mptcp::limits([&raw.subflows, &raw.add_addr_accepted], mistakes);
    let name = raw.host.as_ref()?;
    host(topology, name, mistakes)?;
    let value = |written: &Option<Spanned<u32>>| written.as_ref().map(|limit| limit.value);
    let (subflows, add_addr_accepted) = (value(&raw.subflows), value(&raw.add_addr_accepted));
    Some(Action::Limits { host: name.value.clone(), subflows, add_addr_accepted })
}

/// Checks a command about the connections of a transfer.
pub(super) fn command(
    raw: &RawCommand,
    around: &Span,
    topology: &Topology,
    transfers: &BTreeMap<String, Transfer>,
    mistakes: &mut Mistakes,
) -> Option<Action> {
    let name = raw.transfer.as_ref()?;
    let Some(transfer) = transfers.get(&name.value) else {
        let message = format!("there is no transfer `{}`", name.value);
        mistakes.undefined(&name.span, message, &name.value, transfers.keys().map(String::as_str));
        return None;
    };
    let told = raw.host.as_ref().map_or(&transfer.client, |host| &host.value);
    if ![&transfer.client, &transfer.server].contains(&told) {
        let span = raw.host.as_ref().map_or(around, |host| &host.span);
        mistakes
            .add(span, format!("`{told}` is at no end of the transfer `{}`", name.value))
            .help(format!("write \"{}\" or \"{}\"", transfer.client, transfer.server));
        return None;
    }
    if topology.hosts[told].mptcp.path_manager.as_deref() != Some("userspace") {
        mistakes
            .add(around, format!("`{told}` leaves its connections to the kernel's path manager"))
            .help(format!("write path_manager = \"userspace\" in the topology, in [host.{told}.mptcp]"));
    }
    let server = told == &transfer.server;
    let peer = if server { &transfer.client } else { &transfer.server };
    let ipv6 = Some(transfer.to.is_ipv6());
    let mut of = |host: &str, written: &Spanned<String>| address_of(host, &topology.hosts[host], written, ipv6, mistakes);
    let id = raw.id.as_ref().map_or(0, |id| id.value);
    let port = raw.port.as_ref().map(|port| port.value);
    let command = if let Some(announce) = &raw.announce {
        Command::Announce { address: of(told, announce)?, id, port }
    } else if let Some(id) = &raw.remove {
        Command::Remove { id: id.value }
    } else if let Some(create) = &raw.create {
        let to = match &raw.to {
            Some(to) => of(peer, to)?,
            None if !server => transfer.to,
            None => {
                mistakes.absent(&create.span, "where to? A server's connections came from the client: write `to` and `port`");
                return None;
            }
        };
        let address = of(told, create)?;
        Command::Create { address, id, to, port: port.unwrap_or(transfer.port) }
    } else if let Some(destroy) = &raw.destroy {
        Command::Destroy { address: of(told, destroy)? }
    } else {
        Command::Backup { address: of(told, raw.backup.as_ref().or(raw.nobackup.as_ref())?)?, on: raw.backup.is_some() }
    };
    for id in [raw.id.as_ref(), raw.remove.as_ref()].into_iter().flatten().filter(|id| id.value == 0) {
        mistakes.add(&id.span, "0 is the id of a connection's first address").help("write 1 to 255");
    }
    Some(Action::PathManager { host: told.clone(), transfer: name.value.clone(), command })
}
