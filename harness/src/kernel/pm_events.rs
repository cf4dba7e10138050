//! Path-manager events, multicast by the kernel as they happen (`ip mptcp monitor`).
//! Not here: waiting for them, and commands to the path manager.

use std::fmt::Write;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use netlink_bindings::mptcp_pm::{EventAttr, PROTONAME};
use netlink_bindings::nlctrl;
use netlink_socket2::NetlinkSocket;
use nix::sys::socket::SockProtocol;
use tokio::io::unix::AsyncFd;

use super::multicast::{Heard, Multicast, register};
use super::netlink::try_socket;

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its kind: one of [`crate::document::case::EVENT_KINDS`], or [`LOST`].
    pub kind: &'static str,
    /// The connection's token at this host.
    pub token: Option<u32>,
    /// Its other attributes, in the kernel's order and in `ip mptcp monitor`'s spelling.
    pub detail: String,
}

/// The kind of a gap: the socket's queue was full, and the kernel dropped events.
pub const LOST: &str = "lost";

/// `MPTCP_EVENT_*` and their kinds.
const KINDS: [(u8, &str); 10] = [
    (1, "created"),
    (2, "established"),
    (3, "closed"),
    (6, "announced"),
    (7, "removed"),
    (10, "sub-established"),
    (11, "sub-closed"),
    (13, "sub-priority"),
    (15, "listener-created"),
    (16, "listener-closed"),
];

/// A non-blocking socket that gets the events of the namespace it was opened in.
#[derive(Debug)]
pub struct PmEvents {
    heard: Multicast,
    family: u16,
}

impl PmEvents {
    /// Opens it in the calling thread's namespace; `None` if its kernel has no MPTCP path manager.
    pub fn open() -> io::Result<Option<Self>> {
        let Some((family, group)) = family_and_group()? else { return Ok(None) };
        Ok(Some(Self { heard: Multicast::open(SockProtocol::NetlinkGeneric, &[group])?, family }))
    }

    /// Lets tokio wait for events. Must be called inside its runtime.
    pub(crate) fn into_async(self) -> io::Result<AsyncFd<Self>> {
        register(self)
    }

    /// All events that wait to be read; [`io::ErrorKind::WouldBlock`] if none do.
    pub fn read(&self) -> io::Result<Vec<Event>> {
        let mut events = Vec::new();
        self.heard.read(|heard| events.extend(event_of(&heard, self.family)))?;
        Ok(events)
    }
}

impl AsRef<Multicast> for PmEvents {
    fn as_ref(&self) -> &Multicast {
        &self.heard
    }
}

impl AsFd for PmEvents {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.heard.as_fd()
    }
}

impl AsRawFd for PmEvents {
    fn as_raw_fd(&self) -> RawFd {
        self.heard.as_raw_fd()
    }
}

