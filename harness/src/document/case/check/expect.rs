//! Checking expectations: that what they measure exists and can be measured in their window.
//! Not here: measuring.

use super::process::known;
use super::raw::{self, HOST_MEASURES, Listener, PROCESS_MEASURES, TRANSFER_MEASURES};
use super::transfer::host;
use crate::document::case::{EVENT_KINDS, Expect, Measure, Subject};
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Entry, Named, Spanned};
use crate::document::topology::Topology;
use crate::words::{Constraint, End, Percent};

/// The measures of a whole run.
const WHOLE_RUN: [&str; 7] = ["intact", "duration", "protocol", "listener", "ready", "exit", "output"];

/// Checks all expectations. Without a topology, only what needs none.
pub(super) fn check(raw: &raw::Case, topology: Option<&Topology>, mistakes: &mut Mistakes) -> Vec<Expect> {
    raw.expects.iter().filter_map(|written| expect(&written.value, raw, topology, mistakes)).collect()
}

fn expect(raw: &raw::Expect, case: &raw::Case, topology: Option<&Topology>, mistakes: &mut Mistakes) -> Option<Expect> {
    if let Some(during) = &raw.during {
        for (key, span) in raw.present.iter().filter(|(key, _)| WHOLE_RUN.contains(key)) {
            mistakes
                .add(span, format!("`{key}` is of the whole run and cannot be measured in a window of it"))
                .beside(&during.span, "the window")
                .help("write it in an [[expect]] without `during`");
        }
    }
    for key in raw.share.keys().filter_map(|key| topology.map(|topology| (topology, key))) {
        crossed(key.0, key.1, &raw.share[key.1], mistakes);
    }
    for (name, entry) in &raw.counters {
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric()) {
            mistakes
                .add(&entry.name, format!("`{name}` is not a counter of the kernel"))
                .help("write one as `nstat` shows it, such as MPTcpExtMPJoinSynRx");
        }
    }
    if let Some(Spanned { value: Listener::Ports(ports), .. }) = &raw.listener {
        for (port, entry) in ports.iter().filter(|(port, _)| port.parse::<u16>().is_err()) {
            mistakes.add(&entry.name, format!("`{port}` is not a port")).help("write 1 to 65535");
        }
    }
    for (kind, entry) in &raw.events {
        if !EVENT_KINDS.contains(&kind.as_str()) {
            mistakes.unknown(&entry.name, format!("`{kind}` is not a path-manager event"), kind, EVENT_KINDS);
        }
    }
    let of = subject(raw, case, topology, mistakes)?;
    Some(Expect { of, during: raw.during.as_ref().map(|during| during.value).unwrap_or_default(), measures: measures(raw) })
}

/// Whose measures, and whether such a one has them.
fn subject(raw: &raw::Expect, case: &raw::Case, topology: Option<&Topology>, mistakes: &mut Mistakes) -> Option<Subject> {
    match (&raw.transfer, &raw.host, &raw.process) {
        (Some(transfer), None, None) => {
            foreign(raw, "transfer", mistakes);
            if !case.transfers.contains_key(&transfer.value) {
                let known = case.transfers.keys().map(String::as_str);
                mistakes.undefined(&transfer.span, format!("the case has no transfer `{}`", transfer.value), &transfer.value, known);
            }
            if let Some(Spanned { value: Listener::Ports(_), span }) = &raw.listener {
                mistakes.add(span, "a transfer's sockets listen at one port").help("write listener = \"mptcp\" or \"tcp\"");
            }
            Some(Subject::Transfer(transfer.value.clone()))
        }
        (None, Some(name), None) => {
            foreign(raw, "host", mistakes);
            if let Some(Spanned { value: Listener::One(_), span }) = &raw.listener {
                mistakes.add(span, "sockets of a host listen at several ports").help("write which: listener = { 5201 = \"mptcp\" }");
            }
            host(topology?, name, mistakes)?;
            Some(Subject::Host(name.value.clone()))
        }
        (None, None, Some(name)) => {
            foreign(raw, "process", mistakes);
            if known(name, &case.processes, mistakes) {
                silent(raw, name, case, mistakes);
            }
            Some(Subject::Process(name.value.clone()))
        }
        _ => None,
    }
}

/// Says which measures such a subject does not have.
fn foreign(raw: &raw::Expect, what: &str, mistakes: &mut Mistakes) {
    let all = [("transfer", &TRANSFER_MEASURES[..]), ("host", &HOST_MEASURES), ("process", &PROCESS_MEASURES)];
    for (key, span) in &raw.present {
        let having: Vec<&str> = all.iter().filter(|(_, keys)| keys.contains(key)).map(|(what, _)| *what).collect();
        if let Some(other) = having.first().filter(|_| !having.contains(&what)) {
            mistakes
                .add(span, format!("`{key}` is measured of a {}, not of a {what}", having.join(" or a ")))
                .help(format!("write it in an [[expect]] with the key `{other}`"));
        }
    }
}

