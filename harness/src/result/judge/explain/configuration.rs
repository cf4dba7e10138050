//! What the two ends' path managers were told: whose they are, endpoints, limits, and whether the initial address may be joined.
//! Not here: what they made of it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::sight::{Sight, Way, owner};
use super::{Check, Weight};
use crate::document::case::{Action, Command};
use crate::document::topology::Endpoint;
use crate::result::recording::ConnectionSeries;
use crate::words::EndpointFlag::{Fullmesh, Laminar, Signal, Subflow};

/// The sysctl of the end that listens, whose `0` is told to the peer (RFC 8684, section 3.1, the C flag).
const ALLOW: &str = "net.mptcp.allow_join_initial_addr_port";

/// The endpoints of both ends, and which ways those lead over that can bring a subflow.
struct Plan {
    client: Vec<Endpoint>,
    server: Vec<Endpoint>,
    initial: BTreeSet<(IpAddr, IpAddr)>,
}

pub(super) fn checks(sight: &Sight) -> Vec<Check> {
    let mut checks: Vec<Check> = sight.ends().into_iter().map(|host| managed(sight, host)).collect();
    checks.extend(sight.ends().into_iter().map(|host| defaults(sight, host)));
    if sight.managed_by(sight.client) == Some("userspace") {
        return checks;
    }
    let Some((client, server)) = sight.endpoints(sight.client).zip(sight.endpoints(sight.server)) else {
        checks.push(Check::new(Weight::Unrecorded, "endpoints", "not recorded"));
        return checks;
    };
    let plan = Plan { client, server, initial: sight.initial() };
    checks.push(initial_address(sight, &plan));
    checks.push(endpoints(sight, &plan));
    checks.push(client_limits(sight, &plan));
    checks.push(server_limits(sight));
    checks
}

/// What configuration can explain: ways over which no join was tried. A suspicion if joins were not counted.
fn blame(sight: &Sight, wrong: bool) -> Weight {
    match sight.unanswered() {
        _ if !wrong || sight.never().next().is_none() => Weight::Fine,
        Some(0) => Weight::Cause,
        Some(_) | None => Weight::Suspect,
    }
}

fn managed(sight: &Sight, host: &str) -> Check {
    let topic = format!("path manager of {host}");
    let Some(name) = sight.managed_by(host) else { return Check::new(Weight::Unrecorded, topic, "not recorded") };
    if name != "userspace" || host == sight.server {
        return Check::new(Weight::Fine, topic, name);
    }
    let told = sight
        .case
        .steps
        .iter()
        .filter(|step| matches!(&step.action, Action::PathManager { host: of, command: Command::Create { .. }, .. } if of == host));
    let told = told.count();
    let seen = format!("in user space: the kernel makes no subflow by itself, and {told} were asked for by steps");
    let check = Check::new(blame(sight, told == 0), topic, seen);
    check.change(format!("start a program that manages paths (mptcpd), or at {host}: sysctl net.mptcp.path_manager=kernel"))
}

/// Sysctls below `net.mptcp` that bear on subflows: their defaults, and what another value means (Documentation/networking/mptcp-sysctl.rst).
const DEFAULTS: [(&str, &str, &str); 5] = [
    ("add_addr_timeout", "120", "the longest time in seconds until an announcement is repeated, 0 for never"),
    ("stale_loss_cnt", "4", "how many intervals without progress make a subflow stale, 0 for none"),
    ("checksum_enabled", "0", "whether data have checksums, which find what changes them on the way and end the subflow"),
    ("blackhole_timeout", "3600", "for how many seconds MPTCP is not asked for after SYNs with it have vanished"),
    ("syn_retrans_before_tcp_fallback", "2", "how many SYNs with MPTCP are repeated before one without it"),
];

