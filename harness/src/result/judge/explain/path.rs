//! What is between the two ends: cut links, firewalls, routes by source, and the reverse-path filter.
//! Not here: how fast the links are.

use std::net::IpAddr;

use super::cuts::cuts;
use super::view::{Path, View, ip, owner};
use super::{Check, Weight, attempts};
use crate::document::case::Action;
use crate::result::recording::RouteRecord;
use crate::words::{End, EndpointFlag, MptcpOption, Packets, Rule, RuleAction, Time};

/// The kernel's counter of packets that arrive on another interface than the one by which answers would leave (net/ipv4/fib_frontend.c,
/// fib_validate_source).
const FILTERED: &str = "TcpExtIPReversePathFilter";

/// Cut links, if a way has no subflow or an idle one.
pub(super) fn links(view: &View) -> Vec<Check> {
    let needy = |way: &&Path| !way.joined || view.idle().any(|idle| idle.end == way.end);
    let checks: Vec<Check> = view.ways.iter().filter_map(|way| link(view, way, needy(&way))).collect();
    if checks.is_empty() { vec![Check::new(Weight::Fine, "links", "none was cut, each had its carrier")] } else { checks }
}

fn bounds(view: &View) -> (Time, Time) {
    let end = Time::from_micros(view.recording.end);
    (view.window.from.unwrap_or(Time::ZERO), view.window.to.unwrap_or(end).min(end))
}

fn link(view: &View, way: &Path, needy: bool) -> Option<Check> {
    let link = view.topology.link_of(&way.end)?;
    let (from, to) = bounds(view);
    let topic = format!("link {link}");
    let within = cuts(view, link).into_iter().filter(|(start, end, _)| *start < to && end.is_none_or(|end| end > from));
    let within: Vec<_> = within.collect();
    if let Some((start, end, _)) = within.first() {
        let whole = within.iter().any(|(start, end, _)| *start <= from && end.is_none_or(|end| end >= to));
        let until = end.map_or_else(|| "the end".to_owned(), |end| end.to_string());
        let weight = match (needy, whole) {
            (true, true) => Weight::Cause,
            (true, false) => Weight::Suspect,
            (false, _) => Weight::Fine,
        };
        let check = Check::new(weight, topic, format!("cut from {start} to {until}, by a step of the case"));
        return Some(if needy { check.change("look at a part of the run in which it is whole, or remove the step") } else { check });
    }
    let record = view.host(&way.end.host)?;
    let series = record.interfaces.get(&way.end.interface)?;
    let seen = record.at.iter().zip(&series.running).filter(|(at, _)| (from.micros()..=to.micros()).contains(*at));
    let (up, all) = seen.fold((0, 0), |(up, all), (_, running)| (up + usize::from(*running), all + 1));
    (needy && up < all).then(|| {
        let weight = if up == 0 { Weight::Cause } else { Weight::Suspect };
        let seen = format!("{} was down or had no carrier in {} of {all} samples", way.end, all - up);
        Check::new(weight, topic, seen).change("set the interface up, or plug it in")
    })
}

/// Firewalls, routes, the reverse-path filter.
pub(super) fn checks(view: &View) -> Vec<Check> {
    let mut checks = firewalls(view);
    checks.extend(routes(view));
    checks.push(reverse_path(view));
    checks
}

/// The rules that hosts had up to the window's end.
fn rules<'a>(view: &'a View) -> Vec<(&'a str, &'a Rule)> {
    let built = view.topology.hosts.iter().flat_map(|(host, facts)| facts.firewall.iter().map(move |rule| (host.as_str(), rule)));
    let to = bounds(view).1;
    let steps = view.case.steps.iter().filter(|step| step.at < to);
    let later = steps.filter_map(|step| if let Action::Firewall { host, rules } = &step.action { Some((host, rules)) } else { None });
    built.chain(later.flat_map(|(host, rules)| rules.iter().map(move |rule| (host.as_str(), rule)))).collect()
}

