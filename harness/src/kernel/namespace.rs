//! Network namespaces held by a descriptor: without a name in any file system, gone with the last holder.
//! Not here: what is in them.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::sched::{CloneFlags, setns, unshare};

/// A network namespace. It lives as long as this value or a socket in it.
#[derive(Debug)]
pub struct Namespace {
    fd: OwnedFd,
}

impl Namespace {
    /// Makes an empty one. The calling thread stays in its own.
    pub fn new() -> io::Result<Self> {
        let home = Self::current()?;
        unshare(CloneFlags::CLONE_NEWNET)?;
        let made = Self::current();
        home.return_to();
        made
    }

    /// The calling thread's.
    pub fn current() -> io::Result<Self> {
        Ok(Self { fd: File::open("/proc/thread-self/ns/net")?.into() })
    }

    /// Runs `work` on this thread inside the namespace. Sockets that it makes stay there.
    pub fn enter<T>(&self, work: impl FnOnce() -> T) -> io::Result<T> {
        struct Return(Namespace);
        impl Drop for Return {
            fn drop(&mut self) {
                self.0.return_to();
            }
        }
        let home = Return(Self::current()?);
        setns(&self.fd, CloneFlags::CLONE_NEWNET)?;
        let result = work();
        drop(home);
        Ok(result)
    }

    /// Moves the calling thread, and those that it makes, into the namespace for good.
    pub(crate) fn settle(&self) -> io::Result<()> {
        Ok(setns(&self.fd, CloneFlags::CLONE_NEWNET)?)
    }

    /// Returns to this namespace, or aborts: a thread that cannot return would do its next work in the wrong namespace.
    fn return_to(&self) {
        if let Err(error) = setns(&self.fd, CloneFlags::CLONE_NEWNET) {
            eprintln!("mplab: cannot return to the network namespace this thread came from: {error}");
            std::process::abort();
        }
    }
}

impl AsFd for Namespace {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
