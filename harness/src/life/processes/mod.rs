//! Processes: programs that run in hosts, from start to end, and their output.
//! Not here: when a step acts on one, or whether it ended as it should.
//!
//! Each has a keeper (`keeper`) and, with it, a PID namespace: nothing that it starts outlives it or the run.

mod iperf3;
mod keeper;
mod output;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf, pipe};
use tokio::sync::mpsc;

use crate::document::case::{Process, Sign, Verb};
use crate::kernel::view::{View, sees};
use crate::kernel::{Namespace, program};
use crate::life::clock::Clock;
use crate::life::observe::{ObserveError, Observer};
use crate::plan::Job;
use crate::result::recording::ProcessRecord;
use crate::words::Signal;
pub use keeper::enter;
use keeper::{KEEPER, Mptcpize, Order, Report, Task};
use output::{Output, Stream};

/// The interval at which a process is checked until it is ready.
const LOOK: Duration = Duration::from_millis(10);
/// How long a process may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(5);

/// Why a process could not be started or controlled. This is broken machinery: a program's own failures are in its record.
#[derive(Debug, thiserror::Error)]
#[error("process `{process}`, {operation}: {source}")]
pub struct Error {
    process: String,
    operation: &'static str,
    source: io::Error,
}

/// The processes of a run.
pub(crate) struct Processes {
    asked: BTreeMap<String, Process>,
    namespaces: BTreeMap<String, Arc<Namespace>>,
    /// The text of /etc/hosts.
    hosts: String,
    /// The run's, once its time has begun.
    clock: Option<Clock>,
    /// Those that were started.
    lives: BTreeMap<String, Life>,
    /// Processes that are due but wait for others to be ready.
    held: BTreeSet<String>,
    next_look: Instant,
    heard: mpsc::UnboundedReceiver<Heard>,
    tell: mpsc::UnboundedSender<Heard>,
}

/// A process that was started.
struct Life {
    keeper: u32,
    control: OwnedWriteHalf,
    since: Instant,
    record: ProcessRecord,
    output: Output,
    /// Whether it and all that it started have ended, and all output has been read.
    gone: bool,
}

/// An event of a process.
struct Heard {
    process: String,
    at: Instant,
    what: What,
}

enum What {
    Printed(Stream, Vec<u8>),
    Reported(Report),
    Gone,
}

impl Processes {
    /// The processes of a job, none of them started.
    pub(crate) fn of(job: &Job, namespaces: BTreeMap<String, Arc<Namespace>>) -> Self {
        let (tell, heard) = mpsc::unbounded_channel();
        Self {
            asked: job.case.processes.clone(),
            namespaces,
            hosts: job.topology.names(),
            clock: None,
            lives: BTreeMap::new(),
            held: BTreeSet::new(),
            next_look: Instant::now(),
            heard,
            tell,
        }
    }

    /// Starts those that come before the run's clock, and waits until they are ready or one of them cannot be.
    pub(crate) async fn settle(&mut self, observer: &mut Observer) -> Result<(), Failure> {
        let early: Vec<_> = self.asked.iter().filter(|(_, process)| process.precedes(&self.asked)).map(|(name, _)| name.clone()).collect();
        for name in &early {
            self.start(name).await?;
        }
        while !self.over() && early.iter().any(|name| !self.is_ready(name)) {
            self.event().await;
            self.look(observer).await?;
        }
        Ok(())
    }

    /// Starts the run's clock.
    pub(crate) fn begin(&mut self, clock: Clock) {
        self.clock = Some(clock);
    }

    /// Starts a process, or keeps it until those that come before it are ready.
    pub(crate) async fn start(&mut self, name: &str) -> Result<(), Error> {
        let Some(asked) = self.asked.get(name).filter(|_| !self.lives.contains_key(name)) else { return Ok(()) };
        if !asked.after.iter().all(|before| self.is_ready(before)) {
            self.held.insert(name.to_owned());
            return Ok(());
        }
        self.held.remove(name);
        let life = self.spawn(name, asked).await.map_err(|source| Error { process: name.to_owned(), operation: "starting it", source })?;
        self.lives.insert(name.to_owned(), life);
        Ok(())
    }

