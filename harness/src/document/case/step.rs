//! A step: what a case does at a time of the run. Checked.
//! Not here: how it is written, and doing it.

use serde::{Deserialize, Serialize};

use super::paths::{Command, EndpointChange};
use super::process::Verb;
use crate::words::{Rule, Shape, Time};

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
