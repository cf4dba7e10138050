//! A run in short, for comparison with others: how it ended, and its measures.
//! Not here: what a measure is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::result::judge::{Outcome, Reading, Verdict, readings};
use crate::result::recording::Recording;

/// One of many runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its seed.
    pub seed: u64,
    /// How it ended.
    pub ended: Ended,
    /// Its measures, see [`readings`].
    pub measures: BTreeMap<String, Reading>,
}

/// How a run ended, from good to bad.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ended {
    /// Everything held.
    Passed,
    /// It could not run: what is missing, in words.
    Unsupported(String),
    /// The computer was too busy for a verdict: in which way.
    Disturbed(String),
    /// Its result is missing: why. Another shard should have made it.
    Missing(String),
    /// Expectations that failed, each with what was measured.
    Failed(BTreeMap<String, String>),
    /// The kernel failed: the line that says so.
    Kernel(String),
    /// The machinery broke: how.
    Broken(String),
}

impl Run {
    /// A run that was judged.
    pub fn of(recording: &Recording, verdict: &Verdict) -> Self {
        let ended = match (verdict.outcome, recording.splats.first(), &verdict.disturbance) {
            (Outcome::Passed, ..) => Ended::Passed,
            (Outcome::Failed, Some(splat), _) => Ended::Kernel(splat.title.clone()),
            (Outcome::Disturbed, _, why) => Ended::Disturbed(why.clone().unwrap_or_default()),
            (Outcome::Failed, None, _) => Ended::Failed(failures(verdict)),
        };
        Self { seed: recording.job.seed, ended, measures: readings(recording, &recording.job.case) }
    }

    /// A run that left no recording.
    pub fn broken(seed: u64, why: &impl ToString) -> Self {
        Self { seed, ended: Ended::Broken(why.to_string()), measures: BTreeMap::new() }
    }
}

fn failures(verdict: &Verdict) -> BTreeMap<String, String> {
    let condemned = verdict.findings.iter().filter(|finding| finding.condemns());
    let during = |window| if window == crate::words::Window::default() { String::new() } else { format!(" in {window}") };
    let failed = condemned.map(|finding| (format!("{finding}{}", during(finding.window)), finding.measured.clone()));
    let held = verdict.unexpectedly_held.iter().map(|key| (format!("{key} must fail"), "it held".to_owned()));
    failed.chain(held).collect()
}

impl Ended {
    /// How bad it is: the larger, the worse.
    pub const fn rank(&self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Unsupported(_) => 1,
            Self::Disturbed(_) => 2,
            Self::Missing(_) => 3,
            Self::Failed(_) => 4,
            Self::Kernel(_) => 5,
            Self::Broken(_) => 6,
        }
    }

    /// The outcome in a word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Unsupported(_) => "unsupported",
            Self::Disturbed(_) => "disturbed",
            Self::Missing(_) => "missing",
            Self::Failed(_) => "failed",
            Self::Kernel(_) => "kernel",
            Self::Broken(_) => "broken",
        }
    }

    /// The outcome in capitals, as at the beginning of a line.
    pub const fn sign(&self) -> &'static str {
        match self {
            Self::Passed => "PASS",
            Self::Unsupported(_) => "SKIP",
            Self::Disturbed(_) => "LATE",
            Self::Missing(_) => "MISSING",
            Self::Failed(_) => "FAIL",
            Self::Kernel(_) => "KERNEL",
            Self::Broken(_) => "BROKEN",
        }
    }

    /// Why, a line for each reason.
    pub fn why(&self) -> Vec<String> {
        match self {
            Self::Passed => Vec::new(),
            Self::Failed(failures) => failures.iter().map(|(claim, measured)| format!("{claim}: {measured}")).collect(),
            Self::Unsupported(why) | Self::Disturbed(why) | Self::Missing(why) | Self::Kernel(why) | Self::Broken(why) => {
                vec![why.clone()]
            }
        }
    }
}
