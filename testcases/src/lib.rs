//! Cases as trials of `cargo test`: `cases` runs them on this computer's kernel, `guests` on the imported ones in virtual time.
//!
//! What a place cannot do is ignored, with the reason as the trial's kind; what this computer was too busy for, at every attempt, is ignored
//! with the reason as its outcome. `MPLAB_EXPECT=all` makes failures of both.

mod differences;

use std::path::Path;

use differences::Difference;
use libtest_mimic::{Completion, Failed, Trial};
use mplab::judge::Outcome;
use mplab::place::Somewhere;
use mplab::recording::Place;
use mplab::report::{self, Style};
use mplab::suite::{self, CaseFile};
use mplab::words::feature::absences;

/// The case files beside this crate.
pub fn files() -> Vec<CaseFile> {
    suite::find(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")).expect("the cases are beside this file")
}

/// The trial of a case at a place: ignored with the reason if it cannot run there, a failure if its file has mistakes.
pub fn trial(file: CaseFile, group: &str, at: &Somewhere, place: &Place) -> Trial {
    let name = format!("{group}::{}", file.name);
    // A file with mistakes lacks nothing: it runs, and fails.
    let missing = suite::plan(&file, suite::SEED, place).map_or_else(
        |_| None,
        |job| {
            let missing = suite::missing(&job, place);
            let words: Vec<_> = missing.iter().map(ToString::to_string).collect();
            (!missing.is_empty()).then(|| (format!("needs {}", words.join(", ")), absences(&missing)))
        },
    );
    if let Some((kind, reason)) = missing {
        return ignored(name, kind, reason);
    }
    let (at, place) = (at.clone(), place.clone());
    Trial::ignorable_test(name, move || run(&file, &at, &place))
}

/// A trial that cannot run here, with the reason in short and in full.
pub fn ignored(name: impl Into<String>, kind: impl Into<String>, reason: impl Into<String>) -> Trial {
    let reason = reason.into();
    Trial::test(name, move || Err(reason.into())).with_kind(kind).with_ignored_flag(!everything())
}

/// Whether what cannot be judged here is a failure.
fn everything() -> bool {
    std::env::var("MPLAB_EXPECT").is_ok_and(|expect| expect == "all")
}

/// Whether a trial can be ignored once it has run. nextest looks at exit codes alone, and would take it for passed.
fn can_ignore() -> bool {
    !everything() && std::env::var_os("NEXTEST").is_none()
}

/// Whether the case is known to miss measures at the place, and therefore always runs there.
pub fn differs(file: &CaseFile, place: &Place) -> bool {
    differences::known(&file.name, place).is_some()
}

fn run(file: &CaseFile, at: &Somewhere, place: &Place) -> Result<Completion, Failed> {
    let known = differences::known(&file.name, place);
    let Some(known) = known.filter(|known| known.often && place.is_virtual()) else { return once(file, at, place, suite::SEED, known) };
    for seed in differences::SEEDS {
        if let ignored @ Completion::Ignored { .. } = once(file, at, place, seed, Some(known))? {
            return Ok(ignored);
        }
    }
    Err(format!(
        "passes with all seeds of {:?}: remove it from testcases/src/differences.rs, where it says \"{}\"",
        differences::SEEDS,
        known.reason
    )
    .into())
}

fn once(file: &CaseFile, at: &Somewhere, place: &Place, seed: u64, known: Option<&Difference>) -> Result<Completion, Failed> {
    let job = suite::plan(file, seed, place).map_err(|error| error.render(false))?;
    let suite::Judged { recording, verdict, .. } = suite::run(&job, at, &mut |_| ())?;
    let again = format!("cargo run --release -- run {} --seed {seed}{}", file.path.display(), at.options());
    let report = report::verdict(&recording, &verdict, &again, Style::Plain);
    let known = known.filter(|known| known.explains(&recording, &verdict));
    match (verdict.outcome, known) {
        (Outcome::Passed, _) => Ok(Completion::Completed),
        (Outcome::Failed, Some(known)) if can_ignore() => Ok(Completion::ignored_with(known.reason)),
        (Outcome::Disturbed, _) if can_ignore() => Ok(Completion::ignored_with(verdict.disturbance.unwrap_or_default())),
        (Outcome::Failed | Outcome::Disturbed, _) => Err(report.into()),
    }
}
