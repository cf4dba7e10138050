//! Doing what steps tell path managers in flight: the kernel's endpoints by their addresses, connections by where they lead.
//! Not here: endpoints and limits that are there from the start.

use std::io;
use std::net::{IpAddr, SocketAddr};

use super::{LabError, Room};
use crate::document::case::Command;
use crate::kernel::sock_diag::{SockDiag, Subflow};
use crate::kernel::{NetlinkError, mptcp, userspace_pm};
use crate::plan::Op;
use crate::words::EndpointFlag;

/// The endpoint of an address. One that the kernel made itself (`implicit`) is none.
fn endpoint_of(room: &mut Room, address: IpAddr) -> Result<mptcp::Endpoint, NetlinkError> {
    let found = mptcp::endpoints(&mut room.netlink)?.into_iter();
    let mut configured = found.filter(|endpoint| endpoint.flags & EndpointFlag::Implicit.bit() == 0);
    let absent = || io::Error::new(io::ErrorKind::NotFound, format!("there is no endpoint {address}"));
    Ok(configured.find(|endpoint| endpoint.address == address).ok_or_else(absent)?)
}

pub(super) fn delete_endpoint(room: &mut Room, address: IpAddr) -> Result<(), NetlinkError> {
    let endpoint = endpoint_of(room, address)?;
    mptcp::delete_endpoint(&mut room.netlink, &endpoint)
}

pub(super) fn change_endpoint(room: &mut Room, address: IpAddr, flags: &[EndpointFlag]) -> Result<(), NetlinkError> {
    let endpoint = endpoint_of(room, address)?;
    let flags = flags.iter().copied().map(EndpointFlag::bit).sum();
    mptcp::change_endpoint(&mut room.netlink, &mptcp::Endpoint { flags, ..endpoint })
}

/// Tells the kernel about every connection that leads to `to`, as seen from this end of it.
pub(super) fn command(room: &mut Room, op: &Op, to: SocketAddr, server: bool, command: &Command) -> Result<(), LabError> {
    let io = |source| LabError::Io { op: Box::new(op.clone()), source };
    let subflows = room.ns.enter(|| SockDiag::open()?.subflows()).and_then(|read| read).map_err(io)?;
    let leads_there = |subflow: &&Subflow| if server { subflow.local == to } else { subflow.remote == to };
    let mut tokens: Vec<u32> = subflows.iter().filter(leads_there).map(|subflow| subflow.token).collect();
    tokens.sort_unstable();
    tokens.dedup();
    let from = |address: IpAddr| subflows.iter().filter(move |subflow| subflow.local.ip() == address);
    let absent = |what| LabError::Absent(Box::new(op.clone()), what);
    // Until the peer has acknowledged data (`e`) there can be no other subflow (RFC 8684, section 3.2). All are looked at before one is told.
    let established = |token: &u32| subflows.iter().any(|subflow| subflow.token == *token && subflow.flags.contains('e'));
    if tokens.is_empty() || !tokens.iter().all(established) {
        return Err(absent(format!("no MPTCP connection that is fully established leads to {to}")));
    }
    for token in tokens {
        let netlink = &mut room.netlink;
        let done = match command {
            Command::Announce { address, id, port } => userspace_pm::announce(netlink, token, *address, *id, *port),
            Command::Remove { id } => userspace_pm::remove(netlink, token, *id),
            Command::Create { address, id, to, port } => userspace_pm::create(netlink, token, *address, *id, SocketAddr::new(*to, *port)),
            Command::Destroy { address } | Command::Backup { address, .. } => {
                let mut own = from(*address).filter(|subflow| subflow.token == token).peekable();
                if own.peek().is_none() {
                    return Err(absent(format!("the connection has no subflow from {address}")));
                }
                own.try_for_each(|subflow| match command {
                    Command::Backup { on, .. } => userspace_pm::set_backup(netlink, subflow, *on),
                    _ => userspace_pm::destroy(netlink, subflow),
                })
            }
        };
        done.map_err(|source| LabError::Netlink { op: Box::new(op.clone()), source })?;
    }
    Ok(())
}
