//! A lab that takes steps as they are given, one after the other: each is checked together with all earlier ones, planned, taken and read back.
//! Not here: who gives the steps, and how long the lab is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::document::case::{Case, check};
use crate::document::topology::Topology;
use crate::life::lab::{Lab, LabError};
use crate::life::observe::Glance;
use crate::place::{Failure, Kind};
use crate::plan::{self, Job, LinkState, Means, Op};
use crate::record::Moment;
use crate::words::Feature;
use crate::words::feature::absences;

/// The rest of a case that consists only of steps.
const HEAD: &str = "summary = \"A lab that takes steps\"\ntopology = \"it\"\n";

/// A lab, and the steps it has taken.
pub(crate) struct Stage {
    pub(crate) lab: Lab,
    /// Opened at the first look.
    glance: Option<Glance>,
    job: Job,
    features: BTreeSet<Feature>,
    since: Instant,
    /// The steps so far, as a case file has them.
    steps: String,
    case: Case,
    /// What is still to be done of gradual changes, each with how many operations follow.
    later: Vec<(Instant, Vec<Op>, usize)>,
}

/// Why a step was not taken.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Refusal {
    /// It makes no sense: drawn like a mistake in a file.
    Mistakes(String),
    /// The kernel cannot do it.
    Unsupported(Box<Failure>),
    /// The kernel failed to do it.
    Broken(Box<Failure>),
}

/// Plans a lab without traffic for a place with these features, or returns what the place lacks.
pub(crate) fn plan(name: &str, topology: Topology, features: &BTreeSet<Feature>) -> Result<Job, Refusal> {
    let case = check::parse_for(&topology, name, HEAD).map_err(|mistakes| Refusal::Mistakes(mistakes.to_string()))?;
    let job = Job::plan(name, topology, case, Means::of(features, 0));
    lacks(&job, features).map_or(Ok(job), Err)
}

/// What the place lacks.
fn lacks(job: &Job, features: &BTreeSet<Feature>) -> Option<Refusal> {
    let missing = job.missing(features);
    (!missing.is_empty()).then(|| Refusal::Unsupported(Box::new(Failure::says(Kind::Unsupported, absences(&missing)))))
}

impl Stage {
    /// Builds the lab of a plan.
    pub(crate) fn build(mut job: Job, features: BTreeSet<Feature>) -> Result<Self, LabError> {
        let lab = Lab::build(&job.setup)?;
        // A link keeps its engine.
        for (link, choice) in &job.engines {
            if let Some(link) = job.topology.links.get_mut(link) {
                link.engine = Some(choice.engine);
            }
        }
        let case = job.case.clone();
        Ok(Self { lab, glance: None, job, features, since: Instant::now(), steps: String::new(), case, later: Vec::new() })
    }

    /// Takes a step, given as the line of a case file: `cut = { link = "wlan" }`. Messages call it `command`.
    pub(crate) fn step(&mut self, command: &str, line: &str) -> Result<(), Refusal> {
        // The new step comes first, where a message about it shows it; the time decides the order.
        let step = format!("step = [\n    {{ at = \"{}us\", {line} }},\n", self.since.elapsed().as_micros());
        let case = check::parse_for(&self.job.topology, command, &format!("{step}{}]\n{HEAD}", self.steps))
            .map_err(|mistakes| Refusal::Mistakes(mistakes.to_string()))?;
        let job = Job::plan(&self.job.name, self.job.topology.clone(), case, Means::of(&self.features, self.job.seed));
        let planned = job.steps.last().ok_or_else(|| Refusal::Broken(Box::new(Failure::says(Kind::Machinery, "a step has no plan"))))?;
        if let Some(refusal) = lacks(&job, &self.features) {
            return Err(refusal);
        }
        let taken = self.lab.apply(&planned.ops).and_then(|()| self.lab.verify(&planned.ops));
        taken.map_err(|error| Refusal::Broken(Box::new(Failure::from(&error))))?;
        let now = Instant::now();
        let left = (0..planned.later.len()).rev();
        self.later
            .extend(planned.later.iter().zip(left).map(|(change, left)| (now + Duration::from(change.after), change.ops.clone(), left)));
        self.steps = format!("{}{}", &step["step = [\n".len()..], self.steps);
        self.case = job.case;
        Ok(())
    }

    /// When the next part of a gradual change is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.later.iter().map(|(due, ..)| *due).min()
    }

    /// Does what is due of gradual changes, and logs what goes wrong.
    pub(crate) fn catch_up(&mut self) {
        let now = Instant::now();
        for (_, ops, left) in self.later.extract_if(.., |(due, ..)| *due <= now) {
            let done = self.lab.apply(&ops).and_then(|()| if left == 0 { self.lab.verify(&ops) } else { Ok(()) });
            if let Err(error) = done {
                eprintln!("{}", Failure::from(&error));
            }
        }
    }

    /// The state of its hosts.
    pub(crate) fn look(&mut self) -> Result<Moment, Failure> {
        let seen = |error| Failure::new(Kind::Observation, &error);
        let glance = match &mut self.glance {
            Some(glance) => glance,
            unopened => {
                let hosts = self.lab.hosts();
                let hosts = hosts.iter().map(|(name, namespace)| (name.as_str(), &**namespace));
                unopened.insert(Glance::open(hosts).map_err(seen)?)
            }
        };
        glance.look(self.since.elapsed().into()).map_err(seen)
    }

    /// How long it has been up.
    pub(crate) fn age(&self) -> Duration {
        self.since.elapsed()
    }

    /// The steps taken so far, in words, each with its time in µs.
    pub(crate) fn steps(&self) -> Vec<(u64, String)> {
        self.case.steps.iter().map(|step| (step.at.micros(), step.action.to_string())).collect()
    }

    /// The state of its links.
    pub(crate) fn links(&self) -> BTreeMap<String, LinkState> {
        plan::links(&self.job.topology, &self.case.steps)
    }
}