/// The numbers that this kernel gave the family and its group of events.
fn family_and_group() -> io::Result<Option<(u16, u32)>> {
    try_socket(libc::NETLINK_GENERIC as u16)?;
    let mut socket = NetlinkSocket::new();
    let mut request = nlctrl::Request::new().op_getfamily_do();
    request.encode().push_family_name_bytes(PROTONAME.as_bytes());
    let mut reply = socket.request(&request)?;
    let attributes = match reply.recv_one() {
        Ok(attributes) => attributes,
        Err(error) if error.as_io_error().raw_os_error() == Some(libc::ENOENT) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let group = attributes.get_mcast_groups().ok().and_then(|mut groups| {
        let named = groups.find(|group| group.get_name().is_ok_and(|name| name == c"mptcp_pm_events"));
        named?.get_id().ok()
    });
    Ok(attributes.get_family_id().ok().zip(group))
}

/// A message is struct genlmsghdr (4 bytes, the command first) and attributes.
fn event_of(heard: &Heard<'_>, family: u16) -> Option<Event> {
    let Heard::Message(of, payload) = heard else { return Some(Event { kind: LOST, token: None, detail: String::new() }) };
    let (header, attributes) = payload.split_first_chunk::<4>()?;
    let (_, kind) = KINDS.iter().find(|(command, _)| *of == family && *command == header[0])?;
    Some(event(kind, attributes))
}

fn event(kind: &'static str, attributes: &[u8]) -> Event {
    let mut event = Event { kind, token: None, detail: String::new() };
    for attribute in EventAttr::new(attributes).flatten() {
        let mut say = |name: &str, value: &dyn std::fmt::Display| {
            let gap = if event.detail.is_empty() { "" } else { " " };
            write!(event.detail, "{gap}{name}={value}").expect("a string takes everything");
        };
        match attribute {
            EventAttr::Token(token) => event.token = Some(token),
            EventAttr::Family(_) => {}
            EventAttr::LocId(id) => say("locid", &id),
            EventAttr::RemId(id) => say("remid", &id),
            EventAttr::Saddr4(address) => say("saddr4", &Ipv4Addr::from_bits(address)),
            EventAttr::Saddr6(address) => say("saddr6", &ipv6(address)),
            EventAttr::Daddr4(address) => say("daddr4", &Ipv4Addr::from_bits(address)),
            EventAttr::Daddr6(address) => say("daddr6", &ipv6(address)),
            EventAttr::Sport(port) => say("sport", &port),
            EventAttr::Dport(port) => say("dport", &port),
            EventAttr::Backup(backup) => say("backup", &backup),
            EventAttr::Error(error) => say("error", &error),
            EventAttr::Flags(flags) => say("flags", &format_args!("{flags:x}")),
            EventAttr::Timeout(timeout) => say("timeout", &timeout),
            EventAttr::IfIdx(index) => say("ifindex", &index),
            EventAttr::ResetReason(reason) => say("reset_reason", &reason),
            EventAttr::ResetFlags(flags) => say("reset_flags", &format_args!("0x{flags:x}")),
            EventAttr::ServerSide(side) => say("server_side", &side),
        }
    }
    event
}

fn ipv6(bytes: &[u8]) -> Ipv6Addr {
    <[u8; 16]>::try_from(bytes).map_or(Ipv6Addr::UNSPECIFIED, Ipv6Addr::from)
}

#[cfg(test)]
mod tests {
    use super::super::multicast::messages;
    use super::*;

    fn parse(datagram: &[u8], family: u16) -> Vec<Event> {
        let mut events = Vec::new();
        messages(datagram, &mut |heard| events.extend(event_of(&heard, family)));
        events
    }

    // Linux 6.18's, whose family was number 28: established, announced, sub-established, closed.
    const ESTABLISHED: &str = "540000001c00000000000000000000000201000008000100537ef5e10600020002000000080005000a090201080007000a090202\
        06000900939c000006000a001451000005000300000000000500040000000000";
    const ANNOUNCED: &str = "340000001c00000000000000000000000601000008000100537ef5e1050004000100000006000a0014510000080007000a090102";
    const SUB_ESTABLISHED: &str = "5c0000001c00000000000000000000000a01000008000100537ef5e10600020002000000080005000a090101080007000a090102\
        06000900cfd1000006000a00145100000500030001000000050004000100000005000b0000000000";
    const CLOSED: &str = "1c0000001c00000000000000000000000301000008000100537ef5e1";

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn events_are_spelled_as_ip_mptcp_monitor_spells_them() {
        let events = parse(&bytes(&[ESTABLISHED, ANNOUNCED, SUB_ESTABLISHED, CLOSED].concat()), 28);
        let expected = [
            ("established", "saddr4=10.9.2.1 daddr4=10.9.2.2 sport=37788 dport=5201 locid=0 remid=0"),
            ("announced", "remid=1 dport=5201 daddr4=10.9.1.2"),
            ("sub-established", "saddr4=10.9.1.1 daddr4=10.9.1.2 sport=53201 dport=5201 locid=1 remid=1 backup=0"),
            ("closed", ""),
        ];
        assert_eq!(events, expected.map(|(kind, detail)| Event { kind, token: Some(0xe1f5_7e53), detail: detail.into() }));
    }

    #[test]
    fn what_is_cut_short_or_of_another_family_is_no_event() {
        let datagram = bytes(CLOSED);
        assert_eq!(parse(&datagram, 27), []);
        for length in 0..datagram.len() {
            assert_eq!(parse(&datagram[..length], 28), []);
        }
    }

    #[test]
    fn every_kind_is_a_case_s() {
        assert_eq!(KINDS.map(|(_, kind)| kind), crate::document::case::EVENT_KINDS);
    }
}
