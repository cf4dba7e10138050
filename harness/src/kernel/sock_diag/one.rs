//! One socket, named by its addresses or its token: asking for it by itself, and ending it (`ss -K`).
//! Not here: lists of sockets.

use std::io;
use std::net::{IpAddr, SocketAddr};

use netlink_bindings::inet_diag::{IterableReplyAttrs, Msg, OpTcpDiagDump, PROTONUM, ReqV2, Request, Sockid};
use netlink_bindings::traits::{self as netlink, NetlinkRequest};

use super::{Connection, EXT_INFO, SockDiag, Subflow};
use crate::kernel::{Netlink, NetlinkError};

/// `SOCK_DIAG_BY_FAMILY` (include/uapi/linux/sock_diag.h).
const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// `SOCK_DESTROY`.
const SOCK_DESTROY: u16 = 21;
/// `INET_DIAG_NOCOOKIE`: the addresses and ports name a socket.
const NO_COOKIE: [u8; 8] = [0xff; 8];

/// A request about one socket.
struct One {
    kind: u16,
    payload: Vec<u8>,
}

impl NetlinkRequest for One {
    type ReplyType<'a> = (Msg, IterableReplyAttrs<'a>);

    fn protocol(&self) -> netlink::Protocol {
        netlink::Protocol::Raw { protonum: PROTONUM, request_type: self.kind }
    }

    /// What comes is no list, whose end would be told without being asked.
    fn flags(&self) -> u16 {
        libc::NLM_F_ACK as u16
    }

    fn payload(&self) -> &[u8] {
        &self.payload
    }

    fn decode_reply(reply: &[u8]) -> Self::ReplyType<'_> {
        OpTcpDiagDump::decode_reply(reply)
    }
}

/// About the TCP socket between two addresses that is bound to a device, or to none (0).
fn between(kind: u16, local: SocketAddr, remote: SocketAddr, device: u32, cookie: [u8; 8]) -> One {
    let octets = |address: IpAddr| match address {
        IpAddr::V4(address) => {
            let mut octets = [0; 16];
            octets[..4].copy_from_slice(&address.octets());
            octets
        }
        IpAddr::V6(address) => address.octets(),
    };
    let family = if local.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 } as u8;
    let mut sockid = Sockid { src: octets(local.ip()), dst: octets(remote.ip()), r#if: device, cookie, ..Sockid::new() };
    sockid.set_sport(local.port());
    sockid.set_dport(remote.port());
    let request = ReqV2 { family, protocol: libc::IPPROTO_TCP as u8, ext: EXT_INFO, states: !0, sockid, ..ReqV2::new() };
    One { kind, payload: request.as_slice().to_vec() }
}

/// About the MPTCP socket that has a token (`mptcp_diag_dump_one()` in net/mptcp/mptcp_diag.c).
fn of_token(token: u32) -> One {
    let mut sockid = Sockid::new();
    sockid.cookie[..4].copy_from_slice(&token.to_ne_bytes());
    let header = ReqV2 { family: libc::AF_INET as u8, ext: EXT_INFO, states: !0, sockid, ..ReqV2::new() };
    let mut request = Request::new().op_tcp_diag_dump(&header);
    request.encode().push_protocol(libc::IPPROTO_MPTCP as u32);
    One { kind: SOCK_DIAG_BY_FAMILY, payload: request.payload().to_vec() }
}

/// Ends the socket of a subflow: a reset goes to its peer, and whoever holds it gets ECONNABORTED (`tcp_abort()` in net/ipv4/tcp.c). By its
/// addresses alone the kernel would find the listener where the subflow is gone.
pub(crate) fn destroy(netlink: &mut Netlink, Subflow { local, remote, device, cookie, .. }: &Subflow) -> Result<(), NetlinkError> {
    netlink.request(&between(SOCK_DESTROY, *local, *remote, *device, *cookie))
}

/// Whether the kernel ends sockets from outside (`CONFIG_INET_DIAG_DESTROY`): one that can looks for the one that is named here, and there is none.
pub(crate) fn destroys(netlink: &mut Netlink) -> bool {
    let nobody = SocketAddr::from(([192, 0, 2, 1], 9));
    netlink.request(&between(SOCK_DESTROY, nobody, nobody, 0, NO_COOKIE)).is_err_and(|error| error.errno() == libc::ENOENT)
}

impl SockDiag {
    /// Asks for each of these by itself: in words, what the kernel does not find, or finds otherwise, though it still lists it.
    pub(crate) fn ask_each(&mut self, connections: &[Connection], subflows: &[Subflow]) -> io::Result<Vec<String>> {
        let mut wrong = Vec::new();
        for Connection { token, local, remote, .. } in connections {
            let found = self.one(&of_token(*token), |message, attributes| {
                Connection::of(message, attributes).map(|found| (found.token, found.local, found.remote))
            })?;
            if found != Some((*token, *local, *remote)) && self.connections()?.iter().flatten().any(|listed| listed.token == *token) {
                wrong.push(format!("the connection {token:08x} from {local} to {remote} is {found:x?}"));
            }
        }
        for Subflow { token, local, remote, device, .. } in subflows {
            let request = between(SOCK_DIAG_BY_FAMILY, *local, *remote, *device, NO_COOKIE);
            let found = self.one(&request, |message, attributes| Subflow::of(message, attributes).map(|found| found.token))?;
            let listed = |listed: &Subflow| (listed.local, listed.remote, listed.token) == (*local, *remote, *token);
            if found != Some(*token) && self.subflows()?.iter().any(listed) {
                wrong.push(format!("the subflow from {local} to {remote} of {token:08x} is {found:x?}"));
            }
        }
        Ok(wrong)
    }

    /// The socket that a request is about, if there is one.
    fn one<T>(&mut self, request: &One, of: impl Fn(&Msg, &IterableReplyAttrs<'_>) -> Option<T>) -> io::Result<Option<T>> {
        let mut found = None;
        match self.each(std::slice::from_ref(request), |(message, attributes)| found = of(&message, &attributes)) {
            Err(error) if error.raw_os_error() != Some(libc::ENOENT) => Err(error),
            _ => Ok(found),
        }
    }
}
