//! `mplab matrix`: cases by kernels, what differs between kernels, and what got worse since an earlier matrix.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mplab::compare::{Ended, Matrix, Run, changes};
use mplab::disk;
use mplab::place::{Place, PlaceError};
use mplab::plan::Job;
use mplab::recording::PlaceRecord;
use mplab::report::{self, Style};
use mplab::shards::{Command, Share};
use mplab::suite::{self, CaseFile, Judged, Planned};
use mplab::words::feature::absences;
use mplab::words::{Percent, Seeds};

use crate::exit::Exit;
use crate::{Failure, check, place, progress, recordings, run, share};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Case files, or directories of them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Imported kernels, separated by commas; `local` is this computer's own
    #[arg(long, required = true, value_delimiter = ',')]
    kernels: Vec<String>,
    /// Run in virtual time, so that any difference comes from the kernel; `local` always runs in real time
    #[arg(long = "virtual")]
    in_virtual_time: bool,
    /// First and last seed, such as 1..8
    #[arg(long, default_value = "1..3")]
    seeds: Seeds,
    /// Number of runs at a time [default: as many as this computer's cores can do]
    #[arg(long, short)]
    jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    caching: place::Caching,
    #[command(flatten)]
    shard: share::Sharding,
    /// Write the matrix to this file, as JSON, or a shard's part of it
    #[arg(long, visible_alias = "results", value_name = "FILE")]
    output: Option<PathBuf>,
    /// Keep every recording below this directory, as KERNEL/CASE/seed-N.json
    #[arg(long)]
    recordings: Option<PathBuf>,
    #[command(flatten)]
    comparison: Comparison,
}

/// What the results are compared with.
#[derive(clap::Args)]
pub(crate) struct Comparison {
    /// Compare with this earlier matrix: only what got worse is a failure
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// With --baseline: a measure that got worse by more than this is a failure, too
    #[arg(long, requires = "baseline")]
    tolerance: Option<Percent>,
    /// Write a few lines of Markdown, fit for a phone, to this file: what did not pass or, with --baseline, got worse, since which seed, and the command that shows it
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
}

/// A run to be made.
struct Task<'a> {
    kernel: &'a str,
    at: &'a Place,
    file: CaseFile,
    job: Job,
}

pub(crate) fn matrix(arguments: &Arguments, style: Style) -> Result<Exit, Failure> {
    // Fail before hours of runs, not after them.
    let baseline = arguments.comparison.read()?;
    if baseline.is_some() && arguments.shard.is_part() {
        return Err(Failure::usage("a shard makes only a part of the matrix: give --baseline to `mplab merge` instead"));
    }
    let cached = arguments.caching.open()?;
    let mut columns: Vec<(&str, Place, PlaceRecord)> = Vec::new();
    for name in &arguments.kernels {
        if columns.iter().any(|(other, ..)| other == name) {
            continue;
        }
        let at = if name == "local" { Place::Local } else { place::guest(name, arguments.in_virtual_time, None)? };
        let at = cached(at);
        let place = at.place().map_err(Failure::broken)?;
        columns.push((name.as_str(), at, place));
    }
    let first = arguments.seeds.first();
    let tasks = columns.iter().map(|(_, _, place)| run::planned(&arguments.paths, first, place));
    let tasks: Vec<Vec<suite::Task>> = tasks.collect::<Result<_, _>>()?;
    let planned: Vec<Planned> = columns.iter().zip(&tasks).map(|((_, at, place), tasks)| Planned { at, place, tasks }).collect();
    let mut share = arguments.shard.share(Command::Matrix, &arguments.seeds, &planned)?;
    let (mut local, mut guests) = (Vec::new(), Vec::new());
    for ((kernel, at, place), of_kernel) in columns.iter().zip(&tasks) {
        for seed in arguments.seeds.all() {
            for suite::Task { file, job } in of_kernel {
                if !share.has(&file.name, kernel, seed) {
                    continue;
                }
                let missing = suite::missing(job, place);
                if missing.is_empty() {
                    let job = suite::plan(file, seed, place).map_err(|error| Failure::usage(check::shown(&error)))?;
                    let tasks = if matches!(at, Place::Local) { &mut local } else { &mut guests };
                    tasks.push(Task { kernel, at, file: file.clone(), job });
                } else if seed == first {
                    share.add(&file.name, kernel, Run { seed, ended: Ended::Unsupported(absences(&missing)), measures: [].into() }, None);
                }
            }
        }
    }
    share::tell_idle(&share);
    let (mut lost, mut summaries) = (Exit::Passed, Vec::new());
    // One after the other: guests keep the cores busy, and would disturb what runs in real time beside them.
    for tasks in [local, guests] {
        let Some(first) = tasks.first() else { continue };
        let at_once = arguments.jobs.map_or_else(|| first.at.parallel(), NonZeroUsize::get);
        let name = |Task { kernel, file, job, .. }: &Task| format!("{} with {kernel}, seed {}", file.name, job.seed);
        let work = |task: &Task| place::timed(|news| suite::run(&task.job, task.at, news));
        let summary = progress::each(&tasks, at_once, name, work, |task, (judged, took)| {
            lost = lost.max(ended(arguments, &mut share, task, &judged, took, style));
        });
        summaries.push(summary);
    }
    let written = arguments.output.as_ref().map_or(Ok(()), |path| share::write(&share, path));
    let taken = columns.iter().find_map(|(_, at, _)| at.taken());
    say!("{}{}", summaries.join("\n"), place::taken(taken));
    show!("{}", report::matrix(share.matrix(), style));
    written?;
    let again = |case: &str, kernel: &str, seed: u64| {
        let of_kernel = columns.iter().zip(&tasks).find(|((name, ..), _)| *name == kernel);
        let file = of_kernel.and_then(|((_, at, _), tasks)| Some((at, &tasks.iter().find(|task| task.file.name == case)?.file)));
        file.map_or_else(String::new, |(at, file)| run::repeat(file, at, seed))
    };
    let exit = arguments.comparison.verdict(share.matrix(), baseline.as_ref(), share.is_made_elsewhere(), again, style)?;
    Ok(exit.max(lost))
}

