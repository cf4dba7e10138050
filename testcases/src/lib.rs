//! Cases as trials of `cargo test`: `cases` runs them on this computer's kernel, `guests` on imported kernels in virtual time.
//!
//! A trial is ignored if its place lacks something that it needs, with the reason as the trial's kind. It is also ignored, with the reason as its
//! outcome, if this computer was too busy at every attempt. `MPLAB_EXPECT=all` makes both failures. `without` holds what each case must notice.

mod differences;
#[cfg(test)]
mod selftests;
mod without;

use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use mplab::diagnostic::LoadError;
use mplab::disk;
use mplab::judge::Outcome;
use mplab::place::Place;
use mplab::plan::Job;
use mplab::recording::{PlaceRecord, Recording};
use mplab::report::{self, Style};
use mplab::suite::{self, CaseFile, Judged};
use mplab::words::feature::absences;
use mplab::words::terminal::visible;

use differences::Difference;
use without::Without;

/// The case files beside this crate.
pub fn files() -> Vec<CaseFile> {
    suite::find(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")).expect("the cases are beside this file")
}

/// Where cases are trials.
#[derive(Debug, Clone)]
pub struct Group {
    /// The prefix of the trials' names: `virtual::debian_7_2`.
    pub name: String,
    /// Where they run.
    pub at: Place,
    /// What that place is.
    pub place: PlaceRecord,
    /// The directory for recordings of failures.
    pub failures: PathBuf,
    /// What the command line asks for. Trials of other names need not be planned: to plan all takes seconds.
    pub arguments: Arguments,
}

impl Group {
    /// The trial of a case: ignored with the reason if it cannot run here, a failure if its file has mistakes. If its turn is another time, it is
    /// ignored with that reason.
    pub fn trial(&self, file: CaseFile, another_time: Option<&'static str>) -> Trial {
        let name = format!("{}::{}", self.name, file.name);
        let plan = {
            let (file, place) = (file.clone(), self.place.clone());
            move || suite::plan(&file, suite::SEED, &place)
        };
        let group = self.clone();
        self.listed(name.clone(), another_time, plan, move |job| group.run(&job, &file, &name))
    }

    /// The trials of cases without what they are about. Each passes if exactly the expectations fail that must. Unless `MPLAB_WITHOUT=all` asks for
    /// all, a trial is ignored if `turn` says by its name that it is not its turn.
    pub fn trials_without(&self, files: &[CaseFile], turn: impl Fn(&str) -> bool) -> Vec<Trial> {
        let all = std::env::var("MPLAB_WITHOUT").is_ok_and(|which| which == "all");
        let trial = |without: Without| {
            let name = format!("{}::without::{without}", self.name);
            let another_time = (!all && !turn(&without.to_string())).then_some("MPLAB_WITHOUT=all");
            let plan = {
                let (without, place) = (without.clone(), self.place.clone());
                move || without.plan(suite::SEED, &place)
            };
            let group = self.clone();
            self.listed(name.clone(), another_time, plan, move |job| group.run_without(&job, &without, &name))
        };
        without::entries(files).into_iter().map(trial).collect()
    }

    /// A trial that runs what is planned. A file with mistakes lacks nothing: its trial runs, and fails. What is not to run is planned only if it runs
    /// after all.
    fn listed(
        &self,
        name: String,
        another_time: Option<&'static str>,
        plan: impl FnOnce() -> Result<Job, LoadError> + Send + 'static,
        run: impl FnOnce(Job) -> Result<Completion, Failed> + Send + 'static,
    ) -> Trial {
        let told = |failed: Failed| Failed::from(visible(failed.message().unwrap_or_default()));
        let ready = |job: Result<Job, LoadError>| job.map_err(|error| Failed::from(error.render(false)));
        if let Some(reason) = another_time.or_else(|| (!self.may_be_asked_for(&name)).then_some("not asked for")) {
            let place = self.place.clone();
            let late = move || {
                let job = ready(plan())?;
                let missing = suite::missing(&job, &place);
                if missing.is_empty() { run(job).map_err(told) } else { Err(absences(&missing).into()) }
            };
            return Trial::ignorable_test(name, late).with_kind(reason).with_ignored_flag(true);
        }
        let job = plan();
        if let Ok(job) = &job {
            let missing = suite::missing(job, &self.place);
            if !missing.is_empty() {
                let words: Vec<_> = missing.iter().map(|lack| lack.feature.to_string()).collect();
                return ignored(name, format!("needs {}", words.join(", ")), absences(&missing));
            }
        }
        Trial::ignorable_test(name, move || ready(job).and_then(run).map_err(told))
    }

    /// Whether the command line's filter may leave a trial of this name, whatever its kind turns out to be: a filter may mean that as well, but no kind
    /// has colons, and what includes both has a space.
    fn may_be_asked_for(&self, name: &str) -> bool {
        let Arguments { filter, exact, .. } = &self.arguments;
        let is = |part: &String| if *exact { name == part } else { name.contains(part.as_str()) };
        filter.as_ref().is_none_or(|part| !part.contains("::") || part.contains(' ') || is(part))
    }

    fn run_without(&self, job: &Job, without: &Without, name: &str) -> Result<Completion, Failed> {
        let judged = suite::run(job, &self.at, &mut |_| ())?;
        let mistakes = without.mistakes(&judged.verdict);
        match judged.verdict.outcome {
            _ if mistakes.is_empty() && judged.recording.splats.is_empty() => Ok(Completion::Completed),
            Outcome::Disturbed if can_ignore() => Ok(Completion::ignored_with(judged.verdict.disturbance.unwrap_or_default())),
            _ => {
                let verdict = report::verdict(&judged.recording, &judged.verdict, &again_here(name), Style::Plain);
                let mistakes = format!("        {}\n", mistakes.join("\n        "));
                Err((verdict + &mistakes + &self.keep(name, &judged.recording)).into())
            }
        }
    }

    fn run(&self, job: &Job, file: &CaseFile, name: &str) -> Result<Completion, Failed> {
        let judged = suite::run(job, &self.at, &mut |_| ())?;
        let known = known(file, &judged);
        if !known.is_some_and(Difference::is_chance) {
            return self.completion(file, name, judged, known);
        }
        // What it has met by chance is no excuse when it meets it again.
        let judged = suite::run(job, &self.at, &mut |_| ())?;
        let known = self::known(file, &judged).filter(|known| !known.is_chance());
        self.completion(file, name, judged, known)
    }

    fn completion(&self, file: &CaseFile, name: &str, judged: Judged, known: Option<&Difference>) -> Result<Completion, Failed> {
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

    /// The command that repeats a trial. In virtual time it is this program: what it executes takes time, and mplab's own binary would differ.
    fn again(&self, file: &CaseFile, name: &str) -> String {
        if self.place.is_virtual() {
            return again_here(name);
        }
        format!("cargo run --release -- run {file} --seed {}{}", suite::SEED, self.at.options())
    }

    /// Writes the recording of a failure, and says where.
    fn keep(&self, name: &str, recording: &Recording) -> String {
        let path = disk::of_recording(&self.failures, name);
        match disk::write(&path, recording.to_json()) {
            Ok(()) => format!("        recorded in {}\n", path.display()),
            Err(error) => format!("        failed to write the recording {}: {error}\n", path.display()),
        }
    }
}

/// What is known of a run that failed, if that explains all of it.
fn known(file: &CaseFile, judged: &Judged) -> Option<&'static Difference> {
    let clean = judged.recording.splats.is_empty() && judged.verdict.unexpectedly_held.is_empty();
    differences::known(&file.name, &judged.recording, &judged.verdict).filter(|_| clean)
}

/// The command that repeats a trial with this program.
fn again_here(name: &str) -> String {
    let me = std::env::current_exe().unwrap_or_default();
    format!("{} --include-ignored --exact {name}", me.display())
}

/// A trial that cannot run here, with the reason in short and in full.
pub fn ignored(name: impl Into<String>, kind: impl Into<String>, reason: impl Into<String>) -> Trial {
    let reason = reason.into();
    Trial::test(name, move || Err(reason.into())).with_kind(kind).with_ignored_flag(!everything())
}

/// Whether a trial that cannot be judged here is a failure.
fn everything() -> bool {
    std::env::var("MPLAB_EXPECT").is_ok_and(|expect| expect == "all")
}

/// Whether a trial can be ignored once it has run. nextest looks only at exit codes, and would take it for passed.
fn can_ignore() -> bool {
    !everything() && std::env::var_os("NEXTEST").is_none()
}
