//! Doors into a host of a lab that another process holds: descriptors of namespaces, passed over a socket (unix(7), `SCM_RIGHTS`).
//! Not here: what happens inside.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::{env, fs};

use nix::sched::{CloneFlags, setns};
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};

use super::Namespace;

/// The namespaces to enter a host with: the user and mount namespaces of the process that holds it, and then the host's network.
const KINDS: [CloneFlags; 3] = [CloneFlags::CLONE_NEWUSER, CloneFlags::CLONE_NEWNS, CloneFlags::CLONE_NEWNET];

/// Passes the doors of a host to the process at the other end.
pub(crate) fn send(to: &UnixStream, network: &Namespace) -> io::Result<()> {
    let (user, mounts) = (File::open("/proc/self/ns/user")?, File::open("/proc/self/ns/mnt")?);
    let doors: [RawFd; 3] = [user.as_raw_fd(), mounts.as_raw_fd(), network.as_fd().as_raw_fd()];
    sendmsg::<()>(to.as_raw_fd(), &[IoSlice::new(b"\n")], &[ControlMessage::ScmRights(&doors)], MsgFlags::empty(), None)?;
    Ok(())
}

/// The doors of a host.
pub(crate) struct Doors([OwnedFd; 3]);

impl Doors {
    /// Receives what [`send`] sends.
    pub(crate) fn receive(from: &UnixStream) -> io::Result<Self> {
        let mut byte = [0];
        let mut parts = [IoSliceMut::new(&mut byte)];
        let mut space = nix::cmsg_space!([RawFd; 3]);
        let message = recvmsg::<()>(from.as_raw_fd(), &mut parts, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC)?;
        let mut passed = Vec::new();
        for control in message.cmsgs()? {
            if let ControlMessageOwned::ScmRights(descriptors) = control {
                // SAFETY: the kernel has just made them for this process, and nothing else knows them.
                passed.extend(descriptors.into_iter().map(|descriptor| unsafe { OwnedFd::from_raw_fd(descriptor) }));
            }
        }
        passed.try_into().map(Self).map_err(|_| io::Error::other("no namespaces were passed"))
    }

    /// Moves the calling process, which must have one thread, into the host. It keeps its working directory.
    pub(crate) fn enter(&self) -> io::Result<()> {
        let directory = env::current_dir()?;
        for (door, kind) in self.0.iter().zip(KINDS) {
            if !is_inside(door, kind)? {
                setns(door, kind)?;
            }
        }
        env::set_current_dir(directory)
    }
}

/// Whether the calling process is already in this namespace: the kernel refuses to let a process enter its own user namespace.
fn is_inside(door: &OwnedFd, kind: CloneFlags) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let name = match kind {
        CloneFlags::CLONE_NEWUSER => "user",
        CloneFlags::CLONE_NEWNS => "mnt",
        _ => "net",
    };
    let (own, other) = (fs::metadata(format!("/proc/self/ns/{name}"))?, File::from(door.try_clone()?).metadata()?);
    Ok((own.dev(), own.ino()) == (other.dev(), other.ino()))
}
