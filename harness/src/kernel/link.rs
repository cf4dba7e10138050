//! Interfaces: veth pairs made in place, bridges, ports of bridges and members of bonds, up and down, and their state (rtnetlink, `ip link`).
//! Not here: their addresses and queues, and bonds themselves.

use std::os::fd::{AsFd, AsRawFd};

use netlink_bindings::rt_link::{Ifinfomsg, IterableLinkAttrs, LinkinfoMemberDataMsg, PushLinkAttrs, Request};
use netlink_bindings::traits::Pusher;
use netlink_bindings::utils::{finalize_nested_header, push_nested_header};

use super::{Batch, Namespace, Netlink, NetlinkError};

/// `IF_OPER_UP` (include/uapi/linux/if.h).
const OPERATIONAL: u8 = 6;
/// `VETH_INFO_PEER` (include/uapi/linux/veth.h).
const VETH_INFO_PEER: u16 = 1;
/// `IFLA_INFO_DATA` (include/uapi/linux/if_link.h).
const IFLA_INFO_DATA: u16 = 2;
/// `IFLA_BRPORT_LEARNING`, `_UNICAST_FLOOD`, `_MCAST_FLOOD`, `_BCAST_FLOOD` (include/uapi/linux/if_link.h).
const PORT_FLAGS: [u16; 4] = [8, 9, 27, 30];
/// `IFLA_LINKINFO`, `IFLA_INFO_SLAVE_KIND`, `IFLA_INFO_SLAVE_DATA` (include/uapi/linux/if_link.h).
const LINKINFO: [u16; 3] = [18, 4, 5];

/// One end of a veth pair to be made.
pub struct NewEnd<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its index in its namespace.
    pub index: i32,
}

fn header(index: i32, flags: i32, change: i32) -> Ifinfomsg {
    let mut header = Ifinfomsg::new();
    header.ifi_index = index;
    header.ifi_flags = flags as u32;
    header.ifi_change = change as u32;
    header
}

/// Name, MTU and one queue per direction: a queue per core, the default, costs more to make than everything else.
fn describe<P: Pusher>(attributes: PushLinkAttrs<P>, name: &str, mtu: u32) -> PushLinkAttrs<P> {
    attributes.push_ifname_bytes(name.as_bytes()).push_mtu(mtu).push_num_tx_queues(1).push_num_rx_queues(1)
}

/// Makes a veth pair with its ends in place: `here`, up or not, in the namespace the batch is sent to; `there`, down, in `other`; with their MTUs.
/// Moving an end later would wait for an RCU grace period.
pub fn veth(batch: &mut Batch, here: &NewEnd, up: bool, other: &Namespace, there: &NewEnd, mtus: [u32; 2]) {
    let flags = if up { libc::IFF_UP } else { 0 };
    let mut request = Request::new().set_create().set_excl().op_newlink_do(&header(here.index, flags, flags));
    let mut info = describe(request.encode(), here.name, mtus[0]).nested_linkinfo().push_kind(c"veth");
    let bytes = info.as_vec_mut();
    let data = push_nested_header(bytes, IFLA_INFO_DATA);
    let peer = push_nested_header(bytes, VETH_INFO_PEER);
    bytes.extend(header(there.index, 0, 0).as_slice());
    describe(PushLinkAttrs::new(&mut *bytes), there.name, mtus[1]).push_net_ns_fd(other.as_fd().as_raw_fd() as u32);
    finalize_nested_header(bytes, peer);
    finalize_nested_header(bytes, data);
    drop(info);
    batch.push(&request);
}

/// Makes a bridge, up, without multicast snooping.
pub fn bridge(batch: &mut Batch, name: &str, index: i32) {
    let mut request = Request::new().set_create().set_excl().op_newlink_do(&header(index, libc::IFF_UP, libc::IFF_UP));
    request.encode().push_ifname_bytes(name.as_bytes()).nested_linkinfo().nested_data_bridge().push_mcast_snooping(0);
    batch.push(&request);
}

/// Gives an interface, which is down, another name.
pub fn rename(batch: &mut Batch, index: i32, name: &str) {
    let mut request = Request::new().op_setlink_do(&header(index, 0, 0));
    request.encode().push_ifname_bytes(name.as_bytes());
    batch.push(&request);
}

/// Sets an interface's MTU.
pub fn set_mtu(batch: &mut Batch, index: i32, mtu: u32) {
    let mut request = Request::new().op_setlink_do(&header(index, 0, 0));
    request.encode().push_mtu(mtu);
    batch.push(&request);
}

/// Sets an interface up or down.
pub fn set_up(batch: &mut Batch, index: i32, up: bool) {
    let request = Request::new().op_setlink_do(&header(index, if up { libc::IFF_UP } else { 0 }, libc::IFF_UP));
    batch.push(&request);
}

/// Makes an interface a port of a bridge, or a member of a bond, which sets it up; it must be down before.
pub fn attach(batch: &mut Batch, index: i32, master: i32) {
    let mut request = Request::new().op_setlink_do(&header(index, 0, 0));
    request.encode().push_master(master as u32);
    batch.push(&request);
}

