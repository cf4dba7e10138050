//! Findings about steps that wait: whether what they waited for came, and what was seen instead.
//! Not here: the waiting.

use super::Finding;
use crate::document::case::check::WAITED;
use crate::document::case::{Case, Condition, Step, Subject, When};
use crate::result::recording::Recording;
use crate::words::{Time, Window};

/// A finding for every step that waits, up to the first that waited in vain: later ones were not reached.
pub(super) fn findings(recording: &Recording, case: &Case) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, step) in recording.job.case.steps.iter().enumerate() {
        let Some(when) = &step.when else { continue };
        let wait = recording.waits.get(&number);
        let met = wait.and_then(|wait| wait.met);
        let measured = match (wait, met) {
            (Some(wait), Some(at)) => format!("{} at {}", wait.found, Time::from_micros(at)),
            (Some(wait), None) => format!("{} {} after {}", wait.found, when.within, Time::from_micros(wait.since)),
            (None, _) => "the run ended first".to_owned(),
        };
        // A step that waits only for time needs no finding if it came.
        if met.is_none() || !when.all.is_empty() {
            findings.extend(finding(case, step, when, measured, met.is_some()));
        }
        if met.is_none() {
            break;
        }
    }
    findings
}

fn finding(case: &Case, step: &Step, when: &When, measured: String, held: bool) -> Option<Finding> {
    let any = || {
        let transfer = case.transfers.keys().next().map(|name| Subject::Transfer(name.clone()));
        transfer.or_else(|| case.processes.keys().next().map(|name| Subject::Process(name.clone())))
    };
    let all: Vec<String> = when.all.iter().map(ToString::to_string).collect();
    Some(Finding {
        subject: when.all.first().map(Condition::subject).or_else(any)?,
        key: WAITED.to_owned(),
        item: None,
        constraint: if all.is_empty() { when.to_string() } else { all.join(" and ") },
        measured,
        window: Window::default(),
        held,
        must_fail: case.must_fail.iter().any(|key| key == WAITED),
        implicit: true,
        why: (!held).then(|| format!("this step was not taken: {}", step.action)),
    })
}
