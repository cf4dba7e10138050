//! Limits: how many subflows and announced addresses a connection may have, and whether that was reached.
//! Not here: which endpoints there are.

use std::collections::{BTreeMap, BTreeSet};

use super::blame::blame;
use super::endpoints::Plan;
use super::view::{Path, View, ip};
use super::{Check, Weight};
use crate::result::recording::{ConnectionSeries, LimitsRecord};
use crate::words::EndpointFlag::Subflow;

pub(super) fn checks(view: &View, plan: &Plan) -> Vec<Check> {
    let ends = view.ends().map(|host| match view.limits(host) {
        None => Check::new(Weight::Unrecorded, topic(host), "not recorded"),
        Some(limits) => {
            let own = if host == view.client { used_up(view, plan, limits) } else { rejected(view, limits) };
            own.or_else(|| unaccepted(view, plan, host, limits)).unwrap_or_else(|| Check::new(Weight::Fine, topic(host), shown(limits)))
        }
    });
    ends.into()
}

fn topic(host: &str) -> String {
    format!("limits of {host}")
}

fn shown(limits: LimitsRecord) -> String {
    format!("subflows {}, add_addr_accepted {}", limits.subflows, limits.add_addr_accepted)
}

/// The client's connections have as many additional subflows as they may.
fn used_up(view: &View, plan: &Plan, limits: LimitsRecord) -> Option<Check> {
    let host = view.client;
    let awaited: Vec<&Path> = view.never().filter(|way| plan.leads_over(view, way)).collect();
    let returning: Vec<&Path> = view.missing().filter(|way| returns(view, plan, way)).collect();
    let lacks = |token: u32| awaited.iter().all(|way| way.lacking.is_empty() || way.lacking.contains(&token));
    let connections = view.host(host).into_iter().flat_map(|record| &record.connections).filter(|connection| lacks(connection.token));
    let until = |at: u64| view.window.to.is_none_or(|to| at < to.micros());
    let extra = connections.flat_map(|connection| connection.at.iter().zip(&connection.extra_subflows));
    let most = extra.filter(|(at, _)| until(**at)).map(|(_, extra)| *extra).max().unwrap_or(0);
    if awaited.is_empty() && returning.is_empty() || most < u64::from(limits.subflows) {
        return None;
    }
    let seen = format!("{}: a connection had {most} additional subflows and may have no more", shown(limits));
    if let Some(way) = returning.first() {
        let needed = most + 1;
        let seen = format!("{seen}; its first subflow, over {}, has ended, and what joins in its place is an additional one", way.end);
        let change = format!("at {host} and {}: ip mptcp limits set subflows {needed}", view.server);
        let weight = if view.unanswered() == Some(0) { Weight::Cause } else { Weight::Suspect };
        return Some(Check::new(weight, topic(host), seen).change(change));
    }
    let needed = most + awaited.len() as u64;
    Some(Check::new(blame(view, true), topic(host), seen).change(format!("at {host}: ip mptcp limits set subflows {needed}")))
}

/// Whether a way had the first subflow, has none now, and has an endpoint that could bring another.
fn returns(view: &View, plan: &Plan, way: &Path) -> bool {
    let addresses = view.addresses(&way.end.host, &way.end.interface);
    let first =
        way.subflows.iter().any(|subflow| subflow.flags.contains('m') && ip(&subflow.local).is_some_and(|here| addresses.contains(&here)));
    let could = |endpoint: &crate::document::topology::Endpoint| {
        addresses.contains(&endpoint.address) && endpoint.flags.contains(&Subflow) && plan.is_initial(endpoint.address)
    };
    way.ever && first && plan.client().iter().any(could)
}

/// An end heard more announcements than it may use.
fn unaccepted(view: &View, plan: &Plan, host: &str, limits: LimitsRecord) -> Option<Check> {
    let mut awaited = view.never().filter(|way| plan.leads_over(view, way));
    let heard = announcements(view, host);
    let otherwise = if host == view.client {
        plan.client().iter().any(|endpoint| plan.makes(endpoint))
    } else {
        !plan.client().iter().any(|endpoint| plan.beckons(endpoint))
    };
    if awaited.next().is_none() || otherwise || heard <= u64::from(limits.add_addr_accepted) {
        return None;
    }
    let seen = format!("{}: a connection heard {heard} announcements and may use {}", shown(limits), limits.add_addr_accepted);
    Some(Check::new(blame(view, true), topic(host), seen).change(format!("at {host}: ip mptcp limits set add_addr_accepted {heard}")))
}

/// The most addresses that a connection of a host heard of. One may be announced again.
fn announcements(view: &View, host: &str) -> u64 {
    let events = view.host(host).into_iter().flat_map(|record| &record.events).filter(|event| event.kind == "announced");
    let mut of: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for event in events {
        of.entry(event.token).or_default().insert(&event.detail);
    }
    of.values().map(|heard| heard.len() as u64).max().unwrap_or(0)
}

/// The server rejected joins, or would.
fn rejected(view: &View, limits: LimitsRecord) -> Option<Check> {
    let host = view.server;
    let rejected = view.counted(host, "MPTcpExtMPJoinRejected");
    let missing = view.missing().count() as u64;
    let seen = format!("subflows {}", limits.subflows);
    if rejected > 0 && limit_reached(view, limits.subflows) {
        let seen = format!("{seen}: so many additional subflows it takes, and it rejected {rejected} (MPTcpExtMPJoinRejected)");
        let weight = if missing > 0 { Weight::Cause } else { Weight::Suspect };
        let needed = u64::from(limits.subflows) + missing.max(1);
        return Some(Check::new(weight, topic(host), seen).change(format!("at {host}: ip mptcp limits set subflows {needed}")));
    }
    (limits.subflows == 0 && missing > 0).then(|| {
        let check = Check::new(Weight::Suspect, topic(host), format!("{seen}: it would reject every join"));
        check.change(format!("at {host}: ip mptcp limits set subflows {missing}"))
    })
}

/// Whether a connection of the server had as many additional subflows as it may when joins were rejected (protocol.c, mptcp_finish_join;
/// pm.c, mptcp_pm_allow_new_subflow).
pub(super) fn limit_reached(view: &View, limit: u32) -> bool {
    let Some(record) = view.host(view.server) else { return false };
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
