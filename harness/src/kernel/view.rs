//! The view that a program in a host has of the file system: its host's /sys, the lab's /etc/hosts, and a /tmp of its own.
//! Not here: its network, which the calling thread must have entered before, and its processes.
//!
//! All of it is mounted in a mount namespace that vanishes with the program: no file of the computer is changed.

use std::io;
use std::path::Path;

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::sethostname;
use serde::{Deserialize, Serialize};

/// What the file system shows of the host and its lab.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct View {
    /// The host's name (hostname(1)).
    pub host: String,
    /// The text of /etc/hosts (hosts(5)).
    pub hosts: String,
}

/// What could not be done, and why.
#[derive(Debug, thiserror::Error)]
#[error("{operation}: {source}")]
pub(crate) struct ViewError {
    pub(super) operation: &'static str,
    pub(super) source: io::Error,
}

const HOSTS: &str = "/etc/hosts";
/// The directory that every program has of its own.
pub(crate) const OWN: &str = "/tmp";

impl View {
    /// Gives the calling process its own view. It must have one thread, and be root in its user namespace.
    pub(crate) fn enter(&self) -> Result<(), ViewError> {
        self.lay_over()?;
        done("mounting /tmp", fresh("tmpfs", OWN))?;
        // A container may hide parts of /proc; then the kernel refuses a user namespace the whole, and /proc stays.
        done("mounting /proc", fresh("proc", "/proc").or_else(|error| if error == Errno::EPERM { Ok(()) } else { Err(error) }))
    }

    /// Like [`Self::enter`], but /tmp and /proc stay as they are, and a single thread can have a view of its own.
    pub(crate) fn lay_over(&self) -> Result<(), ViewError> {
        done("making a mount namespace", unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWUTS))?;
        // Mounts from here on are private.
        let private = mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>);
        done("keeping mounts to itself", private)?;
        done("setting the host's name", sethostname(&self.host))?;
        done("mounting /tmp", fresh("tmpfs", OWN))?;
        let text = Path::new(OWN).join("hosts");
        std::fs::write(&text, &self.hosts).map_err(|source| ViewError { operation: "writing the hosts' names", source })?;
        done("putting the lab's names over /etc/hosts", mount(Some(&text), HOSTS, None::<&str>, MsFlags::MS_BIND, None::<&str>))?;
        // /etc/hosts keeps the one below.
        done("taking /tmp off", umount2(OWN, MntFlags::MNT_DETACH))?;
        // A container may hide parts of /sys, too: then it is left empty rather than showing the computer's.
        done(
            "mounting /sys",
            fresh("sysfs", "/sys").or_else(|error| if error == Errno::EPERM { fresh("tmpfs", "/sys") } else { Err(error) }),
        )
    }
}

pub(super) fn done(operation: &'static str, result: nix::Result<()>) -> Result<(), ViewError> {
    result.map_err(|errno| ViewError { operation, source: errno.into() })
}

pub(super) fn fresh(kind: &str, at: &str) -> nix::Result<()> {
    mount(Some(kind), at, Some(kind), MsFlags::MS_NOSUID | MsFlags::MS_NODEV, None::<&str>)
}

/// Whether a process with its own view sees this file.
pub(crate) fn sees(process: u32, path: &Path) -> bool {
    let below = Path::new(OWN).join(path);
    Path::new("/proc").join(process.to_string()).join("root").join(below.strip_prefix("/").unwrap_or(&below)).exists()
}
