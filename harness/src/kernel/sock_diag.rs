//! TCP and MPTCP sockets of a namespace as the kernel sees them (`ss -tiM`, `ss -tlni`).
//! Not here: mplab's own sockets.

mod one;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, SocketAddr};

use netlink_bindings::inet_diag::{IterableReplyAttrs, Msg, OpTcpDiagDump, PROTONUM, Req, ReqV2, Request, TCPDIAG_GETSOCK_CONST, TcpState};
use netlink_bindings::mptcp_pm::SubflowAttribute;
use netlink_bindings::traits::{self as netlink, NetlinkRequest};

use super::dump::Dumps;
use crate::words::Protocol;
use crate::words::mptcp::{INFO_FIELDS, InfoField};
pub(crate) use one::{destroy, destroys};

/// A TCP flow of an MPTCP connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subflow {
    /// The connection's token at this host.
    pub token: u32,
    /// The kernel's name for this socket, which no other one gets.
    pub cookie: [u8; 8],
    /// Address and port here.
    pub local: SocketAddr,
    /// Address and port there.
    pub remote: SocketAddr,
    /// The address id here.
    pub local_id: u8,
    /// The address id there.
    pub remote_id: u8,
    /// `MPTCP_SUBFLOW_FLAG_*` in `ss` letters.
    pub flags: String,
    /// Whether it is in state ESTABLISHED.
    pub established: bool,
    /// Bytes acknowledged by the peer; the kernel counts the SYN of the end that connected, and each FIN, as one.
    pub bytes_acked: u64,
    /// Bytes received; the kernel counts the FIN as one.
    pub bytes_received: u64,
    /// Segments retransmitted.
    pub retransmits: u64,
    /// Smoothed round-trip time in µs.
    pub rtt: u64,
    /// Congestion window in segments.
    pub cwnd: u64,
    /// Bytes sent that the peer has not acknowledged: those from SND.UNA to SND.NXT (RFC 9293, section 3.3.1).
    pub in_flight: u64,
    /// Its congestion control.
    pub congestion: String,
    /// The index of the interface that it is bound to; 0 if to none.
    pub device: u32,
    /// The mark of its packets (`SO_MARK`), which the kernel tells those who may administer the network.
    pub mark: u32,
}

/// An MPTCP connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Its token at this host.
    pub token: u32,
    /// Address and port here.
    pub local: SocketAddr,
    /// Address and port there.
    pub remote: SocketAddr,
    /// `mptcpi_extra_subflows`.
    pub extra_subflows: u64,
    /// `MPTCP_INFO_FLAG_FALLBACK`.
    pub fallback: bool,
    /// `mptcpi_bytes_sent`, 0 on kernels before 6.5.
    pub bytes_sent: u64,
    /// `mptcpi_bytes_received`, 0 on kernels before 6.5.
    pub bytes_received: u64,
    /// `mptcpi_bytes_retrans`, 0 on kernels before 6.5.
    pub bytes_retrans: u64,
    /// The other fields of `struct mptcp_info` that the kernel has, by name.
    pub info: Vec<(&'static str, u64)>,
}

/// A netlink socket that asks for the sockets of the namespace it was opened in.
pub(crate) struct SockDiag {
    /// `None` if the kernel has no sock_diag.
    dumps: Option<Dumps>,
    tcp: bool,
    mptcp: bool,
}

const fn states(states: &[TcpState]) -> u32 {
    let (mut mask, mut n) = (0, 0);
    while n < states.len() {
        mask |= 1 << states[n] as u32;
        n += 1;
    }
    mask
}

/// `INET_DIAG_INFO`.
const INFO: u16 = 2;

/// The request's bits for `INET_DIAG_INFO`, which brings `INET_DIAG_ULP_INFO` along, and `INET_DIAG_CONG`.
const EXT_INFO: u8 = 1 << 1 | 1 << 3;

const LISTENING: u32 = states(&[TcpState::Listen]);
/// The states in which a flow has a peer and a subflow's context.
const FLOWING: u32 = states(&[
    TcpState::Established,
    TcpState::SynSent,
    TcpState::SynRecv,
    TcpState::FinWait1,
    TcpState::FinWait2,
    TcpState::CloseWait,
    TcpState::LastAck,
    TcpState::Closing,
]);

impl SockDiag {
    /// Opens it in the calling thread's namespace. A kernel that cannot list TCP's or MPTCP's sockets shows none.
    pub(crate) fn open() -> io::Result<Self> {
        let dumps = match Dumps::open(PROTONUM.into()) {
            Err(error) if error.raw_os_error() == Some(libc::EPROTONOSUPPORT) => None,
            dumps => Some(dumps?),
        };
        let mut diag = Self { dumps, tcp: true, mptcp: true };
        diag.tcp = diag.tcp(0, |_, _| {}).is_ok();
        diag.mptcp = diag.connections().is_ok();
        Ok(diag)
    }

