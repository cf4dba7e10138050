//! Commands of a path manager in user space to the kernel about single connections (generic netlink `mptcp_pm`; `pm_nl_ctl` of the kernel's
//! selftests). Connections are identified by their tokens.
//! Not here: endpoints, limits and events.

use std::net::{IpAddr, SocketAddr};

use netlink_bindings::mptcp_pm::{PushAddress, Request};
use netlink_bindings::traits::Pusher;

use super::sock_diag::Subflow;
use super::{Netlink, NetlinkError};
use crate::words::EndpointFlag;

/// An address of a connection's end.
#[derive(Debug, Clone, Copy)]
struct End {
    address: IpAddr,
    port: u16,
    id: u8,
}

fn push<Prev: Pusher>(to: PushAddress<Prev>, end: End, flags: u32) {
    let mut to = match end.address {
        IpAddr::V4(address) => to.push_family(libc::AF_INET as u16).push_addr4(address.into()),
        IpAddr::V6(address) => to.push_family(libc::AF_INET6 as u16).push_addr6(&address.octets()),
    };
    if end.id > 0 {
        to = to.push_id(end.id);
    }
    if end.port > 0 {
        to = to.push_port(end.port);
    }
    if flags > 0 {
        to = to.push_flags(flags);
    }
    drop(to);
}

/// Announces an address.
pub(crate) fn announce(netlink: &mut Netlink, token: u32, address: IpAddr, id: u8, port: Option<u16>) -> Result<(), NetlinkError> {
    let mut request = Request::new().op_announce_do();
    let end = End { address, port: port.unwrap_or(0), id };
    push(request.encode().push_token(token).nested_addr(), end, EndpointFlag::Signal.bit());
    netlink.request(&request)
}

/// Withdraws the announcement of the address with this id.
pub(crate) fn remove(netlink: &mut Netlink, token: u32, id: u8) -> Result<(), NetlinkError> {
    let mut request = Request::new().op_remove_do();
    request.encode().push_token(token).push_loc_id(id);
    netlink.request(&request)
}

/// Makes a subflow from an address, whose id is given, to an address and port of the peer.
pub(crate) fn create(netlink: &mut Netlink, token: u32, from: IpAddr, id: u8, to: SocketAddr) -> Result<(), NetlinkError> {
    let mut request = Request::new().op_subflow_create_do();
    push(request.encode().push_token(token).nested_addr(), End { address: from, port: 0, id }, 0);
    push(request.encode().nested_addr_remote(), End { address: to.ip(), port: to.port(), id: 0 }, 0);
    netlink.request(&request)
}

/// Ends a subflow.
pub(crate) fn destroy(netlink: &mut Netlink, subflow: &Subflow) -> Result<(), NetlinkError> {
    let mut request = Request::new().op_subflow_destroy_do();
    let [local, remote] = [subflow.local, subflow.remote].map(|end| End { address: end.ip(), port: end.port(), id: 0 });
    push(request.encode().push_token(subflow.token).nested_addr(), local, 0);
    push(request.encode().nested_addr_remote(), remote, 0);
    netlink.request(&request)
}

/// Makes a subflow a backup, or no longer a backup, and tells the peer (`MP_PRIO`).
pub(crate) fn set_backup(netlink: &mut Netlink, subflow: &Subflow, on: bool) -> Result<(), NetlinkError> {
    let mut request = Request::new().op_set_flags_do();
    let local = End { address: subflow.local.ip(), port: 0, id: 0 };
    let remote = End { address: subflow.remote.ip(), port: subflow.remote.port(), id: 0 };
    push(request.encode().push_token(subflow.token).nested_addr(), local, if on { EndpointFlag::Backup.bit() } else { 0 });
    push(request.encode().nested_addr_remote(), remote, 0);
    netlink.request(&request)
}
