//! Addresses, routes and rules (rtnetlink; `ip address`, `ip route`, `ip rule`).
//! Not here: which of them a host should have.

use std::net::IpAddr;

use netlink_bindings::traits::Pusher;
use netlink_bindings::{rt_addr, rt_route, rt_rule};

use super::{Batch, Netlink, NetlinkError};

fn family(v6: bool) -> u8 {
    (if v6 { libc::AF_INET6 } else { libc::AF_INET }) as u8
}

/// The table of the host's own addresses.
const LOCAL_TABLE: u32 = 255;

/// An address of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// The interface.
    pub index: i32,
    /// The address.
    pub address: IpAddr,
    /// The length of its network's prefix.
    pub prefix: u8,
}

/// Adds an address. An IPv6 one is usable at once: no duplicate address detection (RFC 4862, section 5.4) on a cable with two known ends.
pub fn add_address(batch: &mut Batch, new: &Address) {
    let mut header = rt_addr::Ifaddrmsg::new();
    header.ifa_family = family(new.address.is_ipv6());
    header.ifa_prefixlen = new.prefix;
    header.ifa_index = new.index as u32;
    header.ifa_flags = if new.address.is_ipv6() { libc::IFA_F_NODAD as u8 } else { 0 };
    let mut request = rt_addr::Request::new().set_create().set_excl().op_newaddr_do(&header);
    request.encode().push_local(new.address).push_address(new.address);
    batch.push(&request);
}

/// Removes an address from its interface.
pub(crate) fn delete_address(batch: &mut Batch, old: &Address) {
    let mut header = rt_addr::Ifaddrmsg::new();
    header.ifa_family = family(old.address.is_ipv6());
    header.ifa_prefixlen = old.prefix;
    header.ifa_index = old.index as u32;
    let mut request = rt_addr::Request::new().op_deladdr_do(&header);
    request.encode().push_local(old.address).push_address(old.address);
    batch.push(&request);
}

/// Every address of the namespace.
pub fn addresses(netlink: &mut Netlink) -> Result<Vec<Address>, NetlinkError> {
    let request = rt_addr::Request::new().op_getaddr_dump(&rt_addr::Ifaddrmsg::new());
    let mut found = Vec::new();
    netlink.each(&request, |(header, attributes)| {
        if let Ok(address) = attributes.get_local().or_else(|_| attributes.get_address()) {
            found.push(Address { index: header.ifa_index as i32, address, prefix: header.ifa_prefixlen });
        }
    })?;
    Ok(found)
}

/// A unicast route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// The destination's network.
    pub to: IpAddr,
    /// The length of its prefix; 0 is the default route.
    pub prefix: u8,
    /// The next hop.
    pub via: Option<IpAddr>,
    /// The interface it leaves by.
    pub index: Option<i32>,
    /// The table.
    pub table: u32,
    /// The next hop is on the link, whatever other routes say (`onlink`).
    pub onlink: bool,
}

/// `RTNH_F_ONLINK` of linux/rtnetlink.h.
const ONLINK: u32 = 4;

/// The attributes that identify a route.
fn describe<P: Pusher>(route: &Route, attributes: rt_route::PushRouteAttrs<P>) {
    let mut attributes = attributes.push_table(route.table);
    if route.prefix > 0 {
        attributes = attributes.push_dst(route.to);
    }
    if let Some(via) = route.via {
        attributes = attributes.push_gateway(via);
    }
    if let Some(index) = route.index {
        attributes.push_oif(index as u32);
    }
}

/// Removes a route.
pub(crate) fn delete_route(batch: &mut Batch, route: &Route) {
    let mut header = rt_route::Rtmsg::new();
    header.rtm_family = family(route.to.is_ipv6());
    header.rtm_dst_len = route.prefix;
    header.rtm_scope = libc::RT_SCOPE_NOWHERE;
    let mut request = rt_route::Request::new().op_delroute_do(&header);
    describe(route, request.encode());
    batch.push(&request);
}

/// Adds a route, or replaces the one to the same destination.
pub(crate) fn replace_route(batch: &mut Batch, route: &Route) {
    let mut header = rt_route::Rtmsg::new();
    header.rtm_family = family(route.to.is_ipv6());
    header.rtm_dst_len = route.prefix;
    // The defaults of `ip route`.
    header.rtm_protocol = libc::RTPROT_BOOT;
    header.rtm_scope = if route.via.is_some() || route.to.is_ipv6() { libc::RT_SCOPE_UNIVERSE } else { libc::RT_SCOPE_LINK };
    header.rtm_type = libc::RTN_UNICAST;
    header.rtm_flags = if route.onlink { ONLINK } else { 0 };
    let mut request = rt_route::Request::new().set_create().set_replace().op_newroute_do(&header);
    describe(route, request.encode());
    batch.push(&request);
}

/// Makes every address look like the host's own in a table.
pub(crate) fn everything_is_here(batch: &mut Batch, v6: bool, table: u32) {
    let mut header = rt_route::Rtmsg::new();
    header.rtm_family = family(v6);
    header.rtm_protocol = libc::RTPROT_BOOT;
    header.rtm_scope = libc::RT_SCOPE_HOST;
    header.rtm_type = libc::RTN_LOCAL;
    let mut request = rt_route::Request::new().set_create().set_replace().op_newroute_do(&header);
    request.encode().push_table(table).push_oif(1);
    batch.push(&request);
}

