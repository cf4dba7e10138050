//! Reads lists from the kernel over netlink, in as few system calls as possible: one to ask, one to read the whole answer.
//! Not here: the contents of the lists, and requests that change something.
#![expect(unsafe_code, reason = "nix has no sockets of any netlink protocol, and its recvmmsg allocates for each call")]

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use netlink_bindings::builtin::Nlmsghdr;
use netlink_bindings::traits::NetlinkRequest;
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, send};

/// How many parts of an answer are read at once, and how large each may be. A kernel fills parts up to the size of earlier reads, at most 32 KiB.
const PARTS: usize = 4;
const PART: usize = 16 << 10;

/// A netlink socket that asks for lists of the namespace it was opened in.
#[derive(Debug)]
pub(super) struct Dumps {
    socket: OwnedFd,
    /// The number of the last request.
    sequence: u32,
    room: Box<[u8]>,
}

/// A request's request type, which [`NetlinkRequest::protocol`] tells of those with a number of their own.
fn kind(request: &impl NetlinkRequest) -> u16 {
    match request.protocol() {
        netlink_bindings::traits::Protocol::Raw { request_type, .. } => request_type,
        netlink_bindings::traits::Protocol::Generic(_) => unreachable!("no list is asked of generic netlink"),
    }
}

impl Dumps {
    /// Opens a socket for a protocol (`NETLINK_ROUTE`, ...) in the calling thread's namespace.
    pub(super) fn open(protocol: libc::c_int) -> io::Result<Self> {
        // SAFETY: socket(2) reads no memory of ours.
        let fd = Errno::result(unsafe { libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, protocol) })?;
        // SAFETY: the descriptor is new, and nobody else has it.
        let socket = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Self { socket, sequence: 0, room: vec![0; PARTS * PART].into() })
    }

    /// Asks for several lists at once and hands over each entry. A socket makes one list at a time, and refuses other requests meanwhile (EBUSY), which
    /// are then repeated. So lists that are likely to be empty should come first.
    pub(super) fn each<R: NetlinkRequest>(&mut self, requests: &[R], mut of: impl FnMut(R::ReplyType<'_>)) -> io::Result<()> {
        let mut open: Vec<&R> = requests.iter().collect();
        while !open.is_empty() {
            let first = self.ask(&open)?;
            let mut answers: Vec<Option<Result<(), Errno>>> = vec![None; open.len()];
            while answers.contains(&None) {
                self.read(|number, message| {
                    let Some(answer) = answers.get_mut(number.wrapping_sub(first) as usize) else { return };
                    match message {
                        Message::Entry(entry) => of(R::decode_reply(entry)),
                        Message::End(end) => *answer = Some(end),
                    }
                })?;
            }
            if let Some(Err(error)) = answers.iter().flatten().find(|answer| !matches!(answer, Ok(()) | Err(Errno::EBUSY))) {
                return Err((*error).into());
            }
            let mut answers = answers.into_iter();
            open.retain(|_| answers.next() != Some(Some(Ok(()))));
        }
        Ok(())
    }

    /// Sends requests, and returns the number of the first.
    fn ask<R: NetlinkRequest>(&mut self, requests: &[&R]) -> io::Result<u32> {
        let first = self.sequence.wrapping_add(1);
        let mut bytes = Vec::new();
        for request in requests {
            self.sequence = self.sequence.wrapping_add(1);
            let header = Nlmsghdr {
                len: (Nlmsghdr::len() + request.payload().len()) as u32,
                r#type: kind(*request),
                flags: request.flags() | libc::NLM_F_REQUEST as u16,
                seq: self.sequence,
                pid: 0,
            };
            bytes.extend(header.as_slice());
            bytes.extend(request.payload());
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        send(self.socket.as_raw_fd(), &bytes, MsgFlags::empty())?;
        Ok(first)
    }

    /// Waits for a part of an answer, and reads all parts that are there by then.
    fn read(&mut self, mut of: impl FnMut(u32, Message<'_>)) -> io::Result<()> {
        let mut slices: [libc::iovec; PARTS] =
            std::array::from_fn(|part| libc::iovec { iov_base: self.room[part * PART..].as_mut_ptr().cast(), iov_len: PART });
        // SAFETY: all zeros is a valid mmsghdr.
        let mut parts: [libc::mmsghdr; PARTS] = unsafe { mem::zeroed() };
        for (part, slice) in parts.iter_mut().zip(&mut slices) {
            (part.msg_hdr.msg_iov, part.msg_hdr.msg_iovlen) = (slice, 1);
        }
        let many = loop {
            // SAFETY: there are so many headers, and each has a slice of the room of the length that it says.
            let many = unsafe {
                libc::recvmmsg(self.socket.as_raw_fd(), parts.as_mut_ptr(), PARTS as u32, libc::MSG_WAITFORONE as _, std::ptr::null_mut())
            };
            match Errno::result(many) {
                Err(Errno::EINTR) => {}
                many => break many? as usize,
            }
        };
        for (part, bytes) in parts[..many].iter().zip(self.room.chunks_exact(PART)) {
            if part.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "an entry of a list is too long"));
            }
            messages(&bytes[..part.msg_len as usize], &mut of);
        }
        Ok(())
    }
}

