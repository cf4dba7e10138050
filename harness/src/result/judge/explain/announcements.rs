//! How far the announcements of either end's addresses got (ADD_ADDR, RFC 8684, section 3.4.1).
//! Not here: whether the peer may use them, which its limits decide.

use super::view::View;
use super::{Check, Weight, path};
use crate::document::topology::Endpoint;
use crate::result::judge::counters::Stage;
use crate::words::{EndpointFlag, MptcpOption};

pub(super) fn checks(view: &View) -> Vec<Check> {
    let [client, server] = view.ends();
    let mut checks = vec![reached(view, [server, client])];
    let announces = |endpoint: &Endpoint| endpoint.flags.contains(&EndpointFlag::Signal);
    if view.endpoints(client).unwrap_or_default().iter().any(announces) || view.counted(client, "MPTcpExtAddAddrTx") > 0 {
        checks.push(reached(view, [client, server]));
    }
    checks.extend(view.risen(Stage::Announcement).map(|(host, meaning, count)| {
        let seen = format!("{} ({} {count} at {host})", meaning.means, meaning.name);
        let weight = if view.never().next().is_some() { Weight::Suspect } else { Weight::Fine };
        Check::new(weight, "announcements", seen).change(meaning.change)
    }));
    checks
}

/// Announcements that arrived although no join was sent over some way, unless a limit or the connection's end explains that.
fn unused(view: &View, heard: u64, counted: String) -> Check {
    let made = view.count(view.client, "MPTcpExtMPJoinSynTx").unwrap_or(0);
    let allowed = view.limits(view.client).map_or(u64::MAX, |limits| u64::from(limits.add_addr_accepted.min(limits.subflows)));
    if made >= heard.min(allowed) {
        return Check::new(Weight::Fine, "announcements", counted);
    }
    let seen = format!(
        "{counted}, {made} joins were sent: the kernel ignores an announcement that comes once either end has closed its direction (subflow.c, __mptcp_subflow_connect)"
    );
    Check::new(Weight::Suspect, "announcements", seen)
        .change("let no end close its direction while subflows may still join: keep the programs' input open")
}

/// How far the announcements of one end to the other got.
fn reached(view: &View, [from, to]: [&str; 2]) -> Check {
    let check = |weight, seen: String| Check::new(weight, "announcements", seen);
    let endpoints = view.endpoints(from).unwrap_or_default();
    let to_announce = endpoints.iter().filter(|endpoint| endpoint.flags.contains(&EndpointFlag::Signal)).count();
    let (Some(heard), sent) = (view.count(to, "MPTcpExtAddAddr"), view.count(from, "MPTcpExtAddAddrTx")) else {
        return check(Weight::Unrecorded, "not recorded".to_owned());
    };
    let counted = match sent {
        Some(sent) => format!("{from} sent {sent} (MPTcpExtAddAddrTx), {to} received {heard} (MPTcpExtAddAddr)"),
        None => format!("{to} received {heard} (MPTcpExtAddAddr)"),
    };
    let untried = view.never().next().is_some() && view.unanswered() == Some(0);
    if heard > 0 && untried && from == view.server {
        return unused(view, heard, counted);
    }
    if heard > 0 || to_announce == 0 || !untried {
        return check(Weight::Fine, counted);
    }
    if sent == Some(0) {
        let wait = format!("begin connections of {from} after its endpoints were added, and check that the kernel manages its paths");
        return check(Weight::Suspect, format!("{counted}, although it has {to_announce} `signal` endpoints")).change(wait);
    }
    let weight = if path::guilty(view, MptcpOption::AddAddr) { Weight::Suspect } else { Weight::Cause };
    check(weight, format!("{counted}: they were lost on the way")).change(format!("let ADD_ADDR options pass from {from} to {to}"))
}
