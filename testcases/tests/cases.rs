//! Lists every case under `cases/` as a trial of its own, `local::survival::ethernet_unplugged`, and runs it when asked to.

use std::process::ExitCode;

use libtest_mimic::Arguments;
use mplab::place::Place;
use mplab_testcases::{Group, files, ignored};

fn main() -> ExitCode {
    mplab::enter();
    let mut arguments = Arguments::from_args();
    let at = Place::Local;
    arguments.test_threads.get_or_insert_with(|| at.parallel());
    let failures = env!("CARGO_TARGET_TMPDIR").into();
    let group = at.place().map(|place| Group { name: "local".to_owned(), at, place, failures, arguments: arguments.clone() });
    let files = files();
    let trials = match &group {
        Ok(group) => {
            let without = group.trials_without(&files, |_| false);
            files.into_iter().map(|file| group.trial(file, None)).chain(without).collect()
        }
        Err(confined) => {
            files.into_iter().map(|file| ignored(format!("local::{}", file.name), "needs namespaces", confined.to_string())).collect()
        }
    };
    libtest_mimic::run(&arguments, trials).exit_code()
}
