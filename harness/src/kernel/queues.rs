//! How many bytes wait in a stream socket, to be read and to be acknowledged, as the kernel tells on request and with each read.
//! Not here: whether that is right.
#![expect(unsafe_code, reason = "nix has macros for requests of ioctl, but not these requests, and does not know TCP_INQ")]

use std::io;
use std::net::TcpStream;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::UnknownCmsg;

/// `TCP_INQ`, which is also the type of the message, `TCP_CM_INQ` (include/uapi/linux/tcp.h).
const TCP_INQ: libc::c_int = 36;
/// `SIOCOUTQNSD` (include/uapi/linux/sockios.h).
const SIOCOUTQNSD: libc::Ioctl = 0x894b;

/// Lets each read report how many bytes are left.
pub(crate) fn report_rest(stream: &TcpStream) -> io::Result<()> {
    let on: libc::c_int = 1;
    let length = size_of_val(&on) as libc::socklen_t;
    // SAFETY: the pointer is valid for the call, which reads as many bytes as it is told.
    let result = unsafe { libc::setsockopt(stream.as_raw_fd(), libc::IPPROTO_TCP, TCP_INQ, (&raw const on).cast(), length) };
    Errno::result(result)?;
    Ok(())
}

/// How many bytes a message beside what was read says are left, if it is about that.
pub(super) fn rest_of(message: &UnknownCmsg) -> Option<u32> {
    let header = message.cmsg_header;
    let bytes = message.data_bytes.first_chunk().filter(|_| (header.cmsg_level, header.cmsg_type) == (libc::IPPROTO_TCP, TCP_INQ))?;
    Some(u32::from_ne_bytes(*bytes))
}

/// How many bytes can be read now (`SIOCINQ`).
pub(crate) fn unread(stream: &TcpStream) -> io::Result<u64> {
    ask(stream, libc::FIONREAD)
}

/// How many bytes the peer has not acknowledged (`SIOCOUTQ`).
pub(crate) fn unacknowledged(stream: &TcpStream) -> io::Result<u64> {
    ask(stream, libc::TIOCOUTQ)
}

/// How many bytes were not sent yet (`SIOCOUTQNSD`).
pub(crate) fn unsent(stream: &TcpStream) -> io::Result<u64> {
    ask(stream, SIOCOUTQNSD)
}

fn ask(stream: &TcpStream, request: libc::Ioctl) -> io::Result<u64> {
    let mut bytes: libc::c_int = 0;
    // SAFETY: the kernel writes an int.
    let result = unsafe { libc::ioctl(stream.as_raw_fd(), request, &raw mut bytes) };
    Errno::result(result)?;
    Ok(u64::try_from(bytes).unwrap_or(u64::MAX))
}
