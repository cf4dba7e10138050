//! Checks that what expectations measure exists and can be measured in their window.
//! Not here: measuring.

use std::collections::BTreeMap;

use super::raw;
use crate::document::case::measure::{Of, Scope, Written};
use crate::document::case::named::{host, known};
use crate::document::case::{Expect, Measure, Subject, Transfer};
use crate::document::diagnostic::Mistakes;
use crate::document::toml::Spanned;
use crate::document::topology::Topology;

/// Checks all expectations. Without a topology, only what needs none.
pub(super) fn check(
    raw: &raw::Case,
    topology: Option<&Topology>,
    transfers: &BTreeMap<String, Transfer>,
    mistakes: &mut Mistakes,
) -> Vec<Expect> {
    let checked = raw.expects.iter().filter_map(|written| {
        let expect = expect(&written.value, raw, topology, mistakes)?;
        if let (Subject::Transfer(name), Some(topology)) = (&expect.of, topology) {
            unfounded(&written.value, topology, transfers.get(name)?, mistakes);
        }
        Some(expect)
    });
    checked.collect()
}

/// Reports measures that such a transfer does not have.
fn unfounded(raw: &raw::Expect, topology: &Topology, transfer: &Transfer, mistakes: &mut Mistakes) {
    for found in raw.measures.iter().flat_map(|written| &written.found) {
        if let Some((why, help)) = found.measure.unfounded(topology, transfer) {
            mistakes.add(&found.value, why).help(help);
        }
    }
}

fn expect(raw: &raw::Expect, case: &raw::Case, topology: Option<&Topology>, mistakes: &mut Mistakes) -> Option<Expect> {
    if let Some(during) = &raw.during {
        for written in raw.measures.iter().filter(|written| written.about.scope == Scope::Run) {
            let key = written.about.key;
            mistakes
                .add(&written.key, format!("`{key}` is a measure of the whole run and cannot be limited to a window"))
                .beside(&during.span, "the window")
                .help("write it in an [[expect]] without `during`");
        }
    }
    if let Some(moment) = raw.during.as_ref().filter(|during| during.value.moment().is_some()) {
        for written in raw.measures.iter().filter(|written| written.about.scope == Scope::Window) {
            mistakes
                .add(&written.key, format!("`{}` is measured in a window, not at a moment", written.about.key))
                .beside(&moment.span, "the moment")
                .help(format!("write two times, such as \"{}..\"", moment.value));
        }
    }
    let of = match (&raw.transfer, &raw.host, &raw.process) {
        (Some(_), None, None) => Some(Of::Transfer),
        (None, Some(_), None) => Some(Of::Host),
        (None, None, Some(_)) => Some(Of::Process),
        _ => None,
    };
    for written in &raw.measures {
        (written.about.check)(written, of, topology, mistakes);
    }
    foreign(raw, of?, mistakes);
    let of = subject(raw, case, topology, mistakes)?;
    Some(Expect { of, during: raw.during.as_ref().map(|during| during.value).unwrap_or_default(), measures: measures(raw) })
}

/// Whose measures these are, if the case has such a one.
fn subject(raw: &raw::Expect, case: &raw::Case, topology: Option<&Topology>, mistakes: &mut Mistakes) -> Option<Subject> {
    if let Some(transfer) = &raw.transfer {
        if !case.transfers.contains_key(&transfer.value) {
            let known = case.transfers.keys().map(String::as_str);
            mistakes.undefined(&transfer.span, format!("the case has no transfer `{}`", transfer.value), &transfer.value, known);
        }
        return Some(Subject::Transfer(transfer.value.clone()));
    }
    if let Some(name) = &raw.host {
        host(topology?, name, mistakes)?;
        return Some(Subject::Host(name.value.clone()));
    }
    let name = raw.process.as_ref()?;
    if known(name, &case.processes, mistakes) {
        silent(raw, name, case, mistakes);
    }
    Some(Subject::Process(name.value.clone()))
}

/// Reports measures that such a subject does not have.
fn foreign(raw: &raw::Expect, of: Of, mistakes: &mut Mistakes) {
    let what = of.key();
    for written in &raw.measures {
        let having: Vec<&str> = written.about.of.iter().map(|of| of.key()).collect();
        if let Some(other) = having.first().filter(|_| !having.contains(&what)) {
            let key = written.about.key;
            mistakes
                .add(&written.key, format!("`{key}` is a measure of a {}, not of a {what}", having.join(" or a ")))
                .help(format!("write it in an [[expect]] with the key `{other}`"));
        }
    }
}

/// Reports measures that the process's program does not print.
fn silent(raw: &raw::Expect, name: &Spanned<String>, case: &raw::Case, mistakes: &mut Mistakes) {
    let command = case.processes.get(&name.value).and_then(|entry| entry.value.command.as_ref());
    let Some(command) = command.filter(|command| !crate::document::case::process::measures(&command.value.0)) else { return };
    for written in raw.measures.iter().filter(|written| written.about.of.contains(&Of::Iperf3)) {
        mistakes
            .add(&written.key, format!("`{}` of a process comes from iperf3's JSON output", written.about.key))
            .beside(&command.span, "this prints none")
            .help("run iperf3 with --json");
    }
}

/// The measures in the order of the file.
fn measures(raw: &raw::Expect) -> Vec<Measure> {
    let mut found: Vec<_> = raw.measures.iter().flat_map(|written: &Written| &written.found).collect();
    found.sort_by_key(|found| found.name.start);
    found.into_iter().map(|found| found.measure.clone()).collect()
}
