//! Checks steps in the order of time, each in the state that the earlier ones leave.
//! Not here: what each does, and cutting and shaping.

use std::collections::BTreeMap;
use std::path::Path;

use super::raw;
use crate::document::case::step::Surroundings;
use crate::document::case::{Step, Transfer};
use crate::document::diagnostic::Mistakes;
use crate::document::topology::Topology;
use crate::words::Time;

/// Checks all steps and puts them in the order of time. Without a topology, only what needs none. Files that steps name are in `directory`.
pub(super) fn check(
    case: &raw::Case,
    topology: Option<&Topology>,
    transfers: &BTreeMap<String, Transfer>,
    directory: Option<&Path>,
    mistakes: &mut Mistakes,
) -> Vec<Step> {
    let mut above = Time::ZERO;
    let mut timed = Vec::new();
    for step in case.steps.iter().map(|step| &step.value).filter(|step| step.at.is_some() || step.when.is_some()) {
        // A step that waits comes after the steps written above it.
        above = step.at.as_ref().map_or(above, |at| at.value);
        timed.push((above, step));
    }
    timed.sort_by_key(|(at, _)| *at);
    let known: Vec<&str> = case.transfers.keys().map(String::as_str).collect();
    let processes: Vec<&str> = case.processes.keys().map(String::as_str).collect();
    let mut around = Surroundings::new(topology, transfers, processes.clone(), directory);
    let mut steps = Vec::new();
    for (at, raw) in timed {
        let when = raw.when.as_ref().map(|when| when.value.check(topology, transfers, &known, &processes, mistakes));
        around.refused = raw.refused.is_some();
        if let (Some(when), Some(started)) = (&raw.when, raw.written.as_ref().and_then(|written| written.starts()))
            && let Some(awaited) = when.value.process().filter(|awaited| awaited.value == started.value)
        {
            mistakes
                .add(&awaited.span, format!("`{}` is never ready before this step, which starts it", awaited.value))
                .beside(&started.span, "here")
                .help("wait for another process, or start this one by another step");
        }
        let action = raw.written.as_ref().and_then(|written| written.check(at, &raw.span, &mut around, mistakes));
        if let (Some(refused), Some(action)) = (&raw.refused, &action)
            && action.host().is_none()
        {
            let help = "write it beside address, endpoint, limits, path_manager, route or sysctl";
            mistakes.add(&refused.span, "no kernel of a host can refuse this step").help(help);
        }
        let refused = raw.refused.as_ref().map(|refused| refused.value);
        steps.extend(action.map(|action| Step { at, when: when.clone(), refused, action }));
    }
    steps
}
