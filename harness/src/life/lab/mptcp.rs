//! MPTCP in a lab's hosts: sets limits and endpoints and reads them back, sends commands about connections, and destroys subflows.
//! Not here: what path managers do with that. The effect of a command shows in subflows and events.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr};

use super::found::{Found, Instead, unless};
use super::{LabError, Room};
use crate::document::case::Command;
use crate::kernel::sock_diag::{self, SockDiag, Subflow};
use crate::kernel::{NetlinkError, mptcp, userspace_pm};
use crate::plan::{MptcpAct, Op};
use crate::words::EndpointFlag;

pub(super) fn apply(room: &mut Room, op: &Op, act: &MptcpAct) -> Result<(), LabError> {
    let done = match act {
        MptcpAct::Limits { subflows, add_addr_accepted } => mptcp::limits(&mut room.netlink).and_then(|now| {
            let limits = mptcp::Limits {
                subflows: subflows.unwrap_or(now.subflows),
                add_addr_accepted: add_addr_accepted.unwrap_or(now.add_addr_accepted),
            };
            mptcp::set_limits(&mut room.netlink, limits)
        }),
        MptcpAct::Endpoint { address, dev, flags, id, port } => {
            let endpoint = endpoint(room, *address, dev.as_deref(), flags, *id, *port);
            mptcp::add_endpoint(&mut room.netlink, &endpoint)
        }
        MptcpAct::DeleteEndpoint { address } => delete_endpoint(room, *address),
        MptcpAct::DeleteEndpointId { id, address } => mptcp::delete_endpoint_id(&mut room.netlink, *id, *address),
        MptcpAct::ChangeEndpoint { address, flags } => change_endpoint(room, *address, flags),
        MptcpAct::ChangeEndpointId { id, flags } => mptcp::change_endpoint_id(&mut room.netlink, *id, bits(flags)),
        MptcpAct::FlushEndpoints => mptcp::flush_endpoints(&mut room.netlink),
        MptcpAct::Destroy { to, server, address, may_be_gone, .. } => return destroy(room, op, *to, *server, *address, *may_be_gone),
        MptcpAct::Command { to, server, command: told, token, .. } => return command(room, op, *to, *server, told, *token),
    };
    done.map_err(|source| LabError::Netlink { op: Box::new(op.clone()), source })
}

/// What the kernel has instead of what was requested.
pub(super) fn differs(room: &mut Room, found: &mut Found, act: &MptcpAct) -> Instead {
    match act {
        MptcpAct::Destroy { .. } | MptcpAct::Command { .. } | MptcpAct::DeleteEndpointId { id: 0, .. } => Ok(None),
        MptcpAct::Limits { subflows, add_addr_accepted } => {
            let has = mptcp::limits(&mut room.netlink)?;
            let same = subflows.is_none_or(|wanted| wanted == has.subflows)
                && add_addr_accepted.is_none_or(|wanted| wanted == has.add_addr_accepted);
            Ok(unless(same, || format!("{has:?}")))
        }
        MptcpAct::DeleteEndpoint { address } => {
            let has = configured(found.endpoints(room)?);
            Ok(unless(!has.iter().any(|endpoint| endpoint.address == *address), || "an endpoint that should be gone".to_owned()))
        }
        MptcpAct::DeleteEndpointId { id, .. } => {
            let has = found.endpoints(room)?;
            Ok(unless(!has.iter().any(|endpoint| endpoint.id == *id), || "an endpoint that should be gone".to_owned()))
        }
        MptcpAct::ChangeEndpoint { address, flags } => {
            Ok(unflagged(&configured(found.endpoints(room)?), flags, |endpoint| endpoint.address == *address))
        }
        MptcpAct::ChangeEndpointId { id, flags } => Ok(unflagged(found.endpoints(room)?, flags, |endpoint| endpoint.id == *id)),
        MptcpAct::FlushEndpoints => {
            let has = configured(found.endpoints(room)?);
            Ok(unless(has.is_empty(), || format!("{has:?}")))
        }
        MptcpAct::Endpoint { address, dev, flags, id, port } => {
            let wanted = endpoint(room, *address, dev.as_deref(), flags, *id, *port);
            let has = found.endpoints(room)?;
            let same =
                |endpoint: &mptcp::Endpoint| mptcp::Endpoint { id: if id.is_some() { endpoint.id } else { 0 }, ..*endpoint } == wanted;
            let near: Vec<_> = has.iter().filter(|endpoint| endpoint.address == wanted.address).collect();
            Ok(unless(has.iter().any(same), || format!("{near:?}")))
        }
    }
}

fn endpoint(room: &Room, address: IpAddr, dev: Option<&str>, flags: &[EndpointFlag], id: Option<u8>, port: Option<u16>) -> mptcp::Endpoint {
    mptcp::Endpoint {
        address,
        index: dev.map_or(0, |dev| room.index(dev)),
        flags: bits(flags),
        id: id.unwrap_or(0),
        port: port.unwrap_or(0),
    }
}

