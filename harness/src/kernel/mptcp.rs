//! The in-kernel path manager's limits and endpoints (generic netlink `mptcp_pm`; `ip mptcp`).
//! Not here: its events.

use std::net::IpAddr;

use netlink_bindings::mptcp_pm::{PushAddress, Request};
use netlink_bindings::traits::Pusher;

use super::{Netlink, NetlinkError};

/// `limits`: what a connection may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Additional subflows.
    pub subflows: u32,
    /// Announced addresses it may use.
    pub add_addr_accepted: u32,
}

/// An endpoint in the kernel's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// Its address.
    pub address: IpAddr,
    /// The interface it is bound to, 0 if none.
    pub index: i32,
    /// `MPTCP_PM_ADDR_FLAG_*`.
    pub flags: u32,
    /// Its id, 0 for the kernel's choice.
    pub id: u8,
    /// The port announced with it, 0 if none.
    pub port: u16,
}

/// Sets the limits. The kernel replaces both, so unchanged ones must be given too.
pub(crate) fn set_limits(netlink: &mut Netlink, limits: Limits) -> Result<(), NetlinkError> {
    let mut request = Request::new().op_set_limits_do();
    request.encode().push_rcv_add_addrs(limits.add_addr_accepted).push_subflows(limits.subflows);
    netlink.request(&request)
}

/// Reads the limits.
pub(crate) fn limits(netlink: &mut Netlink) -> Result<Limits, NetlinkError> {
    let mut limits = Limits { subflows: 0, add_addr_accepted: 0 };
    netlink.each(&Request::new().op_get_limits_do(), |attributes| {
        limits.subflows = attributes.get_subflows().unwrap_or(0);
        limits.add_addr_accepted = attributes.get_rcv_add_addrs().unwrap_or(0);
    })?;
    Ok(limits)
}

/// Adds an endpoint.
pub(crate) fn add_endpoint(netlink: &mut Netlink, endpoint: &Endpoint) -> Result<(), NetlinkError> {
    let mut request = Request::new().op_add_addr_do();
    push(request.encode().nested_addr(), endpoint);
    netlink.request(&request)
}

/// Removes an endpoint: the kernel also ends its subflows and withdraws its announcement.
pub(crate) fn delete_endpoint(netlink: &mut Netlink, endpoint: &Endpoint) -> Result<(), NetlinkError> {
    let mut request = Request::new().op_del_addr_do();
    push(request.encode().nested_addr(), endpoint);
    netlink.request(&request)
}

/// Removes the endpoint with this id, or id 0 with this address: the first subflow of each connection that has the address.
pub(crate) fn delete_endpoint_id(netlink: &mut Netlink, id: u8, address: Option<IpAddr>) -> Result<(), NetlinkError> {
    let mut request = Request::new().op_del_addr_do();
    let attributes = request.encode().nested_addr();
    let attributes = match address {
        Some(IpAddr::V6(address)) => attributes.push_family(libc::AF_INET6 as u16).push_addr6(&address.octets()),
        Some(IpAddr::V4(address)) => attributes.push_family(libc::AF_INET as u16).push_addr4(address.into()),
        None => attributes,
    };
    drop(attributes.push_id(id));
    netlink.request(&request)
}

/// Sets the flags `backup` and `fullmesh` of the endpoint with this id.
pub(crate) fn change_endpoint_id(netlink: &mut Netlink, id: u8, flags: u32) -> Result<(), NetlinkError> {
    let mut request = Request::new().op_set_flags_do();
    // With a family, the kernel would look for it by its address.
    drop(request.encode().nested_addr().push_id(id).push_flags(flags));
    netlink.request(&request)
}

/// Sets the flags `backup` and `fullmesh` of an endpoint.
pub(crate) fn change_endpoint(netlink: &mut Netlink, endpoint: &Endpoint) -> Result<(), NetlinkError> {
    let mut request = Request::new().op_set_flags_do();
    push(request.encode().nested_addr(), endpoint);
    netlink.request(&request)
}

/// Removes all endpoints.
pub(crate) fn flush_endpoints(netlink: &mut Netlink) -> Result<(), NetlinkError> {
    netlink.request(&Request::new().op_flush_addrs_do())
}

fn push<Prev: Pusher>(attributes: PushAddress<Prev>, endpoint: &Endpoint) {
    let mut attributes = match endpoint.address {
        IpAddr::V4(address) => attributes.push_family(libc::AF_INET as u16).push_addr4(address.into()),
        IpAddr::V6(address) => attributes.push_family(libc::AF_INET6 as u16).push_addr6(&address.octets()),
    };
    attributes = attributes.push_flags(endpoint.flags);
    if endpoint.id > 0 {
        attributes = attributes.push_id(endpoint.id);
    }
    if endpoint.port > 0 {
        attributes = attributes.push_port(endpoint.port);
    }
    if endpoint.index > 0 {
        attributes = attributes.push_if_idx(endpoint.index);
    }
    drop(attributes);
}

/// Every endpoint of the namespace.
pub(crate) fn endpoints(netlink: &mut Netlink) -> Result<Vec<Endpoint>, NetlinkError> {
    let mut found = Vec::new();
    netlink.each(&Request::new().op_get_addr_dump(), |attributes| {
        let Ok(entry) = attributes.get_addr() else { return };
        let v4 = entry.get_addr4().ok().map(|address| IpAddr::V4(address.into()));
        let v6 = || <[u8; 16]>::try_from(entry.get_addr6().ok()?).ok().map(IpAddr::from);
        if let Some(address) = v4.or_else(v6) {
            found.push(Endpoint {
                address,
                index: entry.get_if_idx().unwrap_or(0),
                flags: entry.get_flags().unwrap_or(0),
                id: entry.get_id().unwrap_or(0),
                port: entry.get_port().unwrap_or(0),
            });
        }
    })?;
    Ok(found)
}