/// A bridge port that learns no addresses, and floods every frame to its interface or none.
pub(crate) fn bridge_port(batch: &mut Batch, index: i32, flood: bool) {
    let mut request = Request::new().op_newlink_do(&header(index, 0, 0));
    let mut attributes = request.encode();
    let bytes = attributes.as_vec_mut();
    let [linkinfo, slave_kind, slave_data] = LINKINFO;
    let info = push_nested_header(bytes, linkinfo);
    netlink_bindings::utils::push_header(bytes, slave_kind, 7);
    bytes.extend(b"bridge\0");
    let data = push_nested_header(bytes, slave_data);
    for (attribute, value) in PORT_FLAGS.into_iter().zip([false, flood, flood, flood]) {
        netlink_bindings::utils::push_header(bytes, attribute, 1);
        bytes.push(u8::from(value));
    }
    finalize_nested_header(bytes, data);
    finalize_nested_header(bytes, info);
    drop(attributes);
    batch.push(&request);
}

/// The kernel's state of an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkState {
    /// Its index.
    pub index: i32,
    /// Its name.
    pub name: String,
    /// Set up.
    pub up: bool,
    /// Up, with a carrier, and activated: what is sent through it leaves. Of a bond's member also: the bond uses it.
    pub running: bool,
    /// Its MTU.
    pub mtu: u32,
    /// The bridge or bond that it is a part of, 0 if none.
    pub master: i32,
}

impl LinkState {
    fn of(header: &Ifinfomsg, attributes: &IterableLinkAttrs) -> Self {
        let has = |flag: i32| header.ifi_flags & flag as u32 != 0;
        Self {
            index: header.ifi_index,
            name: attributes.get_ifname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            up: has(libc::IFF_UP),
            // `IFF_RUNNING` would also be set for an interface so new that its state is unknown, which still drops packets.
            running: has(libc::IFF_UP) && attributes.get_operstate() == Ok(OPERATIONAL) && !idle_member(attributes),
            mtu: attributes.get_mtu().unwrap_or(0),
            master: attributes.get_master().unwrap_or(0) as i32,
        }
    }
}

/// Whether it is a bond's member that the bond does not use yet: it has seen no carrier, or LACP has not agreed on it.
fn idle_member(attributes: &IterableLinkAttrs) -> bool {
    /// `LACP_STATE_COLLECTING` and `LACP_STATE_DISTRIBUTING` (include/uapi/linux/if_bonding.h).
    const AGREED: u8 = 0x10 | 0x20;
    let data = attributes.get_linkinfo().and_then(|info| info.get_slave_data());
    let Ok(LinkinfoMemberDataMsg::Bond(member)) = data else { return false };
    // 0 is `BOND_LINK_UP`. Only members of 802.3ad have a state of LACP's.
    member.get_mii_status() != Ok(0) || member.get_ad_actor_oper_port_state().is_ok_and(|state| state & AGREED != AGREED)
}

/// `RTEXT_FILTER_SKIP_STATS` (include/uapi/linux/rtnetlink.h): statistics are most of an answer.
const SKIP_STATS: u32 = 1 << 3;

/// Every interface of the namespace.
pub fn list(netlink: &mut Netlink) -> Result<Vec<LinkState>, NetlinkError> {
    let mut request = Request::new().op_getlink_dump(&Ifinfomsg::new());
    request.encode().push_ext_mask(SKIP_STATS);
    let mut links = Vec::new();
    netlink.each(&request, |(header, attributes)| links.push(LinkState::of(&header, &attributes)))?;
    Ok(links)
}

/// One interface. When asked for a single one, Linux 6.8 and later first handle a pending change of carrier, for which interfaces otherwise
/// queue, a hundred per second (net/core/rtnetlink.c, rtnl_getlink; net/core/link_watch.c).
pub fn state(netlink: &mut Netlink, index: i32) -> Result<Option<LinkState>, NetlinkError> {
    let mut state = None;
    look(netlink, index, |header, attributes| state = Some(LinkState::of(header, attributes)))?;
    Ok(state)
}

/// Looks at the kernel's answer about one interface.
pub(super) fn look(netlink: &mut Netlink, index: i32, mut at: impl FnMut(&Ifinfomsg, &IterableLinkAttrs)) -> Result<(), NetlinkError> {
    let mut request = Request::new().op_getlink_do(&header(index, 0, 0));
    request.encode().push_ext_mask(SKIP_STATS);
    netlink.each(&request, |(header, attributes)| at(&header, &attributes))
}

/// Whether a bridge port floods, or `None` if the interface is not one.
pub(crate) fn port_floods(netlink: &mut Netlink, index: i32) -> Result<Option<bool>, NetlinkError> {
    let mut floods = None;
    look(netlink, index, |_, attributes| {
        let [linkinfo, _, slave_data] = LINKINFO;
        let [_, unicast, ..] = PORT_FLAGS;
        let find = |buf, attribute| netlink_bindings::utils::find_attr(buf, attribute);
        let flag = find(attributes.get_buf(), linkinfo).and_then(|info| find(info, slave_data)).and_then(|data| find(data, unicast));
        floods = flag.map(|flag| flag.first() == Some(&1));
    })?;
    Ok(floods)
}
