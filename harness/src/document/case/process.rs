//! A checked process of a case: a program that runs in a host.
//! Not here: how it is written, and running it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::words::{Signal, Time};

/// A program that runs in a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// The host whose network it has.
    pub host: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Other programs that it starts, which must be installed too.
    pub programs: BTreeSet<String>,
    /// Its environment, besides what every process has.
    pub env: BTreeMap<String, String>,
    /// Files in its directory, by their path there.
    pub files: BTreeMap<String, String>,
    /// What it reads from its standard input.
    pub input: Option<String>,
    /// Whether its TCP sockets are made MPTCP sockets.
    pub mptcpize: bool,
    /// Whether it keeps its user's privileges over the computer.
    #[serde(default)]
    pub privileged: bool,
    /// When it starts; if absent, a step starts it.
    pub start: Option<Time>,
    /// The processes that must be ready before it starts.
    pub after: BTreeSet<String>,
    /// What shows that it is ready; if absent, that it has started.
    pub ready: Option<Ready>,
    /// Whether it runs until the run ends and is then ended; otherwise the run waits for it.
    pub serves: bool,
    /// The signal that asks it to end.
    pub stop: Signal,
}

/// When a process is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// What is seen then.
    pub sign: Sign,
    /// How long after its start it must be seen.
    pub within: Time,
}

/// The sign that a process is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sign {
    /// A socket of its host listens at this TCP port.
    Port(u16),
    /// It has printed a line that contains this.
    Line(String),
    /// This file is there, as the process sees it.
    File(String),
}

/// What a step does to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Starts it.
    Start,
    /// Asks it to end.
    Stop,
    /// Ends it at once.
    Kill,
    /// Stops it where it is.
    Pause,
    /// Lets it go on.
    Resume,
}

impl Verb {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Start, Self::Stop, Self::Kill, Self::Pause, Self::Resume];

    /// Its key in a case file.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Kill => "kill",
            Self::Pause => "pause",
            Self::Resume => "resume",
        }
    }
}

impl Process {
    /// The programs that must be installed for it, by name or path.
    pub fn programs(&self) -> impl Iterator<Item = &str> {
        // A relative path is one of its own files.
        let foreign = |program: &&str| !program.contains('/') || program.starts_with('/');
        self.command.first().into_iter().chain(&self.programs).map(String::as_str).filter(foreign)
    }

    /// Its command as a person would type it.
    pub fn line(&self) -> String {
        let env = self.env.iter().map(|(name, value)| format!("{name}={}", quoted(value)));
        let mptcpize = self.mptcpize.then(|| "mptcpize run".to_owned());
        env.chain(mptcpize).chain(self.command.iter().map(|word| quoted(word))).collect::<Vec<_>>().join(" ")
    }

    /// Whether it is started before the run's clock: processes with `ready`, and those they depend on, are waited for first.
    pub fn precedes(&self, all: &BTreeMap<String, Self>) -> bool {
        let early = self.ready.is_some() && self.start == Some(Time::ZERO);
        early && self.after.iter().all(|name| all.get(name).is_some_and(|process| process.precedes(all)))
    }

    /// Whether its numbers are read from what it prints.
    pub fn measures(&self) -> bool {
        measures(&self.command)
    }
}

fn quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| format!("{word:?}"), Into::into)
}

/// Whether a command is iperf3 that prints JSON.
pub(super) fn measures(command: &[String]) -> bool {
    let iperf3 = command.iter().any(|word| word.rsplit('/').next() == Some("iperf3"));
    iperf3 && command.iter().any(|word| matches!(word.as_str(), "-J" | "--json"))
}
