//! `mplab explore`: one case with many seeds in virtual time, and how its measures spread.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use mplab::compare::{Ended, spreads};
use mplab::disk;
use mplab::place::PlaceError;
use mplab::plan::Job;
use mplab::report::{self, Style};
use mplab::suite::{self, CaseFile, Judged};
use mplab::words::Seeds;
use mplab::words::feature::absences;

use crate::exit::Exit;
use crate::{Failure, check, place, progress, recordings, run};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A case file
    case: PathBuf,
    /// The imported kernel that guests boot
    #[arg(long)]
    kernel: String,
    /// First and last seed
    #[arg(long, default_value = "1..50")]
    seeds: Seeds,
    /// Number of runs at a time [default: one per core]
    #[arg(long, short)]
    jobs: Option<NonZeroUsize>,
    /// Directory for the recordings of seeds that did not pass
    #[arg(long, default_value = "recordings")]
    output: PathBuf,
    /// Record the seeds that passed, too, for a page of all: `mplab report DIRECTORY -o FILE.html`
    #[arg(long)]
    keep_all: bool,
}

pub(crate) fn explore(arguments: &Arguments, style: Style) -> Result<Exit, Failure> {
    let at = place::guest(&arguments.kernel, true, None)?;
    let place = at.place().map_err(Failure::broken)?;
    let file = CaseFile::named(&arguments.case);
    let planned = |seed| suite::plan(&file, seed, &place).map_err(|error| Failure::usage(check::shown(&error)));
    let jobs: Vec<Job> = arguments.seeds.all().map(planned).collect::<Result<_, _>>()?;
    let missing = suite::missing(&jobs[0], &place);
    if !missing.is_empty() {
        say!("SKIP  {}   {}", file.name, absences(&missing));
        return Ok(Exit::Unsupported);
    }
    let mut runs = BTreeMap::new();
    let mut lost = Exit::Passed;
    let ended = |job: &Job, judged: Result<Judged, PlaceError>| {
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
        runs.insert(seed, run);
    };
    let at_once = arguments.jobs.map_or_else(|| at.parallel(), NonZeroUsize::get);
    let work = |job: &Job| suite::run(job, &at, &mut |_| ());
    let summary = progress::each(&jobs, at_once, |job| format!("seed {}", job.seed), work, ended);
    show!("{}", report::spread(&spreads(runs.values()), style));
    say!("{}: {} with kernel {}, {summary}", file.name, report::endings(runs.values().map(|run| &run.ended)), arguments.kernel);
    Ok(runs.values().map(|run| Exit::from(&run.ended)).max().unwrap_or(Exit::Passed).max(lost))
}
