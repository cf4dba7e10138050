//! Lists every case under `cases/` as a trial of its own, `local::survival::ethernet_unplugged`, and runs it when asked to.

use std::process::ExitCode;

use libtest_mimic::Arguments;
use mplab::local;
use mplab::place::Somewhere;
use mplab_testcases::{files, ignored, trial};

fn main() -> ExitCode {
    local::enter();
    let mut arguments = Arguments::from_args();
    let at = Somewhere::Local;
    arguments.test_threads.get_or_insert_with(|| at.parallel());
    let place = at.place();
    let trials = files().into_iter().map(|file| match &place {
        Ok(place) => trial(file, "local", &at, place),
        Err(confined) => ignored(format!("local::{}", file.name), "needs namespaces", confined.to_string()),
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}