fn touches(rule: &Rule, option: MptcpOption) -> bool {
    match rule.packets {
        Packets::Option(only) => only == option,
        Packets::DataFin => option == MptcpOption::Dss,
        Packets::AddAddrEcho => option == MptcpOption::AddAddr,
        Packets::MpJoinSyn | Packets::MpJoinSynAck | Packets::MpJoinAck => option == MptcpOption::MpJoin,
        Packets::Mptcp => rule.action != RuleAction::Corrupt,
        Packets::All | Packets::Tcp => !matches!(rule.action, RuleAction::Strip | RuleAction::Corrupt),
    }
}

/// The MPTCP options that were seen to be lost.
fn lost(view: &View) -> Vec<MptcpOption> {
    let mut lost = Vec::new();
    if !view.speaks_mptcp() {
        lost.push(MptcpOption::MpCapable);
        return lost;
    }
    if view.missing().next().is_some() && view.unanswered().is_some_and(|unanswered| unanswered > 0) {
        lost.push(MptcpOption::MpJoin);
    }
    let untried = view.never().next().is_some() && view.unanswered() == Some(0);
    let unheard = |from: &str, to: &str| view.counted(from, "MPTcpExtAddAddrTx") > 0 && view.count(to, "MPTcpExtAddAddr") == Some(0);
    if untried && (unheard(view.server, view.client) || unheard(view.client, view.server)) {
        lost.push(MptcpOption::AddAddr);
    }
    lost
}

/// Whether a firewall explains that an option was lost.
pub(super) fn guilty(view: &View, option: MptcpOption) -> bool {
    lost(view).contains(&option) && rules(view).iter().any(|(_, rule)| touches(rule, option))
}

pub(super) fn firewalls(view: &View) -> Vec<Check> {
    let rules = rules(view);
    if rules.is_empty() {
        return vec![Check::new(Weight::Fine, "firewalls", "the lab has none")];
    }
    let lost = lost(view);
    let check = |(host, rule): &(&str, &Rule)| {
        let hit = lost.iter().find(|option| touches(rule, **option));
        let weight = if hit.is_some() { Weight::Cause } else { Weight::Suspect };
        let action = match rule.action {
            RuleAction::Drop => "dropped",
            RuleAction::Reset => "answered with a reset",
            RuleAction::Corrupt => "changed",
            RuleAction::Forge => "given another HMAC or key",
            RuleAction::Reject => "answered with ICMP's port unreachable",
            RuleAction::Strip => "passed on without their MPTCP option",
        };
        let lost = hit.map(|option| format!("; {} was lost", option.word())).unwrap_or_default();
        Check::new(weight, format!("firewall of {host}"), format!("`{rule}`: such packets are {action}{lost}"))
            .change(format!("at {host}: let packets with MPTCP options pass"))
    };
    rules.iter().map(check).collect()
}

/// Whether something else on the way explains that joins were lost.
pub(super) fn explains(view: &View) -> bool {
    let found = links(view).into_iter().chain(routes(view)).chain([reverse_path(view)]);
    found.into_iter().any(|check| check.weight == Weight::Cause) || attempts::explains(view)
}

/// Packets that leave by an interface other than that of their source address.
fn routes(view: &View) -> Vec<Check> {
    let topic = "routes by source";
    let Some(state) = view.state(view.client) else { return vec![Check::new(Weight::Unrecorded, topic, "not recorded")] };
    let first = view.initial();
    let endpoints = view.endpoints(view.client).unwrap_or_default();
    let flowed = |way: &&RouteRecord| {
        view.subflows.iter().any(|subflow| ip(&subflow.local) == Some(way.from) && ip(&subflow.remote) == Some(way.to))
    };
    let might = |way: &&RouteRecord| {
        let led = first.iter().any(|(_, to)| *to == way.to);
        led && endpoints.iter().any(|endpoint| endpoint.address == way.from && endpoint.flags.contains(&EndpointFlag::Subflow))
    };
    let joins = state.ways.iter().filter(|way| !first.contains(&(way.from, way.to)) && (flowed(way) || might(way)));
    let mut checks: Vec<Check> = joins.clone().filter_map(|way| route(view, way)).collect();
    if checks.is_empty() {
        let seen: Vec<String> = joins.map(shown).collect();
        let seen = if seen.is_empty() { "no join was made or expected".to_owned() } else { seen.join("; ") };
        checks.push(Check::new(Weight::Fine, topic, seen));
    }
    checks
}

