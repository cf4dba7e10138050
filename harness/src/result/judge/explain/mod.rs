//! Why a connection has no subflow over a path, or one that carries nothing: a check-list, the likeliest cause first.
//! Not here: whether that is what the case expects. It says what was recorded and no more; the kernel's reasons are read from its counters.
//!
//! The checks go along the life of a subflow. What is missing can only have been lost behind the last stage that it reached, so a wrong
//! limit is the cause where no join was sent, and beside the point where one was sent and answered.

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

/// How many lines stand below a missed measure.
const TOLD: usize = 2;

/// What one check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// It was seen to be in the way, and alone is enough to explain what is missing.
    Cause,
    /// It may have to do with it.
    Suspect,
    /// It is as it should be.
    Fine,
    /// The recording does not say.
    Unrecorded,
}

/// One line of the check-list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was looked at: `limits of server`.
    pub topic: String,
    /// What that means.
    pub weight: Weight,
    /// What was seen.
    pub seen: String,
    /// What to change.
    pub change: Option<String>,
}

/// The check-list of one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// Whose subflows.
    pub of: Subject,
    /// In which part of the run.
    pub window: Window,
    /// What is missing: `no subflow over laptop:wlan0`.
    pub symptom: String,
    /// The lines, the likeliest cause first, what is fine last.
    pub checks: Vec<Check>,
}

impl Check {
    /// What was found, with nothing to change.
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
    /// The lines that say what is in the way; those that may be if there are none.
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
    // A stable sort: among equals those of the earlier stage stay in front.
    checks.sort_by_key(|check| check.weight);
    explanation(view.symptom(), checks)
}

/// Explains what a verdict misses of shares and subflows; where it misses none, everything.
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
        // Those at the two ends of a connection have one.
        let processes = case.processes.keys().map(|name| Subject::Process(name.clone())).take(1);
        let some: Vec<Subject> = if case.transfers.is_empty() { processes.collect() } else { transfers.collect() };
        asked.extend(some.into_iter().map(|of| (of, Window::default())));
    }
    asked.iter().map(|(of, window)| explain(recording, case, of, *window)).collect()
}

/// What a report says below a missed share or number of subflows: what is in the way, or may be.
pub(super) fn lines(recording: &Recording, case: &Case, of: &Subject, window: Window) -> Vec<String> {
    let explanation = explain(recording, case, of, window);
    let line = |check: &Check| {
        let maybe = if check.weight == Weight::Cause { "" } else { "maybe " };
        let change = check.change.as_ref().map(|change| format!("\n  -> {change}")).unwrap_or_default();
        format!("{maybe}{}: {}{change}", check.topic, check.seen)
    };
    explanation.answers().take(TOLD).map(line).collect()
}