/// Whether a table does so.
pub(crate) fn is_everything_here(netlink: &mut Netlink, v6: bool, table: u32) -> Result<bool, NetlinkError> {
    let request = rt_route::Request::new().op_getroute_dump(&rt_route::Rtmsg::new());
    let mut found = false;
    netlink.each(&request, |(header, attributes)| {
        let of_table = attributes.get_table().unwrap_or(u32::from(header.rtm_table)) == table;
        found |= of_table && header.rtm_family == family(v6) && header.rtm_type == libc::RTN_LOCAL && header.rtm_dst_len == 0;
    })?;
    Ok(found)
}

/// Every unicast route of the namespace, except those in the local table.
pub fn routes(netlink: &mut Netlink) -> Result<Vec<Route>, NetlinkError> {
    let request = rt_route::Request::new().op_getroute_dump(&rt_route::Rtmsg::new());
    let mut found = Vec::new();
    netlink.each(&request, |(header, attributes)| {
        let table = attributes.get_table().unwrap_or(u32::from(header.rtm_table));
        let default: IpAddr = if i32::from(header.rtm_family) == libc::AF_INET6 { [0u8; 16].into() } else { [0u8; 4].into() };
        if header.rtm_type == libc::RTN_UNICAST && table != LOCAL_TABLE {
            found.push(Route {
                to: attributes.get_dst().unwrap_or(default),
                prefix: header.rtm_dst_len,
                via: attributes.get_gateway().ok(),
                index: attributes.get_oif().ok().map(|index| index as i32),
                table,
                onlink: header.rtm_flags & ONLINK != 0,
            });
        }
    })?;
    Ok(found)
}

/// Where a packet goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextHop {
    /// The interface it leaves by.
    pub index: i32,
    /// The next hop, if any.
    pub via: Option<IpAddr>,
}

/// The way of a packet from this namespace (`ip route get`), sent by a socket bound to an interface unless that is 0. If there is no route, the
/// kernel returns an error.
pub fn way(netlink: &mut Netlink, from: IpAddr, to: IpAddr, bound: i32) -> Result<Option<NextHop>, NetlinkError> {
    let length = |address: IpAddr| if address.is_ipv6() { 128 } else { 32 };
    let mut header = rt_route::Rtmsg::new();
    header.rtm_family = family(to.is_ipv6());
    (header.rtm_src_len, header.rtm_dst_len) = (length(from), length(to));
    let mut request = rt_route::Request::new().op_getroute_do(&header);
    let attributes = request.encode().push_dst(to).push_src(from);
    drop(if bound > 0 { attributes.push_oif(bound as u32) } else { attributes });
    let mut found = None;
    netlink.each(&request, |(_, attributes)| {
        found = attributes.get_oif().ok().map(|index| NextHop { index: index as i32, via: attributes.get_gateway().ok() });
    })?;
    Ok(found)
}

/// A rule: the table to look up for packets from an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    /// IPv6.
    pub v6: bool,
    /// Its place in the order.
    pub priority: u32,
    /// The source address; any if absent.
    pub from: Option<IpAddr>,
    /// The packets' mark (`fwmark`); any if absent.
    pub mark: Option<u32>,
    /// The table.
    pub table: u32,
    /// Whether the table's default route is ignored.
    pub suppress_default: bool,
}

/// Adds a rule. An existing rule would be added twice: refusing it would make the kernel look at all rules.
pub(crate) fn add_rule(batch: &mut Batch, rule: &Rule) {
    let mut header = rt_rule::FibRuleHdr::new();
    header.family = family(rule.v6);
    header.action = rt_rule::FrAct::ToTbl as u8;
    header.src_len = match rule.from {
        Some(IpAddr::V4(_)) => 32,
        Some(IpAddr::V6(_)) => 128,
        None => 0,
    };
    let mut request = rt_rule::Request::new().set_create().op_newrule_do(&header);
    let mut attributes = request.encode().push_priority(rule.priority).push_table(rule.table);
    if let Some(from) = rule.from {
        attributes = attributes.push_src(from);
    }
    if let Some(mark) = rule.mark {
        attributes = attributes.push_fwmark(mark);
    }
    if rule.suppress_default {
        attributes = attributes.push_suppress_prefixlen(0);
    }
    drop(attributes);
    batch.push(&request);
}

/// Every rule of the namespace that looks up a table.
pub fn rules(netlink: &mut Netlink) -> Result<Vec<Rule>, NetlinkError> {
    let request = rt_rule::Request::new().op_getrule_dump(&rt_rule::FibRuleHdr::new());
    let mut found = Vec::new();
    netlink.each(&request, |(header, attributes)| {
        found.push(Rule {
            v6: i32::from(header.family) == libc::AF_INET6,
            priority: attributes.get_priority().unwrap_or(0),
            from: attributes.get_src().ok(),
            mark: attributes.get_fwmark().ok(),
            table: attributes.get_table().unwrap_or(u32::from(header.table)),
            suppress_default: attributes.get_suppress_prefixlen() == Ok(0),
        });
    })?;
    Ok(found)
}
