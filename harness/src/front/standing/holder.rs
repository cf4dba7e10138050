//! The process that holds a standing lab: builds it, names its namespaces, and serves requests until it is told to end.
//! Not here: cleaning up after a holder that is gone, which `down` does.

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
use super::stage::Stage;
use crate::kernel::inhabitants::Home;
use crate::kernel::{doors, names, process as confine};
use crate::place::{Failure, Kind};

/// The first argument of a holder; its second is the lab's directory.
pub(super) const HOLDER: &str = "mplab:holder";
/// How long a client may take to send its request.
const PATIENCE: Duration = Duration::from_secs(5);

/// Becomes a lab's holder if this process was started as one, and then never returns. Call it before anything else in `main`.
pub fn enter() {
    let mut arguments = env::args_os().skip(1);
    if arguments.next().is_none_or(|first| first != HOLDER) {
        return;
    }
    let directory = PathBuf::from(arguments.next().unwrap_or_default());
    match Holder::build(&Directory::at(directory)) {
        Ok(mut holder) => {
            // `up` reads this until its end.
            if let Err(error) = tell(Ok(())) {
                eprintln!("{error}");
                process::exit(1);
            }
            holder.serve();
            process::exit(0);
        }
        Err(error) => {
            tell(Err(error)).ok();
            process::exit(1);
        }
    }
}

/// Reports on stdout whether the lab is up, and closes stdout.
fn tell(built: Result<(), Failure>) -> io::Result<()> {
    let mut stdout = io::stdout();
    stdout.write_all(&serde_json::to_vec(&built)?)?;
    stdout.flush()?;
    Ok(nix::unistd::dup2_stdout(std::fs::File::open("/dev/null")?)?)
}

struct Holder {
    socket: UnixListener,
    stage: Stage,
}

impl Holder {
    fn build(directory: &Directory) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::new(Kind::Machinery, &error);
        // The terminal it was started from may be closed.
        setsid().map_err(|error| failed(error.into()))?;
        env::set_current_dir("/").map_err(failed)?;
        let record = directory.read().map_err(|error| Failure::new(Kind::Machinery, &error))?;
        let socket = UnixListener::from(io::stdin().as_fd().try_clone_to_owned().map_err(failed)?);
        let root = confine::leave_network().map_err(|confined| Failure::from(&confined))?;
        let named = if root { record.place.root } else { names::prepare_private().map_err(failed)? };
        let stage = Stage::build(record.job, record.place.features).map_err(|error| Failure::from(&error))?;
        for (host, name) in record.names.iter().filter(|_| named) {
            let namespace = stage.lab.namespace(host).expect("a lab has its hosts");
            names::give(name, namespace).map_err(|error| failed(error).within(format!("failed to name {host} {name}")))?;
        }
        let homes = record.names.keys().filter_map(|host| stage.lab.namespace(host)).map(|network| Home::of(network));
        homes.collect::<io::Result<Vec<_>>>().and_then(|homes| directory.write_homes(&homes)).map_err(failed)?;
        Ok(Self { socket, stage })
    }

    /// Serves requests one after the other until it is told to end.
    fn serve(&mut self) {
        loop {
            self.stage.catch_up();
            let wait = self.stage.due().map(|due| due.saturating_duration_since(Instant::now()) + Duration::from_millis(1));
            let wait = wait.map_or(PollTimeout::NONE, |wait| PollTimeout::try_from(wait).unwrap_or(PollTimeout::MAX));
            let mut sockets = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
            if poll(&mut sockets, wait).is_ok_and(|ready| ready > 0) {
                let Ok((caller, _)) = self.socket.accept() else { continue };
                // A client that is gone before the answer does not need it.
                if self.attend(&caller).unwrap_or(false) {
                    return;
                }
            }
        }
    }

    /// Serves one client. Returns whether to end.
    fn attend(&mut self, caller: &UnixStream) -> io::Result<bool> {
        caller.set_read_timeout(Some(PATIENCE))?;
        match hear(caller)? {
            Request::State => say(caller, &Answer::State(self.state()))?,
            Request::Look => {
                let seen = self.stage.look();
                say(caller, &seen.map_or_else(|error| Answer::Blind(Box::new(error)), |seen| Answer::Seen(Box::new(seen))))?;
            }
            Request::Step { command, line } => {
                let taken = self.stage.step(&command, &line);
                say(caller, &taken.map_or_else(Answer::Refused, |()| Answer::Done))?;
            }
            Request::Enter { host } => match self.stage.lab.namespace(&host) {
                Some(network) => {
                    say(caller, &Answer::Doors)?;
                    doors::send(caller, network)?;
                }
                None => say(caller, &Answer::NoHost(host))?,
            },
            Request::End => return Ok(true),
        }
        Ok(false)
    }

    fn state(&self) -> State {
        let stage = &self.stage;
        State { process: process::id(), seconds: stage.age().as_secs(), links: stage.links(), steps: stage.steps() }
    }
}
