//! Running a suite: many cases at a time, the events meanwhile, and the result as a value.
//! Not here: how any of that is shown. Renderers take the events.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{CaseFile, Judged, compared, missing, run_all};
use crate::document::disk;
use crate::front::capture::{Capture, Kept};
use crate::front::pool;
use crate::life::execute::News;
use crate::place::{Place, PlaceError};
use crate::plan::Job;
use crate::result::compare::{Ended, Run};
use crate::result::recording::PlaceRecord;
use crate::words::Snap;
use crate::words::feature::absences;

/// A case that is planned for a place.
#[derive(Debug, Clone)]
pub struct Task {
    /// Its file.
    pub file: CaseFile,
    /// Its plan.
    pub job: Job,
}

/// Cases to run together at a place.
#[derive(Debug, Clone)]
pub struct Suite {
    /// Where they run.
    pub at: Place,
    /// What that is.
    pub place: PlaceRecord,
    /// The cases.
    pub tasks: Vec<Task>,
    /// How many run at once.
    pub at_once: usize,
    /// How many run in one boot of a guest, one after the other.
    pub per_boot: usize,
    /// The directory for recordings; they are not kept if absent.
    pub output: Option<PathBuf>,
    /// How much to keep of each packet, in a capture beside the recording; nothing is captured if absent, or if recordings are not kept.
    pub capture: Option<Snap>,
}

/// What happens while a suite runs.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A case cannot run there. All of these come first.
    Unsupported(&'a CaseResult),
    /// This many cases are going to run.
    Begin(usize),
    /// A case begins.
    Began(&'a Task),
    /// News from a run.
    News(&'a Task, &'a News),
    /// A case has ended: how, and its run if it left a recording.
    Ended(&'a CaseResult, Result<&'a Judged, &'a PlaceError>),
    /// Nothing happened for a moment: time to update a progress display.
    Waiting,
    /// All cases have ended.
    Done(&'a Results),
}

/// How a case of a suite ended.
#[derive(Debug)]
pub struct CaseResult {
    /// The case's file.
    pub file: CaseFile,
    /// How it ended, and what was measured.
    pub run: Run,
    /// The number of attempts.
    pub attempts: u32,
    /// The wall-clock time it took; absent if it came from a cache or shared its boot with others.
    pub took: Option<Duration>,
    /// The command that repeats it.
    pub again: String,
    /// The path of its recording, and whether writing it failed; absent if it left none or none is kept.
    pub recorded: Option<(PathBuf, io::Result<()>)>,
    /// The path of its capture, and whether writing it failed; absent if there is none.
    pub captured: Option<(PathBuf, io::Result<Kept>)>,
}

/// How the cases of a suite ended.
#[derive(Debug, Default)]
pub struct Results {
    /// All cases: first those that cannot run, then the others in the order in which they ended.
    pub cases: Vec<CaseResult>,
    /// The time it took.
    pub took: Duration,
    /// How many runs came from the cache, if there is one.
    pub taken: Option<usize>,
}

/// Shows events: a closure, or a type with its own state.
pub trait Renderer {
    /// Shows an event.
    fn show(&mut self, event: &Event<'_>);
}

impl<F: FnMut(&Event<'_>)> Renderer for F {
    fn show(&mut self, event: &Event<'_>) {
        self(event);
    }
}

impl Suite {
    /// Runs all cases that can run here.
    pub fn run(self, shown: &mut dyn Renderer) -> Results {
        let began = Instant::now();
        let mut results = Results::default();
        let Self { at, place, tasks, at_once, per_boot, output, capture } = self;
        let capture = output.as_deref().zip(capture);
        let again = |task: &Task| format!("mplab run {} --seed {}{}", task.file, task.job.seed, at.options());
        let result = |task: &Task, run, attempts, took| CaseResult {
            file: task.file.clone(),
            run,
            attempts,
            took,
            again: again(task),
            recorded: None,
            captured: None,
        };
        let (mut here, elsewhere): (Vec<Task>, Vec<Task>) = tasks.into_iter().partition(|task| missing(&task.job, &place).is_empty());
        for task in &elsewhere {
            let ended = Ended::Unsupported(absences(&missing(&task.job, &place)));
            results.cases.push(result(task, Run { seed: task.job.seed, ended, measures: [].into() }, 0, None));
            shown.show(&Event::Unsupported(&results.cases[results.cases.len() - 1]));
        }
        if at_once > 1 {
            // What lasts longest comes first, or the others would wait for it at the end.
            here.sort_by_key(|task| Reverse(task.job.case.lasts()));
        }
        if !here.is_empty() {
            shown.show(&Event::Begin(here.len()));
        }
        let work = |tasks: &[Task], news: &mut dyn FnMut(usize, News)| {
            let jobs: Vec<Job> = tasks.iter().map(|task| task.job.clone()).collect();
            run_all(&jobs, &at, capture.map(|(_, snap)| snap), news)
        };
        let mut running: BTreeMap<usize, Instant> = BTreeMap::new();
        let mut captures: BTreeMap<usize, Capture> = BTreeMap::new();
        pool::run(&here, at_once, per_boot, work, |event| match event {
            pool::Event::Began(number) => {
                running.insert(number, Instant::now());
                captures.extend(capture.map(|(directory, snap)| (number, Capture::new(directory, snap))));
                shown.show(&Event::Began(&here[number]));
            }
            pool::Event::News(number, news) => {
                captures.get_mut(&number).into_iter().for_each(|capture| capture.hear(&news));
                if news == News::Taken {
                    running.remove(&number);
                }
                shown.show(&Event::News(&here[number], &news));
            }
            pool::Event::Waiting => shown.show(&Event::Waiting),
            pool::Event::Ended(number, judged) => {
                let task = &here[number];
                let took = running.remove(&number).filter(|_| per_boot == 1).map(|since| since.elapsed());
                let attempts = judged.as_ref().map_or(1, |judged| judged.attempts);
                let mut result = result(task, compared(task.job.seed, &judged), attempts, took);
                let packets = captures.remove(&number);
                if let (Ok(judged), Some(directory)) = (&judged, &output) {
                    let path = disk::of_recording(directory, &task.file.name);
                    result.captured = packets.map(|capture| {
                        let path = path.with_extension("pcapng");
                        let written = capture.write(&path, &judged.recording, &judged.verdict, &result.again);
                        (path, written)
                    });
                    let written = disk::write(&path, judged.recording.to_json());
                    result.recorded = Some((path, written));
                }
                results.cases.push(result);
                shown.show(&Event::Ended(&results.cases[results.cases.len() - 1], judged.as_ref()));
            }
        });
        results.took = began.elapsed();
        results.taken = at.taken();
        shown.show(&Event::Done(&results));
        results
    }
}
