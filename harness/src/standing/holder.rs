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
use super::record::{Directory, Record};
use crate::case::Case;
use crate::kernel::{doors, names, process as confine};
use crate::lab::Lab;
use crate::local::chain;
use crate::plan::{self, Job, Means, Op};

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
    record: Record,
    lab: Lab,
    since: Instant,
    /// What was done so far, as the steps of a case.
    steps: String,
    case: Case,
    /// What is still to be done of changes that take their time.
    later: Vec<(Instant, Vec<Op>)>,
}

impl Holder {
    fn build(directory: &Directory) -> Result<Self, Box<dyn std::error::Error>> {
        // The terminal that it was started from may be closed.
        setsid()?;
        env::set_current_dir("/")?;
        let mut record = directory.read()?;
        let socket = UnixListener::from(io::stdin().as_fd().try_clone_to_owned()?);
        let root = confine::leave_network()?;
        let named = if root { record.place.root } else { names::prepare_private()? };
        let lab = Lab::build(&record.job.setup)?;
        for (host, name) in record.names.iter().filter(|_| named) {
            names::give(name, lab.namespace(host).ok_or("a lab has its hosts")?)
                .map_err(|error| io::Error::new(error.kind(), format!("failed to name {host} {name}: {error}")))?;
        }
        // What a link is made with stays.
        for (link, choice) in &record.job.engines {
            if let Some(link) = record.job.topology.links.get_mut(link) {
                link.engine = Some(choice.engine);
            }
        }
        let case = record.job.case.clone();
        Ok(Self { socket, record, lab, since: Instant::now(), steps: String::new(), case, later: Vec::new() })
    }

    /// Does what is asked, one after the other, until it is told to end.
    fn serve(&mut self) {
        loop {
            self.catch_up();
            let next = self.later.iter().map(|(due, _)| *due).min();
            let wait = next.map(|due| due.saturating_duration_since(Instant::now()) + Duration::from_millis(1));
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

    /// Does what is due of changes that take their time.
    fn catch_up(&mut self) {
        let now = Instant::now();
        for (_, ops) in self.later.extract_if(.., |(due, _)| *due <= now) {
            if let Err(error) = self.lab.apply(&ops) {
                eprintln!("{}", chain(&error));
            }
        }
    }

    /// Answers one caller. Returns whether to end.
    fn attend(&mut self, caller: &UnixStream) -> io::Result<bool> {
        caller.set_read_timeout(Some(PATIENCE))?;
        match hear(caller)? {
            Request::State => say(caller, &Answer::State(self.state()))?,
            Request::Step { command, line } => say(caller, &self.step(&command, &line))?,
            Request::Enter { host } => match self.lab.namespace(&host) {
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

    /// Checks a step beside all that were taken, plans it, and takes it.
    fn step(&mut self, command: &str, line: &str) -> Answer {
        let topology = &self.record.job.topology;
        // The new one first, where a message about it shows it; what counts is the time.
        let step = format!("step = [\n    {{ at = \"{}us\", {line} }},\n", self.since.elapsed().as_micros());
        let head = "summary = \"A lab that stays\"\ntopology = \"it\"\n";
        let case = match crate::case::check::parse_for(topology, command, &format!("{step}{}]\n{head}", self.steps)) {
            Ok(case) => case,
            Err(mistakes) => return Answer::Mistakes(mistakes.to_string()),
        };
        let job = Job::plan(&self.record.job.name, topology.clone(), case, Means::of(&self.record.place.features, self.record.job.seed));
        let Some(planned) = job.steps.last() else { return Answer::Broken("a step has no plan".into()) };
        let missing = job.missing(&self.record.place.features);
        if !missing.is_empty() {
            return Answer::Refused(missing.into_iter().map(crate::words::Feature::absence).collect::<Vec<_>>().join("; "));
        }
        if let Err(error) = self.lab.apply(&planned.ops).and_then(|()| self.lab.verify(&planned.ops)) {
            return Answer::Broken(chain(&error));
        }
        let now = Instant::now();
        self.later.extend(planned.later.iter().map(|change| (now + Duration::from(change.after), change.ops.clone())));
        self.steps = format!("{}{}", &step["step = [\n".len()..], self.steps);
        self.case = job.case;
        Answer::Done
    }

    fn state(&self) -> State {
        let links = plan::links(&self.record.job.topology, &self.case.steps);
        State { process: process::id(), seconds: self.since.elapsed().as_secs(), links }
    }
}
