//! `mplab run`: cases, many at a time, each to its verdict.

use std::collections::{BTreeSet, VecDeque};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use mplab::compare::{Ended, Run};
use mplab::disk;
use mplab::place::{PlaceError, Somewhere};
use mplab::plan::Job;
use mplab::recording::Place;
use mplab::report::{self, Style};
use mplab::suite::{self, CaseFile, Judged};
use mplab::words::feature::absences;

use crate::exit::Exit;
use crate::{Failure, check, place, pool, recordings};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Case files, or directories of them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Random seed: determines what transfers carry and, within a millisecond, when they start
    #[arg(long, default_value_t = suite::SEED)]
    seed: u64,
    /// Number of runs at a time [default: as many as this computer's cores can do]
    #[arg(long, short)]
    jobs: Option<NonZeroUsize>,
    /// Number of cases that run one after the other in one boot of a guest: faster, but what one case leaves in the kernel may reach the next
    #[arg(long, value_name = "CASES", default_value = "1", requires = "kernel")]
    per_boot: NonZeroUsize,
    #[command(flatten)]
    place: place::Options,
    /// Directory for recordings
    #[arg(long, default_value = "recordings")]
    output: PathBuf,
}

pub(crate) fn run(arguments: &Arguments, style: Style) -> Result<Exit, Failure> {
    let at = arguments.place.somewhere()?;
    let place = at.place().map_err(Failure::broken)?;
    let mut jobs = planned(&arguments.paths, arguments.seed, &place)?;
    jobs.retain(|(file, job)| {
        let missing = suite::missing(job, &place);
        if !missing.is_empty() {
            say!("SKIP  {}   {}", file.name, absences(&missing));
        }
        missing.is_empty()
    });
    if jobs.is_empty() {
        return Ok(Exit::Unsupported);
    }
    // Cases that cannot run here are told, and do not spoil what can.
    Ok(at_once(arguments, jobs, &at, style))
}

/// The cases that paths stand for, planned for a place. All mistakes of all files are told at once.
pub(crate) fn planned(paths: &[PathBuf], seed: u64, place: &Place) -> Result<VecDeque<(CaseFile, Job)>, Failure> {
    let mut jobs = VecDeque::new();
    let mut mistakes = BTreeSet::new();
    for path in paths {
        for file in suite::find(path).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))? {
            match suite::plan(&file, seed, place) {
                Ok(job) => jobs.push_back((file, job)),
                Err(error) => drop(mistakes.insert(check::shown(&error))),
            }
        }
    }
    if !mistakes.is_empty() {
        return Err(Failure::usage(mistakes.into_iter().collect::<String>()));
    }
    if jobs.is_empty() {
        return Err(Failure::usage("there is no case file (*.toml) there"));
    }
    Ok(jobs)
}

/// Runs jobs, some at a time, and tells how each ended. The worst counts.
fn at_once(arguments: &Arguments, jobs: VecDeque<(CaseFile, Job)>, at: &Somewhere, style: Style) -> Exit {
    let at_once = arguments.jobs.map_or_else(|| at.parallel(), NonZeroUsize::get);
    let mut worst = Exit::Passed;
    let name = |(file, _): &(CaseFile, Job)| file.name.clone();
    let work = |cases: &[(CaseFile, Job)]| {
        let jobs: Vec<Job> = cases.iter().map(|(_, job)| job.clone()).collect();
        suite::run_all(&jobs, at, &mut |_, _| ())
    };
    let summary = pool::together(jobs, at_once, arguments.per_boot.get(), name, work, |(file, _), judged| {
        worst = worst.max(ended(arguments, at, &file, judged, style));
    });
    say!("{summary}");
    worst
}

/// The command that repeats a run.
fn repeat(file: &CaseFile, at: &Somewhere, seed: u64) -> String {
    format!("mplab run {} --seed {seed}{}", file.path.display(), at.options())
}

/// A run as one of many: told if it did not pass, with whose it was and the command that repeats it.
pub(crate) fn told(run: &Run, file: &CaseFile, at: &Somewhere, whose: &str, style: Style) {
    if run.ended != Ended::Passed {
        show!("{}", report::ending(run, whose, &repeat(file, at, run.seed), style));
    }
}

fn ended(arguments: &Arguments, at: &Somewhere, file: &CaseFile, judged: Result<Judged, PlaceError>, style: Style) -> Exit {
    let Judged { recording, verdict, attempts } = match judged {
        Ok(judged) => judged,
        Err(error) => {
            say!("BROKEN  {}   {error}", file.name);
            return Exit::Broken;
        }
    };
    let path = disk::of_recording(&arguments.output, &file.name);
    let written = recordings::write(&path, &recording);
    let again = repeat(file, at, arguments.seed);
    let outcome: Exit = verdict.outcome.into();
    if outcome == Exit::Passed {
        say!("{}", report::headline(&recording, &verdict, style));
    } else {
        show!("{}", report::verdict(&recording, &verdict, &again, style));
    }
    if attempts > 1 {
        say!("        tried {attempts} times: the computer was too busy before");
    }
    if let Err(failure) = written {
        complain!("{}", failure.text);
        return outcome.max(failure.exit);
    }
    if outcome != Exit::Passed {
        say!("        recorded in {}", path.display());
    }
    outcome
}