fn shown(way: &RouteRecord) -> String {
    let by = way.by.as_ref().map_or("no route".to_owned(), |dev| format!("by {dev}"));
    format!("{} to {} {by}", way.from, way.to)
}

fn route(view: &View, record: &RouteRecord) -> Option<Check> {
    let (_, home) = owner(view.topology, Some(record.from)).filter(|(host, _)| *host == view.client)?;
    let way = view.ways.iter().find(|way| way.end.host == view.client && way.end.interface == home)?;
    let idle = view.idle().any(|idle| idle.end == way.end);
    let link = view.topology.link_of(&way.end)?;
    let cut = cuts(view, link).iter().any(|(_, end, _)| end.is_none());
    if record.by.as_deref() == Some(home) || cut || way.joined && !idle {
        return None;
    }
    let seen = match &record.by {
        Some(by) => format!("packets from {} ({home}) to {} leave by {by}", record.from, record.to),
        None => format!("packets from {} ({home}) have no route to {}", record.from, record.to),
    };
    let next = next_hop(view, way).map(|via| format!(" via {via}")).unwrap_or_default();
    let change = format!(
        "at {}: ip route add default{next} dev {home} table 100; ip rule add from {} lookup 100; or bind the endpoint to its interface (dev {home})",
        view.client, record.from
    );
    Some(Check::new(Weight::Cause, "routes by source", seen).change(change))
}

fn next_hop(view: &View, way: &Path) -> Option<IpAddr> {
    let far = view.topology.links.get(view.topology.link_of(&way.end)?)?.other(&way.end);
    view.addresses(&far.host, &far.interface).into_iter().next()
}

/// What the filter counted, and where the recorded configuration shows that it drops packets: it also drops ARP packets, without counting them.
fn reverse_path(view: &View) -> Check {
    let missing = view.missing().next().is_some();
    let weight = if missing { Weight::Cause } else { Weight::Suspect };
    let loosen = |host: &str| {
        format!("at {host}: sysctl net.ipv4.conf.all.rp_filter=2 (or 0, and that of each interface), or fix the routes to the sources")
    };
    let counted = view.topology.hosts.keys().filter_map(|host| Some((host, view.count(host, FILTERED)?)));
    let counted: Vec<_> = counted.collect();
    if let Some((host, count)) = counted.iter().find(|(_, count)| *count > 0) {
        let seen = format!(
            "{count} packets were dropped because answers to them would leave by another interface than they arrived on ({FILTERED})"
        );
        return Check::new(weight, format!("rp_filter of {host}"), seen).change(loosen(host));
    }
    let unanswered = view.unanswered() != Some(0);
    if let Some((end, from, by)) = view.missing().filter(|_| unanswered).find_map(|way| mismatch(view, way)) {
        let seen =
            format!("strict at {end}, and answers to {from} would leave by {by}, so the kernel drops packets from that address there");
        return Check::new(weight, format!("rp_filter of {}", end.host), seen).change(loosen(&end.host));
    }
    let seen = if counted.is_empty() { "not recorded".to_owned() } else { format!("it dropped nothing ({FILTERED})") };
    Check::new(if counted.is_empty() { Weight::Unrecorded } else { Weight::Fine }, "rp_filter", seen)
}

/// The far end of a client's way whose strict filter drops packets from the way's address, that address, and where answers would leave.
fn mismatch<'a>(view: &'a View, way: &Path) -> Option<(&'a End, IpAddr, &'a str)> {
    let far = view.topology.links.get(view.topology.link_of(&way.end)?)?.other(&way.end);
    let filter = |dev: &str| {
        view.sysctl(&far.host, &format!("net.ipv4.conf.{}.rp_filter", dev.replace('.', "/"))).and_then(|value| value.parse::<u8>().ok())
    };
    // The greater of the two holds (Documentation/networking/ip-sysctl.rst).
    if filter("all").max(filter(&far.interface)) != Some(1) {
        return None;
    }
    let from = view.addresses(&way.end.host, &way.end.interface);
    let back = view.state(&far.host)?.ways.iter().find(|back| from.contains(&back.to))?;
    let by = back.by.as_deref().filter(|by| *by != far.interface)?;
    Some((far, back.to, by))
}
