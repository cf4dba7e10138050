//! The process that holds a standing lab: builds it, names its namespaces, and does what is asked of it until it is told to end.
//! Not here: what is left when it is gone, which whoever takes the lab down cleans.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use std::{env, process};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::setsid;

use super::conversation::{Answer, Request, State, hear, say};
use super::record::Directory;
use super::stage::{Refusal, Stage};
use crate::kernel::inhabitants::Home;
use crate::kernel::{doors, names, process as confine};
use crate::place::local::chain;

/// The first argument of a holder; its second is the lab's directory.
pub(super) const HOLDER: &str = "mplab:holder";
/// What it says when the lab stands.
pub(super) const STANDS: &str = "stands";
/// How long who connects may take to ask.
const PATIENCE: Duration = Duration::from_secs(5);

/// Becomes a lab's holder if this process was started as one, and never returns then. Call it before anything else in `main`.
pub fn enter() {
    let mut arguments = env::args_os().skip(1);
    if arguments.next().is_none_or(|first| first != HOLDER) {
        return;
    }
    let directory = PathBuf::from(arguments.next().unwrap_or_default());
    match Holder::build(&Directory::at(directory)) {
        Ok(mut holder) => {
            // Who waits for the lab waits for the end of this.
            if let Err(error) = print(STANDS) {
                eprintln!("{error}");
                process::exit(1);
            }
            holder.serve();
            process::exit(0);
        }
        Err(error) => {
            print(&chain(&*error)).ok();
            process::exit(1);
        }
    }
}

/// Says it by stdout, which is closed then.
fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    Ok(nix::unistd::dup2_stdout(std::fs::File::open("/dev/null")?)?)
}

struct Holder {
    socket: UnixListener,
    stage: Stage,
}

impl Holder {
    fn build(directory: &Directory) -> Result<Self, Box<dyn std::error::Error>> {
        // The terminal that it was started from may be closed.
        setsid()?;
        env::set_current_dir("/")?;
        let record = directory.read()?;
        let socket = UnixListener::from(io::stdin().as_fd().try_clone_to_owned()?);
        let root = confine::leave_network()?;
        let named = if root { record.place.root } else { names::prepare_private()? };
        let stage = Stage::build(record.job, record.place.features)?;
        for (host, name) in record.names.iter().filter(|_| named) {
            names::give(name, stage.lab.namespace(host).ok_or("a lab has its hosts")?)
                .map_err(|error| io::Error::new(error.kind(), format!("failed to name {host} {name}: {error}")))?;
        }
        let homes = record.names.keys().filter_map(|host| stage.lab.namespace(host)).map(|network| Home::of(network));
        directory.write_homes(&homes.collect::<io::Result<Vec<_>>>()?)?;
        Ok(Self { socket, stage })
    }

    /// Does what is asked, one after the other, until it is told to end.
    fn serve(&mut self) {
        loop {
            self.stage.catch_up();
            let wait = self.stage.due().map(|due| due.saturating_duration_since(Instant::now()) + Duration::from_millis(1));
            let wait = wait.map_or(PollTimeout::NONE, |wait| PollTimeout::try_from(wait).unwrap_or(PollTimeout::MAX));
            let mut sockets = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
            if poll(&mut sockets, wait).is_ok_and(|ready| ready > 0) {
                let Ok((caller, _)) = self.socket.accept() else { continue };
                // Who goes away before the answer has no use for it.
                if self.attend(&caller).unwrap_or(false) {
                    return;
                }
            }
        }
    }

    /// Answers one caller. Returns whether to end.
    fn attend(&mut self, caller: &UnixStream) -> io::Result<bool> {
        caller.set_read_timeout(Some(PATIENCE))?;
        match hear(caller)? {
            Request::State => say(caller, &Answer::State(self.state()))?,
            Request::Step { command, line } => say(caller, &answer(self.stage.step(&command, &line)))?,
            Request::Enter { host } => match self.stage.lab.namespace(&host) {
                Some(network) => {
                    say(caller, &Answer::Doors)?;
                    doors::send(caller, network)?;
                }
                None => say(caller, &Answer::Refused(format!("there is no host `{host}`")))?,
            },
            Request::End => return Ok(true),
        }
        Ok(false)
    }

    fn state(&self) -> State {
        State { process: process::id(), seconds: self.stage.age().as_secs(), links: self.stage.links() }
    }
}

fn answer(taken: Result<(), Refusal>) -> Answer {
    match taken {
        Ok(()) => Answer::Done,
        Err(Refusal::Mistakes(drawn)) => Answer::Mistakes(drawn),
        Err(Refusal::Unsupported(why)) => Answer::Refused(why),
        Err(Refusal::Broken(why)) => Answer::Broken(why),
    }
}
