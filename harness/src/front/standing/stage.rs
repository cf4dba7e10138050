//! A lab that takes steps as they are told, one after the other: each is checked beside all that were taken, planned, taken and read back.
//! Not here: who tells them, and until when the lab is kept.

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

/// The rest of a case that has nothing but steps.
const HEAD: &str = "summary = \"A lab that takes steps\"\ntopology = \"it\"\n";

/// A lab, and what was done to it.
pub(crate) struct Stage {
    pub(crate) lab: Lab,
    /// Opened when somebody looks for the first time.
    glance: Option<Glance>,
    job: Job,
    features: BTreeSet<Feature>,
    since: Instant,
    /// What was done so far, as the steps of a case.
    steps: String,
    case: Case,
    /// What is still to be done of changes that take their time, each with how many follow it.
    later: Vec<(Instant, Vec<Op>, usize)>,
}

/// Why a step was not taken.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Refusal {
    /// It makes no sense: drawn as a mistake in a file is.
    Mistakes(String),
    /// The kernel cannot do it.
    Unsupported(Box<Failure>),
    /// The kernel did not do it.
    Broken(Box<Failure>),
}

/// Plans a lab without traffic for a place with these features, or says what the place lacks.
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
        // What a link is made with stays.
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
        // The new one first, where a message about it shows it; what counts is the time.
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

    /// When there is something to do of changes that take their time.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.later.iter().map(|(due, ..)| *due).min()
    }

    /// Does what is due of these, and says what went wrong.
    pub(crate) fn catch_up(&mut self) {
        let now = Instant::now();
        for (_, ops, left) in self.later.extract_if(.., |(due, ..)| *due <= now) {
            let done = self.lab.apply(&ops).and_then(|()| if left == 0 { self.lab.verify(&ops) } else { Ok(()) });
            if let Err(error) = done {
                eprintln!("{}", Failure::from(&error));
            }
        }
    }

    /// What its hosts look like.
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

    /// For how long it has stood.
    pub(crate) fn age(&self) -> Duration {
        self.since.elapsed()
    }

    /// The state of its links.
    pub(crate) fn links(&self) -> BTreeMap<String, LinkState> {
        plan::links(&self.job.topology, &self.case.steps)
    }
}
