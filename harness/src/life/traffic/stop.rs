//! How a transfer is told to stop: a flag for threads that work, and a pipe whose writer hangs up for threads that wait.
//! Not here: how they stop.

use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};

/// What the threads of a transfer look at.
pub(super) struct Stop {
    asked: AtomicBool,
    line: PipeReader,
}

/// Asks the threads to stop when it is dropped.
pub(super) struct Stopper {
    stop: Arc<Stop>,
    _line: PipeWriter,
}

impl Stopper {
    pub(super) fn new() -> io::Result<(Arc<Stop>, Self)> {
        let (reader, writer) = io::pipe()?;
        let stop = Arc::new(Stop { asked: AtomicBool::new(false), line: reader });
        Ok((Arc::clone(&stop), Self { stop, _line: writer }))
    }
}

impl Drop for Stopper {
    /// The flag first: the line hangs up when this value's fields are dropped, and a thread woken by it must find the flag set.
    fn drop(&mut self) {
        self.stop.asked.store(true, Ordering::Release);
    }
}

impl Stop {
    /// Whether the transfer has been told to stop.
    pub(super) fn asked(&self) -> bool {
        self.asked.load(Ordering::Acquire)
    }

    /// Waits until the descriptor is ready, the time is up, or the transfer is told to stop; it may also return for no reason.
    pub(super) fn wait(&self, fd: BorrowedFd<'_>, flags: PollFlags, at_most: Option<Duration>) -> io::Result<()> {
        poll(&mut [self.line(), PollFd::new(fd, flags)], at_most)
    }

    /// The descriptor to wait for besides others.
    pub(super) fn line(&self) -> PollFd<'_> {
        PollFd::new(self.line.as_fd(), PollFlags::POLLIN)
    }
}

/// Waits for any of several descriptors; their answers are in `fds` afterwards.
pub(super) fn poll(fds: &mut [PollFd<'_>], at_most: Option<Duration>) -> io::Result<()> {
    match ppoll(fds, at_most.map(Into::into), None) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
