//! Notices: a kernel's messages about the links, addresses and routes of a namespace as they change (rtnetlink's multicast groups; `ip monitor`).
//! Not here: waiting for it, and changing anything.
//!
//! A message about a link has its whole state, whatever changed, and one about an IPv6 address is repeated when nothing changed. So the state is
//! kept, and only changes are reported. The kernel is silent about IPv4 routes that vanish because their interface is set down (`fib_table_flush`
//! in net/ipv4/fib_trie.c), but not about IPv6 routes.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use netlink_bindings::rt_addr::{self, AddrAttrs, Ifaddrmsg, IterableAddrAttrs};
use netlink_bindings::rt_link::{self, IfinfoFlags, Ifinfomsg, IterableLinkAttrs, LinkAttrs, RtextFilter};
use netlink_bindings::rt_route::{RouteAttrs, Rtmsg};
use nix::sys::socket::SockProtocol;
use tokio::io::unix::AsyncFd;

use super::dump::Dumps;
use super::multicast::{Heard, Multicast, register};
use crate::record::{About, NoticeRecord};
use crate::words::names;

/// Links, and addresses and routes of IPv4 and IPv6 (`RTNLGRP_*` of linux/rtnetlink.h).
const GROUPS: [u32; 5] = [1, 5, 7, 9, 11];
/// `RTM_F_CLONED` of linux/rtnetlink.h: a route that the kernel made for one destination, as it keeps exceptions.
const CLONED: u32 = 0x200;
/// The flags of a link that are reported: whether it is up, and whether it then has a carrier.
const UP: u32 = IfinfoFlags::Up as u32;
const CARRIER: u32 = IfinfoFlags::LowerUp as u32;

/// A link as last reported.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Link {
    name: String,
    up: bool,
    carrier: bool,
}

/// Listens in the namespace it was opened in.
#[derive(Debug)]
pub struct Notices {
    heard: Multicast,
    state: State,
}

/// The state reported so far.
#[derive(Debug, Default)]
struct State {
    /// The links by their indexes. `lo` and what the kernel itself has put into the namespace are not among them.
    links: BTreeMap<i32, Link>,
    /// The addresses, with the indexes of their links.
    addresses: BTreeSet<(i32, IpAddr)>,
}

impl Notices {
    /// Opens it in the calling thread's namespace. Changes from now on are reported.
    pub fn open() -> io::Result<Self> {
        let heard = Multicast::open(SockProtocol::NetlinkRoute, &GROUPS)?;
        let mut state = State::default();
        let mut dumps = Dumps::open(libc::NETLINK_ROUTE)?;
        let mut request = rt_link::Request::new().op_getlink_dump(&Ifinfomsg::new());
        request.encode().push_ext_mask(RtextFilter::SkipStats as u32);
        dumps.each(&[request], |(header, attributes)| {
            state.links.extend(Link::of(&header, &attributes).map(|link| (header.ifi_index, link)));
        })?;
        let request = rt_addr::Request::new().op_getaddr_dump(&Ifaddrmsg::new());
        dumps.each(&[request], |(header, attributes)| {
            state.addresses.extend(address_of(&attributes).map(|address| (header.ifa_index as i32, address)));
        })?;
        Ok(Self { heard, state })
    }

    /// Lets tokio wait for notices. Must be called inside its runtime.
    pub(crate) fn into_async(self) -> io::Result<AsyncFd<Self>> {
        register(self)
    }

    /// All notices that wait to be read, as read at `at`; [`io::ErrorKind::WouldBlock`] if none do.
    pub fn read(&mut self, at: u64) -> io::Result<Vec<NoticeRecord>> {
        let Self { heard, state } = self;
        let mut notices = Vec::new();
        heard.read(|heard| match heard {
            Heard::Message(kind, payload) => notices.extend(state.notice(kind, payload)),
            Heard::Lost => notices.push(notice(About::Lost, false)),
        })?;
        for notice in &mut notices {
            notice.at = at;
        }
        Ok(notices)
    }
}

impl AsRef<Multicast> for Notices {
    fn as_ref(&self) -> &Multicast {
        &self.heard
    }
}

impl AsFd for Notices {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.heard.as_fd()
    }
}

impl AsRawFd for Notices {
    fn as_raw_fd(&self) -> RawFd {
        self.heard.as_raw_fd()
    }
}

