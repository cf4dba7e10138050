//! `mplab run`: runs cases, many at a time, and judges each.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use mplab::compare::{Ended, Run};
use mplab::place::Place;
use mplab::recording::PlaceRecord;
use mplab::report::{self, Style};
use mplab::shards::Command;
use mplab::suite::{self, CaseFile, CaseResult, Event, Planned, Renderer, Results, Suite, Task};
use mplab::words::Time;

use crate::exit::Exit;
use crate::lines::Lines;
use crate::watch::Watch;
use crate::{Failure, capture, check, format, place, share};

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
    /// Number of cases to run per boot of a guest: more is faster, but what one case leaves in the kernel may affect the next
    #[arg(long, value_name = "CASES", default_value = "1", requires = "kernel", conflicts_with_all = ["cache", "capture"])]
    per_boot: NonZeroUsize,
    #[command(flatten)]
    place: place::Options,
    #[command(flatten)]
    caching: place::Caching,
    #[command(flatten)]
    shard: share::Sharding,
    /// Write the results to this file, as JSON: a matrix of one kernel, or a shard's part of it
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
    #[command(flatten)]
    capture: capture::Capturing,
    /// Directory for recordings
    #[arg(long, default_value = "recordings")]
    output: PathBuf,
    #[command(flatten)]
    formats: format::Options,
    /// Show each case live on the terminal, one after the other; without a terminal, print plain lines
    #[arg(long, conflicts_with_all = [format::PRINTED, "jobs"])]
    watch: bool,
    /// With --watch: interval over which throughput is measured [default: 200ms on a terminal, else 1s]
    #[arg(long, short = 't', value_name = "TIME", requires = "watch")]
    interval: Option<Time>,
}

pub(crate) fn run(arguments: &Arguments, style: Style) -> Result<Exit, Failure> {
    let at = arguments.caching.open()?(arguments.place.place()?);
    arguments.caching.tell_useless(&at);
    let place = at.place().map_err(Failure::broken)?;
    let mut tasks = planned(&arguments.paths, arguments.seed, &place)?;
    let whole = Planned { at: &at, place: &place, tasks: &tasks };
    let mut share = arguments.shard.share(Command::Run, &arguments.seed.into(), &[whole])?;
    tasks.retain(|task| share.has(&task.file.name, &place.name, arguments.seed));
    share::tell_idle(&share);
    let at_once = if arguments.watch { 1 } else { arguments.jobs.map_or_else(|| at.parallel(), NonZeroUsize::get) };
    let mut formats = arguments.formats.open(&|name| std::env::var_os(name), &place.name, tasks.len());
    let mut shown: Box<dyn Renderer> = match () {
        () if arguments.formats.print() => Box::new(|_: &Event<'_>| ()),
        () if arguments.watch => Box::new(Watch::new(style, arguments.interval)),
        () => Box::new(Lines::new(style)),
    };
    let kernel = place.name.clone();
    let suite = Suite {
        at,
        place,
        tasks,
        at_once,
        per_boot: arguments.per_boot.get(),
        output: Some(arguments.output.clone()),
        capture: arguments.capture.snap(),
    };
    let results = suite.run(&mut |event: &Event<'_>| {
        formats.show(event);
        shown.show(event);
    });
    let reported = formats.end();
    for CaseResult { file, run, took, .. } in &results.cases {
        share.add(&file.name, &kernel, run.clone(), *took);
    }
    arguments.results.as_ref().map_or(Ok(()), |path| share::write(&share, path))?;
    reported?;
    let nothing = if share.is_made_elsewhere() { Exit::Passed } else { Exit::Unsupported };
    Ok(exit(&results).unwrap_or(nothing))
}

/// The worst result of the cases that ran counts; cases that cannot run here do not. A lost recording or capture is broken machinery.
fn exit(results: &Results) -> Option<Exit> {
    let lost = |case: &CaseResult| matches!(case.recorded, Some((_, Err(_)))) || matches!(case.captured, Some((_, Err(_))));
    let of = |case: &CaseResult| if lost(case) { Exit::Broken } else { Exit::from(&case.run.ended) };
    let ran = results.cases.iter().filter(|case| !matches!(case.run.ended, Ended::Unsupported(_)));
    ran.map(of).max()
}

/// The cases at these paths, planned for a place. Reports all mistakes in all files at once.
pub(crate) fn planned(paths: &[PathBuf], seed: u64, place: &PlaceRecord) -> Result<Vec<Task>, Failure> {
    let mut tasks = Vec::new();
    let mut mistakes = BTreeSet::new();
    for path in paths {
        for file in suite::find(path).map_err(|error| Failure::path(path, error))? {
            match suite::plan(&file, seed, place) {
                Ok(job) => tasks.push(Task { file, job }),
                Err(error) => drop(mistakes.insert(check::shown(&error))),
            }
        }
    }
    if !mistakes.is_empty() {
        return Err(Failure::usage(mistakes.into_iter().collect::<String>()));
    }
    if tasks.is_empty() {
        return Err(Failure::usage("no case file (*.toml) found"));
    }
    Ok(tasks)
}

/// The command that repeats a run.
pub(crate) fn repeat(file: &CaseFile, at: &Place, seed: u64) -> String {
    format!("mplab run {file} --seed {seed}{}", at.options())
}

/// Prints one run of many if it did not pass, with whose it was and the command that repeats it.
pub(crate) fn told(run: &Run, file: &CaseFile, at: &Place, whose: &str, style: Style) {
    if run.ended != Ended::Passed {
        show!("{}", report::ending(run, whose, &repeat(file, at, run.seed), style));
    }
}
