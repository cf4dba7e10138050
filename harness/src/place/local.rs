//! The place called `local`: this computer's kernel, in a child process with fresh namespaces.
//! Not here: what runs there.
//!
//! The child is this same program: a binary that uses the place calls [`enter`](super::enter) first thing in `main`. Job and recording go through pipes.
//! The child holds every namespace by descriptor and dies with the thread that started it, so nothing can be left behind.

use std::error::Error;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::Duration;
use std::{env, io, process, thread};

use serde::{Deserialize, Serialize};

use crate::kernel::layout::{self, Layout};
use crate::kernel::{inherited, kmsg, probe, process as confine, timers};
use crate::life::capture::Wish;
use crate::life::execute::{News, execute, watchdog};
use crate::place::failure::{Failure, Kind};
use crate::place::lines::{Heard, Lines};
use crate::plan::Job;
use crate::result::recording::{PlaceRecord, Recording};
use crate::result::splat;
use crate::words::Snap;

/// Why the place could not run a job. This is broken machinery, not a failed case.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// No network namespace can be made here, or the run's lab could not be built, or the run ended early.
    #[error(transparent)]
    Failed(#[from] Box<Failure>),
    /// The run did not end in time.
    #[error("the run did not end within {0:?} and was killed")]
    Stuck(Duration),
}

/// The first argument of a child.
const CHILD: &str = "mplab:child";

/// A request to a child.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Request {
    Probe,
    Layout,
    Run(Box<Job>),
    Capture(Box<Job>, Wish),
}

impl Request {
    /// The job in the request, if it has one.
    pub(crate) fn job(&self) -> Option<&Job> {
        match self {
            Self::Run(job) | Self::Capture(job, _) => Some(job),
            Self::Probe | Self::Layout => None,
        }
    }
}

/// A message from a child, one line each.
#[derive(Serialize, Deserialize)]
pub(crate) enum Message {
    News(News),
    Place(Box<PlaceRecord>),
    Layout(Layout),
    Recording(Box<Recording>),
    Failed(Box<Failure>),
}

impl From<LocalError> for Message {
    fn from(error: LocalError) -> Self {
        Self::Failed(match error {
            LocalError::Failed(why) => why,
            stuck @ LocalError::Stuck(_) => machinery(&stuck).into(),
        })
    }
}

/// A failure of the machinery around a run.
fn machinery(error: &(dyn Error + 'static)) -> Failure {
    Failure::new(Kind::Machinery, error)
}

/// Becomes a run's child if this process was started as one, and then never returns.
pub(super) fn enter() {
    let mut arguments = env::args().skip(1);
    if arguments.next().as_deref() != Some(CHILD) {
        return;
    }
    let parent = arguments.next().and_then(|id| id.parse().ok()).unwrap_or(0);
    let message = serve(parent).unwrap_or_else(Message::Failed);
    // A parent that is gone hears nothing, and this process dies with it.
    say(&message).ok();
    process::exit(0);
}

fn say(message: &Message) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    io::stdout().lock().write_all(&line)
}

fn serve(parent: i32) -> Result<Message, Box<Failure>> {
    confine::die_with_parent(parent).map_err(|error| machinery(&error))?;
    let root = confine::leave_network().map_err(|confined| Failure::from(&confined))?;
    // Entering a user namespace may have reset the parent-death signal.
    confine::die_with_parent(parent).map_err(|error| machinery(&error))?;
    let mut request = String::new();
    io::stdin().read_to_string(&mut request).map_err(|error| machinery(&error))?;
    let features = probe::features().map_err(|error| Failure::new(Kind::Probe, &error))?;
    let timers = timers::settled().map(|resolution| resolution.as_nanos() as u64);
    let place = PlaceRecord { name: "local".into(), kernel: confine::kernel_release(), root, features, timers, machine: None };
    match serde_json::from_str(&request).map_err(|error| machinery(&error))? {
        Request::Probe => Ok(Message::Place(Box::new(place))),
        Request::Layout => layout::read().map(Message::Layout).map_err(|error| Failure::new(Kind::Probe, &error).into()),
        Request::Run(job) => carry_out(*job, place, None),
        Request::Capture(job, wish) => carry_out(*job, place, Some(wish)),
    }
}