    async fn spawn(&self, name: &str, asked: &Process) -> io::Result<Life> {
        let (here, there) = std::os::unix::net::UnixStream::pair()?;
        let (stdout, to_stdout) = io::pipe()?;
        let (stderr, to_stderr) = io::pipe()?;
        let mut keeper = Command::new("/proc/self/exe");
        keeper.arg(KEEPER).stdin(OwnedFd::from(there)).stdout(to_stdout).stderr(to_stderr);
        let keeper = program::start_apart(keeper, Arc::clone(&self.namespaces[&asked.host]))?;
        here.set_nonblocking(true)?;
        let (told, mut control) = UnixStream::from_std(here)?.into_split();
        let task = Task {
            view: View { host: asked.host.clone(), hosts: self.hosts.clone() },
            command: asked.command.clone(),
            env: asked.env.clone(),
            files: asked.files.clone(),
            input: asked.input.clone(),
            mptcpize: asked.mptcpize,
            privileged: asked.privileged,
        };
        order(&mut control, &Order::Begin(Box::new(task))).await?;
        let (name, tell) = (name.to_owned(), self.tell.clone());
        let [stdout, stderr] = [OwnedFd::from(stdout), OwnedFd::from(stderr)].map(pipe::Receiver::from_owned_fd);
        tokio::spawn(listen(name, told, stdout?, stderr?, tell));
        let record = ProcessRecord { command: asked.line(), started: Some(self.now()), ..ProcessRecord::default() };
        Ok(Life { keeper, control, since: Instant::now(), record, output: Output::default(), gone: false })
    }

    /// Takes a step that acts on a process.
    pub(crate) async fn act(&mut self, verb: Verb, name: &str) -> Result<(), Error> {
        match verb {
            Verb::Start => self.start(name).await?,
            Verb::Stop => self.ask_to_end(name).await,
            Verb::Kill => {
                self.asked_now(name);
                self.signal(name, Signal::KILL).await;
            }
            Verb::Pause => self.signal(name, Signal::STOP).await,
            Verb::Resume => self.signal(name, Signal::CONT).await,
        }
        Ok(())
    }

    /// Waits for an event, and notes it. Cancelling it loses nothing.
    pub(crate) async fn event(&mut self) {
        let waiting = self.lives.iter().any(|(name, life)| !life.gone && !self.is_ready(name));
        let look = async { if waiting { tokio::time::sleep_until(self.next_look.into()).await } else { std::future::pending().await } };
        tokio::select! {
            Some(heard) = self.heard.recv() => self.note(heard),
            () = look => {}
        }
    }

    /// Checks which processes have become ready, and starts those that waited for them.
    pub(crate) async fn look(&mut self, observer: &mut Observer) -> Result<(), Failure> {
        if self.next_look > Instant::now() && self.held.is_empty() {
            return Ok(());
        }
        self.next_look = Instant::now() + LOOK;
        let now = self.now();
        for (name, life) in &mut self.lives {
            let Some(ready) = self.asked.get(name).and_then(|asked| Some((&asked.host, asked.ready.as_ref()?))) else { continue };
            if life.record.ready.is_some() || life.record.ended.is_some() {
                continue;
            }
            let is_there = match &ready.1.sign {
                Sign::Port(port) => observer.listeners(ready.0)?.keys().any(|address| address.port() == *port),
                Sign::Line(_) => continue,
                Sign::File(path) => sees(life.keeper, Path::new(path)),
            };
            life.record.ready = is_there.then_some(now);
        }
        for name in self.held.clone() {
            self.start(&name).await?;
        }
        Ok(())
    }

    /// Whether a process must still end by itself.
    pub(crate) fn ongoing(&self) -> bool {
        let living = self.lives.iter().filter(|(_, life)| !life.gone).map(|(name, _)| name);
        living.chain(&self.held).any(|name| !self.asked[name].serves)
    }

    /// Whether a process that must become ready never will, so that the run cannot go on.
    pub(crate) fn over(&self) -> bool {
        self.lives.iter().any(|(name, life)| {
            let late = |asked: &Process| asked.ready.as_ref().is_some_and(|ready| life.gone || life.since.elapsed() > ready.within.into());
            life.record.asked.is_none() && life.record.ready.is_none() && late(&self.asked[name])
        })
    }

