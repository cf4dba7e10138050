//! Why there is no subflow: labs in which one thing is in the way, and recordings made up where no lab can do it. The answer names just that.

mod causes;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use mplab::words::Feature;
use mplab::words::feature::{self, absences};
use mplab::{local, plan};

fn main() -> ExitCode {
    mplab::enter();
    let arguments = Arguments::from_args();
    let place = local::place();
    let features = place.as_ref().map_or_else(|_| BTreeSet::new(), |place| place.features.clone());
    let missing = |needs: &BTreeSet<Feature>| {
        let lacks = feature::missing(needs, &features);
        let confined = place.as_ref().err().map(ToString::to_string);
        confined.or_else(|| (!lacks.is_empty()).then(|| absences(&lacks)))
    };
    let trials: Vec<Trial> = causes::CAUSES
        .iter()
        .map(|cause| {
            let job = causes::job(cause, plan::Means::of(&features, 1));
            support::trial(cause.name, missing(&job.needs), move || causes::is_named(cause, &job))
        })
        .collect();
    let waiting = causes::waiting(plan::Means::of(&features, 1));
    let waits =
        support::trial("a_step_that_waits_for_its_connection_is_not_late", missing(&waiting.needs), move || causes::waits(&waiting));
    let trials = trials.into_iter().chain([waits]).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
