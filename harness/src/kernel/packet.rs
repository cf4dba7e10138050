//! Packet sockets: whole Ethernet frames of one interface, super-packets included, each with the header that virtio devices have.
//! Not here: the contents of frames, and where they go.
#![expect(unsafe_code, reason = "neither std nor nix has packet sockets' options, nor their addresses by index")]

use std::io::{self, IoSlice};
use std::mem::{self, MaybeUninit};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{setsockopt, sockopt};

/// `PACKET_IGNORE_OUTGOING` (include/uapi/linux/if_packet.h).
pub(super) const PACKET_IGNORE_OUTGOING: libc::c_int = 23;
/// `PACKET_VNET_HDR`.
const PACKET_VNET_HDR: libc::c_int = 15;
/// The value that turns an option on.
pub(super) const ON: libc::c_int = 1;
/// `PACKET_STATISTICS`.
const PACKET_STATISTICS: libc::c_int = 6;
/// The size of a socket's buffer, as far as the kernel allows it, so that a reader that is delayed by some milliseconds loses nothing.
const BUFFER: usize = 16 << 20;

/// The length of the header before each frame (`struct virtio_net_hdr`).
pub const HEADER: usize = 10;
/// The longest frame with its header: what TCP makes of 64 KiB, with room for Ethernet and a tag.
pub const LONGEST: usize = HEADER + 14 + 8 + (1 << 16);

/// A socket that receives what comes in by an interface, and sends out by it.
#[derive(Debug)]
pub struct PacketSocket {
    fd: OwnedFd,
}

/// A buffer for frames that are received together.
#[derive(Debug)]
pub(crate) struct Room {
    bytes: Box<[u8]>,
    control: Box<[Control; Self::FRAMES]>,
    frames: Vec<Option<Received>>,
}

/// Room for a time stamp.
type Control = MaybeUninit<[libc::cmsghdr; 4]>;

/// A frame that was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Its length with the header.
    pub length: usize,
    /// When the kernel saw it, since the epoch.
    pub at: Option<Duration>,
}

impl Room {
    /// How many frames it takes.
    pub(crate) const FRAMES: usize = 16;

    /// The frames that were received last, each with its header and the time since the epoch at which the kernel saw it; `None` for one longer than
    /// [`LONGEST`].
    pub(crate) fn frames(&self) -> impl Iterator<Item = Option<(&[u8], Option<Duration>)>> {
        let bytes = self.bytes.chunks_exact(LONGEST);
        self.frames.iter().zip(bytes).map(|(frame, bytes)| frame.map(|frame| (&bytes[..frame.length], frame.at)))
    }
}

impl Default for Room {
    fn default() -> Self {
        let control = Box::new([Control::uninit(); Self::FRAMES]);
        Self { bytes: vec![0; Self::FRAMES * LONGEST].into(), control, frames: Vec::with_capacity(Self::FRAMES) }
    }
}