fn notice(about: About, now: bool) -> NoticeRecord {
    NoticeRecord { at: 0, about, now, interface: None, detail: String::new() }
}

impl Link {
    fn of(header: &Ifinfomsg, attributes: &IterableLinkAttrs<'_>) -> Option<Self> {
        let name = attributes.get_ifname().ok()?.to_string_lossy().into_owned();
        let flags = header.ifi_flags;
        let ours = flags & IfinfoFlags::Loopback as u32 == 0 && !names::is_of_kernel(&name);
        ours.then_some(Self { name, up: flags & UP != 0, carrier: flags & (UP | CARRIER) == UP | CARRIER })
    }
}

impl State {
    fn notice(&mut self, kind: u16, payload: &[u8]) -> Option<NoticeRecord> {
        match kind {
            libc::RTM_NEWLINK => self.link(payload),
            libc::RTM_DELLINK => self.gone(payload),
            libc::RTM_NEWADDR => self.address(payload, true),
            libc::RTM_DELADDR => self.address(payload, false),
            libc::RTM_NEWROUTE => self.route(payload, true),
            libc::RTM_DELROUTE => self.route(payload, false),
            _ => None,
        }
    }

    fn link(&mut self, payload: &[u8]) -> Option<NoticeRecord> {
        let (header, attributes) = payload.split_at_checked(Ifinfomsg::len())?;
        let header = Ifinfomsg::new_from_zeroed(header);
        // A bridge reports its ports in messages of its own family.
        if i32::from(header.ifi_family) != libc::AF_UNSPEC {
            return None;
        }
        let link = Link::of(&header, &LinkAttrs::new(attributes))?;
        let before = self.links.insert(header.ifi_index, link.clone());
        let (about, now) = match before {
            None => (About::Interface, true),
            Some(before) if before.up != link.up => (About::Up, link.up),
            Some(before) if before.carrier != link.carrier => (About::Carrier, link.carrier),
            Some(_) => return None,
        };
        Some(NoticeRecord { interface: Some(link.name), ..notice(about, now) })
    }

    fn gone(&mut self, payload: &[u8]) -> Option<NoticeRecord> {
        let header = Ifinfomsg::new_from_zeroed(payload.get(..Ifinfomsg::len())?);
        let link = (i32::from(header.ifi_family) == libc::AF_UNSPEC).then(|| self.links.remove(&header.ifi_index))??;
        Some(NoticeRecord { interface: Some(link.name), ..notice(About::Interface, false) })
    }

    fn address(&mut self, payload: &[u8], now: bool) -> Option<NoticeRecord> {
        let (header, attributes) = payload.split_at_checked(Ifaddrmsg::len())?;
        let header = Ifaddrmsg::new_from_zeroed(header);
        let address = address_of(&AddrAttrs::new(attributes))?;
        let place = (header.ifa_index as i32, address);
        let changed = if now { self.addresses.insert(place) } else { self.addresses.remove(&place) };
        let link = self.links.get(&place.0).filter(|_| changed && !is_of_link(&address))?;
        let detail = format!("{address}/{}", header.ifa_prefixlen);
        Some(NoticeRecord { interface: Some(link.name.clone()), detail, ..notice(About::Address, now) })
    }

    fn route(&self, payload: &[u8], now: bool) -> Option<NoticeRecord> {
        let (header, attributes) = payload.split_at_checked(Rtmsg::len())?;
        let header = Rtmsg::new_from_zeroed(header);
        let attributes = RouteAttrs::new(attributes);
        let to = attributes.get_dst().ok();
        if header.rtm_type != libc::RTN_UNICAST || header.rtm_flags & CLONED != 0 || to.as_ref().is_some_and(is_of_link) {
            return None;
        }
        let index = attributes.get_oif().ok().map(|index| index as i32);
        let interface = index.and_then(|index| self.links.get(&index)).map(|link| link.name.clone());
        let table = attributes.get_table().unwrap_or(header.rtm_table.into());
        let words = [
            Some(to.map_or_else(|| "default".to_owned(), |to| format!("{to}/{}", header.rtm_dst_len))),
            attributes.get_gateway().ok().map(|via| format!("via {via}")),
            interface.as_ref().map(|name| format!("dev {name}")),
            (table != u32::from(libc::RT_TABLE_MAIN)).then(|| format!("table {table}")),
        ];
        let detail = words.into_iter().flatten().collect::<Vec<_>>().join(" ");
        Some(NoticeRecord { interface, detail, ..notice(About::Route, now) })
    }
}

