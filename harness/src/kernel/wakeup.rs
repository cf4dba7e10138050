//! Waits for sockets or a time, whichever is first, to the nanosecond; and sets a thread's priority, on which its lateness depends.
//! Not here: what to wait for.
#![expect(unsafe_code, reason = "nix has no epoll_pwait2 and no real-time priorities")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::prctl;

/// What a thread waits for.
#[derive(Debug)]
pub(crate) struct Wakeup {
    epoll: OwnedFd,
}

/// What is ready, by the numbers they were added with.
pub(crate) struct Ready {
    events: Vec<libc::epoll_event>,
}

impl Ready {
    /// Room for this many at a time.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { events: Vec::with_capacity(capacity.max(1)) }
    }

    /// The numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.events.iter().map(|event| event.u64)
    }
}

impl Wakeup {
    /// Waits for nothing yet.
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: epoll_create1(2) reads no memory of ours.
        let fd = Errno::result(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        // SAFETY: the descriptor is new, and nobody else has it.
        Ok(Self { epoll: unsafe { OwnedFd::from_raw_fd(fd) } })
    }

    /// Waits for something to read, or an error, too.
    pub(crate) fn add(&self, fd: &impl AsFd, number: u64) -> io::Result<()> {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: number };
        // SAFETY: the event is valid for the call.
        let result = unsafe { libc::epoll_ctl(self.epoll.as_raw_fd(), libc::EPOLL_CTL_ADD, fd.as_fd().as_raw_fd(), &raw mut event) };
        Errno::result(result).map(drop).map_err(Into::into)
    }

    /// Waits at most this long. Nothing is ready if the time has passed or a signal came.
    pub(crate) fn wait(&self, ready: &mut Ready, at_most: Option<Duration>) -> io::Result<()> {
        let time = at_most.map(|time| libc::timespec { tv_sec: time.as_secs() as _, tv_nsec: time.subsec_nanos().into() });
        let time = time.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        let room = ready.events.capacity() as libc::c_int;
        ready.events.clear();
        // SAFETY: there is room for so many events, the time is valid for the call, and there is no signal mask.
        let many = unsafe {
            libc::syscall(
                libc::SYS_epoll_pwait2,
                self.epoll.as_raw_fd(),
                ready.events.as_mut_ptr(),
                room,
                time,
                std::ptr::null::<libc::sigset_t>(),
                0_usize,
            )
        };
        match Errno::result(many) {
            // SAFETY: the kernel has written so many events.
            Ok(many) => unsafe { ready.events.set_len(many as usize) },
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

/// Time since the epoch, as the kernel stamps packets.
pub(crate) fn epoch() -> Duration {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap_or_default()
}

/// Makes the calling thread's timers exact, and lets the thread run as soon as it is ready (SCHED_FIFO with the lowest priority).
pub(crate) fn hurry() -> io::Result<()> {
    prctl::set_timerslack(1)?;
    let parameters = libc::sched_param { sched_priority: 1 };
    // SAFETY: the parameters are valid for the call.
    Errno::result(unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK, &raw const parameters) })
        .map(drop)
        .map_err(Into::into)
}
