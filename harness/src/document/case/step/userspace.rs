//! `path_manager`: a decision of a path manager in user space about the connections of a transfer.
//! Not here: the kernel's path manager.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Action;
use super::about::{About, Written, go_together};
use super::around::Surroundings;
use crate::document::case::named;
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Read, Shape, Spanned, Table, Value};
use crate::words::{Protocol, Time};

const PATH_MANAGER: Shape = Shape {
    heading: "`path_manager`",
    what: "a command of a path manager",
    keys: &["transfer", "host", "announce", "remove", "create", "destroy", "backup", "nobackup", "id", "to", "port", "token"],
};
const COMMANDS: [&str; 6] = ["announce", "remove", "create", "destroy", "backup", "nobackup"];

/// Its description.
pub(super) const ABOUT: About =
    About { key: "path_manager", tables: &[&PATH_MANAGER], read: |value, mistakes| Some(Box::new(RawCommand::read(value, mistakes)?)) };

/// A command about a connection (`Documentation/netlink/specs/mptcp_pm.yaml`). Addresses are those of the host that gets the command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
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
    /// Withdraws the announcement of an address.
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
    /// Makes the subflows from an address backups, or no longer backups.
    Backup {
        /// The address.
        address: IpAddr,
        /// Whether they are.
        on: bool,
    },
}

/// A command as it is written.
#[derive(Debug)]
struct RawCommand {
    transfer: Option<Spanned<String>>,
    host: Option<Spanned<String>>,
    announce: Option<Spanned<String>>,
    remove: Option<Spanned<u8>>,
    create: Option<Spanned<String>>,
    destroy: Option<Spanned<String>>,
    backup: Option<Spanned<String>>,
    nobackup: Option<Spanned<String>>,
    id: Option<Spanned<u8>>,
    to: Option<Spanned<String>>,
    port: Option<Spanned<u16>>,
    token: Option<Spanned<u32>>,
}

impl Read for RawCommand {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &PATH_MANAGER, mistakes)?;
        table.exactly_one(&COMMANDS);
        for command in COMMANDS {
            match command {
                "announce" => go_together(&mut table, command, &["id"], &["id", "port", "token"]),
                "create" => go_together(&mut table, command, &["id"], &["id", "to", "port", "token"]),
                "remove" => go_together(&mut table, command, &[], &["token"]),
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
            token: table.optional("token"),
        })
    }
}

impl Written for RawCommand {
    fn check(&self, _: Time, span: &Span, around: &mut Surroundings<'_>, mistakes: &mut Mistakes) -> Option<Action> {
        let topology = around.topology?;
        let written = self.transfer.as_ref()?;
        let (name, transfer) = named::transfer(written, around.transfers, mistakes)?;
        let told = match &self.host {
            Some(host) => named::end_of(host, name, transfer, mistakes).map(|()| &host.value)?,
            None => &transfer.client,
        };
        if [transfer.client_protocol, transfer.server_protocol].contains(&Protocol::Tcp) {
            mistakes
                .add(&written.span, format!("`{name}` speaks TCP, which has no path manager"))
                .help("let both of its ends speak MPTCP, or remove the step");
        }
        if topology.hosts[told].mptcp.path_manager.as_deref() != Some("userspace") {
            mistakes
                .add(span, format!("`{told}` leaves its connections to the kernel's path manager"))
                .help(format!("write path_manager = \"userspace\" in the topology, in [host.{told}.mptcp]"));
        }
        let server = told == &transfer.server;
        let peer = if server { &transfer.client } else { &transfer.server };
        let ipv6 = Some(transfer.to.is_ipv6());
        let mut of = |host: &str, written: &Spanned<String>| named::address_of(host, &topology.hosts[host], written, ipv6, mistakes);
        let id = self.id.as_ref().map_or(0, |id| id.value);
        let port = self.port.as_ref().map(|port| port.value);
        let command = if let Some(announce) = &self.announce {
            Command::Announce { address: of(told, announce)?, id, port }
        } else if let Some(id) = &self.remove {
            Command::Remove { id: id.value }
        } else if let Some(create) = &self.create {
            let to = match &self.to {
                Some(to) => of(peer, to)?,
                None if !server => transfer.to,
                None => {
                    mistakes.absent(
                        &create.span,
                        "the subflow needs a destination, since the client made the connection: write `to` and `port`",
                    );
                    return None;
                }
            };
            let address = of(told, create)?;
            Command::Create { address, id, to, port: port.unwrap_or(transfer.port) }
        } else if let Some(destroy) = &self.destroy {
            Command::Destroy { address: of(told, destroy)? }
        } else {
            Command::Backup { address: of(told, self.backup.as_ref().or(self.nobackup.as_ref())?)?, on: self.backup.is_some() }
        };
        let announced = self.id.as_ref().filter(|_| self.announce.is_some());
        for id in announced.into_iter().filter(|id| id.value == 0) {
            mistakes.add(&id.span, "0 is the id of a connection's first address").help("write 1 to 255");
        }
        Some(Action::PathManager {
            host: told.clone(),
            transfer: name.to_owned(),
            command,
            token: self.token.as_ref().map(|token| token.value),
        })
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Announce { address, id, .. } => write!(f, "announce {address} as {id}"),
            Self::Remove { id } => write!(f, "remove {id}"),
            Self::Create { address, to, .. } => write!(f, "create a subflow from {address} to {to}"),
            Self::Destroy { address } => write!(f, "destroy the subflow from {address}"),
            Self::Backup { address, on: true } => write!(f, "make the subflow from {address} a backup"),
            Self::Backup { address, on: false } => write!(f, "make the subflow from {address} no backup"),
        }
    }
}
