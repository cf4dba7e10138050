//! Operations on MPTCP: limits, endpoints, commands about connections, and the end of subflows.
//! Not here: what path managers do with them.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::document::case::Command;
use crate::document::topology::Endpoint;
use crate::words::{EndpointFlag, Feature};

/// One operation on MPTCP.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MptcpAct {
    /// Sets the MPTCP limits.
    Limits {
        /// Additional subflows of a connection.
        subflows: Option<u32>,
        /// Announced addresses a connection may use.
        add_addr_accepted: Option<u32>,
    },
    /// Adds an MPTCP endpoint.
    Endpoint {
        /// Its address.
        address: IpAddr,
        /// The interface it is bound to.
        dev: Option<String>,
        /// Its flags.
        flags: Vec<EndpointFlag>,
        /// Its id.
        id: Option<u8>,
        /// The port announced with it.
        port: Option<u16>,
    },
    /// Removes the MPTCP endpoint of an address.
    DeleteEndpoint {
        /// Its address.
        address: IpAddr,
    },
    /// Removes the MPTCP endpoint with an id. With id 0, which no endpoint has: the first subflows with this address.
    DeleteEndpointId {
        /// The id.
        id: u8,
        /// The address, for id 0.
        address: Option<IpAddr>,
    },
    /// Sets these of the flags `backup` and `fullmesh` on the MPTCP endpoint with an id.
    ChangeEndpointId {
        /// The id.
        id: u8,
        /// The flags.
        flags: Vec<EndpointFlag>,
    },
    /// Sets these of the flags `backup` and `fullmesh` on the MPTCP endpoint with an address.
    ChangeEndpoint {
        /// Its address.
        address: IpAddr,
        /// The flags.
        flags: Vec<EndpointFlag>,
    },
    /// Removes all MPTCP endpoints.
    FlushEndpoints,
    /// Ends the sockets of subflows at one end (`SOCK_DESTROY`).
    Destroy {
        /// The transfer whose subflows they are.
        transfer: String,
        /// Where its connections lead.
        to: SocketAddr,
        /// Whether this is the end they lead to.
        server: bool,
        /// The client's address that the subflows come from.
        address: IpAddr,
        /// Whether there may be none any more, since the other end has told this one.
        may_be_gone: bool,
    },
    /// Sends the kernel a command about each MPTCP connection that leads to an address and port.
    Command {
        /// The transfer whose connections they are.
        transfer: String,
        /// Where they lead.
        to: SocketAddr,
        /// Whether this is the end they lead to.
        server: bool,
        /// The command.
        command: Command,
        /// The token that it is told, if not that of each connection.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<u32>,
    },
}

impl MptcpAct {
    /// Adds this endpoint.
    pub(in crate::plan) fn of_endpoint(endpoint: &Endpoint) -> Self {
        let Endpoint { address, interface, flags, id, port } = endpoint.clone();
        Self::Endpoint { address, dev: interface, flags, id, port }
    }

    /// The feature that it needs, if not every place has it.
    pub(super) fn needs(&self) -> Option<Feature> {
        match self {
            Self::Destroy { .. } => Some(Feature::SocketDestruction),
            Self::Endpoint { flags, .. } if flags.contains(&EndpointFlag::Laminar) => Some(Feature::LaminarEndpoints),
            _ => None,
        }
    }

    /// Writes the line that a person would type, for a namespace.
    pub(super) fn line(&self, ns: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limits { subflows, add_addr_accepted } => {
                write!(f, "ip -n {ns} mptcp limits set")?;
                if let Some(subflows) = subflows {
                    write!(f, " subflows {subflows}")?;
                }
                if let Some(accepted) = add_addr_accepted {
                    write!(f, " add_addr_accepted {accepted}")?;
                }
                Ok(())
            }
            Self::Endpoint { address, dev, flags, id, port } => {
                write!(f, "ip -n {ns} mptcp endpoint add {address}")?;
                if let Some(port) = port {
                    write!(f, " port {port}")?;
                }
                if let Some(dev) = dev {
                    write!(f, " dev {dev}")?;
                }
                if let Some(id) = id {
                    write!(f, " id {id}")?;
                }
                for flag in flags {
                    write!(f, " {flag}")?;
                }
                Ok(())
            }
            Self::DeleteEndpoint { address } => write!(
                f,
                "ip -n {ns} mptcp endpoint delete id $(ip -n {ns} mptcp endpoint show | sed -n 's/^{address} .*id \\([0-9]*\\).*/\\1/p')"
            ),
            Self::DeleteEndpointId { id, address } => {
                write!(f, "ip -n {ns} mptcp endpoint delete id {id}")?;
                address.map_or(Ok(()), |address| write!(f, " {address}"))
            }
            Self::ChangeEndpoint { address, flags } => {
                write!(f, "ip -n {ns} mptcp endpoint change {address} ")?;
                changed(flags, f)
            }
            Self::ChangeEndpointId { id, flags } => {
                write!(f, "ip -n {ns} mptcp endpoint change id {id} ")?;
                changed(flags, f)
            }
            Self::FlushEndpoints => write!(f, "ip -n {ns} mptcp endpoint flush"),
            Self::Destroy { transfer, server, address, .. } => {
                let end = if *server { "dst" } else { "src" };
                write!(f, "ss -N {ns} -t -K {end} {address} # of {transfer}")
            }
            Self::Command { transfer, command, token, .. } => {
                write!(f, "ip netns exec {ns} pm_nl_ctl ")?;
                told(command, &token.map_or_else(|| "$TOKEN".to_owned(), |token| token.to_string()), f)?;
                write!(f, " # of {transfer}")
            }
        }
    }
}

/// `backup nofullmesh`
fn changed(flags: &[EndpointFlag], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let [backup, fullmesh] = [EndpointFlag::Backup, EndpointFlag::Fullmesh].map(|flag| if flags.contains(&flag) { "" } else { "no" });
    write!(f, "{backup}backup {fullmesh}fullmesh")
}

/// The arguments of `pm_nl_ctl` of the kernel's selftests.
fn told(command: &Command, token: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match command {
        Command::Announce { address, id, port } => {
            write!(f, "ann {address} token {token} id {id}")?;
            port.map_or(Ok(()), |port| write!(f, " port {port}"))
        }
        Command::Remove { id } => write!(f, "rem token {token} id {id}"),
        Command::Create { address, id, to, port } => {
            write!(f, "csf lip {address} lid {id} rip {to} rport {port} token {token}")
        }
        Command::Destroy { address } => write!(f, "dsf lip {address} lport $LPORT rip $RIP rport $RPORT token {token}"),
        Command::Backup { address, on } => {
            let no = if *on { "" } else { "no" };
            write!(f, "set {address} flags {no}backup token {token} rip $RIP rport $RPORT")
        }
    }
}
