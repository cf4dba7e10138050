//! Checks processes: their hosts, what they wait for, and where their files go.
//! Not here: whether the programs are installed, which the place knows.

use std::collections::BTreeMap;
use std::path::Path;

use super::raw;
use crate::document::case::named::{host, known};
use crate::document::case::{Process, Ready, Sign};
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Entry, Named, text_beside};
use crate::document::topology::Topology;
use crate::words::names::{HOST_MAX, complaint};
use crate::words::{Signal, Time};

/// The default time for a process to be ready.
const READY: Time = Time::from_millis(10_000);

/// Checks all processes. Without a topology, only what needs none. Files that they name are seen from `directory`.
pub(super) fn check(
    case: &raw::Case,
    topology: Option<&Topology>,
    directory: Option<&Path>,
    mistakes: &mut Mistakes,
) -> BTreeMap<String, Process> {
    let mut processes = BTreeMap::new();
    for (name, entry) in &case.processes {
        if let Some(complaint) = complaint("process", name, HOST_MAX) {
            mistakes.add(&entry.name, complaint);
        }
        if waits_for(&case.processes, name, name, &mut Vec::new()) {
            mistakes.add(&entry.name, format!("`{name}` waits for itself")).help("remove one `after` from the circle");
        }
        if let Some(process) = process(name, entry, case, topology, directory, mistakes) {
            processes.insert(name.clone(), process);
        }
    }
    processes
}

fn process(
    name: &str,
    entry: &Entry<raw::Process>,
    case: &raw::Case,
    topology: Option<&Topology>,
    directory: Option<&Path>,
    mistakes: &mut Mistakes,
) -> Option<Process> {
    let raw = &entry.value;
    for after in &raw.after {
        known(after, &case.processes, mistakes);
    }
    let files = files(&raw.files, directory, mistakes);
    let by_step = step(name, case);
    if let (Some(start), Some(step)) = (&raw.start, &by_step) {
        mistakes
            .add(&start.span, format!("a step starts `{name}`, so it cannot have a `start`"))
            .beside(step, "by this step")
            .help("remove its `start`, or the step");
    }
    let ready = raw.ready.as_ref().and_then(|ready| readiness(&ready.value, mistakes));
    let host_name = raw.host.as_ref()?;
    host(topology?, host_name, mistakes)?;
    Some(Process {
        host: host_name.value.clone(),
        command: raw.command.as_ref()?.value.0.clone(),
        programs: raw.programs.iter().map(|program| program.value.clone()).collect(),
        env: raw.env.iter().map(|(name, entry)| (name.clone(), entry.value.clone())).collect(),
        files,
        input: raw.input.as_ref().map(|input| input.value.clone()),
        mptcpize: raw.mptcpize,
        privileged: raw.privileged,
        start: if by_step.is_some() { None } else { Some(raw.start.as_ref().map_or(Time::ZERO, |start| start.value)) },
        after: raw.after.iter().map(|name| name.value.clone()).collect(),
        ready,
        serves: raw.until.is_some(),
        stop: raw.stop.as_ref().map_or(Signal::TERM, |stop| stop.value),
    })
}

/// The contents of a process's files, by their path in its directory.
fn files(raw: &Named<raw::File>, directory: Option<&Path>, mistakes: &mut Mistakes) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for (path, file) in raw {
        if path.is_empty() || path.starts_with('/') || path.split('/').any(|part| part == "..") {
            mistakes
                .add(&file.name, format!("`{path}` leads out of the process's directory"))
                .help("write a path such as \"nginx.conf\" or \"www/index.html\"");
        }
        let content = match &file.value {
            raw::File::Content(content) => Some(content.clone()),
            raw::File::Path(from) => text_beside(directory, &from.value, &from.span, "the file's content instead of its path", mistakes),
        };
        files.extend(content.map(|content| (path.clone(), content)));
    }
    files
}

fn readiness(raw: &raw::Ready, mistakes: &mut Mistakes) -> Option<Ready> {
    let sign = match (&raw.port, &raw.line, &raw.file) {
        (Some(port), ..) => {
            if port.value == 0 {
                mistakes.add(&port.span, "0 is not a port").help("write 1 to 65535");
            }
            Sign::Port(port.value)
        }
        (_, Some(line), _) => Sign::Line(line.value.clone()),
        (.., Some(file)) => Sign::File(file.value.clone()),
        _ => return None,
    };
    Some(Ready { sign, within: raw.within.as_ref().map_or(READY, |within| within.value) })
}

/// The step that starts a process, if one does.
fn step(name: &str, case: &raw::Case) -> Option<Span> {
    let started = case.steps.iter().filter_map(|step| step.value.written.as_ref()?.starts());
    started.filter(|whom| whom.value == name).map(|whom| whom.span.clone()).next()
}

/// Whether `waiter` waits for `whom`, directly or through others.
fn waits_for(processes: &Named<raw::Process>, waiter: &str, whom: &str, seen: &mut Vec<String>) -> bool {
    let Some(entry) = processes.get(waiter) else { return false };
    entry.value.after.iter().any(|after| {
        let fresh = !seen.contains(&after.value);
        seen.push(after.value.clone());
        after.value == whom || (fresh && waits_for(processes, &after.value, whom, seen))
    })
}