fn address_of(attributes: &IterableAddrAttrs<'_>) -> Option<IpAddr> {
    attributes.get_local().or_else(|_| attributes.get_address()).ok()
}

/// Whether an address is one of IPv6 that every interface has and that leads nowhere else.
fn is_of_link(address: &IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local() || address.is_multicast())
}

#[cfg(test)]
mod tests {
    use super::super::multicast::messages;
    use super::*;

    // As the kernel writes them, with what is read alone.
    fn message(kind: u16, header: &[u8], attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut payload = header.to_vec();
        for (kind, value) in attributes {
            payload.extend((4 + value.len() as u16).to_ne_bytes());
            payload.extend(kind.to_ne_bytes());
            payload.extend(*value);
            payload.resize(payload.len().next_multiple_of(4), 0);
        }
        [&(16 + payload.len() as u32).to_ne_bytes()[..], &kind.to_ne_bytes(), &[0; 10], &payload].concat()
    }

    fn link(kind: u16, flags: u32) -> Vec<u8> {
        let header = Ifinfomsg { ifi_index: 7, ifi_flags: flags, ..Ifinfomsg::new() };
        message(kind, header.as_slice(), &[(3, b"eth0\0")])
    }

    fn address(kind: u16) -> Vec<u8> {
        let header = Ifaddrmsg { ifa_family: libc::AF_INET as u8, ifa_prefixlen: 24, ifa_index: 7, ..Ifaddrmsg::new() };
        message(kind, header.as_slice(), &[(2, &[10, 0, 1, 1])])
    }

    fn route(kind: u16, of: u8) -> Vec<u8> {
        let header = Rtmsg { rtm_family: libc::AF_INET as u8, rtm_table: 101, rtm_type: of, ..Rtmsg::new() };
        message(kind, header.as_slice(), &[(4, &7_u32.to_ne_bytes()), (5, &[10, 0, 1, 2])])
    }

    fn told(state: &mut State, datagrams: &[Vec<u8>]) -> Vec<String> {
        let mut told = Vec::new();
        messages(&datagrams.concat(), &mut |heard| {
            let Heard::Message(kind, payload) = heard else { panic!("nothing was lost") };
            told.extend(state.notice(kind, payload).map(|notice| notice.to_string()));
        });
        told
    }

    #[test]
    fn only_what_changed_is_told() {
        let (mut state, up) = (State::default(), UP | CARRIER);
        let links = [up, up, UP, UP, up, 0, CARRIER, UP, up].map(|flags| link(libc::RTM_NEWLINK, flags));
        let expected = [
            "eth0 was created",
            "eth0 lost its carrier",
            "eth0 has a carrier again",
            "eth0 was set down",
            "eth0 was set up",
            "eth0 has a carrier again",
        ];
        assert_eq!(told(&mut state, &links), expected);
        let kinds = [libc::RTM_NEWADDR, libc::RTM_NEWADDR, libc::RTM_DELADDR, libc::RTM_DELADDR];
        let expected = ["eth0 got the address 10.0.1.1/24", "eth0 lost the address 10.0.1.1/24"];
        assert_eq!(told(&mut state, &kinds.map(address)), expected);
        let routes = [route(libc::RTM_DELROUTE, libc::RTN_UNICAST), route(libc::RTM_DELROUTE, libc::RTN_LOCAL)];
        assert_eq!(told(&mut state, &routes), ["route removed: default via 10.0.1.2 dev eth0 table 101"]);
        assert_eq!(told(&mut state, &[link(libc::RTM_DELLINK, 0), address(libc::RTM_NEWADDR)]), ["eth0 was removed"]);
    }

    #[test]
    fn what_is_cut_short_tells_nothing() {
        let whole = [link(libc::RTM_NEWLINK, UP), address(libc::RTM_NEWADDR), route(libc::RTM_NEWROUTE, libc::RTN_UNICAST)];
        for message in whole {
            for length in 0..message.len() {
                assert_eq!(told(&mut State::default(), &[message[..length].to_vec()]), [""; 0]);
            }
        }
    }
}