/// Says which measures only a program that tells them has.
fn silent(raw: &raw::Expect, name: &Spanned<String>, case: &raw::Case, mistakes: &mut Mistakes) {
    let command = case.processes.get(&name.value).and_then(|entry| entry.value.command.as_ref());
    let Some(command) = command.filter(|command| !crate::document::case::process::measures(&command.value.0)) else { return };
    for (key, span) in raw.present.iter().filter(|(key, _)| ["bytes", "goodput", "retransmits"].contains(key)) {
        mistakes
            .add(span, format!("`{key}` of a process is what iperf3 says in its JSON"))
            .beside(&command.span, "this says nothing of it")
            .help("run iperf3 with --json");
    }
}

/// Checks a part of the traffic: what it crossed, and that it is no more than all of it.
fn crossed(topology: &Topology, name: &str, entry: &Entry<Spanned<Constraint<Percent>>>, mistakes: &mut Mistakes) {
    let known = match name.parse::<End>() {
        Ok(end) => topology.link_of(&end).is_some(),
        Err(_) => topology.links.contains_key(name),
    };
    if !known {
        let ends: Vec<String> = topology.links.values().flat_map(|link| &link.ends).map(ToString::to_string).collect();
        let message = format!("the topology has neither a link nor an interface `{name}`");
        let candidates = if name.contains(':') { ends.iter().map(String::as_str).collect() } else { Vec::new() };
        let links = topology.links.keys().map(String::as_str).filter(|_| candidates.is_empty());
        let known: Vec<&str> = candidates.iter().copied().chain(links).collect();
        mistakes.undefined(&entry.name, message, name, known);
    }
    let all = Percent(100.0);
    let above = match entry.value.value {
        Constraint::Between(_, high) => high > all,
        Constraint::Equal(part)
        | Constraint::NotEqual(part)
        | Constraint::Below(part)
        | Constraint::AtMost(part)
        | Constraint::Above(part)
        | Constraint::AtLeast(part) => part > all,
    };
    if above {
        mistakes.add(&entry.value.span, "a share is a part of all bytes: no more than 100%");
    }
}

/// The measures in the order of the file.
fn measures(raw: &raw::Expect) -> Vec<Measure> {
    let mut measures: Vec<(Span, Measure)> = Vec::new();
    let mut one = |key: &str, measure: Option<Measure>| {
        if let (Some(measure), Some(span)) = (measure, raw.present.get(key)) {
            measures.push((span.clone(), measure));
        }
    };
    one("intact", raw.intact.as_ref().map(|it| Measure::Intact(it.value)));
    one("bytes", raw.bytes.as_ref().map(|it| Measure::Bytes(it.value)));
    one("duration", raw.duration.as_ref().map(|it| Measure::Duration(it.value)));
    one("goodput", raw.goodput.as_ref().map(|it| Measure::Goodput(it.value)));
    one("stall", raw.stall.as_ref().map(|it| Measure::Stall(it.value)));
    one("subflows", raw.subflows.as_ref().map(|it| Measure::Subflows(it.value)));
    one("protocol", raw.protocol.as_ref().map(|it| Measure::Protocol(it.value)));
    one("ready", raw.ready.as_ref().map(|it| Measure::Ready(it.value)));
    one("exit", raw.exit.as_ref().map(|it| Measure::Exit(it.value.0)));
    one("output", raw.output.as_ref().map(|it| Measure::Output(it.value.clone())));
    one("retransmits", raw.retransmits.as_ref().map(|it| Measure::Retransmits(it.value)));
    match raw.listener.as_ref().map(|it| &it.value) {
        Some(Listener::One(protocol)) => one("listener", Some(Measure::Listener(*protocol))),
        Some(Listener::Ports(ports)) => measures.extend(
            ports.iter().filter_map(|(port, entry)| Some((entry.name.clone(), Measure::Listening(port.parse().ok()?, entry.value)))),
        ),
        None => {}
    }
    measures.extend(several(&raw.share, Measure::Share));
    measures.extend(several(&raw.counters, Measure::Counter));
    measures.extend(several(&raw.events, Measure::Event));
    measures.sort_by_key(|(span, _)| span.start);
    measures.into_iter().map(|(_, measure)| measure).collect()
}

fn several<C: Copy>(named: &Named<Spanned<C>>, make: fn(String, C) -> Measure) -> impl Iterator<Item = (Span, Measure)> {
    named.iter().map(move |(name, entry)| (entry.name.clone(), make(name.clone(), entry.value.value)))
}
