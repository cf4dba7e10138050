//! Whether the connection was MPTCP at all: enabled, requested by both programs, and without a fallback.
//! Not here: what an MPTCP connection does then.

use super::view::View;
use super::{Check, Weight, path};
use crate::result::judge::counters::Stage;
use crate::words::{MptcpOption, Protocol};

pub(super) fn checks(view: &View) -> Vec<Check> {
    let mut checks: Vec<Check> = view.ends().into_iter().map(|host| enabled(view, host)).collect();
    let off = checks.iter().any(|check| check.weight == Weight::Cause);
    checks.extend(sockets(view, if off { Weight::Suspect } else { Weight::Cause }));
    let known = checks.iter().any(|check| check.weight == Weight::Cause) || path::guilty(view, MptcpOption::MpCapable);
    checks.extend(fallback(view, known));
    checks
}

fn enabled(view: &View, host: &str) -> Check {
    let topic = format!("MPTCP of {host}");
    match view.sysctl(host, "net.mptcp.enabled") {
        Some("0") => {
            let weight = if view.speaks_mptcp() { Weight::Suspect } else { Weight::Cause };
            Check::new(weight, topic, "net.mptcp.enabled = 0: no MPTCP socket can be made; existing listeners go on accepting MPTCP")
                .change(format!("at {host}: sysctl net.mptcp.enabled=1, and restart programs that fell back to TCP"))
        }
        Some(value) => Check::new(Weight::Fine, topic, format!("net.mptcp.enabled = {value}")),
        None => Check::new(Weight::Unrecorded, topic, "not recorded"),
    }
}

/// What the sockets speak; `weight` is for TCP.
fn sockets(view: &View, weight: Weight) -> Vec<Check> {
    let Some((_, seen)) = &view.transfer else { return programs(view, weight) };
    let asked = seen.asked;
    let topic = |host: &str| format!("sockets of {host}");
    let change = |host: &str, key: &str| {
        format!("let the program at {host} ask for IPPROTO_MPTCP (mptcpize run ...); in the case: {key} = \"mptcp\"")
    };
    let client = match asked.client_protocol {
        Protocol::Tcp => {
            Check::new(weight, topic(view.client), "the client's sockets speak TCP").change(change(view.client, "client_protocol"))
        }
        Protocol::Mptcp => Check::new(Weight::Fine, topic(view.client), "the client's sockets speak MPTCP"),
    };
    let server = match seen.record.listener {
        Some(Protocol::Tcp) => {
            Check::new(weight, topic(view.server), "the listening socket speaks TCP").change(change(view.server, "server_protocol"))
        }
        Some(Protocol::Mptcp) => Check::new(Weight::Fine, topic(view.server), "the listening socket speaks MPTCP"),
        None => Check::new(Weight::Unrecorded, topic(view.server), "the listening socket was not seen"),
    };
    vec![client, server]
}

/// The same if programs of the case have the sockets.
fn programs(view: &View, weight: Weight) -> Vec<Check> {
    let fine = view.speaks_mptcp();
    let mut checks = Vec::new();
    for host in view.ends() {
        let topic = format!("sockets of {host}");
        let plain = view.case.processes.iter().filter(|(_, process)| process.host == host && !process.mptcpize);
        let plain: Vec<&str> = plain.map(|(name, _)| name.as_str()).collect();
        let listeners = view.host(host).into_iter().flat_map(|record| &record.listeners);
        let ports: Vec<String> = listeners.filter(|(_, speaks)| **speaks == Protocol::Tcp).map(|(at, _)| at.port().to_string()).collect();
        if fine {
            checks.push(Check::new(Weight::Fine, topic, "an MPTCP connection was seen"));
        } else if !ports.is_empty() && host == view.server {
            let seen = format!("listeners at {} speak TCP", ports.join(", "));
            checks.push(Check::new(weight, topic, seen).change("run the program under mptcpize, or let it ask for IPPROTO_MPTCP"));
        } else if !plain.is_empty() {
            let seen = format!("{} was not run under mptcpize, and no MPTCP connection was seen", plain.join(", "));
            checks.push(
                Check::new(Weight::Suspect, topic, seen).change("mptcpize = true, if the program does not ask for IPPROTO_MPTCP itself"),
            );
        }
    }
    checks
}

fn fallback(view: &View, known: bool) -> Vec<Check> {
    let fell = !view.speaks_mptcp();
    let arrived = view.count(view.server, "MPTcpExtMPCapableSYNRX");
    let mut weight = if fell && !known { Weight::Cause } else { Weight::Suspect };
    let mut checks = Vec::new();
    for (host, meaning, count) in view.risen(Stage::Fallback) {
        let of_answer = meaning.name.ends_with("FallbackSYNACK");
        let there = arrived.filter(|_| of_answer).map(|arrived| format!("; {arrived} arrived at {} with it", view.server));
        let seen = format!("{} ({} {count} at {host}){}", meaning.means, meaning.name, there.unwrap_or_default());
        checks.push(Check::new(weight, "fallback", seen).change(meaning.change));
        weight = Weight::Suspect;
    }
    if checks.is_empty() {
        checks.push(match (view.host(view.client).is_some(), fell) {
            (false, _) => Check::new(Weight::Unrecorded, "fallback", "not recorded"),
            (true, true) if view.subflows.is_empty() => {
                Check::new(Weight::Suspect, "fallback", "no MPTCP connection was seen, and no counter of a fallback rose")
            }
            (true, _) => Check::new(Weight::Fine, "fallback", "no counter of a fallback rose"),
        });
    }
    checks
}
