//! Receives the kernel's multicast messages over netlink, by groups, as they happen.
//! Not here: what the messages mean.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use netlink_bindings::builtin::Nlmsghdr;
use nix::errno::Errno;
use nix::sys::socket::{self, AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, sockopt};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// The requested size of the socket's queue, in bytes: enough for thousands of messages between two looks.
const QUEUE: usize = 4 << 20;

/// The longest datagram that is read. Messages about links are the longest, and have less than 3 KiB.
const DATAGRAM: usize = 16 << 10;

/// What is received.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard<'a> {
    /// A message of this type, without its header.
    Message(u16, &'a [u8]),
    /// A gap: the socket's queue was full, and the kernel dropped messages.
    Lost,
}

/// A non-blocking socket that receives some groups of the namespace it was opened in.
#[derive(Debug)]
pub(super) struct Multicast {
    socket: OwnedFd,
}

impl Multicast {
    /// Opens it in the calling thread's namespace.
    pub(super) fn open(protocol: SockProtocol, groups: &[u32]) -> io::Result<Self> {
        let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
        let socket = socket::socket(AddressFamily::Netlink, SockType::Raw, flags, protocol)?;
        // Without privileges the queue is as long as the system allows.
        socket::setsockopt(&socket, sockopt::RcvBufForce, &QUEUE).or_else(|_| socket::setsockopt(&socket, sockopt::RcvBuf, &QUEUE))?;
        socket::bind(socket.as_raw_fd(), &NetlinkAddr::new(0, 0))?;
        groups.iter().try_for_each(|group| join(&socket, *group))?;
        Ok(Self { socket })
    }

    /// Hands over all that waits to be read; [`io::ErrorKind::WouldBlock`] if nothing does.
    pub(super) fn read(&self, mut of: impl FnMut(Heard<'_>)) -> io::Result<()> {
        let mut datagram = [0; DATAGRAM];
        let mut heard = false;
        loop {
            match socket::recv(self.socket.as_raw_fd(), &mut datagram, MsgFlags::MSG_TRUNC) {
                Ok(length) => match datagram.get(..length) {
                    Some(whole) => messages(whole, &mut of),
                    None => of(Heard::Lost),
                },
                Err(Errno::ENOBUFS) => of(Heard::Lost),
                Err(Errno::EINTR) => continue,
                Err(Errno::EAGAIN) if heard => return Ok(()),
                Err(error) => return Err(error.into()),
            }
            heard = true;
        }
    }
}

impl AsFd for Multicast {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for Multicast {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

/// Lets tokio wait until a listener has something to read. Must be called inside its runtime.
#[expect(unsafe_code, reason = "tokio cannot know that a descriptor stays open")]
pub(super) fn register<T: AsRef<Multicast> + AsRawFd>(listener: T) -> io::Result<AsyncFd<T>> {
    // SAFETY: a listener's descriptor is that of the `Multicast` it owns, which never closes or changes it and has no way to get it out.
    Ok(unsafe { AsyncFd::register_with_interest(listener, Interest::READABLE) }?)
}

#[expect(unsafe_code, reason = "nix does not know this option")]
fn join(socket: &OwnedFd, group: u32) -> io::Result<()> {
    let (option, length) = ((&raw const group).cast(), size_of_val(&group) as libc::socklen_t);
    // SAFETY: the option's value is read from `group`, whose length is given.
    let result = unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_NETLINK, libc::NETLINK_ADD_MEMBERSHIP, option, length) };
    Errno::result(result).map(drop).map_err(io::Error::from)
}

/// Splits a datagram into messages.
pub(super) fn messages(mut bytes: &[u8], of: &mut impl FnMut(Heard<'_>)) {
    while let Some(header) = bytes.get(..Nlmsghdr::len()) {
        // A datagram need not be aligned for a header.
        let header = Nlmsghdr::new_from_zeroed(header);
        let Some(payload) = bytes.get(Nlmsghdr::len()..header.len as usize) else { return };
        of(Heard::Message(header.r#type, payload));
        bytes = bytes.get((header.len as usize).next_multiple_of(4)..).unwrap_or_default();
    }
}