    /// The subflows of all connections, those still connecting included. The kernel walks the TCP sockets of all namespaces that share
    /// a table of them, which takes it half a millisecond on a large computer.
    pub(crate) fn subflows(&mut self) -> io::Result<Vec<Subflow>> {
        let mut subflows = Vec::new();
        self.tcp(FLOWING, |message, attributes| subflows.extend(Subflow::of(message, attributes)))?;
        Ok(subflows)
    }

    /// The connections; `None` if the kernel cannot list them.
    pub(crate) fn connections(&mut self) -> io::Result<Option<Vec<Connection>>> {
        if !self.mptcp {
            return Ok(None);
        }
        let mut connections = Vec::new();
        self.each(&mptcp(FLOWING), |(message, attributes)| connections.extend(Connection::of(&message, &attributes)))?;
        Ok(Some(connections))
    }

    /// The listening TCP sockets, and whether they accept MPTCP. Both lists show that: TCP's (`tcp-ulp-mptcp`) and, if the kernel has it,
    /// MPTCP's (`ss -Ml`). The kernel's own listener for an announced port has no address there (`0.0.0.0:*`): only its subflow is bound
    /// (`mptcp_pm_nl_create_listen_socket()` in net/mptcp/pm_kernel.c).
    pub(crate) fn listeners(&mut self) -> io::Result<BTreeMap<SocketAddr, Protocol>> {
        // Looked at before and after TCP's list, since sockets come and go meanwhile.
        let mut listed = self.mptcp_listeners()?;
        let mut listeners = BTreeMap::new();
        self.tcp(LISTENING, |message, attributes| {
            let answers = attributes.get_ulp_info().and_then(|ulp| ulp.get_name()).is_ok_and(|name| name == c"mptcp");
            listeners.insert(ends(message).0, if answers { Protocol::Mptcp } else { Protocol::Tcp });
        })?;
        listed.extend(self.mptcp_listeners()?);
        let of_the_kernel = listed.iter().any(|at| at.port() == 0);
        if self.mptcp && !of_the_kernel {
            listeners.iter_mut().filter(|(at, _)| !listed.contains(at)).for_each(|(_, speaks)| *speaks = Protocol::Tcp);
        }
        Ok(listeners)
    }

    /// Where MPTCP sockets listen; empty if the kernel cannot list them.
    fn mptcp_listeners(&mut self) -> io::Result<BTreeSet<SocketAddr>> {
        let mut listed = BTreeSet::new();
        if self.mptcp {
            self.each(&mptcp(LISTENING), |(message, _)| listed.extend([ends(&message).0]))?;
        }
        Ok(listed)
    }

    fn tcp(&mut self, states: u32, mut each: impl FnMut(&Msg, &IterableReplyAttrs)) -> io::Result<()> {
        if !self.tcp {
            return Ok(());
        }
        let request = TcpOfBothFamilies(Req { ext: EXT_INFO, states, ..Req::new() });
        self.each(&[request], |(message, attributes)| each(&message, &attributes))
    }

    fn each<R: NetlinkRequest>(&mut self, requests: &[R], of: impl FnMut(R::ReplyType<'_>)) -> io::Result<()> {
        self.dumps.as_mut().ok_or(io::ErrorKind::Unsupported)?.each(requests, of)
    }
}

/// Asks for the MPTCP sockets in these states. There are mostly none of IPv6.
fn mptcp(states: u32) -> [OpTcpDiagDump<'static>; 2] {
    [libc::AF_INET6, libc::AF_INET].map(|family| {
        let header = ReqV2 { family: family as u8, states, ext: EXT_INFO, ..ReqV2::new() };
        let mut request = Request::new().op_tcp_diag_dump(&header);
        request.encode().push_protocol(libc::IPPROTO_MPTCP as u32);
        request
    })
}

/// The older form of the request for TCP sockets, which asks for IPv4 and IPv6 in one walk.
struct TcpOfBothFamilies(Req);

impl NetlinkRequest for TcpOfBothFamilies {
    type ReplyType<'a> = (Msg, IterableReplyAttrs<'a>);

    fn protocol(&self) -> netlink::Protocol {
        netlink::Protocol::Raw { protonum: PROTONUM, request_type: TCPDIAG_GETSOCK_CONST as u16 }
    }

    fn flags(&self) -> u16 {
        libc::NLM_F_DUMP as u16
    }

    fn payload(&self) -> &[u8] {
        self.0.as_slice()
    }

    fn decode_reply(reply: &[u8]) -> Self::ReplyType<'_> {
        OpTcpDiagDump::decode_reply(reply)
    }
}

