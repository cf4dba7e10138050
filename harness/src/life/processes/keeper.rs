//! The keeper of a process: the first in its PID namespace, which gives the program its view, starts it, passes signals on, and reports
//! how it ended. When the keeper ends, the kernel kills everything that the program has started.
//! Not here: when to start it, and what its output means.
//!
//! The keeper is this same program, started with a marker. Its standard input is a socket: orders come in there, a line of JSON each,
//! and reports go out. When the socket's other end is gone, so is the run.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{self, Command, Stdio};
use std::thread;

use serde::{Deserialize, Serialize};

use crate::kernel::view::{OWN, View};
use crate::kernel::{confine, inherited, preload, program};
use crate::life::proxy::command::ITSELF;
use crate::words::{Exit, Signal};

/// The first argument of a keeper.
pub(super) const KEEPER: &str = "mplab:keeper";

/// Where a program finds the library that it preloads.
const LIBRARY: &str = "/tmp/mptcpize.so";

/// An order to a keeper.
#[derive(Serialize, Deserialize)]
pub(super) enum Order {
    /// Starts the program. The first order, and once.
    Begin(Box<Task>),
    /// Sends a signal to all that runs there.
    Signal(Signal),
}

/// A report from a keeper.
#[derive(Serialize, Deserialize)]
pub(super) enum Report {
    /// The program was executed.
    Started(Mptcpize),
    /// It could not be executed.
    Failed(String),
    /// It ended.
    Ended(Exit),
}

/// What turns its TCP sockets into MPTCP sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Mptcpize {
    /// Nothing.
    Not,
    /// mptcpize, which is installed.
    Installed,
    /// The library that mplab brings along, which does the same.
    Own,
}

/// A program to start.
#[derive(Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) view: View,
    pub(super) command: Vec<String>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) files: BTreeMap<String, String>,
    pub(super) input: Option<String>,
    pub(super) mptcpize: bool,
    pub(super) privileged: bool,
}

/// Becomes a keeper if this process was started as one, and then never returns.
pub fn enter() {
    if std::env::args().nth(1).as_deref() == Some(KEEPER) {
        // Without a run there is nobody to report to.
        keep().ok();
        process::exit(0);
    }
}

fn keep() -> io::Result<()> {
    let mut socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut orders = BufReader::new(socket.try_clone()?).lines().map(|line| Ok(serde_json::from_str::<Order>(&line?)?));
    let Some(Ok(Order::Begin(task))) = orders.next() else { return Ok(()) };
    let (child, mptcpize) = match start(&task) {
        Ok(started) => started,
        Err(why) => return tell(&mut socket, &Report::Failed(why)),
    };
    tell(&mut socket, &Report::Started(mptcpize))?;
    let obey = move || {
        for order in orders.map_while(io::Result::ok) {
            if let Order::Signal(signal) = order {
                program::signal_all(signal);
            }
        }
        process::exit(0);
    };
    thread::Builder::new().spawn(obey)?;
    let exit = program::wait_for(child)?;
    tell(&mut socket, &Report::Ended(exit))
}

fn tell(socket: &mut UnixStream, told: &Report) -> io::Result<()> {
    let mut line = serde_json::to_vec(told)?;
    line.push(b'\n');
    socket.write_all(&line)
}

/// Starts the program and returns its id.
fn start(task: &Task) -> Result<(u32, Mptcpize), String> {
    task.view.enter().map_err(|error| error.to_string())?;
    if !task.privileged {
        confine::confine().map_err(|error| format!("{error} (`privileged = true` leaves that out)"))?;
    }
    let files = |error| format!("giving it its files: {error}");
    let stdin = input(task).map_err(files)?;
    let mptcpize = match (task.mptcpize, program::find("mptcpize")) {
        (false, _) => Mptcpize::Not,
        (true, Some(_)) => Mptcpize::Installed,
        (true, None) => Mptcpize::Own,
    };
    let wrapper = ["mptcpize", "run"].into_iter().filter(|_| mptcpize == Mptcpize::Installed);
    let words: Vec<&str> = wrapper.chain(task.command.iter().map(String::as_str)).collect();
    let (name, arguments) = words.split_first().ok_or("no program is named")?;
    let found = program::find(name).ok_or_else(|| format!("there is no program `{name}`"))?;
    let mut command = Command::new(found);
    // A terminal's signals are for mplab.
    command.arg0(name).args((*name == program::ITSELF).then_some(ITSELF)).args(arguments).stdin(stdin).process_group(0);
    command.env_clear().envs([("PATH", program::path().as_str()), ("HOME", OWN), ("LC_ALL", "C.UTF-8")]).envs(&task.env);
    if mptcpize == Mptcpize::Own {
        fs::write(LIBRARY, preload::MPTCPIZE).map_err(files)?;
        command.env("LD_PRELOAD", LIBRARY);
    }
    inherited::give_back(&mut command);
    // A step may send it any signal.
    inherited::heed_signals(&mut command);
    let child = command.spawn().map_err(|error| format!("executing `{name}`: {error}"))?;
    Ok((child.id(), mptcpize))
}

/// Makes the program's files in its directory, goes there, and opens what it reads.
fn input(task: &Task) -> io::Result<Stdio> {
    std::env::set_current_dir(OWN)?;
    for (name, text) in &task.files {
        if let Some(directory) = Path::new(name).parent() {
            fs::create_dir_all(directory)?;
        }
        fs::write(name, text)?;
    }
    let Some(text) = &task.input else { return Ok(Stdio::null()) };
    fs::write("input", text)?;
    let file = File::open("input")?;
    fs::remove_file("input")?;
    Ok(file.into())
}