impl PacketSocket {
    /// Opens a non-blocking one for the interface with this index in the calling thread's network namespace.
    pub fn open(index: i32) -> io::Result<Self> {
        // No protocol: nothing is received before all is set.
        // SAFETY: socket(2) reads no memory of ours.
        let fd = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK, 0) };
        Errno::result(fd)?;
        // SAFETY: the descriptor is new, and nobody else has it.
        let socket = Self { fd: unsafe { OwnedFd::from_raw_fd(fd) } };
        set_option(&socket.fd, PACKET_VNET_HDR, &ON)?;
        set_option(&socket.fd, PACKET_IGNORE_OUTGOING, &ON)?;
        setsockopt(&socket.fd, sockopt::ReceiveTimestampns, &true)?;
        // The computer's root may exceed the limit (net.core.rmem_max), others get what it is.
        if setsockopt(&socket.fd, sockopt::RcvBufForce, &BUFFER).is_err() {
            setsockopt(&socket.fd, sockopt::RcvBuf, &BUFFER)?;
        }
        if setsockopt(&socket.fd, sockopt::SndBufForce, &BUFFER).is_err() {
            setsockopt(&socket.fd, sockopt::SndBuf, &BUFFER)?;
        }
        bind_to(&socket.fd, index)?;
        Ok(socket)
    }

    /// Receives a frame with its header. A frame that does not fit into the buffer is an error of kind `InvalidData`.
    pub fn receive(&self, buffer: &mut [u8]) -> io::Result<Received> {
        let mut control = Control::uninit();
        let mut slice = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
        // SAFETY: all zeros is a valid msghdr.
        let mut message: libc::msghdr = unsafe { mem::zeroed() };
        message.msg_iov = &raw mut slice;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = size_of_val(&control) as _;
        // SAFETY: every pointer in the message is valid for the call, with the length that is said.
        let length = Errno::result(unsafe { libc::recvmsg(self.fd.as_raw_fd(), &raw mut message, 0) })? as usize;
        if message.msg_flags & libc::MSG_TRUNC != 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        // SAFETY: the kernel has filled the control buffer, which still is there.
        Ok(Received { length, at: unsafe { stamp(&message) } })
    }

    /// Receives the waiting frames, up to the size of the buffer. If it is not full, there were no more.
    pub(crate) fn receive_all(&self, room: &mut Room) -> io::Result<()> {
        room.frames.clear();
        // SAFETY: all zeros is a valid mmsghdr, and a valid iovec.
        let (mut messages, mut slices): ([libc::mmsghdr; Room::FRAMES], [libc::iovec; Room::FRAMES]) = unsafe { mem::zeroed() };
        let places = room.bytes.chunks_exact_mut(LONGEST).zip(&mut *room.control);
        for ((message, slice), (bytes, control)) in messages.iter_mut().zip(&mut slices).zip(places) {
            *slice = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
            let header = &mut message.msg_hdr;
            (header.msg_iov, header.msg_iovlen) = (slice, 1);
            (header.msg_control, header.msg_controllen) = (control.as_mut_ptr().cast(), size_of_val(control) as _);
        }
        // SAFETY: there are so many messages, and every pointer in them is valid for the call, with the length that is said.
        let many = unsafe { libc::recvmmsg(self.fd.as_raw_fd(), messages.as_mut_ptr(), Room::FRAMES as u32, 0, std::ptr::null_mut()) };
        for message in &messages[..Errno::result(many)? as usize] {
            // SAFETY: the kernel has filled the control buffer, which still is there.
            let received = Received { length: message.msg_len as usize, at: unsafe { stamp(&message.msg_hdr) } };
            room.frames.push((message.msg_hdr.msg_flags & libc::MSG_TRUNC == 0).then_some(received));
        }
        Ok(())
    }

    /// Sends a frame with its header, in parts.
    pub fn send(&self, parts: &[IoSlice<'_>]) -> io::Result<()> {
        Ok(nix::sys::uio::writev(&self.fd, parts).map(drop)?)
    }

    /// How many frames the socket has dropped for lack of room since the last call.
    pub fn missed(&self) -> io::Result<u64> {
        statistics(self.fd.as_raw_fd())
    }
}

/// Sets an option of a packet socket.
pub(super) fn set_option<T>(socket: &OwnedFd, option: libc::c_int, value: &T) -> io::Result<()> {
    let length = size_of_val(value) as libc::socklen_t;
    // SAFETY: the value is valid for the call and has the length that is said.
    let result = unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_PACKET, option, (&raw const *value).cast(), length) };
    Errno::result(result).map(drop).map_err(Into::into)
}

/// Lets a packet socket receive what comes in by the interface with this index; by any if it is 0.
pub(super) fn bind_to(socket: &OwnedFd, index: i32) -> io::Result<()> {
    // SAFETY: all zeros is a valid sockaddr_ll.
    let mut address: libc::sockaddr_ll = unsafe { mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
    address.sll_ifindex = index;
    let length = size_of_val(&address) as libc::socklen_t;
    // SAFETY: the address is valid for the call and has the length that is said.
    Errno::result(unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) })?;
    Ok(())
}

/// How many packets a packet socket has dropped for lack of room since the last call.
pub(super) fn statistics(socket: i32) -> io::Result<u64> {
    // struct tpacket_stats: all, and those that were dropped.
    let mut statistics = [0_u32; 2];
    let mut length = size_of_val(&statistics) as libc::socklen_t;
    // SAFETY: both pointers are valid for the call, and the kernel writes no more than `length` bytes.
    let result = unsafe { libc::getsockopt(socket, libc::SOL_PACKET, PACKET_STATISTICS, statistics.as_mut_ptr().cast(), &raw mut length) };
    Errno::result(result)?;
    Ok(statistics[1].into())
}

/// When the kernel saw a packet, if the message that brought it says so.
///
/// # Safety
/// Its control buffer must be what the kernel has filled, up to the length in the message.
unsafe fn stamp(message: &libc::msghdr) -> Option<Duration> {
    // SAFETY: as the caller says, and these walk it within that.
    unsafe {
        let mut part = libc::CMSG_FIRSTHDR(message);
        while let Some(header) = part.as_ref() {
            if (header.cmsg_level, header.cmsg_type) == (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) {
                let time = libc::CMSG_DATA(part).cast::<libc::timespec>().read_unaligned();
                return Some(Duration::new(time.tv_sec as u64, time.tv_nsec as u32));
            }
            part = libc::CMSG_NXTHDR(message, part);
        }
    }
    None
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