    /// Asks all processes to end, and kills those that do not.
    pub(crate) async fn end(&mut self) -> BTreeMap<String, ProcessRecord> {
        for name in self.asked.keys().cloned().collect::<Vec<_>>() {
            self.ask_to_end(&name).await;
        }
        let patience = tokio::time::sleep(GRACE);
        tokio::pin!(patience);
        while self.lives.values().any(|life| !life.gone) {
            tokio::select! {
                Some(heard) = self.heard.recv() => self.note(heard),
                () = &mut patience => {
                    for name in self.asked.keys().cloned().collect::<Vec<_>>() {
                        self.signal(&name, Signal::KILL).await;
                    }
                    patience.as_mut().reset(tokio::time::Instant::now() + GRACE);
                }
            }
        }
        let records = std::mem::take(&mut self.lives).into_iter().map(|(name, life)| {
            let iperf3 = self.asked[&name].measures().then(|| iperf3::read(&life.output.stdout(), life.record.started.unwrap_or(0)));
            (name, ProcessRecord { iperf3: iperf3.flatten(), output: life.output.lines, dropped: life.output.dropped, ..life.record })
        });
        let mut records: BTreeMap<_, _> = records.collect();
        for (name, asked) in &self.asked {
            records.entry(name.clone()).or_insert_with(|| ProcessRecord { command: asked.line(), ..ProcessRecord::default() });
        }
        records
    }

    /// The run's time, 0 before it.
    fn now(&self) -> u64 {
        self.clock.map_or(0, |clock| clock.now().micros())
    }

    pub(crate) fn is_ready(&self, name: &str) -> bool {
        let needs_sign = self.asked.get(name).is_some_and(|asked| asked.ready.is_some());
        self.lives.get(name).is_some_and(|life| !needs_sign || life.record.ready.is_some())
    }

    fn note(&mut self, Heard { process, at, what }: Heard) {
        let at = self.clock.map_or(0, |clock| clock.at(at).micros());
        let Some(life) = self.lives.get_mut(&process) else { return };
        match what {
            What::Printed(stream, bytes) => {
                life.output.add(at, stream, &bytes);
                // A process that ends at once may have reported that it is ready.
                let sign = self.asked.get(&process).and_then(|asked| asked.ready.as_ref()).map(|ready| &ready.sign);
                if let Some(Sign::Line(text)) = sign.filter(|_| life.record.ready.is_none()) {
                    life.record.ready = life.output.contains(text).then_some(at);
                }
            }
            What::Reported(Report::Started(mptcpize)) => life.record.preload = mptcpize == Mptcpize::Own,
            What::Reported(Report::Failed(why)) => life.record.error = Some(why),
            What::Reported(Report::Ended(exit)) => (life.record.ended, life.record.exit) = (Some(at), Some(exit)),
            What::Gone => {
                life.output.end(at);
                life.gone = true;
            }
        }
    }

    /// Notes that a process has been asked to end, if it lives.
    fn asked_now(&mut self, name: &str) {
        let now = self.now();
        if let Some(life) = self.lives.get_mut(name).filter(|life| life.record.ended.is_none()) {
            life.record.asked.get_or_insert(now);
        }
    }

    async fn ask_to_end(&mut self, name: &str) {
        self.asked_now(name);
        self.signal(name, self.asked[name].stop).await;
        // A stopped process does not react.
        self.signal(name, Signal::CONT).await;
    }

    async fn signal(&mut self, name: &str, signal: Signal) {
        if let Some(life) = self.lives.get_mut(name) {
            // If the keeper is gone, no process is left.
            order(&mut life.control, &Order::Signal(signal)).await.ok();
        }
    }
}

async fn order(control: &mut OwnedWriteHalf, order: &Order) -> io::Result<()> {
    let mut line = serde_json::to_vec(order)?;
    line.push(b'\n');
    control.write_all(&line).await
}

/// Passes on all events of a process until its end.
async fn listen(process: String, told: OwnedReadHalf, stdout: pipe::Receiver, stderr: pipe::Receiver, tell: mpsc::UnboundedSender<Heard>) {
    // The receiver is gone only when the run is over.
    let say = |what| drop(tell.send(Heard { process: process.clone(), at: Instant::now(), what }));
    let messages = async {
        let mut lines = BufReader::new(told).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if let Ok(told) = serde_json::from_str(&line) {
                say(What::Reported(told));
            }
        }
    };
    tokio::join!(messages, printed(Stream::Stdout, stdout, &say), printed(Stream::Stderr, stderr, &say));
    say(What::Gone);
}

async fn printed(stream: Stream, mut pipe: pipe::Receiver, say: &impl Fn(What)) {
    let mut buffer = vec![0; 65_536];
    while let Ok(read @ 1..) = pipe.read(&mut buffer).await {
        say(What::Printed(stream, buffer[..read].to_vec()));
    }
}

/// Why processes could not be managed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// One could not be started.
    #[error(transparent)]
    Process(#[from] Error),
    /// A host could not be looked at.
    #[error(transparent)]
    Observe(#[from] ObserveError),
}
