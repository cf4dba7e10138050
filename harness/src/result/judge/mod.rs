//! The judge: makes a [`Verdict`] from a recording and a case's expectations, with a [`Finding`] for every measure.
//! Not here: recording, drawing, or trying again. The judge is pure, so an old recording can be judged by a new case.
//!
//! A measure without recorded data does not hold, and neither does one of a window in which nothing happened: no verdict is green for want of
//! data. Unless the case says otherwise, every transfer must arrive intact, and every process must be ready and end as it should.

pub mod counters;
pub mod explain;
mod reading;
mod refusals;
mod waits;

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::document::case::measure::{self, Intact, Topic};
use crate::document::case::{Case, Measure, Subject};
use crate::result::recording::{Recording, RelayedDirection};
use crate::words::{Time, Window};

pub use crate::document::case::measure::{Gap, Seen, carried};
pub use reading::{Reading, readings};

/// A step or transfer later than this is not where the case's windows expect it.
pub const STEP_TOLERANCE: Time = Time::from_millis(100);
/// If a sample is later than this, the computer did not run the lab for that long, nor its links.
pub const SAMPLE_TOLERANCE: Time = Time::from_millis(200);
/// If a hypervisor gives more than this percentage of CPU time to others, links cannot keep their rate.
pub const STOLEN_TOLERANCE: u64 = 10;
/// If tasks waited for a CPU for more than this percentage of the time, the lab's were as likely among them as others.
pub const WAITED_TOLERANCE: u64 = 60;

/// If one in a hundred of the relay's packets is later than this, the link is not the one that the file describes.
pub const RELAY_TOLERANCE: Time = Time::from_millis(10);

/// How many counters are shown below a missed measure.
const EVIDENCE: usize = 5;

/// The outcome of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Everything held, or failed where it must fail.
    Passed,
    /// Something did not hold.
    Failed,
    /// Something did not hold, but the lab was too late to trust that: try again.
    Disturbed,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Disturbed => "disturbed",
        })
    }
}

/// The outcome of a run, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The overall outcome.
    pub outcome: Outcome,
    /// A finding for every measure: first the implicit ones, then those of the case in its order.
    pub findings: Vec<Finding>,
    /// The measures that had to fail but held, were not measured, or not recorded.
    pub unexpectedly_held: Vec<String>,
    /// How the lab was disturbed, if that mattered.
    pub disturbance: Option<String>,
}

/// One measure against its constraint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Whose measure.
    pub subject: Subject,
    /// The measure's key in a case file: `share`.
    pub key: String,
    /// Which one, if one key has several: `wlan`.
    pub item: Option<String>,
    /// What had to hold: `>= 99%`.
    pub constraint: String,
    /// What was measured: `97.1%`.
    pub measured: String,
    /// The part of the run.
    pub window: Window,
    /// Whether it held.
    pub held: bool,
    /// Whether the case says that measures of this key must fail.
    pub must_fail: bool,
    /// Whether the expectation is implicit, not written in the case.
    pub implicit: bool,
    /// Lines that help to understand it.
    pub why: Option<String>,
}

impl Finding {
    /// Whether a value was measured that the constraint does not allow. A value that was not recorded does not count.
    pub fn failed(&self) -> bool {
        !self.held && self.measured != measure::UNRECORDED
    }

    /// Whether it makes the run fail.
    pub fn condemns(&self) -> bool {
        !(self.held || self.must_fail && self.failed())
    }
}

/// What had to hold: `download: share.wlan >= 99%`.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Subject::Transfer(name) | Subject::Host(name) | Subject::Process(name)) = &self.subject;
        write!(f, "{name}: {}", self.key)?;
        if let Some(item) = &self.item {
            write!(f, ".{item}")?;
        }
        write!(f, " {}", self.constraint)
    }
}

/// Judges a recording by a case, normally its own job's.
pub fn judge(recording: &Recording, case: &Case) -> Verdict {
    let findings = findings(recording, &recording.timed(case));
    let failed: BTreeSet<&str> = findings.iter().filter(|finding| finding.failed()).map(|finding| finding.key.as_str()).collect();
    let unexpectedly_held: Vec<String> = case.must_fail.iter().filter(|key| !failed.contains(key.as_str())).cloned().collect();
    let passed = unexpectedly_held.is_empty() && !findings.iter().any(Finding::condemns) && recording.splats.is_empty();
    // A kernel failure counts even on a busy computer, and in virtual time no computer is busy.
    let trusted = passed || !recording.splats.is_empty() || recording.place.is_virtual();
    let disturbance = if trusted { None } else { disturbance(recording) };
    let outcome = match (passed, &disturbance) {
        (true, _) => Outcome::Passed,
        (false, Some(_)) => Outcome::Disturbed,
        (false, None) => Outcome::Failed,
    };
    Verdict { outcome, findings, unexpectedly_held, disturbance }
}

