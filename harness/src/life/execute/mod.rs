//! The one step loop: builds a job's lab, lets its transfers run, takes its steps, samples, and returns the recording.
//! Not here: where it runs (the calling process must have left the computer's network) and what the recording means.

mod amount;
mod record;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::kernel::load::Load;
use crate::life::capture::{Capture, Wish};
use crate::life::clock::Clock;
use crate::life::lab::{Lab, LabError};
pub use crate::life::news::News;
use crate::life::observe::{ObserveError, Observer};
use crate::life::processes::{self, Processes};
use crate::life::traffic::{self, Prepared, Running};
use crate::life::waiting::{AGAIN, Waiting};
use crate::plan::{Change, Job, Op, PlannedStep};
pub use crate::record::{HostMoment, Moment, SubflowMoment};
use crate::result::recording::{PlaceRecord, Recording, StepRecord};
use crate::words::{Protocol, Time};
use amount::amount;

/// Why a job could not be run to its end. This is broken machinery, not a failed case.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// The lab could not be built or changed.
    #[error(transparent)]
    Lab(#[from] LabError),
    /// A transfer could not be prepared or started.
    #[error(transparent)]
    Traffic(#[from] traffic::Error),
    /// A process could not be started.
    #[error(transparent)]
    Process(#[from] processes::Failure),
    /// Something could not be observed.
    #[error(transparent)]
    Observe(#[from] ObserveError),
    /// Packets could not be captured.
    #[error("failed to capture packets: {0}")]
    Capture(#[source] std::io::Error),
    /// The event loop could not be made.
    #[error("failed to make the event loop: {0}")]
    Loop(#[from] std::io::Error),
}

/// Runs a job in this process, and captures its packets if requested.
pub(crate) fn execute(job: Job, place: PlaceRecord, capture: Option<Wish>, news: &mut dyn FnMut(News)) -> Result<Recording, ExecuteError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    // Watching for events needs the runtime already.
    runtime.block_on(async { Run::prepare(job, place, capture, news).await?.play(news).await })
}

/// Something due at a time.
enum Due {
    Start(String),
    Process(String),
    Step(usize, PlannedStep),
    /// A part of a step, and whether it is the last.
    Change(Vec<Op>, bool),
}

/// What the loop waited for.
enum Came {
    /// The next time at which something is due.
    Time,
    /// Something that the kernel says of a host.
    Event,
    /// Something of a process.
    Process,
    /// The end of a transfer.
    End(String),
}

/// A run whose lab is built and whose servers listen.
struct Run {
    job: Job,
    place: PlaceRecord,
    lab: Lab,
    observer: Observer,
    /// What is still due, with the next last.
    agenda: Vec<(Time, Due)>,
    prepared: BTreeMap<String, Prepared>,
    running: BTreeMap<String, Running>,
    started: BTreeMap<String, u64>,
    processes: Processes,
    listeners: BTreeMap<String, Protocol>,
    steps: Vec<StepRecord>,
    waiting: Waiting,
    late_steps: Vec<u64>,
    next_sample: Time,
    late_samples: Vec<u64>,
    load: Load,
    capture: Option<Capture>,
}

/// How long a step waits for the connection that it needs.
const CONNECTS: Time = Time::from_millis(5_000);

impl Run {
    async fn prepare(job: Job, place: PlaceRecord, capture: Option<Wish>, news: &mut dyn FnMut(News)) -> Result<Self, ExecuteError> {
        let before = Instant::now();
        let lab = Lab::build(&job.setup)?;
        news(News::Built { took: Time::from(before.elapsed()).micros() });
        let capture = capture.map(|wish| Capture::open(&lab, &job, wish)).transpose().map_err(ExecuteError::Capture)?;
        let hosts = lab.hosts();
        let mut observer = Observer::open(hosts.iter().map(|(name, namespace)| (name.as_str(), &**namespace)))?;
        for host in job.case.asked_one_by_one() {
            observer.ask_each(host);
        }
        // Before the sockets of transfers are made: a socket uses the endpoints that existed then.
        let mut processes = Processes::of(&job, hosts.clone());
        processes.settle(&mut observer).await?;
        let mut prepared = BTreeMap::new();
        let mut listeners = BTreeMap::new();
        for (name, transfer) in &job.case.transfers {
            let seed = job.seed.wrapping_add(u64::from(transfer.port) << 32);
            let mut ready = Prepared::listen(name, transfer, seed, &hosts[&transfer.client], &hosts[&transfer.server])?;
            if job.case.asked_sockets().any(|asked| asked == name) {
                ready.ask_sockets();
            }
            prepared.insert(name.clone(), ready);
            let found = observer.listeners(&transfer.server)?;
            let ours = found.into_iter().find(|(address, _)| address.port() == transfer.port);
            listeners.extend(ours.map(|(_, protocol)| (name.clone(), protocol)));
        }
        let starts = prepared.iter().map(|(name, transfer)| (transfer.start_time(), Due::Start(name.clone())));
        let programs = job.case.processes.iter().filter(|(_, process)| !process.precedes(&job.case.processes));
        let programs = programs.filter_map(|(name, process)| Some((process.start?, Due::Process(name.clone()))));
        let timed = || job.steps.iter().enumerate().filter(|(_, step)| step.when.is_none());
        let steps = timed().map(|(number, step)| (step.at, Due::Step(number, step.clone())));
        let later = timed().flat_map(|(_, step)| changes(step));
        let mut agenda: Vec<_> = starts.chain(programs).chain(steps).chain(later).collect();
        // The sort is stable: what is due together is done in the order of the file.
        agenda.sort_by_key(|(at, _)| *at);
        agenda.reverse();
        let waiting = Waiting::of(&job.steps);
        Ok(Self {
            job,
            place,
            lab,
            observer,
            agenda,
            prepared,
            running: BTreeMap::new(),
            started: BTreeMap::new(),
            processes,
            listeners,
            steps: Vec::new(),
            waiting,
            late_steps: Vec::new(),
            next_sample: Time::ZERO,
            late_samples: Vec::new(),
            load: Load::read(),
            capture,
        })
    }

    async fn play(mut self, news: &mut dyn FnMut(News)) -> Result<Recording, ExecuteError> {
        let (ended, mut endings) = mpsc::unbounded_channel();
        let mut ongoing: BTreeSet<String> = self.prepared.keys().cloned().collect();
        let deadline = self.job.case.deadline;
        let clock = Clock::start();
        self.processes.begin(clock);
        // It is read after each wait, and after what takes time. Each reading is a system call where the kernel is a program.
        let mut now = clock.now();
        while (!self.agenda.is_empty() || self.waiting.ongoing() || !ongoing.is_empty() || self.processes.ongoing())
            && !self.processes.over()
            && now < deadline
        {
            while let Some((at, due)) = self.agenda.pop_if(|(at, _)| *at <= now) {
                self.late_steps.push(now.since(at).micros());
                match due {
                    Due::Start(name) => self.start(&name, clock, &ended)?,
                    Due::Process(name) => self.processes.start(&name).await.map_err(processes::Failure::from)?,
                    Due::Step(number, step) => {
                        // Samples before a step count only what came before it.
                        self.sample_if_due(now, clock, news)?;
                        self.step(number, step, clock, news).await?;
                    }
                    Due::Change(ops, last) => {
                        self.lab.apply(&ops)?;
                        if last {
                            self.lab.verify(&ops)?;
                        }
                    }
                }
                now = clock.now();
            }
            now = self.sample_if_due(now, clock, news)?;
            let mut next = self.agenda.last().map_or(deadline, |(at, _)| *at).min(self.next_sample).min(deadline);
            if self.waiting.ongoing() {
                self.look(now)?;
                next = self.agenda.last().map_or(next, |(at, _)| next.min(*at)).min(now.after(AGAIN));
            }
            let came = tokio::select! {
                () = tokio::time::sleep_until(clock.instant(next).into()) => Came::Time,
                () = self.observer.event() => Came::Event,
                () = self.processes.event() => Came::Process,
                Some(name) = endings.recv() => Came::End(name),
            };
            now = clock.now();
            match came {
                Came::Time => {}
                Came::Event => self.observer.drain_events(now)?,
                Came::Process => {
                    self.processes.look(&mut self.observer).await?;
                    now = clock.now();
                }
                Came::End(name) => drop(ongoing.remove(&name)),
            }
        }
        self.sample(clock.now(), true, news)?;
        let end = clock.now();
        let timed_out = end >= deadline && (!ongoing.is_empty() || self.processes.ongoing());
        for host in self.job.topology.hosts.keys() {
            self.observer.listeners(host)?;
        }
        let processes = self.processes.end().await;
        let transfers = self.stop();
        self.observer.drain_last_events(clock.now())?;
        let relayed = self.relayed()?;
        if let Some(capture) = self.capture.take() {
            capture.finish(clock, news).map_err(ExecuteError::Capture)?;
        }
        Ok(self.record(end, timed_out, transfers, processes, relayed))
    }

    fn start(&mut self, name: &str, clock: Clock, ended: &mpsc::UnboundedSender<String>) -> Result<(), ExecuteError> {
        let Some(prepared) = self.prepared.remove(name) else { return Ok(()) };
        self.started.insert(name.to_owned(), clock.now().micros());
        let (ended, who) = (ended.clone(), name.to_owned());
        // The receiver is gone only when the run is over.
        let running = prepared.start(clock, Box::new(move || drop(ended.send(who))))?;
        self.running.insert(name.to_owned(), running);
        Ok(())
    }

    /// Checks whether the waiting step is due.
    fn look(&mut self, now: Time) -> Result<(), ExecuteError> {
        self.observer.drain_events(now)?;
        let Self { waiting, observer, running, job, processes, .. } = self;
        let Some((number, step)) = waiting.look(now, |condition| amount(condition, job, observer, running, processes))? else {
            return Ok(());
        };
        for (at, due) in changes(&step).chain([(step.at, Due::Step(number, step.clone()))]).collect::<Vec<_>>() {
            let place = self.agenda.partition_point(|(other, _)| *other > at);
            self.agenda.insert(place, (at, due));
        }
        Ok(())
    }

    async fn step(&mut self, number: usize, step: PlannedStep, clock: Clock, news: &mut dyn FnMut(News)) -> Result<(), ExecuteError> {
        if let Some((verb, name)) = &step.process {
            self.processes.act(*verb, name).await.map_err(processes::Failure::from)?;
        }
        let mut refused = None;
        match self.lab.apply(&step.ops) {
            // Waiting for a connection belongs to the step and is not lateness of the computer, which is measured against each next look.
            Err(LabError::Absent(..)) if clock.now() < step.at.after(CONNECTS) => {
                let again = clock.now().after(AGAIN);
                let place = self.agenda.partition_point(|(at, _)| *at > again);
                self.agenda.insert(place, (again, Due::Step(number, step)));
                return Ok(());
            }
            Err(error) if step.refused.is_some() => refused = Some(error.errno().ok_or(error)?),
            done => done?,
        }
        let at = clock.now().micros();
        if refused.is_none() {
            self.lab.verify(&step.ops)?;
        }
        let lines = step.ops.iter().map(ToString::to_string).collect();
        let waits = self.job.steps.iter().any(|step| step.when.is_some());
        self.steps.push(StepRecord { due: step.at.micros(), at, lines, number: waits.then_some(number), refused });
        self.waiting.taken(number);
        news(News::Step { at, number });
        Ok(())
    }

    /// Takes a sample if one is due, and returns the time after that.
    fn sample_if_due(&mut self, now: Time, clock: Clock, news: &mut dyn FnMut(News)) -> Result<Time, ExecuteError> {
        if now < self.next_sample {
            return Ok(now);
        }
        self.late_samples.push(now.since(self.next_sample).micros());
        self.sample(now, false, news)?;
        let now = clock.now();
        // Samples that are already due are skipped: two at once say no more than one.
        while self.next_sample <= now {
            self.next_sample = self.next_sample.after(self.job.case.sample);
        }
        Ok(now)
    }

    fn sample(&mut self, now: Time, last: bool, news: &mut dyn FnMut(News)) -> Result<(), ExecuteError> {
        self.observer.sample(now, last)?;
        if let Some(capture) = &mut self.capture {
            capture.look(news);
        }
        let seen = |host: &String| Some((host.clone(), HostMoment::last_of(self.observer.seen(host)?)));
        news(News::Sample(Moment { at: now.micros(), hosts: self.job.topology.hosts.keys().filter_map(seen).collect() }));
        Ok(())
    }
}

/// What is done after a step, and when.
fn changes(step: &PlannedStep) -> impl Iterator<Item = (Time, Due)> {
    let change = |(left, change): (usize, &Change)| (step.at.after(change.after), Due::Change(change.ops.clone(), left == 0));
    step.later.iter().rev().enumerate().map(change)
}

/// How long a run may take as seen from outside: its deadline, plus what building and cleaning up may take on a busy computer.
pub(crate) fn watchdog(job: &Job) -> Duration {
    Duration::from(job.case.deadline) + Duration::from_secs(60)
}
