//! Lists every case under `cases/` as a trial of its own, `local::survival::ethernet_unplugged`, and runs it when asked to.
//!
//! What this computer cannot do is ignored, with the reason as the trial's kind; `MPLAB_EXPECT=all` turns that into a failure.

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use mplab::judge::Outcome;
use mplab::local;
use mplab::recording::Place;
use mplab::report::{self, Style};
use mplab::suite::{self, CaseFile};

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
    let everything = std::env::var("MPLAB_EXPECT").is_ok_and(|expect| expect == "all");
    let name = format!("local::{}", file.name);
    let unsupported = match place {
        Err(confined) => vec![confined.clone()],
        // A file with mistakes is not unsupported: it runs, and fails.
        Ok(place) => suite::plan(&file, suite::SEED, place).map(|job| job.unsupported(&place.features)).unwrap_or_default(),
    };
    let reason = unsupported.join("; ");
    match place {
        Ok(place) if unsupported.is_empty() => {
            let place = place.clone();
            Trial::test(name, move || run(&file, &place))
        }
        _ => Trial::test(name, move || Err(Failed::from(reason.clone()))).with_kind(unsupported.join("; ")).with_ignored_flag(!everything),
    }
}

fn run(file: &CaseFile, place: &Place) -> Result<(), Failed> {
    let job = suite::plan(file, suite::SEED, place).map_err(|error| error.render(false))?;
    let judged = suite::run(&job, &mut |_| ())?;
    if judged.verdict.outcome == Outcome::Passed {
        return Ok(());
    }
    let again = format!("cargo run --release -- run {} --seed {}", file.path.display(), suite::SEED);
    Err(report::verdict(&judged.recording, &judged.verdict, &again, Style::Plain).into())
}
