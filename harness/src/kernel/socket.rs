//! Stream sockets that speak TCP or MPTCP: making, binding, connecting, writing without SIGPIPE, reading with times, peeking, asking for their protocol.
//! Not here: accepting and shutting down, for which the standard library has types.
#![expect(unsafe_code, reason = "neither std nor nix can make an MPTCP socket or ask for MPTCP_INFO")]

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::errno::Errno;
use nix::sys::socket::{self, Backlog, ControlMessageOwned, MsgFlags, SockaddrIn, SockaddrIn6, SockaddrLike, sockopt};
use nix::sys::time::TimeSpec;

use super::queues;
use crate::words::Protocol;

/// `SOL_MPTCP` (include/linux/socket.h).
pub(super) const SOL_MPTCP: libc::c_int = 284;
/// `MPTCP_INFO` (include/uapi/linux/mptcp.h).
pub(super) const MPTCP_INFO: libc::c_int = 1;
/// `MPTCP_INFO_FLAG_FALLBACK` of `mptcpi_flags`.
const FALLBACK: u32 = 1;

/// Makes a non-blocking socket for addresses of the family of `address`, in the calling thread's network namespace.
pub fn stream(protocol: Protocol, address: IpAddr) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    let protocol = match protocol {
        Protocol::Mptcp => libc::IPPROTO_MPTCP,
        Protocol::Tcp => libc::IPPROTO_TCP,
    };
    // SAFETY: socket(2) reads no memory of ours.
    let fd = unsafe { libc::socket(family, libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK, protocol) };
    Errno::result(fd)?;
    // SAFETY: the descriptor is new, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The address in the kernel's form.
fn kernel_s(address: SocketAddr) -> Box<dyn SockaddrLike> {
    match address {
        SocketAddr::V4(address) => Box::new(SockaddrIn::from(address)),
        SocketAddr::V6(address) => Box::new(SockaddrIn6::from(address)),
    }
}

/// Binds the socket to an address, even if a past connection still lingers at it.
pub fn bind(socket: &impl AsFd, address: SocketAddr) -> io::Result<()> {
    socket::setsockopt(&socket.as_fd(), sockopt::ReuseAddr, &true)?;
    Ok(socket::bind(socket.as_fd().as_raw_fd(), &*kernel_s(address))?)
}

/// Lets others listen at the same address and port: the kernel chooses among them by where a packet comes from (socket(7), `SO_REUSEPORT`).
pub(crate) fn share_port(socket: &impl AsFd) -> io::Result<()> {
    Ok(socket::setsockopt(&socket.as_fd(), sockopt::ReusePort, &true)?)
}

/// Listens, and lets up to `backlog` connections wait to be accepted; the kernel has its own limit (`net.core.somaxconn`).
pub fn listen(fd: OwnedFd, backlog: u32) -> io::Result<TcpListener> {
    let backlog = i32::try_from(backlog).ok().and_then(|backlog| Backlog::new(backlog).ok()).unwrap_or(Backlog::MAXCONN);
    socket::listen(&fd, backlog)?;
    Ok(fd.into())
}

/// Lets the socket accept connections to other addresses (nft's `tproxy`, ip(7) `IP_TRANSPARENT`).
pub(crate) fn accept_for_others(socket: &impl AsFd, ipv6: bool) -> io::Result<()> {
    let on: libc::c_int = 1;
    let (level, option) = if ipv6 { (libc::SOL_IPV6, libc::IPV6_TRANSPARENT) } else { (libc::SOL_IP, libc::IP_TRANSPARENT) };
    let fd = socket.as_fd().as_raw_fd();
    // SAFETY: the pointer is valid for the call, which reads as many bytes as it is told.
    let result = unsafe { libc::setsockopt(fd, level, option, (&raw const on).cast(), size_of_val(&on) as libc::socklen_t) };
    Errno::result(result)?;
    Ok(())
}

/// Makes closing the socket send a reset instead of an orderly end.
pub fn reset_on_close(socket: &impl AsFd) -> io::Result<()> {
    Ok(socket::setsockopt(&socket.as_fd(), sockopt::Linger, &libc::linger { l_onoff: 1, l_linger: 0 })?)
}

