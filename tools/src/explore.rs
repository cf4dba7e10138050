//! `mplab explore`: one case with many seeds in virtual time, and how its measures spread.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use mplab::compare::{Ended, Run, spreads};
use mplab::disk;
use mplab::place::PlaceError;
use mplab::plan::Job;
use mplab::report::{self, Style};
use mplab::shards::{Command, Share};
use mplab::suite::{self, CaseFile, Judged, Planned, Task};
use mplab::words::Seeds;
use mplab::words::feature::absences;

use crate::exit::Exit;
use crate::{Failure, check, place, progress, recordings, run, share};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A case file, for the case without its variants, or one of these: FILE::VARIANT
    case: PathBuf,
    /// The imported kernel that guests boot
    #[arg(long)]
    kernel: String,
    /// First and last seed, such as 1..200
    #[arg(long, default_value = "1..50")]
    seeds: Seeds,
    /// Number of runs at a time [default: one per core]
    #[arg(long, short)]
    jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    caching: place::Caching,
    #[command(flatten)]
    shard: share::Sharding,
    /// Write the results to this file, as JSON: a matrix of one case and one kernel, or a shard's part of it
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
    /// Directory for the recordings of seeds that did not pass
    #[arg(long, default_value = "recordings")]
    output: PathBuf,
    /// Also keep the recordings of seeds that passed, for a page of all: `mplab report DIRECTORY -o FILE.html`
    #[arg(long)]
    keep_all: bool,
}

pub(crate) fn explore(arguments: &Arguments, style: Style) -> Result<Exit, Failure> {
    let at = arguments.caching.open()?(place::guest(&arguments.kernel, true, None)?);
    let place = at.place().map_err(Failure::broken)?;
    let file = CaseFile::named(&arguments.case);
    let planned = |seed| suite::plan(&file, seed, &place).map_err(|error| Failure::usage(check::shown(&error)));
    let (kernel, first) = (&place.name, arguments.seeds.first());
    let task = Task { file: file.clone(), job: planned(first)? };
    let whole = Planned { at: &at, place: &place, tasks: std::slice::from_ref(&task) };
    let mut share = arguments.shard.share(Command::Explore, &arguments.seeds, &[whole])?;
    let write = |share: &Share| arguments.results.as_ref().map_or(Ok(()), |path| share::write(share, path));
    let missing = suite::missing(&task.job, &place);
    if !missing.is_empty() {
        say!("SKIP  {}   {}", file.name, absences(&missing));
        if share.has(&file.name, kernel, first) {
            let ended = Ended::Unsupported(absences(&missing));
            share.add(&file.name, kernel, Run { seed: first, ended, measures: [].into() }, None);
        }
        write(&share)?;
        return Ok(Exit::Unsupported);
    }
    share::tell_idle(&share);
    let mine = arguments.seeds.all().filter(|seed| share.has(&file.name, kernel, *seed));
    let jobs: Vec<Job> = mine.map(planned).collect::<Result<_, _>>()?;
    let mut lost = Exit::Passed;
    let ended = |job: &Job, (judged, took): (Result<Judged, PlaceError>, Option<Duration>)| {
        let seed = job.seed;
        let run = suite::compared(seed, &judged);
        let path = disk::of_recording(&arguments.output, &format!("{}::seed-{seed}", file.name));
        let passed = run.ended == Ended::Passed;
        let kept = judged.ok().filter(|_| arguments.keep_all || !passed);
        let written = kept.map(|Judged { recording, .. }| recordings::write(&path, &recording));
        run::told(&run, &file, &at, "", style);
        match written {
            None => {}
            Some(Ok(())) if passed => {}
            Some(Ok(())) => say!("        recorded in {}", path.display()),
            Some(Err(failure)) => {
                complain!("{}", failure.text);
                lost = failure.exit;
            }
        }
        share.add(&file.name, kernel, run, took);
    };
    let at_once = arguments.jobs.map_or_else(|| at.parallel(), NonZeroUsize::get);
    let work = |job: &Job| place::timed(|news| suite::run(job, &at, news));
    let summary = progress::each(&jobs, at_once, |job| format!("seed {}", job.seed), work, ended);
    let written = write(&share);
    let runs = || share.matrix().cells().flat_map(|(_, _, cell)| &cell.runs);
    show!("{}", report::spread(&spreads(runs()), style));
    say!(
        "{}: {} with kernel {}, {summary}{}",
        file.name,
        report::endings(runs().map(|run| &run.ended)),
        arguments.kernel,
        place::taken(at.taken())
    );
    written?;
    Ok(runs().map(|run| Exit::from(&run.ended)).max().unwrap_or(Exit::Passed).max(lost))
}
