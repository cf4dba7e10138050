//! Standing labs: each is held by a process of its own from `up` to `down`, and has a directory that records what was made.
//! Not here: what the holding process does (`holder`), or how a lab is built.
//!
//! First the directory is made, then what is going to be made is written into it, and only then is the lab built: whatever ends the holder, `down`
//! knows what to clean up. The holder listens on a socket in the directory; a lab whose socket has no listener has fallen.

mod conversation;
mod holder;
mod record;
mod stage;
mod words;

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, mem, process, thread};

use crate::document::topology::Topology;
use crate::kernel::doors::Doors;
pub use crate::kernel::inhabitants::Ended;
use crate::kernel::inhabitants::Inhabited;
use crate::kernel::view::View;
use crate::kernel::{inherited, names};
use crate::place::{Failure, Kind, LocalError, local};
use crate::plan::Choice;
use crate::record::Moment;
use crate::words::names::{WIRES, complaint};

use conversation::Request;
pub use conversation::State;
use conversation::{Answer, ask};
pub use holder::enter;
use record::{Directory, Record};
pub(crate) use stage::{Refusal, Stage, plan};
pub use words::{conditions, quoted};

/// The longest name of a lab.
const NAME_MAX: usize = 63;
/// How long a holder may take to end.
const END: Duration = Duration::from_secs(10);

/// Why a standing lab could not be built, used or taken down.
#[derive(Debug, thiserror::Error)]
pub enum StandingError {
    /// The request makes no sense.
    #[error("{0}")]
    Usage(String),
    /// The step makes no sense: drawn like a mistake in a file.
    #[error("{0}")]
    Mistakes(String),
    /// This computer cannot do what the topology needs.
    #[error("this cannot be done here: {0}")]
    Unsupported(Box<Failure>),
    /// No network namespace can be made here, or the holder broke.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// The process that held the lab of this name is gone.
    #[error("lab `{0}` has fallen: the process that held it is gone. Clean up with `mplab down {0}`")]
    Fallen(String),
    /// The lab could not be built or changed.
    #[error(transparent)]
    Broken(Box<Failure>),
    /// A file or the holder's socket could not be used.
    #[error("failed to {what}: {source}")]
    Io {
        /// What mplab tried to do.
        what: String,
        /// The kernel's error.
        source: io::Error,
    },
}

impl From<Refusal> for StandingError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Mistakes(drawn) => Self::Mistakes(drawn),
            Refusal::Unsupported(why) => Self::Unsupported(why),
            Refusal::Broken(why) => Self::Broken(why),
        }
    }
}

fn broken(text: impl Into<String>) -> StandingError {
    StandingError::Broken(Box::new(Failure::says(Kind::Machinery, text)))
}

fn failed(what: impl Into<String>) -> impl FnOnce(io::Error) -> StandingError {
    let what = what.into();
    move |source| StandingError::Io { what, source }
}

/// A lab that is up, or what is left of it.
pub struct Standing {
    directory: Directory,
    record: Record,
}

/// Builds a standing lab, and returns once it is up.
pub fn up(name: &str, topology: Topology) -> Result<Standing, StandingError> {
    if let Some(complaint) = complaint("lab", name, NAME_MAX) {
        return Err(StandingError::Usage(complaint));
    }
    let place = local::place()?;
    let job = plan(name, topology, &place.features)?;
    let hosts = job.topology.hosts.keys().map(String::as_str).chain([WIRES]);
    let names: BTreeMap<String, String> = hosts.map(|host| (host.to_owned(), format!("{name}-{host}"))).collect();
    let _lock = record::lock()?;
    let directory = Directory::make(name)?;
    if place.root {
        names::prepare().map_err(failed(format!("make {}", names::DIRECTORY)))?;
        // A namespace that already has such a name is not ours, now or when the lab is cleaned up.
        if let Some(taken) = names.values().find(|name| names::path(name).exists()) {
            directory.remove()?;
            return Err(StandingError::Usage(format!("a network namespace `{taken}` already exists: choose another --name")));
        }
    }
    let standing = Standing { directory, record: Record { job, place, names } };
    if let Err(error) = standing.start() {
        standing.clean()?;
        return Err(error);
    }
    Ok(standing)
}