fn carry_out(job: Job, place: PlaceRecord, capture: Option<Wish>) -> Result<Message, Box<Failure>> {
    let recording = execute(job, place, capture, &mut |news| drop(say(&Message::News(news))));
    recording.map(|recording| Message::Recording(Box::new(recording))).map_err(|error| Failure::from(&error).into())
}

/// A child that is killed and waited for when it is dropped.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Starts a child, sends it a request, and passes on its news until it has answered.
pub(crate) fn ask(request: &Request, news: &mut dyn FnMut(News)) -> Result<Message, LocalError> {
    let patience = request.job().map_or(Duration::from_secs(60), watchdog);
    let failed = |what: &str, error: &(dyn Error + 'static)| {
        LocalError::Failed(Box::new(Failure::new(Kind::Machinery, error).within(format!("failed to {what} the run's process"))))
    };
    let mut child = Command::new("/proc/self/exe");
    child.args([CHILD, &process::id().to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
    inherited::give_back(&mut child);
    let child = child.spawn().map_err(|error| failed("start", &error))?;
    let mut child = Killed(child);
    let request = serde_json::to_vec(request).map_err(|error| failed("tell", &error))?;
    let mut stdin = child.0.stdin.take().expect("piped above");
    // A child that could not leave the computer's network answers without reading: its answer matters more than the broken pipe.
    stdin.write_all(&request).ok();
    drop(stdin);
    let stdout = child.0.stdout.take().expect("piped above");
    let mut lines = Lines::of(stdout, patience).map_err(|error| failed("hear", &error))?;
    loop {
        match lines.next().map_err(|error| failed("hear", &error))? {
            Heard::Line(line) => match serde_json::from_slice(&line).map_err(|error| failed("understand", &error))? {
                Message::News(fresh) => news(fresh),
                Message::Failed(why) => return Err(LocalError::Failed(why)),
                answer => return Ok(answer),
            },
            Heard::Late => return Err(LocalError::Stuck(patience)),
            Heard::End => {
                let status = child.0.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
                return Err(broken(format!("the run's process ended without an answer ({status})")));
            }
        }
    }
}

fn broken(text: impl Into<String>) -> LocalError {
    LocalError::Failed(Box::new(Failure::says(Kind::Machinery, text)))
}

/// What this computer can do. Probed once, in a child.
pub fn place() -> Result<PlaceRecord, LocalError> {
    static PLACE: OnceLock<Result<PlaceRecord, LocalError>> = OnceLock::new();
    let probe = || match ask(&Request::Probe, &mut |_| ())? {
        Message::Place(place) => Ok(*place),
        _ => Err(broken("the run's process gave an unexpected answer")),
    };
    PLACE.get_or_init(probe).clone()
}

/// Runs a job in a child, which reports news meanwhile. If the kernel's log can be read, its complaints are recorded too;
/// another program may have caused them.
pub fn run(job: &Job, news: &mut dyn FnMut(News)) -> Result<Recording, LocalError> {
    run_captured(job, None, news)
}

/// The same. With a snap length, the news include the packets.
pub(super) fn run_captured(job: &Job, capture: Option<Snap>, news: &mut dyn FnMut(News)) -> Result<Recording, LocalError> {
    let mut log = kmsg::Log::open().ok();
    let job = Box::new(job.clone());
    let request = match capture {
        Some(snap) => Request::Capture(job, Wish { snap, held: false }),
        None => Request::Run(job),
    };
    let (tell, told) = mpsc::channel();
    let answer = thread::scope(|scope| {
        // The receiver may be slow, such as a stopped terminal. The run goes on meanwhile.
        let asked = scope.spawn(move || ask(&request, &mut |fresh| drop(tell.send(fresh))));
        told.iter().for_each(news);
        asked.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    match answer? {
        Message::Recording(mut recording) => {
            recording.splats = log.as_mut().map(|log| splat::scan(&log.read())).unwrap_or_default();
            Ok(*recording)
        }
        _ => Err(broken("the run's process gave an unexpected answer")),
    }
}
