//! A case: which traffic runs over a topology, what happens meanwhile, and what must hold. Checked.
//! Not here: how it is written (`raw`), how it runs, how it is judged.

pub mod check;
mod paths;
pub mod process;
mod raw;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use paths::{Command, EndpointChange};
pub use process::{Process, Ready, Sign, Verb};

use crate::words::{Constraint, Count, Direction, Exit, Percent, Protocol, Rate, Rule, Shape, Size, Time, Window};

/// A checked case: every host, interface, link and transfer it names exists in its topology.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// One line that says what it shows.
    pub summary: String,
    /// The topology's name.
    pub topology: String,
    /// When a run that has not ended is ended; what has not arrived by then has not survived.
    pub deadline: Time,
    /// How often everything is sampled.
    pub sample: Time,
    /// The transfers by name.
    pub transfers: BTreeMap<String, Transfer>,
    /// The processes by name.
    #[serde(default)]
    pub processes: BTreeMap<String, Process>,
    /// What happens meanwhile, in the order of time.
    pub steps: Vec<Step>,
    /// What must hold.
    pub expects: Vec<Expect>,
    /// The measures that must miss their constraint, for a case that tests the tests: the run passes if these and no others fail.
    pub must_fail: Vec<String>,
}

/// Built-in traffic between a client and a server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    /// The host that connects.
    pub client: String,
    /// The host that listens.
    pub server: String,
    /// The server's address that the client connects to.
    pub to: std::net::IpAddr,
    /// The client's address that it connects from, if not the kernel's choice.
    pub from: Option<std::net::IpAddr>,
    /// The server's port.
    pub port: u16,
    /// What the client's sockets speak.
    pub client_protocol: Protocol,
    /// What the server's sockets speak.
    pub server_protocol: Protocol,
    /// Which way the bytes go.
    pub direction: Direction,
    /// When it ends.
    pub amount: Amount,
    /// How fast the sender hands bytes to each connection; as fast as it goes if absent.
    pub rate: Option<Rate>,
    /// How many connections, each moving the amount.
    pub connections: u32,
    /// When it starts.
    pub start: Time,
}

/// When a transfer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Amount {
    /// After so many bytes per connection and direction.
    Bytes(Size),
    /// When the sender has sent for so long.
    Duration(Time),
}

/// A timed action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// When, from the start of the run.
    pub at: Time,
    /// What.
    pub action: Action,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Cuts a link.
    Cut(Cut),
    /// Undoes every cut of this link.
    Restore(String),
    /// Changes a link's conditions.
    Shape(Box<Reshape>),
    /// Gives a host's firewall these rules and no others.
    Firewall {
        /// The host.
        host: String,
        /// The rules.
        rules: Vec<Rule>,
    },
    /// Does something to a process.
    Process(Verb, String),
    /// Changes a host's endpoints.
    Endpoint {
        /// The host.
        host: String,
        /// How.
        change: EndpointChange,
    },
    /// Changes a host's MPTCP limits.
    Limits {
        /// The host.
        host: String,
        /// Additional subflows of a connection, as before if absent.
        subflows: Option<u32>,
        /// Announced addresses a connection may use, as before if absent.
        add_addr_accepted: Option<u32>,
    },
    /// Tells the kernel what a path manager in user space decided about the connections of a transfer.
    #[serde(rename = "path_manager")]
    PathManager {
        /// The host whose path manager it is.
        host: String,
        /// The transfer.
        transfer: String,
        /// What is decided.
        command: Command,
    },
}

/// A change of a link's conditions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reshape {
    /// The link.
    pub link: String,
    /// All conditions from the first end to the second, those that stay included.
    pub up: Shape,
    /// All conditions the other way.
    pub down: Shape,
    /// How long the change takes: what is a number moves evenly meanwhile. At once if zero.
    pub over: Time,
}

/// How a link is cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// The link.
    pub link: String,
    /// In which way.
    pub how: How,
}

/// The ways to cut a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// The named ends see their carrier go, as when the cable is pulled there. Nothing passes in either direction.
    Carrier(Vec<crate::words::End>),
    /// The interfaces at the named ends are set down, as by `ip link set DEV down`.
    Admin(Vec<crate::words::End>),
    /// Packets vanish silently; the interfaces notice nothing.
    Blackhole {
        /// From the first end to the second.
        up: bool,
        /// From the second end to the first.
        down: bool,
    },
}

/// Something that must hold: every measure named must satisfy its constraint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expect {
    /// Whose measures.
    pub of: Subject,
    /// In which part of the run; the whole run if open at both ends.
    pub during: Window,
    /// The measures and their constraints, in the order of the file.
    pub measures: Vec<Measure>,
}

/// Whose measures an expectation looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// A transfer's.
    Transfer(String),
    /// A host's.
    Host(String),
    /// A process's.
    Process(String),
}

/// One measure and what must hold of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Every byte sent arrived, in order and unchanged, on every connection.
    Intact(bool),
    /// Bytes that arrived, all connections and directions together.
    Bytes(Constraint<Size>),
    /// From the transfer's start to the last byte's arrival.
    Duration(Constraint<Time>),
    /// Bytes that arrived per time, as a rate.
    Goodput(Constraint<Rate>),
    /// The longest time during which nothing arrived although more was to come.
    Stall(Constraint<Time>),
    /// Subflows of a connection that were fully established, the first included: the most at one time.
    Subflows(Constraint<Count>),
    /// The part of the bytes that crossed this link (a link's name) or interface (`HOST:INTERFACE`) of all that crossed the interfaces of
    /// the transfer's client, in its direction, or those of the host or of the process's host, in both.
    Share(String, Constraint<Percent>),
    /// What the connections spoke once established, fallback (RFC 8684, section 3.7) taken into account.
    Protocol(Protocol),
    /// What the server's listening sockets speak, as `ss` shows it (`tcp-ulp-mptcp`).
    Listener(Protocol),
    /// What a host's listening sockets at a TCP port speak, as `ss` shows it.
    Listening(u16, Protocol),
    /// Whether the process was ready.
    Ready(bool),
    /// How the process ended; in whatever way if absent.
    Exit(Option<Exit>),
    /// The process printed a line that contains this.
    Output(String),
    /// Segments that the process's connections sent again, as it says.
    Retransmits(Constraint<Count>),
    /// A counter of the host, in the kernel's spelling (`nstat`): how much it grew.
    Counter(String, Constraint<Count>),
    /// Path-manager events of the host by their kind (`ip mptcp monitor`): how many came.
    Event(String, Constraint<Count>),
}

impl Measure {
    /// Its name: the key in a case file.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Intact(_) => "intact",
            Self::Bytes(_) => "bytes",
            Self::Duration(_) => "duration",
            Self::Goodput(_) => "goodput",
            Self::Stall(_) => "stall",
            Self::Subflows(_) => "subflows",
            Self::Share(..) => "share",
            Self::Protocol(_) => "protocol",
            Self::Listener(_) | Self::Listening(..) => "listener",
            Self::Ready(_) => "ready",
            Self::Exit(_) => "exit",
            Self::Output(_) => "output",
            Self::Retransmits(_) => "retransmits",
            Self::Counter(..) => "counters",
            Self::Event(..) => "events",
        }
    }
}

/// The kinds of path-manager events, as the kernel names them (`Documentation/netlink/specs/mptcp_pm.yaml`, event-type).
pub const EVENT_KINDS: [&str; 10] = [
    "created",
    "established",
    "closed",
    "announced",
    "removed",
    "sub-established",
    "sub-closed",
    "sub-priority",
    "listener-created",
    "listener-closed",
];