/// Adds a run to the matrix, keeps its recording, and reports it if it did not pass.
fn ended(
    arguments: &Arguments,
    share: &mut Share,
    task: &Task,
    judged: &Result<Judged, PlaceError>,
    took: Option<Duration>,
    style: Style,
) -> Exit {
    let Task { kernel, at, file, job } = task;
    let run = suite::compared(job.seed, judged);
    let lost = kept(arguments, task, judged);
    run::told(&run, file, at, &format!("{} with {kernel}", file.name), style);
    share.add(&file.name, kernel, run, took);
    lost
}

/// Keeps a run's recording if --recordings asks for it.
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

impl Comparison {
    pub(crate) fn read(&self) -> Result<Option<Matrix>, Failure> {
        self.baseline.as_deref().map(read).transpose()
    }

    /// Without a baseline the worst cell counts; what could not run counts only if nothing ran here or `elsewhere`. With a baseline, what got worse
    /// counts, and what has no verdict. `again` is the command that repeats a run of a case on a kernel with a seed.
    pub(crate) fn verdict(
        &self,
        matrix: &Matrix,
        baseline: Option<&Matrix>,
        elsewhere: bool,
        again: impl Fn(&str, &str, u64) -> String,
        style: Style,
    ) -> Result<Exit, Failure> {
        let changes = baseline.map(|baseline| changes(baseline, matrix, self.tolerance));
        if let Some(path) = &self.summary {
            let brief = report::brief(matrix, changes.as_ref(), again);
            disk::write(path, brief).map_err(|error| Failure::system(format!("failed to write the summary {}", path.display()), &error))?;
        }
        let exits = || matrix.cells().filter_map(|(_, _, cell)| cell.worst()).map(Exit::from);
        if exits().all(|exit| exit == Exit::Unsupported) && !elsewhere {
            return Ok(Exit::Unsupported);
        }
        let Some(changes) = changes else { return Ok(exits().filter(|exit| *exit != Exit::Unsupported).max().unwrap_or(Exit::Passed)) };
        show!("\n{}", report::changes(&changes, style));
        let worse = if changes.regressions.is_empty() { Exit::Passed } else { Exit::Failed };
        Ok(exits().filter(|exit| matches!(exit, Exit::Disturbed | Exit::Broken)).fold(worse, Exit::max))
    }
}

fn read(path: &Path) -> Result<Matrix, Failure> {
    let text = disk::read_text(path, disk::RECORDING).map_err(|error| Failure::path(path, error))?;
    Matrix::from_json(&text).map_err(|error| Failure::path(path, error))
}