impl Subflow {
    /// The socket as a subflow, if it is one. A socket whose connection is gone has no token and is no longer a subflow.
    fn of(message: &Msg, attributes: &IterableReplyAttrs) -> Option<Self> {
        let context = attributes.get_ulp_info().ok()?.get_mptcp().ok()?;
        let info = attributes.get_tcp_info().ok()?;
        let (local, remote) = ends(message);
        let mut subflow = Self {
            token: 0,
            cookie: message.sockid.cookie,
            local,
            remote,
            local_id: 0,
            remote_id: 0,
            flags: String::new(),
            established: message.state == TcpState::Established as u8,
            bytes_acked: info.bytes_acked,
            bytes_received: info.bytes_received,
            retransmits: info.total_retrans.into(),
            rtt: info.rtt.into(),
            cwnd: info.snd_cwnd.into(),
            // The first is read without the socket's lock (`tcp_diag_get_info()` in net/ipv4/tcp_diag.c), and may be smaller for that.
            in_flight: message.wqueue.saturating_sub(info.notsent_bytes).into(),
            device: message.sockid.r#if,
            congestion: attributes.get_cong().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            mark: attributes.get_mark().unwrap_or(0),
        };
        for attribute in SubflowAttribute::new(context).flatten() {
            match attribute {
                SubflowAttribute::TokenLoc(token) => subflow.token = token,
                SubflowAttribute::IdLoc(id) => subflow.local_id = id,
                SubflowAttribute::IdRem(id) => subflow.remote_id = id,
                SubflowAttribute::Flags(flags) => subflow.flags = letters(flags),
                _ => {}
            }
        }
        (subflow.token != 0).then_some(subflow)
    }
}

impl Connection {
    fn of(message: &Msg, attributes: &IterableReplyAttrs) -> Option<Self> {
        // struct mptcp_info comes where TCP's has struct tcp_info; what an older kernel lacks of it reads as 0.
        let info = attributes.get_tcp_info().ok()?.into_array();
        let u32_at = |offset: usize| u32::from_ne_bytes(*info[offset..].first_chunk().expect("offsets below are inside"));
        let u64_at = |offset: usize| u64::from_ne_bytes(*info[offset..].first_chunk().expect("offsets below are inside"));
        let (local, remote) = ends(message);
        Some(Self {
            token: u32_at(12),
            local,
            remote,
            extra_subflows: info[0].into(),
            fallback: u32_at(8) & 1 != 0,
            bytes_retrans: u64_at(48),
            bytes_sent: u64_at(56),
            bytes_received: u64_at(64),
            info: known(&info, info_size(attributes.get_buf())),
        })
    }
}

/// The fields of a `struct mptcp_info` of this size.
fn known(info: &[u8], size: u32) -> Vec<(&'static str, u64)> {
    let value = |field: &InfoField| {
        let (mut bytes, length) = ([0; 8], field.length as usize);
        bytes[..length].copy_from_slice(&info[field.offset as usize..][..length]);
        if cfg!(target_endian = "big") {
            bytes[..length].reverse();
        }
        (field.name, u64::from_le_bytes(bytes))
    };
    INFO_FIELDS.iter().filter(|field| field.end() <= size).map(value).collect()
}

/// The size of the attribute `INET_DIAG_INFO`, in bytes.
fn info_size(mut attributes: &[u8]) -> u32 {
    while let Some((&[l0, l1, t0, t1], _)) = attributes.split_first_chunk::<4>() {
        let length = usize::from(u16::from_ne_bytes([l0, l1]));
        if u16::from_ne_bytes([t0, t1]) == INFO {
            return length.saturating_sub(4) as u32;
        }
        attributes = attributes.get(length.max(4).next_multiple_of(4)..).unwrap_or_default();
    }
    0
}

/// `MPTCP_SUBFLOW_FLAG_*`, the first bit's letter first.
fn letters(flags: u32) -> String {
    "MmJjBbecv".chars().enumerate().filter(|(bit, _)| flags & 1 << bit != 0).map(|(_, letter)| letter).collect()
}

/// A socket's local and remote address; IPv4 over an IPv6 socket is IPv4.
fn ends(message: &Msg) -> (SocketAddr, SocketAddr) {
    let address = |bytes: [u8; 16]| match bytes {
        [a, b, c, d, ..] if i32::from(message.family) == libc::AF_INET => IpAddr::from([a, b, c, d]),
        bytes => IpAddr::from(bytes).to_canonical(),
    };
    let id = &message.sockid;
    (SocketAddr::new(address(id.src), id.sport()), SocketAddr::new(address(id.dst), id.dport()))
}

#[cfg(test)]
mod tests;
