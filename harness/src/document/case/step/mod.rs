//! Steps: what a case does during the run. Each verb is a file of its own with its key, how it is written and checked, and its description.
//! Not here: the operations it stands for, which are the plan's, and doing them.

mod about;
mod address;
mod around;
mod cut;
mod destroy;
mod endpoint;
mod firewall;
mod limits;
mod mtu;
mod process;
mod restore;
mod route;
mod shape;
mod sysctl;
mod userspace;
mod when;

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

pub(in crate::document::case) use about::{About, Written};
pub use address::AddressChange;
pub(in crate::document::case) use around::Surroundings;
pub use endpoint::EndpointChange;
pub use mtu::MtuChange;
pub use route::RouteChange;
pub use shape::Reshape;
pub use userspace::Command;
pub(in crate::document::case) use when::RawWhen;
#[cfg(test)]
pub(in crate::document::case) use when::WHEN;
pub use when::{Condition, When};

use super::process::Verb;
use crate::words::{End, Errno, Rule, Time};

/// All verbs.
pub(in crate::document::case) const ALL: &[&About] = &[
    &address::ABOUT,
    &cut::ABOUT,
    &destroy::ABOUT,
    &endpoint::ABOUT,
    &firewall::ABOUT,
    &limits::ABOUT,
    &mtu::ABOUT,
    &userspace::ABOUT,
    &restore::ABOUT,
    &route::ABOUT,
    &shape::ABOUT,
    &sysctl::ABOUT,
    &process::START,
    &process::STOP,
    &process::KILL,
    &process::PAUSE,
    &process::RESUME,
];

/// An action and its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// When, counted from the start of the run. For a step that waits: the time of the step above it.
    pub at: Time,
    /// What it waits for, if it has no fixed time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// The error with which the kernel must refuse it, if it must.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Errno>,
    /// What it does.
    pub action: Action,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
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
        /// The change.
        change: EndpointChange,
    },
    /// Changes a host's MPTCP limits.
    Limits {
        /// The host.
        host: String,
        /// Additional subflows of a connection; unchanged if absent.
        subflows: Option<u32>,
        /// Announced addresses a connection may use; unchanged if absent.
        add_addr_accepted: Option<u32>,
    },
    /// Adds an address to an interface, or removes one.
    Address(AddressChange),
    /// Adds a route to a host, or removes one.
    Route(RouteChange),
    /// Changes the MTU of the ends of a link.
    Mtu(MtuChange),
    /// Sets sysctls of a host.
    Sysctl {
        /// The host.
        host: String,
        /// The sysctls by their dotted names, with their values.
        set: BTreeMap<String, String>,
    },
    /// Ends the sockets of a transfer's subflows from outside.
    Destroy {
        /// The transfer.
        transfer: String,
        /// The client's address that the subflows come from.
        address: IpAddr,
        /// At which ends.
        hosts: Vec<String>,
    },
    /// Tells the kernel a decision of a path manager in user space about the connections of a transfer.
    #[serde(rename = "path_manager")]
    PathManager {
        /// The host whose path manager it is.
        host: String,
        /// The transfer.
        transfer: String,
        /// The decision.
        command: Command,
        /// A token that is told instead of those of its connections.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<u32>,
    },
}

/// How a link is cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// The link.
    pub link: String,
    /// The way in which it is cut.
    pub how: How,
}

/// The ways to cut a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum How {
    /// The named ends see their carrier go, as when the cable is pulled there. Nothing passes in either direction.
    Carrier(Vec<End>),
    /// The interfaces at the named ends are set down, as by `ip link set DEV down`.
    Admin(Vec<End>),
    /// Packets vanish silently; the interfaces notice nothing.
    Blackhole {
        /// From the first end to the second.
        up: bool,
        /// From the second end to the first.
        down: bool,
    },
}

impl Action {
    /// The host whose kernel does it, for actions that a kernel can refuse.
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Endpoint { host, .. } | Self::Limits { host, .. } | Self::Sysctl { host, .. } | Self::PathManager { host, .. } => {
                Some(host)
            }
            Self::Address(change) => Some(&change.host),
            Self::Route(change) => Some(&change.host),
            _ => None,
        }
    }
}

/// What it does, in words: `cut wlan (carrier)`.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut(cut) => cut.fmt(f),
            Self::Restore(link) => write!(f, "restore {link}"),
            Self::Shape(to) => to.fmt(f),
            Self::Firewall { host, rules } => f.write_str(&firewall::words(host, rules)),
            Self::Process(verb, name) => write!(f, "{} {name}", verb.key()),
            Self::Endpoint { host, change } => endpoint::Words(host, change).fmt(f),
            Self::Limits { host, subflows, add_addr_accepted } => f.write_str(&limits::words(host, *subflows, *add_addr_accepted)),
            Self::Address(change) => f.write_str(&address::words(change)),
            Self::Route(change) => f.write_str(&route::words(change)),
            Self::Mtu(change) => f.write_str(&mtu::words(change)),
            Self::Sysctl { host, set } => f.write_str(&sysctl::words(host, set)),
            Self::Destroy { transfer, address, hosts } => f.write_str(&destroy::words(transfer, *address, hosts)),
            Self::PathManager { host, transfer, command, token } => {
                write!(f, "path manager of {host}: {command} ({transfer}")?;
                token.map_or(Ok(()), |token| write!(f, ", token {token}"))?;
                f.write_str(")")
            }
        }
    }
}
