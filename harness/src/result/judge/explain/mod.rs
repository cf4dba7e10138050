//! Why a connection has no subflow over a path, or why its subflow carries nothing: a checklist, with the likeliest cause first.
//! Not here: whether the case expects that. It says only what was recorded; the kernel's reasons come from its counters.
//!
//! The checks follow the life of a subflow. A missing subflow can only have been lost after the last stage that it reached, so a wrong
//! limit is the cause if no join was sent, but irrelevant if one was sent and answered.

mod announcements;
mod attempts;
mod blame;
mod carriage;
mod configuration;
mod cuts;
mod endpoints;
mod joins;
mod limits;
mod notices;
mod path;
mod protocol;
mod view;

use serde::{Deserialize, Serialize};

use super::Verdict;
use crate::document::case::measure::{Topic, topic};
use crate::document::case::{Case, Subject};
use crate::result::recording::Recording;
use crate::words::Window;

use view::View;

/// How many lines are shown below a missed measure.
const TOLD: usize = 2;

/// What one check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// It was seen to be in the way, and is enough by itself to explain what is missing.
    Cause,
    /// It may be involved.
    Suspect,
    /// It is as it should be.
    Fine,
    /// The recording does not say.
    Unrecorded,
}

/// One line of the checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was checked: `limits of server`.
    pub topic: String,
    /// What that means.
    pub weight: Weight,
    /// What was seen.
    pub seen: String,
    /// What to change.
    pub change: Option<String>,
}

/// The checklist of one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// Whose subflows.
    pub of: Subject,
    /// The part of the run.
    pub window: Window,
    /// What is missing: `no subflow over laptop:wlan0`.
    pub symptom: String,
    /// The lines, with the likeliest cause first and what is fine last.
    pub checks: Vec<Check>,
}

impl Check {
    /// A finding with nothing to change.
    pub fn new(weight: Weight, topic: impl Into<String>, seen: impl Into<String>) -> Self {
        Self { topic: topic.into(), weight, seen: seen.into(), change: None }
    }

    /// The same, with what to change.
    #[must_use]
    pub fn change(mut self, change: impl Into<String>) -> Self {
        self.change = Some(change.into());
        self
    }
}

impl Explanation {
    /// The lines with causes or, if there are none, with suspects.
    pub fn answers(&self) -> impl Iterator<Item = &Check> {
        let causes = self.checks.iter().any(|check| check.weight == Weight::Cause);
        let wanted = if causes { Weight::Cause } else { Weight::Suspect };
        self.checks.iter().filter(move |check| check.weight == wanted)
    }
}

/// Explains the subflows of a transfer, of a host's connections, or of those of a process's host, in a part of a run.
pub fn explain(recording: &Recording, case: &Case, of: &Subject, window: Window) -> Explanation {
    let explanation = |symptom, checks| Explanation { of: of.clone(), window, symptom, checks };
    let view = match View::of(recording, case, of, window) {
        Ok(view) => view,
        Err(why) => return explanation(why.clone(), vec![Check::new(Weight::Unrecorded, "recording", why)]),
    };
    let mut checks = protocol::checks(&view);
    if view.speaks_mptcp() {
        checks.extend(path::links(&view));
        checks.extend(attempts::checks(&view));
        checks.extend(configuration::checks(&view));
        checks.extend(announcements::checks(&view));
        let known = checks.iter().any(|check| check.weight == Weight::Cause);
        checks.extend(joins::checks(&view, known));
        checks.extend(path::checks(&view));
        checks.extend(carriage::checks(&view));
        checks.extend(notices::checks(&view));
    } else {
        checks.extend(path::firewalls(&view));
    }
    // The sort is stable: among equals, those of the earlier stage stay in front.
    checks.sort_by_key(|check| check.weight);
    explanation(view.symptom(), checks)
}

/// Explains the missed shares and subflows of a verdict; if it misses none, explains everything.
pub fn explanations(recording: &Recording, case: &Case, verdict: &Verdict) -> Vec<Explanation> {
    let mut asked: Vec<(Subject, Window)> = Vec::new();
    for finding in verdict.findings.iter().filter(|finding| !finding.held && topic(&finding.key) == Topic::Paths) {
        let question = (finding.subject.clone(), finding.window);
        if !asked.contains(&question) {
            asked.push(question);
        }
    }
    if asked.is_empty() {
        let transfers = case.transfers.keys().map(|name| Subject::Transfer(name.clone()));
        // The two ends of a connection share one.
        let processes = case.processes.keys().map(|name| Subject::Process(name.clone())).take(1);
        let some: Vec<Subject> = if case.transfers.is_empty() { processes.collect() } else { transfers.collect() };
        asked.extend(some.into_iter().map(|of| (of, Window::default())));
    }
    asked.iter().map(|(of, window)| explain(recording, case, of, *window)).collect()
}

/// The lines of a report below a missed share or number of subflows: causes, or suspects.
pub(super) fn lines(recording: &Recording, case: &Case, of: &Subject, window: Window) -> Vec<String> {
    let explanation = explain(recording, case, of, window);
    let line = |check: &Check| {
        let maybe = if check.weight == Weight::Cause { "" } else { "maybe " };
        let change = check.change.as_ref().map(|change| format!("\n  -> {change}")).unwrap_or_default();
        format!("{maybe}{}: {}{change}", check.topic, check.seen)
    };
    explanation.answers().take(TOLD).map(line).collect()
}
