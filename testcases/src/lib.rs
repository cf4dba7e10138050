//! Cases as trials of `cargo test`: `cases` runs them on this computer's kernel, `guests` on the imported ones in virtual time.
//!
//! What a place cannot do is ignored, with the reason as the trial's kind; what this computer was too busy for, at every attempt, is ignored
//! with the reason as its outcome. `MPLAB_EXPECT=all` makes failures of both.

mod differences;

use std::path::{Path, PathBuf};

use libtest_mimic::{Completion, Failed, Trial};
use mplab::disk;
use mplab::judge::Outcome;
use mplab::place::Somewhere;
use mplab::recording::{Place, Recording};
use mplab::report::{self, Style};
use mplab::suite::{self, CaseFile};
use mplab::words::feature::absences;

/// The case files beside this crate.
pub fn files() -> Vec<CaseFile> {
    suite::find(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")).expect("the cases are beside this file")
}

/// Where cases are trials.
#[derive(Debug, Clone)]
pub struct Group {
    /// What the trials' names begin with: `virtual::debian_7_2`.
    pub name: String,
    /// Where they run.
    pub at: Somewhere,
    /// What that is.
    pub place: Place,
    /// Where the recordings of failures go.
    pub failures: PathBuf,
}

impl Group {
    /// The trial of a case: ignored with the reason if it cannot run here, a failure if its file has mistakes.
    pub fn trial(&self, file: CaseFile) -> Trial {
        let name = format!("{}::{}", self.name, file.name);
        // A file with mistakes lacks nothing: it runs, and fails.
        let missing = suite::plan(&file, suite::SEED, &self.place).map_or_else(
            |_| None,
            |job| {
                let missing = suite::missing(&job, &self.place);
                let words: Vec<_> = missing.iter().map(ToString::to_string).collect();
                (!missing.is_empty()).then(|| (format!("needs {}", words.join(", ")), absences(&missing)))
            },
        );
        if let Some((kind, reason)) = missing {
            return ignored(name, kind, reason);
        }
        let group = self.clone();
        Trial::ignorable_test(name.clone(), move || group.run(&file, &name))
    }

    fn run(&self, file: &CaseFile, name: &str) -> Result<Completion, Failed> {
        let job = suite::plan(file, suite::SEED, &self.place).map_err(|error| error.render(false))?;
        let judged = suite::run(&job, &self.at, &mut |_| ())?;
        let clean = judged.recording.splats.is_empty() && judged.verdict.unexpectedly_held.is_empty();
        let known = differences::known(&file.name, &judged.recording.place, &judged.verdict).filter(|_| clean);
        match judged.verdict.outcome {
            Outcome::Passed => Ok(Completion::Completed),
            Outcome::Failed if known.is_some() && can_ignore() => Ok(Completion::ignored_with(known.map_or("", |known| known.reason))),
            Outcome::Disturbed if can_ignore() => Ok(Completion::ignored_with(judged.verdict.disturbance.unwrap_or_default())),
            Outcome::Failed | Outcome::Disturbed => {
                let verdict = report::verdict(&judged.recording, &judged.verdict, &self.again(file, name), Style::Plain);
                Err((verdict + &self.keep(name, &judged.recording)).into())
            }
        }
    }

    /// The command that repeats a trial. In virtual time it is this program: time is what that executes, and mplab's own is another one.
    fn again(&self, file: &CaseFile, name: &str) -> String {
        match std::env::current_exe() {
            Ok(me) if self.place.is_virtual() => format!("{} --include-ignored --exact {name}", me.display()),
            _ => format!("cargo run --release -- run {} --seed {}{}", file.path.display(), suite::SEED, self.at.options()),
        }
    }

    /// Keeps the recording of a failure, and says where.
    fn keep(&self, name: &str, recording: &Recording) -> String {
        let path = disk::of_recording(&self.failures, name);
        match disk::write(&path, &recording.to_json()) {
            Ok(()) => format!("        recorded in {}\n", path.display()),
            Err(error) => format!("        failed to write the recording {}: {error}\n", path.display()),
        }
    }
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
