//! What steps tell path managers: other endpoints and limits for the kernel's, and commands about a connection where it leaves that to
//! user space. As written and as checked.
//! Not here: the path manager's configuration before traffic starts, which is the topology's.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::document::diagnostic::Mistakes;
use crate::document::toml::{Read, Shape, Spanned, Table, Value};
use crate::document::topology::{self, Endpoint};
use crate::words::EndpointFlag;

/// A change of a host's endpoints (`ip mptcp endpoint`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EndpointChange {
    /// Adds one.
    Add(Endpoint),
    /// Removes the one of this address.
    Remove(IpAddr),
    /// Gives the one of this address these of the flags `backup` and `fullmesh`.
    Change(IpAddr, Vec<EndpointFlag>),
    /// Removes all.
    Flush,
}

/// A command about a connection (`Documentation/netlink/specs/mptcp_pm.yaml`). Addresses are those of the host that is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Command {
    /// Announces an address to the peer.
    Announce {
        /// The address.
        address: IpAddr,
        /// Its id.
        id: u8,
        /// The port announced with it.
        port: Option<u16>,
    },
    /// Takes the announcement of an address back.
    Remove {
        /// Its id.
        id: u8,
    },
    /// Makes a subflow.
    Create {
        /// From this address.
        address: IpAddr,
        /// Its id.
        id: u8,
        /// To this address of the peer.
        to: IpAddr,
        /// To this port.
        port: u16,
    },
    /// Ends the subflows from an address.
    Destroy {
        /// The address.
        address: IpAddr,
    },
    /// Makes the subflows from an address backups, or no longer.
    Backup {
        /// The address.
        address: IpAddr,
        /// Whether they are.
        on: bool,
    },
}

pub(super) const ENDPOINT: Shape =
    Shape { heading: "`endpoint`", what: "a change of endpoints", keys: &["host", "add", "remove", "change", "flags", "flush"] };
pub(super) const LIMITS: Shape =
    Shape { heading: "`limits`", what: "a change of MPTCP limits", keys: &["host", "subflows", "add_addr_accepted"] };
pub(super) const PATH_MANAGER: Shape = Shape {
    heading: "`path_manager`",
    what: "a command of a path manager",
    keys: &["transfer", "host", "announce", "remove", "create", "destroy", "backup", "nobackup", "id", "to", "port"],
};
const COMMANDS: [&str; 6] = ["announce", "remove", "create", "destroy", "backup", "nobackup"];

/// A change of endpoints as it is written.
#[derive(Debug)]
pub(super) struct RawEndpoint {
    pub(super) host: Option<Spanned<String>>,
    pub(super) add: Option<Spanned<topology::RawEndpoint>>,
    pub(super) remove: Option<Spanned<String>>,
    pub(super) change: Option<Spanned<String>>,
    pub(super) flags: Option<Spanned<Vec<Spanned<EndpointFlag>>>>,
    pub(super) flush: Option<Spanned<bool>>,
}

/// A change of limits as it is written.
#[derive(Debug)]
pub(super) struct RawLimits {
    pub(super) host: Option<Spanned<String>>,
    pub(super) subflows: Option<Spanned<u32>>,
    pub(super) add_addr_accepted: Option<Spanned<u32>>,
}

/// A command as it is written.
#[derive(Debug)]
pub(super) struct RawCommand {
    pub(super) transfer: Option<Spanned<String>>,
    pub(super) host: Option<Spanned<String>>,
    pub(super) announce: Option<Spanned<String>>,
    pub(super) remove: Option<Spanned<u8>>,
    pub(super) create: Option<Spanned<String>>,
    pub(super) destroy: Option<Spanned<String>>,
    pub(super) backup: Option<Spanned<String>>,
    pub(super) nobackup: Option<Spanned<String>>,
    pub(super) id: Option<Spanned<u8>>,
    pub(super) to: Option<Spanned<String>>,
    pub(super) port: Option<Spanned<u16>>,
}

impl Read for RawEndpoint {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &ENDPOINT, mistakes)?;
        table.exactly_one(&["add", "remove", "change", "flush"]);
        go_together(&mut table, "change", &["flags"], &["flags"]);
        Some(Self {
            host: table.required("host"),
            add: table.optional("add"),
            remove: table.optional("remove"),
            change: table.optional("change"),
            flags: table.optional("flags"),
            flush: table.optional("flush"),
        })
    }
}

impl Read for RawLimits {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &LIMITS, mistakes)?;
        if table.present(&["subflows", "add_addr_accepted"]).is_empty() {
            table.mistakes.absent(&value.span(), "this changes nothing: write `subflows`, `add_addr_accepted` or both");
        }
        Some(Self {
            host: table.required("host"),
            subflows: table.optional("subflows"),
            add_addr_accepted: table.optional("add_addr_accepted"),
        })
    }
}

impl Read for RawCommand {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &PATH_MANAGER, mistakes)?;
        table.exactly_one(&COMMANDS);
        for command in COMMANDS {
            match command {
                "announce" => go_together(&mut table, command, &["id"], &["id", "port"]),
                "create" => go_together(&mut table, command, &["id"], &["id", "to", "port"]),
                _ => go_together(&mut table, command, &[], &[]),
            }
        }
        Some(Self {
            transfer: table.required("transfer"),
            host: table.optional("host"),
            announce: table.optional("announce"),
            remove: table.optional("remove"),
            create: table.optional("create"),
            destroy: table.optional("destroy"),
            backup: table.optional("backup"),
            nobackup: table.optional("nobackup"),
            id: table.optional("id"),
            to: table.optional("to"),
            port: table.optional("port"),
        })
    }
}

/// Says so where `key` lacks one of the keys that it needs, or has one that it does not allow.
fn go_together(table: &mut Table<'_, '_>, key: &'static str, needed: &[&'static str], allowed: &[&'static str]) {
    let Some((_, span)) = table.present(&[key]).pop() else { return };
    for needed in needed.iter().filter(|needed| table.present(&[needed]).is_empty()).collect::<Vec<_>>() {
        table.mistakes.absent(&span, format!("`{key}` needs the key `{needed}` beside it"));
    }
    for (other, other_span) in table.present(&["flags", "id", "to", "port"]) {
        if !allowed.contains(&other) {
            table.mistakes.add(&other_span, format!("`{other}` does not go with `{key}`")).beside(&span, "here");
        }
    }
}
