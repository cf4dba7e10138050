//! `mplab run`: cases, many at a time, each to its verdict.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use mplab::place::{PlaceError, Somewhere};
use mplab::plan::Job;
use mplab::report::{self, Style};
use mplab::suite::{self, CaseFile, Judged};
use mplab::words::feature::absences;

use crate::exit::Exit;
use crate::{Failure, check, place, recordings};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Case files, or directories of them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// What makes this run differ from another: the content of transfers
    #[arg(long, default_value_t = suite::SEED)]
    seed: u64,
    /// How many run at once; if not said, as many as this computer's cores can do
    #[arg(long, short)]
    jobs: Option<usize>,
    #[command(flatten)]
    place: place::Options,
    /// Where the recordings go
    #[arg(long, default_value = "recordings")]
    output: PathBuf,
}

/// What a worker tells.
enum Told {
    Began(String),
    Ended(CaseFile, Box<Result<Judged, PlaceError>>),
}

pub(crate) fn run(arguments: &Arguments, style: Style) -> Result<Exit, Failure> {
    let at = arguments.place.somewhere()?;
    let place = at.place().map_err(Failure::broken)?;
    let mut jobs = VecDeque::new();
    let mut mistakes = BTreeSet::new();
    for path in &arguments.paths {
        for file in suite::find(path).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))? {
            match suite::plan(&file, arguments.seed, &place) {
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
    jobs.retain(|(file, job)| {
        let missing = suite::missing(job, &place);
        if !missing.is_empty() {
            println!("SKIP  {}   {}", file.name, absences(&missing));
        }
        missing.is_empty()
    });
    if jobs.is_empty() {
        return Ok(Exit::Unsupported);
    }
    // Cases that cannot run here are told, and do not spoil what can.
    Ok(at_once(arguments, jobs, &at, style))
}

/// Runs jobs, some at a time, and tells how each ended. The worst counts.
fn at_once(arguments: &Arguments, jobs: VecDeque<(CaseFile, Job)>, at: &Somewhere, style: Style) -> Exit {
    let mut progress = Progress::new(jobs.len());
    let queue = Mutex::new(jobs);
    let (tell, told) = mpsc::channel();
    let mut worst = Exit::Passed;
    thread::scope(|scope| {
        for _ in 0..arguments.jobs.unwrap_or_else(|| at.parallel()).max(1) {
            let (tell, queue) = (tell.clone(), &queue);
            scope.spawn(move || {
                let next = || queue.lock().expect("no worker panics with the queue").pop_front();
                while let Some((file, job)) = next() {
                    // Nobody listens any more only when the program ends.
                    tell.send(Told::Began(file.name.clone())).ok();
                    let judged = suite::run(&job, at, &mut |_| ());
                    tell.send(Told::Ended(file, Box::new(judged))).ok();
                }
            });
        }
        drop(tell);
        loop {
            match told.recv_timeout(Duration::from_millis(200)) {
                Ok(Told::Began(name)) => progress.began(name),
                Ok(Told::Ended(file, judged)) => {
                    progress.ended(&file.name);
                    worst = worst.max(ended(arguments, at, &file, *judged, style));
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
            progress.draw();
        }
    });
    println!("{}", progress.summary());
    worst
}

fn ended(arguments: &Arguments, at: &Somewhere, file: &CaseFile, judged: Result<Judged, PlaceError>, style: Style) -> Exit {
    let Judged { recording, verdict, attempts } = match judged {
        Ok(judged) => judged,
        Err(error) => {
            println!("BROKEN  {}   {error}", file.name);
            return Exit::Broken;
        }
    };
    let again = format!("mplab run {} --seed {}{}", file.path.display(), arguments.seed, at.options());
    let outcome: Exit = verdict.outcome.into();
    if outcome == Exit::Passed {
        println!("{}", report::headline(&recording, &verdict, style));
    } else {
        print!("{}", report::verdict(&recording, &verdict, &again, style));
    }
    if attempts > 1 {
        println!("        tried {attempts} times: the computer was too busy before");
    }
    let path = recordings::file(&arguments.output, &file.name);
    if let Err(failure) = recordings::write(&path, &recording) {
        eprintln!("{}", failure.text);
        return outcome.max(failure.exit);
    }
    if outcome != Exit::Passed {
        println!("        recorded in {}", path.display());
    }
    outcome
}

/// A line that says how far it is, where a person sees it.
struct Progress {
    total: usize,
    done: usize,
    running: BTreeMap<String, Instant>,
    began: Instant,
    shown: bool,
}

impl Progress {
    fn new(total: usize) -> Self {
        Self { total, done: 0, running: BTreeMap::new(), began: Instant::now(), shown: std::io::stderr().is_terminal() }
    }

    fn began(&mut self, name: String) {
        self.running.insert(name, Instant::now());
    }

    fn ended(&mut self, name: &str) {
        self.running.remove(name);
        self.done += 1;
        self.clear();
    }

    fn clear(&self) {
        if self.shown {
            eprint!("\r\x1b[K");
        }
    }

    fn draw(&self) {
        if !self.shown || self.running.is_empty() {
            return;
        }
        let longest = self.running.iter().min_by_key(|(_, since)| **since);
        let longest = longest.map(|(name, since)| format!("{name} for {:.0}s", since.elapsed().as_secs_f64())).unwrap_or_default();
        eprint!("\r\x1b[K[{}/{}] {} running, {longest}", self.done, self.total, self.running.len());
        std::io::stderr().flush().ok();
    }

    fn summary(&self) -> String {
        format!("{} of {} run in {:.1}s", self.done, self.total, self.began.elapsed().as_secs_f64())
    }
}