/// A message of an answer.
#[derive(Debug, PartialEq)]
enum Message<'a> {
    Entry(&'a [u8]),
    /// Its list has ended, or the kernel refused to make it.
    End(Result<(), Errno>),
}

/// Splits a part of an answer into messages, each with the request it belongs to.
fn messages<'a>(mut bytes: &'a [u8], of: &mut impl FnMut(u32, Message<'a>)) {
    while let Some(header) = bytes.get(..Nlmsghdr::len()) {
        let header = Nlmsghdr::from_slice(header);
        let Some(payload) = bytes.get(Nlmsghdr::len()..header.len as usize) else { return };
        match i32::from(header.r#type) {
            libc::NLMSG_DONE | libc::NLMSG_ERROR => {
                let code = payload.first_chunk().map_or(0, |code| i32::from_ne_bytes(*code));
                of(header.seq, Message::End(if code < 0 { Err(Errno::from_raw(-code)) } else { Ok(()) }));
            }
            _ => of(header.seq, Message::Entry(payload)),
        }
        bytes = bytes.get((header.len as usize).next_multiple_of(4)..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message as the kernel writes it.
    fn message(kind: i32, number: u32, payload: &[u8]) -> Vec<u8> {
        let len = (Nlmsghdr::len() + payload.len()) as u32;
        let header = Nlmsghdr { len, r#type: kind as u16, flags: 0, seq: number, pid: 0 };
        let mut bytes = [header.as_slice(), payload].concat();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn read(bytes: &[u8]) -> Vec<(u32, Message<'_>)> {
        let mut seen = Vec::new();
        messages(bytes, &mut |number, message| seen.push((number, message)));
        seen
    }

    #[test]
    fn answers_of_two_requests_are_told_apart() {
        let busy = (-(Errno::EBUSY as i32)).to_ne_bytes();
        let parts =
            [message(16, 1, b"abcde"), message(16, 1, b"f"), message(libc::NLMSG_DONE, 1, &[0; 4]), message(libc::NLMSG_ERROR, 2, &busy)];
        let expected =
            [(1, Message::Entry(b"abcde")), (1, Message::Entry(b"f")), (1, Message::End(Ok(()))), (2, Message::End(Err(Errno::EBUSY)))];
        assert_eq!(read(&parts.concat()), expected);
    }

    #[test]
    fn a_torn_answer_is_read_as_far_as_it_goes() {
        let whole = message(16, 1, b"abcde");
        for length in 0..Nlmsghdr::len() + 5 {
            assert_eq!(read(&whole[..length]), [], "{length}");
        }
        assert_eq!(read(&whole[..Nlmsghdr::len() + 5]).len(), 1);
    }
}