/// The endpoints that exist instead of one with these changeable flags.
fn unflagged(has: &[mptcp::Endpoint], flags: &[EndpointFlag], which: impl Fn(&mptcp::Endpoint) -> bool) -> Option<String> {
    let changeable = bits(&[EndpointFlag::Backup, EndpointFlag::Fullmesh]);
    let near: Vec<_> = has.iter().filter(|endpoint| which(endpoint)).collect();
    unless(near.iter().any(|endpoint| endpoint.flags & changeable == bits(flags)), || format!("{near:?}"))
}

fn bits(flags: &[EndpointFlag]) -> u32 {
    flags.iter().copied().map(EndpointFlag::bit).sum()
}

/// The endpoints that the kernel did not make itself (`implicit`).
fn configured(endpoints: &[mptcp::Endpoint]) -> Vec<mptcp::Endpoint> {
    endpoints.iter().filter(|endpoint| endpoint.flags & EndpointFlag::Implicit.bit() == 0).copied().collect()
}

/// The endpoint of an address. Endpoints that the kernel made itself do not count.
fn endpoint_of(room: &mut Room, address: IpAddr) -> Result<mptcp::Endpoint, NetlinkError> {
    let absent = || io::Error::new(io::ErrorKind::NotFound, format!("there is no endpoint {address}"));
    let all = configured(&mptcp::endpoints(&mut room.netlink)?);
    Ok(all.into_iter().find(|endpoint| endpoint.address == address).ok_or_else(absent)?)
}

fn delete_endpoint(room: &mut Room, address: IpAddr) -> Result<(), NetlinkError> {
    let endpoint = endpoint_of(room, address)?;
    mptcp::delete_endpoint(&mut room.netlink, &endpoint)
}

fn change_endpoint(room: &mut Room, address: IpAddr, flags: &[EndpointFlag]) -> Result<(), NetlinkError> {
    let endpoint = endpoint_of(room, address)?;
    mptcp::change_endpoint(&mut room.netlink, &mptcp::Endpoint { flags: bits(flags), ..endpoint })
}

/// The subflows of this end, and the tokens of its connections that lead to `to`.
fn connections(room: &Room, op: &Op, to: SocketAddr, server: bool) -> Result<(Vec<Subflow>, BTreeSet<u32>), LabError> {
    let io = |source| LabError::Io { op: Box::new(op.clone()), source };
    let subflows = room.ns.enter(|| SockDiag::open()?.subflows()).and_then(|read| read).map_err(io)?;
    let leads_there = |subflow: &&Subflow| if server { subflow.local == to } else { subflow.remote == to };
    let tokens = subflows.iter().filter(leads_there).map(|subflow| subflow.token).collect();
    Ok((subflows, tokens))
}

/// Ends the established subflows from the client's address, at this end of them.
fn destroy(room: &mut Room, op: &Op, to: SocketAddr, server: bool, address: IpAddr, may_be_gone: bool) -> Result<(), LabError> {
    let (subflows, tokens) = connections(room, op, to, server)?;
    let from = |subflow: &&Subflow| if server { subflow.remote.ip() == address } else { subflow.local.ip() == address };
    let own = subflows.iter().filter(|subflow| subflow.established && tokens.contains(&subflow.token)).filter(from);
    let own: Vec<&Subflow> = own.collect();
    if own.is_empty() && !may_be_gone {
        return Err(LabError::Absent(Box::new(op.clone()), format!("no connection that leads to {to} has a subflow from {address}")));
    }
    for subflow in own {
        match sock_diag::destroy(&mut room.netlink, subflow) {
            Err(error) if may_be_gone && error.errno() == libc::ENOENT => {}
            done => done.map_err(|source| LabError::Netlink { op: Box::new(op.clone()), source })?,
        }
    }
    Ok(())
}

/// Tells the kernel about every connection that leads to `to`, as seen from this end of it, or by another `token` once there is one.
fn command(room: &mut Room, op: &Op, to: SocketAddr, server: bool, command: &Command, token: Option<u32>) -> Result<(), LabError> {
    let (subflows, tokens) = connections(room, op, to, server)?;
    let from = |address: IpAddr| subflows.iter().filter(move |subflow| subflow.local.ip() == address);
    let absent = |what| LabError::Absent(Box::new(op.clone()), what);
    // Until the peer has acknowledged data (`e`) there can be no other subflow (RFC 8684, section 3.2). All are checked before any gets the command.
    let established = |token: &u32| subflows.iter().any(|subflow| subflow.token == *token && subflow.flags.contains('e'));
    if tokens.is_empty() || !tokens.iter().all(established) {
        return Err(absent(format!("no MPTCP connection that is fully established leads to {to}")));
    }
    for token in token.map_or(tokens, |token| BTreeSet::from([token])) {
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
