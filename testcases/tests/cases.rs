//! Lists every case under `cases/` as a trial of its own, `local::survival::ethernet_unplugged`, and runs it when asked to.
//!
//! What this computer cannot do is ignored, with the reason as the trial's kind; what it was too busy for, at every attempt, is ignored with
//! the reason as its outcome. `MPLAB_EXPECT=all` makes failures of both.

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use mplab::judge::Outcome;
use mplab::local;
use mplab::recording::Place;
use mplab::report::{self, Style};
use mplab::suite::{self, CaseFile};
use mplab::words::feature::absences;

fn main() -> ExitCode {
    local::enter();
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert_with(suite::parallel);
    let place = local::place().map_err(|error| error.to_string());
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let files = suite::find(&cases).expect("the cases are beside this file");
    let trials = files.into_iter().map(|file| trial(file, place.as_ref())).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The trial of a case: ignored with the reason if it cannot run here, a failure if its file has mistakes.
fn trial(file: CaseFile, place: Result<&Place, &String>) -> Trial {
    let name = format!("local::{}", file.name);
    // A file with mistakes lacks nothing: it runs, and fails.
    let (kind, reason) = match place {
        Err(confined) => ("needs namespaces".to_owned(), confined.clone()),
        Ok(place) => suite::plan(&file, suite::SEED, place).map_or_else(
            |_| Default::default(),
            |job| {
                let missing = suite::missing(&job, place);
                let words: Vec<_> = missing.iter().map(ToString::to_string).collect();
                (if words.is_empty() { String::new() } else { format!("needs {}", words.join(", ")) }, absences(&missing))
            },
        ),
    };
    match place {
        Ok(place) if kind.is_empty() => {
            let place = place.clone();
            Trial::ignorable_test(name, move || run(&file, &place))
        }
        _ => Trial::test(name, move || Err(reason.into())).with_kind(kind).with_ignored_flag(!everything()),
    }
}

/// Whether what cannot be judged here is a failure.
fn everything() -> bool {
    std::env::var("MPLAB_EXPECT").is_ok_and(|expect| expect == "all")
}

/// Whether a trial can be ignored once it has run. nextest looks at exit codes alone, and would take it for passed.
fn can_ignore() -> bool {
    !everything() && std::env::var_os("NEXTEST").is_none()
}

fn run(file: &CaseFile, place: &Place) -> Result<Completion, Failed> {
    let job = suite::plan(file, suite::SEED, place).map_err(|error| error.render(false))?;
    let judged = suite::run(&job, &mut |_| ())?;
    let again = format!("cargo run --release -- run {} --seed {}", file.path.display(), suite::SEED);
    let verdict = report::verdict(&judged.recording, &judged.verdict, &again, Style::Plain);
    match judged.verdict.outcome {
        Outcome::Passed => Ok(Completion::Completed),
        Outcome::Disturbed if can_ignore() => Ok(Completion::ignored_with(judged.verdict.disturbance.unwrap_or_default())),
        Outcome::Failed | Outcome::Disturbed => Err(verdict.into()),
    }
}