fn findings(recording: &Recording, case: &Case) -> Vec<Finding> {
    let run = recording.run(case);
    let find = |subject: &Subject, window: Window, measure: &Measure, implicit: bool| {
        let measured = measure.of(&run, subject, window);
        Finding {
            subject: subject.clone(),
            key: measure.key().to_owned(),
            item: measure.item(),
            constraint: measure.wanted(),
            measured: measured.text,
            window,
            held: measured.held,
            must_fail: case.must_fail.iter().any(|key| key == measure.key()),
            implicit,
            why: (!measured.why.is_empty()).then(|| measured.why.join("\n")),
        }
    };
    let asked = |subject: &Subject, key: &str| {
        let of_it = case.expects.iter().filter(|expect| expect.of == *subject);
        of_it.flat_map(|expect| &expect.measures).any(|measure| measure.key() == key)
    };
    // A transfer that must fail need not arrive.
    let asked = |subject: &Subject, key: &str| asked(subject, key) || (key == "intact" && asked(subject, "error"));
    let survival = case.transfers.keys().map(|name| (Subject::Transfer(name.clone()), Intact(true).into()));
    let endings = case.processes.keys().flat_map(|name| {
        let implied = measure::implied(case, name).into_iter();
        implied.map(|measure| (Subject::Process(name.clone()), measure))
    });
    let implied = survival.chain(endings).filter(|(subject, measure)| !asked(subject, measure.key()));
    let implicit = implied.map(|(subject, measure)| find(&subject, Window::default(), &measure, true));
    let explicit = case.expects.iter().flat_map(|expect| {
        let of_it = expect.measures.iter();
        of_it.map(|measure| find(&expect.of, expect.during, measure, false))
    });
    let mut findings: Vec<Finding> =
        implicit.chain(waits::findings(recording, case)).chain(refusals::findings(recording, case)).chain(explicit).collect();
    let mut told = BTreeSet::new();
    for finding in findings.iter_mut().filter(|finding| finding.failed() && finding.condemns()) {
        let explained = measure::topic(&finding.key) == Topic::Paths;
        let lines = if explained { explain::lines(recording, case, &finding.subject, finding.window) } else { Vec::new() };
        let lines = lines.into_iter().chain(moved(recording, finding));
        // Lines that several findings share are shown once.
        let lines: Vec<String> = finding.why.take().into_iter().chain(lines.filter(|line| told.insert(line.clone()))).collect();
        finding.why = (!lines.is_empty()).then(|| lines.join("\n"));
    }
    findings
}

/// The counters that bear on a missed measure, a line each.
fn moved(recording: &Recording, finding: &Finding) -> Vec<String> {
    let evidence = counters::evidence(recording, &finding.key, finding.item.as_deref(), finding.window);
    let line = |counter: &counters::Grown| format!("{} {}: {}", counter.name, counter.counts(), counter.means.unwrap_or_default());
    let mut lines: Vec<String> = evidence.iter().take(EVIDENCE).map(line).collect();
    if let Some(more @ 1..) = evidence.len().checked_sub(EVIDENCE) {
        lines.push(format!("{more} more related counters grew (mplab report)"));
    }
    lines
}

fn disturbance(recording: &Recording) -> Option<String> {
    let lateness = &recording.lateness;
    let late = |what: &str, late: u64, tolerance: Time| {
        let late = Time::from_micros(late);
        (late > tolerance).then(|| format!("{what} was {late} late, more than {tolerance}"))
    };
    let busy = |what: &str, percent: u64, tolerance: u64| {
        (percent > tolerance).then(|| format!("{what} {percent}% of the time, more than {tolerance}%"))
    };
    let relayed = recording.relayed.iter().flat_map(|(link, relayed)| [(link, &relayed.up), (link, &relayed.down)]);
    let missed = |link: &String, way: &RelayedDirection| {
        (way.missed * 1000 > way.offered).then(|| format!("the relay of link {link} missed {} of {} packets", way.missed, way.offered))
    };
    let relay = |(link, way): (&String, &RelayedDirection)| {
        late(&format!("one packet in a hundred on link {link}"), way.late_p99, RELAY_TOLERANCE).or_else(|| missed(link, way))
    };
    let reason = late("a step or transfer", lateness.step, STEP_TOLERANCE)
        .or_else(|| late("a sample", lateness.sample, SAMPLE_TOLERANCE))
        .or_else(|| busy("the hypervisor gave the CPUs to others", lateness.stolen, STOLEN_TOLERANCE))
        .or_else(|| busy("tasks waited for a CPU", lateness.waited, WAITED_TOLERANCE))
        .or_else(|| relayed.into_iter().find_map(relay))?;
    Some(format!("{reason}: this computer was too busy to trust the run"))
}
