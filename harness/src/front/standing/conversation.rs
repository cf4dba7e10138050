//! The protocol with a lab's holder: requests and answers, a line of JSON each.
//! Not here: serving the requests.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::stage::Refusal;
use crate::place::Failure;
use crate::plan::LinkState;
use crate::record::Moment;

/// How long a holder may take to answer: after a step in a large lab it reads back much.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Request {
    /// The state of the links.
    State,
    /// The state of the hosts.
    Look,
    /// Take a step.
    Step {
        /// What messages call the step.
        command: String,
        /// The line of a case file.
        line: String,
    },
    /// The namespaces of a host, to enter it.
    Enter {
        /// The host.
        host: String,
    },
    /// End the lab.
    End,
}

/// An answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Answer {
    State(State),
    Seen(Box<Moment>),
    /// The hosts could not be observed.
    Blind(Box<Failure>),
    Done,
    /// The namespaces follow.
    Doors,
    /// There is no such host.
    NoHost(String),
    /// A step was not taken.
    Refused(Refusal),
}

/// The state of a standing lab.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The process that holds it.
    pub process: u32,
    /// How long it has been up, in seconds.
    pub seconds: u64,
    /// Its links by name.
    pub links: BTreeMap<String, LinkState>,
    /// The steps taken so far, in words, each with the time in µs from when the lab was built.
    #[serde(default)]
    pub steps: Vec<(u64, String)>,
}

pub(super) fn say(to: &UnixStream, what: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    (&*to).write_all(&line)
}

/// Receives a line, and not a byte more: descriptors may follow.
pub(super) fn hear<T: for<'a> Deserialize<'a>>(from: &UnixStream) -> io::Result<T> {
    line(io::BufReader::with_capacity(1, from))
}

fn line<T: for<'a> Deserialize<'a>>(from: io::BufReader<&UnixStream>) -> io::Result<T> {
    let mut line = Vec::new();
    from.take(1 << 24).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(serde_json::from_slice(&line)?)
}

pub(super) fn ask(holder: &UnixStream, request: &Request) -> io::Result<Answer> {
    holder.set_read_timeout(Some(PATIENCE))?;
    say(holder, request)?;
    match request {
        Request::Enter { .. } => hear(holder),
        // Nothing follows, and the state of many links and subflows is long.
        _ => line(io::BufReader::new(holder)),
    }
}