fn defaults(sight: &Sight, host: &str) -> Check {
    let topic = format!("net.mptcp of {host}");
    if sight.state(host).is_none() {
        return Check::new(Weight::Unrecorded, topic, "not recorded");
    }
    let told = DEFAULTS.iter().filter_map(|(key, default, means)| {
        let value = sight.sysctl(host, &format!("net.mptcp.{key}")).filter(|value| value != default)?;
        Some(format!("{key} = {value} ({default} by default): {means}"))
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() {
        return Check::new(Weight::Fine, topic, "timeouts and checksums are the kernel's defaults");
    }
    let needy = sight.missing().chain(sight.idle()).next().is_some();
    let check = Check::new(if needy { Weight::Suspect } else { Weight::Fine }, topic, told.join("; "));
    check.change(format!("at {host}: try it with the defaults"))
}

fn initial_address(sight: &Sight, plan: &Plan) -> Check {
    let topic = format!("first address of {}", sight.server);
    match sight.sysctl(sight.server, ALLOW) {
        Some("0") => {
            let relied = plan.client.iter().any(|endpoint| plan.makes(endpoint));
            let seen =
                format!("{ALLOW} = 0: the client may not join the address that it connected to, so its own endpoints make no subflow");
            let check = Check::new(blame(sight, relied), topic, seen);
            check.change(format!("at {0}: sysctl {ALLOW}=1, or announce another address of {0} (`signal`)", sight.server))
        }
        Some(value) => Check::new(Weight::Fine, topic, format!("{ALLOW} = {value}")),
        None => Check::new(Weight::Unrecorded, topic, "not recorded"),
    }
}

impl Plan {
    fn is_initial(&self, address: IpAddr) -> bool {
        self.initial.iter().any(|(here, there)| *here == address || *there == address)
    }

    /// Whether an endpoint of the client makes subflows.
    fn makes(&self, endpoint: &Endpoint) -> bool {
        let family = self.initial.is_empty() || self.initial.iter().any(|(here, _)| here.is_ipv6() == endpoint.address.is_ipv6());
        endpoint.flags.iter().any(|flag| [Subflow, Fullmesh].contains(flag)) && !self.is_initial(endpoint.address) && family
    }

    /// Whether an endpoint of the server invites subflows.
    fn invites(&self, endpoint: &Endpoint) -> bool {
        endpoint.flags.contains(&Signal) && !self.is_initial(endpoint.address)
    }

    /// Whether an endpoint leads over a way; where routers are between, an invitation may lead over any.
    fn leads_over(&self, sight: &Sight, way: &Way) -> bool {
        let on_it = |address: IpAddr| owner(sight.topology, Some(address)) == Some((&way.end.host, &way.end.interface));
        let link = sight.topology.link_of(&way.end).and_then(|link| sight.topology.links.get(link));
        let direct = link.map(|link| link.other(&way.end)).filter(|far| far.host == sight.server || far.host == sight.client);
        let across = |address: IpAddr| direct.is_none_or(|far| owner(sight.topology, Some(address)) == Some((&far.host, &far.interface)));
        let made = self.client.iter().filter(|endpoint| self.makes(endpoint));
        let invited = self.server.iter().filter(|endpoint| self.invites(endpoint));
        let mesh = self.client.iter().any(|endpoint| endpoint.flags.contains(&Fullmesh) || endpoint.flags.contains(&Laminar));
        if way.end.host == sight.client {
            made.map(|endpoint| endpoint.address).any(on_it) || invited.map(|endpoint| endpoint.address).any(across)
        } else {
            let mut invited = invited.map(|endpoint| endpoint.address);
            invited.any(on_it) || mesh && self.client.iter().any(|endpoint| self.makes(endpoint))
        }
    }

    /// Why an endpoint brings no subflow, if it does not.
    fn fault(&self, sight: &Sight, host: &str, endpoint: &Endpoint) -> Option<String> {
        let Endpoint { address, flags, .. } = endpoint;
        if owner(sight.topology, Some(*address)).is_none_or(|(having, _)| having != host) {
            return Some(format!("{address} is no address of {host}"));
        }
        if self.is_initial(*address) {
            return Some(format!("{address} of {host} has the first subflow already"));
        }
        if host == sight.server {
            return (!flags.contains(&Signal))
                .then(|| format!("{address} of {host} is not `signal`, so that the client never hears of it"));
        }
        match self.makes(endpoint) {
            true => None,
            false if flags.contains(&Signal) => {
                Some(format!("{address} of {host} is `signal` without `subflow`: the server hears of it, and does not connect to clients"))
            }
            false if flags.contains(&Subflow) => Some(format!("{address} of {host} is of another family than the connection")),
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

fn endpoints(sight: &Sight, plan: &Plan) -> Check {
    let uncovered: Vec<&Way> = sight.never().filter(|way| !plan.leads_over(sight, way)).collect();
    let all = format!("{}; {}", listed(sight.client, &plan.client), listed(sight.server, &plan.server));
    let Some(first) = uncovered.first() else { return Check::new(Weight::Fine, "endpoints", all) };
    let faults =
        |host, endpoints: &[Endpoint]| endpoints.iter().filter_map(|endpoint| plan.fault(sight, host, endpoint)).collect::<Vec<_>>();
    let mut faults: Vec<String> = [faults(sight.client, &plan.client), faults(sight.server, &plan.server)].concat();
    if faults.is_empty() {
        faults.push(all);
    }
    let names: Vec<String> = uncovered.iter().map(|way| way.end.to_string()).collect();
    let seen = format!("none brings a subflow over {}: {}", names.join(", "), faults.join("; "));
    let address =
        |host: &str, interface: &str| sight.addresses(host, interface).iter().next().map_or("ADDRESS".to_owned(), IpAddr::to_string);
    let far = sight.topology.link_of(&first.end).and_then(|link| sight.topology.links.get(link)).map(|link| link.other(&first.end));
    let kind = if first.end.host == sight.client { "subflow" } else { "signal" };
    let add = |host: &str, interface: &str, kind: &str| {
        format!("at {host}: ip mptcp endpoint add {} dev {interface} {kind}", address(host, interface))
    };
    let far = far.filter(|far| far.host == sight.server && kind == "subflow");
    let ways = [Some(add(&first.end.host, &first.end.interface, kind)), far.map(|far| add(&far.host, &far.interface, "signal"))];
    let change: Vec<String> = ways.into_iter().flatten().collect();
    Check::new(blame(sight, true), "endpoints", seen).change(change.join("; or "))
}

fn client_limits(sight: &Sight, plan: &Plan) -> Check {
    let host = sight.client;
    let topic = format!("limits of {host}");
    let Some(limits) = sight.limits(host) else { return Check::new(Weight::Unrecorded, topic, "not recorded") };
    let seen = format!("subflows {}, add_addr_accepted {}", limits.subflows, limits.add_addr_accepted);
    let awaited: Vec<&Way> = sight.never().filter(|way| plan.leads_over(sight, way)).collect();
    let lacks = |token: u32| awaited.iter().all(|way| way.lacking.is_empty() || way.lacking.contains(&token));
    let connections = sight.host(host).into_iter().flat_map(|record| &record.connections).filter(|connection| lacks(connection.token));
    let most = connections.flat_map(|connection| &connection.extra_subflows).copied().max().unwrap_or(0);
    if !awaited.is_empty() && most >= u64::from(limits.subflows) {
        let seen = format!("{seen}: a connection had {most} additional subflows and may have no more");
        let needed = most + awaited.len() as u64;
        return Check::new(blame(sight, true), topic, seen).change(format!("at {host}: ip mptcp limits set subflows {needed}"));
    }
    let heard = announcements(sight, host);
    let made = plan.client.iter().any(|endpoint| plan.makes(endpoint));
    if !awaited.is_empty() && !made && heard > u64::from(limits.add_addr_accepted) {
        let seen = format!("{seen}: a connection heard {heard} announcements and may use {}", limits.add_addr_accepted);
        return Check::new(blame(sight, true), topic, seen).change(format!("at {host}: ip mptcp limits set add_addr_accepted {heard}"));
    }
    Check::new(Weight::Fine, topic, seen)
}

/// The most addresses that a connection of a host heard of. One may be announced again.
fn announcements(sight: &Sight, host: &str) -> u64 {
    let events = sight.host(host).into_iter().flat_map(|record| &record.events).filter(|event| event.kind == "announced");
    let mut of: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for event in events {
        of.entry(event.token).or_default().insert(&event.detail);
    }
    of.values().map(|heard| heard.len() as u64).max().unwrap_or(0)
}

fn server_limits(sight: &Sight) -> Check {
    let host = sight.server;
    let topic = format!("limits of {host}");
    let Some(limits) = sight.limits(host) else { return Check::new(Weight::Unrecorded, topic, "not recorded") };
    let rejected = sight.counted(host, "MPTcpExtMPJoinRejected");
    let seen = format!("subflows {}", limits.subflows);
    let missing = sight.missing().count() as u64;
    if rejected > 0 && limit_reached(sight, limits.subflows) {
        let seen = format!("{seen}: so many additional subflows it takes, and it rejected {rejected} (MPTcpExtMPJoinRejected)");
        let weight = if missing > 0 { Weight::Cause } else { Weight::Suspect };
        let needed = u64::from(limits.subflows) + missing.max(1);
        return Check::new(weight, topic, seen).change(format!("at {host}: ip mptcp limits set subflows {needed}"));
    }
    if limits.subflows == 0 && missing > 0 {
        return Check::new(Weight::Suspect, topic, format!("{seen}: it would reject every join"))
            .change(format!("at {host}: ip mptcp limits set subflows {missing}"));
    }
    Check::new(Weight::Fine, topic, seen)
}

/// Whether a connection of the server had as many additional subflows as it may when joins were rejected (protocol.c, mptcp_finish_join;
/// pm.c, mptcp_pm_allow_new_subflow).
pub(super) fn limit_reached(sight: &Sight, limit: u32) -> bool {
    let Some(record) = sight.host(sight.server) else { return false };
    let Some(rejected) = record.counters.get("MPTcpExtMPJoinRejected") else { return false };
    let rises = rejected.iter().enumerate().filter(|(n, count)| **count > n.checked_sub(1).map_or(0, |before| rejected[before]));
    // From the count before to the one after: connections come and go in between.
    let spans = rises.map(|(n, _)| (record.counted[n.saturating_sub(1)], record.counted.get(n + 1).copied().unwrap_or(u64::MAX)));
    let spans: Vec<(u64, u64)> = spans.collect();
    let full = |connection: &ConnectionSeries| {
        let at = connection.at.iter().zip(&connection.extra_subflows);
        let mut at = at.filter(|(at, _)| spans.iter().any(|(from, to)| (*from..=*to).contains(*at)));
        at.any(|(_, extra)| *extra >= u64::from(limit))
    };
    limit == 0 || record.connections.iter().any(full)
}
