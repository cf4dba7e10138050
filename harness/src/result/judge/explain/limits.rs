//! Limits: how many subflows and announced addresses a connection may have, and whether they were reached.
//! Not here: which endpoints there are.

use std::collections::{BTreeMap, BTreeSet};

use super::blame::blame;
use super::endpoints::Plan;
use super::view::{Path, View, ip};
use super::{Check, Weight};
use crate::result::recording::{ConnectionSeries, LimitsRecord};
use crate::words::EndpointFlag::Subflow;

/// The counter of rejected joins.
pub(super) const REJECTED: &str = "MPTcpExtMPJoinRejected";
/// The path manager that keeps no limits.
const USERSPACE: &str = "userspace";

pub(super) fn checks(view: &View, plan: &Plan) -> Vec<Check> {
    let ends = view.ends().map(|host| match view.limits(host) {
        None => Check::new(Weight::Unrecorded, topic(host), "not recorded"),
        Some(limits) => {
            let used_up = || used_up(view, plan, limits).filter(|_| host == view.client);
            let own = rejected(view, host, limits).or_else(used_up).or_else(|| unaccepted(view, plan, host, limits));
            own.unwrap_or_else(|| Check::new(Weight::Fine, topic(host), shown(limits)))
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
        let seen = format!("{seen}; its first subflow, over {}, has ended, and a join in its place counts as additional", way.end);
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

/// An end received more announcements than it may use.
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
    let seen = format!("{}: a connection received {heard} announcements and may use {}", shown(limits), limits.add_addr_accepted);
    Some(Check::new(blame(view, true), topic(host), seen).change(format!("at {host}: ip mptcp limits set add_addr_accepted {heard}")))
}

/// The most addresses announced to a connection of a host. One may be announced again.
fn announcements(view: &View, host: &str) -> u64 {
    let events = view.host(host).into_iter().flat_map(|record| &record.events).filter(|event| event.kind == "announced");
    let mut of: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for event in events {
        of.entry(event.token).or_default().insert(&event.detail);
    }
    of.values().map(|heard| heard.len() as u64).max().unwrap_or(0)
}

/// The ends whose limit rejected joins or would have. A path manager in user space at the other end also asks for joins.
pub(super) fn rejections(view: &View) -> Vec<Check> {
    view.ends().into_iter().filter_map(|host| rejected(view, host, view.limits(host)?)).collect()
}

/// An end rejected joins because of its limit or would have. This includes the client if the server joins an address that it announced.
fn rejected(view: &View, host: &str, limits: LimitsRecord) -> Option<Check> {
    let missing = view.missing().count() as u64;
    let seen = format!("subflows {}", limits.subflows);
    if limit_rejected(view, host) == Some(true) {
        let rejected = view.counted(host, REJECTED);
        let seen = format!("{seen}: it accepts this many additional subflows, and rejected {rejected} ({REJECTED})");
        let weight = if missing > 0 { Weight::Cause } else { Weight::Suspect };
        let needed = u64::from(limits.subflows) + missing.max(1);
        return Some(Check::new(weight, topic(host), seen).change(format!("at {host}: ip mptcp limits set subflows {needed}")));
    }
    let would = host == view.server && limits.subflows == 0 && missing > 0 && view.managed_by(host) != Some(USERSPACE);
    would.then(|| {
        let check = Check::new(Weight::Suspect, topic(host), format!("{seen}: it would reject every join"));
        check.change(format!("at {host}: ip mptcp limits set subflows {missing}"))
    })
}

/// Whether a host rejected joins because a connection had as many additional subflows as allowed (protocol.c, mptcp_finish_join; pm.c,
/// mptcp_pm_allow_new_subflow). `None` if it rejected none, or its limits are not known.
pub(super) fn limit_rejected(view: &View, host: &str) -> Option<bool> {
    let limit = view.limits(host)?.subflows;
    let record = view.host(host).filter(|_| view.counted(host, REJECTED) > 0)?;
    // A path manager in user space has no limits.
    if view.managed_by(host) == Some(USERSPACE) {
        return Some(false);
    }
    let rejected = record.counters.get(REJECTED)?;
    let rises = rejected.iter().enumerate().filter(|(n, count)| **count > n.checked_sub(1).map_or(0, |before| rejected[before]));
    // From the count before to the one after: connections come and go in between.
    let spans = rises.map(|(n, _)| (record.counted[n.saturating_sub(1)], record.counted.get(n + 1).copied().unwrap_or(u64::MAX)));
    let spans: Vec<(u64, u64)> = spans.collect();
    let full = |connection: &ConnectionSeries| {
        let at = connection.at.iter().zip(&connection.extra_subflows);
        let mut at = at.filter(|(at, _)| spans.iter().any(|(from, to)| (*from..=*to).contains(*at)));
        at.any(|(_, extra)| *extra >= u64::from(limit))
    };
    Some(limit == 0 || record.connections.iter().any(full))
}
