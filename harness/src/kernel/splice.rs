//! Pipes that carry bytes from one socket to another without showing them to this process (splice(2)).
//! The kernel copies if a socket cannot hand over its pages (net/socket.c, sock_splice_read), as MPTCP's could not at first.
//! Not here: when to carry, and how many pipes there are.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::fcntl::{FcntlArg, OFlag, SpliceFFlags, fcntl, splice};
use nix::unistd::pipe2;

/// The requested capacity of a pipe. If the kernel gives less, the pipe is just full earlier.
const SIZE: usize = 256 * 1024;

/// A pipe, and how much is in it.
#[derive(Debug)]
pub(crate) struct Pipe {
    out: OwnedFd,
    into: OwnedFd,
    held: usize,
}

impl Pipe {
    /// Makes an empty one.
    pub(crate) fn new() -> io::Result<Self> {
        let (out, into) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
        fcntl(&into, FcntlArg::F_SETPIPE_SZ(SIZE as libc::c_int)).ok();
        Ok(Self { out, into, held: 0 })
    }

    /// Takes what has arrived at a socket, as much as fits; 0 at the end of the stream. The pipe must be empty, so that `WouldBlock` means
    /// that nothing has arrived.
    pub(crate) fn fill(&mut self, from: &impl AsFd) -> io::Result<usize> {
        debug_assert!(self.is_empty(), "a pipe that is full looks like a socket that is empty");
        self.held = splice(from, None, &self.into, None, SIZE, flags())?;
        Ok(self.held)
    }

    /// Writes what it holds to a socket, as much as that takes now.
    pub(crate) fn drain(&mut self, to: &impl AsFd) -> io::Result<usize> {
        let handed = splice(&self.out, None, to, None, self.held, flags())?;
        self.held -= handed;
        Ok(handed)
    }

    /// Whether it holds nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.held == 0
    }
}

fn flags() -> SpliceFFlags {
    SpliceFFlags::SPLICE_F_MOVE | SpliceFFlags::SPLICE_F_NONBLOCK
}
