//! Endpoints: the ways over which they can bring a subflow, what is wrong with those that cannot, and whether the kernel acted on added ones.
//! Not here: limits.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::blame::blame;
use super::view::{Path, View, ip, owner};
use super::{Check, Weight};
use crate::document::case::{Action, EndpointChange};
use crate::document::topology::Endpoint;
use crate::words::EndpointFlag::{Fullmesh, Laminar, Signal, Subflow};
use crate::words::{Time, Window};

/// The endpoints of both ends, and the addresses between which their connections began.
pub(super) struct Plan {
    client: Vec<Endpoint>,
    server: Vec<Endpoint>,
    initial: BTreeSet<(IpAddr, IpAddr)>,
}

impl Plan {
    /// `None` if endpoints were not recorded.
    pub(super) fn of(view: &View) -> Option<Self> {
        let (client, server) = view.endpoints(view.client).zip(view.endpoints(view.server))?;
        Some(Self { client, server, initial: view.initial() })
    }

    pub(super) fn client(&self) -> &[Endpoint] {
        &self.client
    }

    pub(super) fn is_initial(&self, address: IpAddr) -> bool {
        self.initial.iter().any(|(here, there)| *here == address || *there == address)
    }

    /// Whether an endpoint of the client makes subflows.
    pub(super) fn makes(&self, endpoint: &Endpoint) -> bool {
        let family = self.initial.is_empty() || self.initial.iter().any(|(here, _)| here.is_ipv6() == endpoint.address.is_ipv6());
        endpoint.flags.iter().any(|flag| [Subflow, Fullmesh].contains(flag)) && !self.is_initial(endpoint.address) && family
    }

    /// Whether an endpoint of the server invites subflows.
    fn invites(&self, endpoint: &Endpoint) -> bool {
        endpoint.flags.contains(&Signal) && !self.is_initial(endpoint.address)
    }

    /// Whether an endpoint of the client invites subflows: the server joins it at the port that is announced with it (pm_kernel.c,
    /// mptcp_pm_nl_add_addr_received). Without one it joins at the port that the connection came from, where nobody listens.
    pub(super) fn beckons(&self, endpoint: &Endpoint) -> bool {
        self.invites(endpoint) && endpoint.port.is_some()
    }

    /// Whether an endpoint leads over a way; if there are routers in between, an invitation may lead over any.
    pub(super) fn leads_over(&self, view: &View, way: &Path) -> bool {
        let on_it = |address: IpAddr| owner(view.topology, Some(address)) == Some((&way.end.host, &way.end.interface));
        let link = view.topology.link_of(&way.end).and_then(|link| view.topology.links.get(link));
        let direct = link.map(|link| link.other(&way.end)).filter(|far| far.host == view.server || far.host == view.client);
        let across = |address: IpAddr| direct.is_none_or(|far| owner(view.topology, Some(address)) == Some((&far.host, &far.interface)));
        let made = self.client.iter().filter(|endpoint| self.makes(endpoint));
        let invited = self.server.iter().filter(|endpoint| self.invites(endpoint));
        let mut beckoned = self.client.iter().filter(|endpoint| self.beckons(endpoint)).map(|endpoint| endpoint.address);
        let mesh = self.client.iter().any(|endpoint| endpoint.flags.contains(&Fullmesh) || endpoint.flags.contains(&Laminar));
        if way.end.host == view.client {
            made.map(|endpoint| endpoint.address).any(on_it) || invited.map(|endpoint| endpoint.address).any(across) || beckoned.any(on_it)
        } else {
            let mut invited = invited.map(|endpoint| endpoint.address);
            invited.any(on_it) || beckoned.any(across) || mesh && self.client.iter().any(|endpoint| self.makes(endpoint))
        }
    }

    /// Why an endpoint brings no subflow, if it does not.
    fn fault(&self, view: &View, host: &str, endpoint: &Endpoint) -> Option<String> {
        let Endpoint { address, flags, .. } = endpoint;
        if owner(view.topology, Some(*address)).is_none_or(|(having, _)| having != host) {
            return Some(format!("{address} is not an address of {host}"));
        }
        if self.is_initial(*address) {
            return Some(format!("{address} of {host} already has the first subflow"));
        }
        if host == view.server {
            return (!flags.contains(&Signal)).then(|| format!("{address} of {host} is not `signal`, so the client never learns of it"));
        }
        match self.makes(endpoint) {
            true => None,
            false if self.beckons(endpoint) => None,
            false if flags.contains(&Signal) => {
                let tried = view.counted(view.server, "MPTcpExtMPJoinSynTx");
                let tried = if tried > 0 { format!(" ({} tried {tried}, MPTcpExtMPJoinSynTx)", view.server) } else { String::new() };
                Some(format!(
                    "{address} of {host} is `signal` without `subflow` and without a port: the server joins it at the port that the connection came from, where nothing listens{tried}"
                ))
            }
            false if flags.contains(&Subflow) => Some(format!("{address} of {host} is of a different family than the connection")),
            false => Some(format!("{address} of {host} has neither `subflow` nor `fullmesh`")),
        }
    }
}