/// The labs that are up or have fallen, by name.
pub fn all() -> Result<Vec<Standing>, StandingError> {
    let read = |directory: Directory| Ok(Standing { record: directory.read()?, directory });
    Directory::all()?.into_iter().map(read).collect()
}

/// The lab with this name, or the only one there is.
pub fn find(name: Option<&str>) -> Result<Standing, StandingError> {
    let mut all = all()?;
    let list = |all: &[Standing]| all.iter().map(Standing::name).collect::<Vec<_>>().join(", ");
    match name {
        Some(name) => {
            let known = list(&all);
            let known = if known.is_empty() { "none is".to_owned() } else { format!("these are: {known}") };
            let found = all.into_iter().find(|lab| lab.name() == name);
            found.ok_or_else(|| StandingError::Usage(format!("no lab called `{name}` is up; {known}")))
        }
        None if all.len() > 1 => Err(StandingError::Usage(format!("several labs are up; name one of them: {}", list(&all)))),
        None => all.pop().ok_or_else(|| StandingError::Usage("no lab is up: build one with `mplab up TOPOLOGY`".into())),
    }
}

impl Standing {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.record.job.name
    }

    /// Its topology.
    pub fn topology(&self) -> &Topology {
        &self.record.job.topology
    }

    /// The engine of each link.
    pub fn engines(&self) -> &BTreeMap<String, Choice> {
        &self.record.job.engines
    }

    /// The name that `ip netns` has for a host, if it has one.
    pub fn named(&self, host: &str) -> Option<&str> {
        self.record.names.get(host).map(String::as_str).filter(|_| self.record.place.root)
    }

    /// Whether its holder is there. If not, it has fallen, and `down` cleans up what is left.
    pub fn stands(&self) -> bool {
        self.directory.connect().is_ok()
    }

    /// The state of its links.
    pub fn state(&self) -> Result<State, StandingError> {
        match self.ask(&Request::State)? {
            Answer::State(state) => Ok(state),
            answer => Err(unexpected(answer)),
        }
    }

    /// The state of its hosts now; times count from when it was built.
    pub fn look(&self) -> Result<Moment, StandingError> {
        match self.ask(&Request::Look)? {
            Answer::Seen(moment) => Ok(*moment),
            answer => Err(unexpected(answer)),
        }
    }

    /// Takes a step, given as the line of a case file: `cut = { link = "wlan" }`.
    pub fn step(&self, command: &str, line: &str) -> Result<(), StandingError> {
        match self.ask(&Request::Step { command: command.to_owned(), line: line.to_owned() })? {
            Answer::Done => Ok(()),
            answer => Err(unexpected(answer)),
        }
    }

    /// Moves the calling process, which must have one thread, into a host.
    pub fn enter(&self, host: &str) -> Result<(), StandingError> {
        if !self.topology().hosts.contains_key(host) {
            let known = self.topology().hosts.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(StandingError::Usage(format!("lab `{}` has no host `{host}`; its hosts are {known}", self.name())));
        }
        let what = || failed(format!("enter {host}"));
        // Held until this process executes a program inside the host, or ends.
        mem::forget(self.directory.lock_to_enter()?);
        let socket = self.socket()?;
        let doors = match self.ask_by(&socket, &Request::Enter { host: host.to_owned() })? {
            Answer::Doors => Doors::receive(&socket).map_err(what())?,
            answer => return Err(unexpected(answer)),
        };
        doors.enter().map_err(what())?;
        let view = View { host: host.to_owned(), hosts: self.topology().names() };
        view.lay_over().map_err(|error| StandingError::Broken(Box::new(Failure::new(Kind::Machinery, &error))))
    }

    /// Takes the lab down, even if it has fallen: ends all programs in its hosts, and removes all that was made for it. Returns the programs.
    pub fn down(&self) -> Result<Vec<Ended>, StandingError> {
        let _lock = record::lock()?;
        let _closed = self.directory.lock_to_end()?;
        let what = || failed(format!("end the programs in lab `{}`", self.name()));
        let holder = self.state().ok().map(|state| state.process.cast_signed());
        let mut inhabited = Inhabited::of(self.directory.homes(), holder.into_iter().collect());
        if inhabited.has(process::id().cast_signed()).map_err(what())? {
            return Err(StandingError::Usage(format!("this command runs in a host of lab `{}` itself: leave the host first", self.name())));
        }
        // They may need their network to shut down properly.
        let mut ended = inhabited.end().map_err(what())?;
        self.end_holder()?;
        self.clean()?;
        // Root may have entered through the names.
        ended.extend(inhabited.kill().map_err(what())?);
        Ok(ended)
    }

    fn end_holder(&self) -> Result<(), StandingError> {
        if let Ok(socket) = self.directory.connect() {
            // A holder that is killed meanwhile cannot answer, but it is gone all the same.
            ask(&socket, &Request::End).ok();
            let deadline = Instant::now() + END;
            while self.stands() {
                if Instant::now() > deadline {
                    return Err(broken(format!("the process that holds lab `{}` did not end in time", self.name())));
                }
                thread::sleep(Duration::from_millis(1));
            }
        }
        Ok(())
    }

    fn socket(&self) -> Result<UnixStream, StandingError> {
        self.directory.connect().map_err(|_| self.fallen())
    }

    fn fallen(&self) -> StandingError {
        StandingError::Fallen(self.name().to_owned())
    }

    fn ask(&self, request: &Request) -> Result<Answer, StandingError> {
        self.ask_by(&self.socket()?, request)
    }

    fn ask_by(&self, socket: &UnixStream, request: &Request) -> Result<Answer, StandingError> {
        use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
        ask(socket, request).map_err(|error| match error.kind() {
            BrokenPipe | ConnectionReset | UnexpectedEof => self.fallen(),
            _ => failed(format!("ask the process that holds lab `{}`", self.name()))(error),
        })
    }

    /// Records what is going to be made, and starts a process that makes and holds it.
    fn start(&self) -> Result<(), StandingError> {
        self.directory.write(&self.record)?;
        let what = || failed("start the process that holds the lab");
        let listener = UnixListener::bind(self.directory.socket()).map_err(what())?;
        let said = fs::File::create(self.directory.said()).map_err(what())?;
        let mut holder = Command::new("/proc/self/exe");
        holder.args([holder::HOLDER.as_ref(), self.directory.path().as_os_str()]);
        holder.stdin(OwnedFd::from(listener)).stdout(Stdio::piped()).stderr(said);
        inherited::give_back(&mut holder);
        let mut holder = holder.spawn().map_err(what())?;
        let mut answer = String::new();
        holder.stdout.take().expect("piped above").read_to_string(&mut answer).map_err(what())?;
        let answer: Result<(), Failure> = serde_json::from_str(&answer).unwrap_or_else(|_| {
            // The holder ended before it could say why.
            let said = fs::read_to_string(self.directory.said()).unwrap_or_default();
            Err(Failure::says(Kind::Machinery, said.trim_end()))
        });
        answer.map_err(|why| {
            // The holder ends by itself.
            holder.wait().ok();
            StandingError::Broken(Box::new(why.within("the lab could not be built")))
        })
    }

    /// Removes what was made, and last the directory.
    fn clean(&self) -> Result<(), StandingError> {
        if self.record.place.root {
            for name in self.record.names.values() {
                names::take(name).map_err(failed(format!("remove the name {name}")))?;
            }
        }
        self.directory.remove()
    }
}

fn unexpected(answer: Answer) -> StandingError {
    match answer {
        Answer::Refused(refusal) => refusal.into(),
        Answer::Blind(why) => StandingError::Broken(why),
        Answer::NoHost(host) => StandingError::Usage(format!("there is no host `{host}`")),
        _ => broken("the process that holds the lab gave an unexpected answer"),
    }
}