/// Signals the end of data to the peer. Data from the peer can still be read.
pub fn end(socket: &impl AsFd) -> io::Result<()> {
    match socket::shutdown(socket.as_fd().as_raw_fd(), socket::Shutdown::Write) {
        // The peer has gone meanwhile.
        Ok(()) | Err(Errno::ENOTCONN) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Begins to connect. The stream becomes writable when it has connected or failed; `take_error` says which.
pub fn connect(stream: &TcpStream, address: SocketAddr) -> io::Result<()> {
    match socket::connect(stream.as_raw_fd(), &*kernel_s(address)) {
        Ok(()) | Err(Errno::EINPROGRESS) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Begins to connect with the first bytes in the SYN, if the kernel can do that (RFC 7413). Returns how many it took: none if it has no cookie of
/// this server yet and asks for one.
pub fn connect_with(stream: &TcpStream, address: SocketAddr, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    let flags = MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT | MsgFlags::from_bits_retain(libc::MSG_FASTOPEN);
    let sent = match address {
        SocketAddr::V4(address) => socket::sendmsg(stream.as_raw_fd(), slices, &[], flags, Some(&SockaddrIn::from(address))),
        SocketAddr::V6(address) => socket::sendmsg(stream.as_raw_fd(), slices, &[], flags, Some(&SockaddrIn6::from(address))),
    };
    match sent {
        Err(Errno::EINPROGRESS) => Ok(0),
        sent => Ok(sent?),
    }
}

/// Lets a listening socket accept bytes with SYNs, from up to `backlog` clients whose handshakes are not complete.
pub(crate) fn allow_fast_open(socket: &impl AsFd, backlog: u32) -> io::Result<()> {
    let backlog = backlog as libc::c_int;
    let fd = socket.as_fd().as_raw_fd();
    let length = size_of_val(&backlog) as libc::socklen_t;
    // SAFETY: the pointer is valid for the call, which reads as many bytes as it is told.
    let result = unsafe { libc::setsockopt(fd, libc::IPPROTO_TCP, libc::TCP_FASTOPEN, (&raw const backlog).cast(), length) };
    Errno::result(result)?;
    Ok(())
}

/// Chooses the congestion control of a socket and of those that it accepts.
pub fn control_congestion(socket: &impl AsFd, name: &str) -> io::Result<()> {
    Ok(socket::setsockopt(&socket.as_fd(), sockopt::TcpCongestion, &name.into())?)
}

/// Marks the packets of a socket and of those that it accepts (socket(7), `SO_MARK`).
pub fn mark(socket: &impl AsFd, mark: u32) -> io::Result<()> {
    Ok(socket::setsockopt(&socket.as_fd(), sockopt::Mark, &mark)?)
}

/// The interface of the calling thread's network namespace that has this address.
pub(crate) fn interface_of(address: IpAddr) -> io::Result<Option<String>> {
    let has = |found: &nix::ifaddrs::InterfaceAddress| {
        let found = found.address.as_ref();
        let v6 = found.and_then(|found| found.as_sockaddr_in6()).map(|found| IpAddr::V6(found.ip()));
        let v4 = found.and_then(|found| found.as_sockaddr_in()).map(|found| IpAddr::V4(found.ip()));
        v4.or(v6) == Some(address)
    };
    Ok(nix::ifaddrs::getifaddrs()?.find(has).map(|found| found.interface_name))
}

/// Binds a socket to one interface.
pub fn bind_to_device(socket: &impl AsFd, device: &str) -> io::Result<()> {
    Ok(socket::setsockopt(&socket.as_fd(), sockopt::BindToDevice, &device.into())?)
}

/// Aborts a connection: MPTCP tells the peer by `MP_FASTCLOSE` (RFC 8684, section 3.5), TCP by a reset.
pub fn abort(stream: &TcpStream) -> io::Result<()> {
    let nobody = libc::sockaddr { sa_family: libc::AF_UNSPEC as libc::sa_family_t, sa_data: [0; 14] };
    // SAFETY: the pointer is valid for the call, which reads as many bytes as it is told (connect(2): an address of AF_UNSPEC ends the association).
    let result = unsafe { libc::connect(stream.as_raw_fd(), &raw const nobody, size_of_val(&nobody) as libc::socklen_t) };
    Errno::result(result)?;
    Ok(())
}

/// Writes as much as the socket takes now. If the peer has closed, this is an error, not a signal.
pub fn send(stream: &TcpStream, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    let flags = MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT;
    Ok(socket::sendmsg::<()>(stream.as_raw_fd(), slices, &[], flags, None)?)
}

/// Lets [`receive`] report when bytes arrived.
pub(crate) fn stamp_arrivals(stream: &TcpStream) -> io::Result<()> {
    Ok(socket::setsockopt(stream, sockopt::ReceiveTimestampns, &true)?)
}

/// What came of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// How many bytes were read; none at the end of the stream.
    pub bytes: usize,
    /// When the packet with the last of them arrived, if the kernel knows. The bytes may have waited for others after that.
    pub stamp: Option<SystemTime>,
    /// How many bytes are left, if the kernel was asked to tell (`TCP_INQ`).
    pub left: Option<u32>,
}

/// Reads what is there now or, if it `waits`, until the buffer is full or the socket's timeout expires (`SO_RCVTIMEO`).
pub fn receive(stream: &TcpStream, buffer: &mut [u8], waits: bool) -> io::Result<Taken> {
    let flags = if waits { MsgFlags::MSG_WAITALL } else { MsgFlags::MSG_DONTWAIT };
    let mut beside = nix::cmsg_space!(TimeSpec, u32);
    let mut slices = [IoSliceMut::new(buffer)];
    let message = socket::recvmsg::<()>(stream.as_raw_fd(), &mut slices, Some(&mut beside), flags)?;
    let mut taken = Taken { bytes: message.bytes, stamp: None, left: None };
    for message in message.cmsgs()? {
        match message {
            ControlMessageOwned::ScmTimestampns(stamp) => taken.stamp = Some(UNIX_EPOCH + Duration::from(stamp)),
            ControlMessageOwned::Unknown(message) => taken.left = queues::rest_of(&message).or(taken.left),
            _ => {}
        }
    }
    Ok(taken)
}

/// Reads what is there now and leaves it there.
pub fn peek(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    Ok(socket::recv(stream.as_raw_fd(), buffer, MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT)?)
}

/// What a connected socket speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoken {
    /// MPTCP; the token names the connection at this host.
    Mptcp {
        /// `mptcpi_token`.
        token: u32,
    },
    /// TCP, from the start or after a fallback.
    Tcp,
}

/// How many bytes of `struct mptcp_info` the kernel returns for a socket.
pub(crate) fn mptcp_info_size(socket: &impl AsFd) -> io::Result<u32> {
    let mut info = [0_u8; 1024];
    let mut length = info.len() as libc::socklen_t;
    let fd = socket.as_fd().as_raw_fd();
    // SAFETY: the kernel writes no more than `length` bytes.
    let result = unsafe { libc::getsockopt(fd, SOL_MPTCP, MPTCP_INFO, info.as_mut_ptr().cast(), &raw mut length) };
    Errno::result(result)?;
    Ok(length)
}

/// Asks a connected socket what it speaks.
pub fn spoken(stream: &TcpStream) -> io::Result<Spoken> {
    // The first 16 bytes of struct mptcp_info: six counts and a hole, mptcpi_flags, mptcpi_token.
    let mut info = [0_u32; 4];
    let mut length = size_of_val(&info) as libc::socklen_t;
    // SAFETY: both pointers are valid for the call, and the kernel writes no more than `length` bytes.
    let result = unsafe { libc::getsockopt(stream.as_raw_fd(), SOL_MPTCP, MPTCP_INFO, info.as_mut_ptr().cast(), &raw mut length) };
    match Errno::result(result) {
        Ok(_) if info[2] & FALLBACK == 0 => Ok(Spoken::Mptcp { token: info[3] }),
        // A socket that fell back passes the request on to its single subflow, which is TCP.
        Ok(_) | Err(Errno::EOPNOTSUPP | Errno::ENOPROTOOPT) => Ok(Spoken::Tcp),
        Err(error) => Err(error.into()),
    }
}
