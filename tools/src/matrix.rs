//! `mplab matrix`: cases by kernels, what differs between these, and what is worse than in an earlier matrix.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use mplab::compare::{Column, Ended, Matrix, Run, changes};
use mplab::disk;
use mplab::place::{Place, PlaceError};
use mplab::plan::Job;
use mplab::recording::PlaceRecord;
use mplab::report::{self, Style};
use mplab::suite::{self, CaseFile, Judged};
use mplab::words::feature::absences;
use mplab::words::{Percent, Seeds};

use crate::exit::Exit;
use crate::{Failure, place, progress, recordings, run};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Case files, or directories of them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Imported kernels, separated by commas; `local` is this computer's
    #[arg(long, required = true, value_delimiter = ',')]
    kernels: Vec<String>,
    /// Run in virtual time, so that a difference is the kernel's; `local` stays in real time
    #[arg(long = "virtual")]
    in_virtual_time: bool,
    /// First and last seed
    #[arg(long, default_value = "1..3")]
    seeds: Seeds,
    /// Number of runs at a time [default: as many as this computer's cores can do]
    #[arg(long, short)]
    jobs: Option<NonZeroUsize>,
    /// File to write the matrix to, as JSON
    #[arg(long)]
    output: Option<PathBuf>,
    /// Keep every recording below this directory, as KERNEL/CASE/seed-N.json
    #[arg(long)]
    recordings: Option<PathBuf>,
    /// An earlier matrix: only what got worse since is a failure
    #[arg(long)]
    baseline: Option<PathBuf>,
    /// With a baseline: a measure that got worse by more than this is a failure, too
    #[arg(long, requires = "baseline")]
    tolerance: Option<Percent>,
}

/// A run to be made.
struct Task<'a> {
    kernel: &'a str,
    at: &'a Place,
    file: CaseFile,
    job: Job,
}

pub(crate) fn matrix(arguments: &Arguments, style: Style) -> Result<Exit, Failure> {
    // Before hours of runs, not after them.
    let baseline = arguments.baseline.as_deref().map(read).transpose()?;
    let mut columns: Vec<(&str, Place, PlaceRecord)> = Vec::new();
    for name in &arguments.kernels {
        if columns.iter().any(|(other, ..)| other == name) {
            continue;
        }
        let at = if name == "local" { Place::Local } else { place::guest(name, arguments.in_virtual_time, None)? };
        let place = at.place().map_err(Failure::broken)?;
        columns.push((name.as_str(), at, place));
    }
    let mut matrix = Matrix::new(columns.iter().map(|(_, _, place)| Column::of(place)).collect());
    let (mut local, mut guests) = (Vec::new(), Vec::new());
    for (kernel, at, place) in &columns {
        for seed in arguments.seeds.all() {
            for suite::Task { file, job } in run::planned(&arguments.paths, seed, place)? {
                let missing = suite::missing(&job, place);
                if missing.is_empty() {
                    let tasks = if matches!(at, Place::Local) { &mut local } else { &mut guests };
                    tasks.push(Task { kernel, at, file, job });
                } else if seed == *arguments.seeds.all().start() {
                    let ended = Ended::Unsupported(absences(&missing));
                    matrix.insert(&file.name, kernel, Run { seed, ended, measures: [].into() });
                }
            }
        }
    }
    let (mut lost, mut summaries) = (Exit::Passed, Vec::new());
    // One after the other: guests keep the cores busy, and would disturb what runs in real time beside them.
    for tasks in [local, guests] {
        let Some(first) = tasks.first() else { continue };
        let at_once = arguments.jobs.map_or_else(|| first.at.parallel(), NonZeroUsize::get);
        let name = |Task { kernel, file, job, .. }: &Task| format!("{} with {kernel}, seed {}", file.name, job.seed);
        let work = |task: &Task| suite::run(&task.job, task.at, &mut |_| ());
        let summary = progress::each(&tasks, at_once, name, work, |task, judged| {
            lost = lost.max(ended(arguments, &mut matrix, task, &judged, style));
        });
        summaries.push(summary);
    }
    let write = |path: &PathBuf| {
        disk::write(path, matrix.to_json())
            .map_err(|error| Failure::system(format!("failed to write the matrix {}", path.display()), &error))
    };
    let written = arguments.output.as_ref().map_or(Ok(()), write);
    say!("{}", summaries.join("\n"));
    show!("{}", report::matrix(&matrix, style));
    written?;
    Ok(verdict(arguments, &matrix, baseline.as_ref(), style).max(lost))
}

/// Takes a run into the matrix, keeps its recording, and tells it if it did not pass.
fn ended(arguments: &Arguments, matrix: &mut Matrix, task: &Task, judged: &Result<Judged, PlaceError>, style: Style) -> Exit {
    let Task { kernel, at, file, job } = task;
    let run = suite::compared(job.seed, judged);
    let lost = kept(arguments, task, judged);
    run::told(&run, file, at, &format!("{} with {kernel}", file.name), style);
    matrix.insert(&file.name, kernel, run);
    lost
}

/// Keeps a run's recording if that is asked for.
fn kept(arguments: &Arguments, Task { kernel, file, job, .. }: &Task, judged: &Result<Judged, PlaceError>) -> Exit {
    let (Some(directory), Ok(Judged { recording, .. })) = (&arguments.recordings, judged) else { return Exit::Passed };
    let path = disk::of_recording(&directory.join(kernel), &format!("{}::seed-{}", file.name, job.seed));
    recordings::write(&path, recording).map_or_else(
        |failure| {
            complain!("{}", failure.text);
            failure.exit
        },
        |()| Exit::Passed,
    )
}

/// Without a baseline the worst cell counts, what cannot run only if nothing else is there. With one, what is worse counts, and what has
/// no verdict.
fn verdict(arguments: &Arguments, matrix: &Matrix, baseline: Option<&Matrix>, style: Style) -> Exit {
    let exits = || matrix.cells().filter_map(|(_, _, cell)| cell.worst()).map(Exit::from);
    if exits().all(|exit| exit == Exit::Unsupported) {
        return Exit::Unsupported;
    }
    let Some(baseline) = baseline else { return exits().filter(|exit| *exit != Exit::Unsupported).max().unwrap_or(Exit::Passed) };
    let changes = changes(baseline, matrix, arguments.tolerance);
    show!("\n{}", report::changes(&changes, style));
    let worse = if changes.regressions.is_empty() { Exit::Passed } else { Exit::Failed };
    exits().filter(|exit| matches!(exit, Exit::Disturbed | Exit::Broken)).fold(worse, Exit::max)
}

fn read(path: &Path) -> Result<Matrix, Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::usage(format!("{}: {error}", path.display()));
    let text = disk::read_text(path, disk::RECORDING).map_err(|error| wrong(&error))?;
    Matrix::from_json(&text).map_err(|error| wrong(&error))
}
