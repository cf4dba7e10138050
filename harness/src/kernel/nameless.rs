//! An unnamed directory in memory: it is reached through a descriptor, and vanishes with the last one, however that ends.
//! Not here: its contents.

use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sched::CloneFlags;

use super::process::{Confined, enter_user_namespace};

/// Makes one, mounted nowhere (fsopen(2), fsmount(2): Linux 5.2). There is no way out of it by `..`, and programs in it may be executed. A process
/// that is not root becomes root of a new user namespace, and must then have one thread.
pub(crate) fn directory() -> Result<File, Confined> {
    match mounted() {
        Err(Errno::EPERM) => {
            enter_user_namespace(CloneFlags::CLONE_NEWNS).map_err(Confined::Namespace)?;
            mounted().map_err(|error| Confined::Namespace(error.into()))
        }
        made => made.map_err(|error| Confined::Namespace(error.into())),
    }
}

fn mounted() -> nix::Result<File> {
    /// `FSOPEN_CLOEXEC`, `FSCONFIG_SET_STRING`, `FSCONFIG_CMD_CREATE` and `FSMOUNT_CLOEXEC` (include/uapi/linux/mount.h).
    const CLOSED: libc::c_uint = 1;
    const SET: libc::c_uint = 1;
    const CREATE: libc::c_uint = 6;
    let nothing = std::ptr::null::<libc::c_char>();
    // SAFETY: the call takes a string that ends with a zero byte.
    let context = own(unsafe { libc::syscall(libc::SYS_fsopen, c"tmpfs".as_ptr(), CLOSED) })?;
    for (key, value) in [(c"mode", c"700"), (c"size", c"100%")] {
        // SAFETY: the descriptor lives, and so do both strings.
        Errno::result(unsafe { libc::syscall(libc::SYS_fsconfig, context.as_raw_fd(), SET, key.as_ptr(), value.as_ptr(), 0) })?;
    }
    // SAFETY: the descriptor lives, and the command takes neither key nor value.
    Errno::result(unsafe { libc::syscall(libc::SYS_fsconfig, context.as_raw_fd(), CREATE, nothing, nothing, 0) })?;
    // SAFETY: the descriptor lives.
    Ok(own(unsafe { libc::syscall(libc::SYS_fsmount, context.as_raw_fd(), CLOSED, 0) })?.into())
}

fn own(made: libc::c_long) -> nix::Result<OwnedFd> {
    let descriptor = Errno::result(made)?;
    // SAFETY: the kernel has just made it for this process, and nothing else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor as i32) })
}