fn listed(host: &str, endpoints: &[Endpoint]) -> String {
    let one = |endpoint: &Endpoint| {
        let dev = endpoint.interface.iter().map(|dev| format!("dev {dev}"));
        let words = std::iter::once(endpoint.address.to_string()).chain(dev).chain(endpoint.flags.iter().map(ToString::to_string));
        words.collect::<Vec<_>>().join(" ")
    };
    let all: Vec<String> = endpoints.iter().map(one).collect();
    if all.is_empty() { format!("{host} has none") } else { format!("{host} has {}", all.join(", ")) }
}

/// Whether each way that never had a subflow has an endpoint that leads over it.
pub(super) fn covered(view: &View, plan: &Plan) -> Check {
    let uncovered: Vec<&Path> = view.never().filter(|way| !plan.leads_over(view, way)).collect();
    let all = format!("{}; {}", listed(view.client, &plan.client), listed(view.server, &plan.server));
    let Some(first) = uncovered.first() else { return Check::new(Weight::Fine, "endpoints", all) };
    let faults =
        |host, endpoints: &[Endpoint]| endpoints.iter().filter_map(|endpoint| plan.fault(view, host, endpoint)).collect::<Vec<_>>();
    let mut faults: Vec<String> = [faults(view.client, &plan.client), faults(view.server, &plan.server)].concat();
    if faults.is_empty() {
        faults.push(all);
    }
    let names: Vec<String> = uncovered.iter().map(|way| way.end.to_string()).collect();
    let seen = format!("none brings a subflow over {}: {}", names.join(", "), faults.join("; "));
    let address =
        |host: &str, interface: &str| view.addresses(host, interface).iter().next().map_or("ADDRESS".to_owned(), IpAddr::to_string);
    let far = view.topology.link_of(&first.end).and_then(|link| view.topology.links.get(link)).map(|link| link.other(&first.end));
    let kind = if first.end.host == view.client { "subflow" } else { "signal" };
    let add = |host: &str, interface: &str, kind: &str| {
        format!("at {host}: ip mptcp endpoint add {} dev {interface} {kind}", address(host, interface))
    };
    let far = far.filter(|far| far.host == view.server && kind == "subflow");
    let ways = [Some(add(&first.end.host, &first.end.interface, kind)), far.map(|far| add(&far.host, &far.interface, "signal"))];
    let change: Vec<String> = ways.into_iter().flatten().collect();
    Check::new(blame(view, true), "endpoints", seen).change(change.join("; or "))
}

/// Endpoints that steps added, but that the kernel did not use.
pub(super) fn added(view: &View) -> Vec<Check> {
    if view.missing().next().is_none() {
        return Vec::new();
    }
    let steps = view.case.steps.iter().filter(|step| view.window.to.is_none_or(|to| step.at < to));
    let added = steps.filter_map(|step| match &step.action {
        Action::Endpoint { host, change: EndpointChange::Add(endpoint) } => Some((step.at, host.as_str(), endpoint)),
        _ => None,
    });
    let idle = added.filter(|(at, host, endpoint)| view.ends().contains(host) && !acted(view, *at, host, endpoint));
    let told = idle.map(|(at, host, endpoint)| {
        let Endpoint { address, .. } = endpoint;
        let seen = format!("a step added it at {at}, but the kernel did not use it: no join from it, no announcement of it");
        let check = Check::new(Weight::Suspect, format!("endpoint {address}"), seen);
        check.change(format!("check the limits of {host}; an endpoint whose address or id a connection already uses has no effect on it"))
    });
    told.collect()
}

/// Whether an endpoint had an effect after it was added: a subflow from its address, even if only attempted, or an announcement.
fn acted(view: &View, at: Time, host: &str, endpoint: &Endpoint) -> bool {
    let Some(record) = view.host(host) else { return true };
    let since = Window { from: Some(at), to: None };
    let address = format!("saddr{}={} ", if endpoint.address.is_ipv6() { 6 } else { 4 }, endpoint.address);
    let mut told = record.events.iter().filter(|event| since.contains(event.at) && event.kind.starts_with("sub-"));
    let mut seen = record.subflows.iter().filter(|subflow| ip(&subflow.local) == Some(endpoint.address));
    let grew = |name: &str| view.grown(host, name, since).is_none_or(|count| count > 0);
    let came =
        told.any(|event| event.detail.contains(&address)) || seen.any(|subflow| subflow.at.first().is_some_and(|at| since.contains(*at)));
    came || endpoint.flags.contains(&Signal) && (grew("MPTcpExtAddAddrTx") || grew("MPTcpExtAddAddrTxDrop"))
}
