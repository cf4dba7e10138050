//! Names of network namespaces for `ip netns`: files over which the namespaces are mounted (ip-netns(8)).
//! Not here: choosing names.

use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};

use super::Namespace;

/// Where the names are.
pub const DIRECTORY: &str = "/run/netns";

/// The file of a name.
pub fn path(name: &str) -> PathBuf {
    Path::new(DIRECTORY).join(name)
}

/// Makes the directory of names as `ip netns` does, so that mounts in it are also seen in older mount namespaces.
pub(crate) fn prepare() -> io::Result<()> {
    fs::create_dir_all(DIRECTORY)?;
    let shared = || mount(None::<&str>, DIRECTORY, None::<&str>, MsFlags::MS_SHARED | MsFlags::MS_REC, None::<&str>);
    match shared() {
        // It is not a mount yet.
        Err(Errno::EINVAL) => {
            mount(Some(DIRECTORY), DIRECTORY, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)?;
            Ok(shared()?)
        }
        done => Ok(done?),
    }
}

/// Gives the calling process a private directory of names. Returns whether there is one: it cannot be made if the computer has
/// none.
pub(crate) fn prepare_private() -> io::Result<bool> {
    unshare(CloneFlags::CLONE_NEWNS)?;
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)?;
    if !Path::new(DIRECTORY).is_dir() {
        return Ok(false);
    }
    mount(Some("tmpfs"), DIRECTORY, Some("tmpfs"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV, None::<&str>)?;
    Ok(true)
}

/// Gives a namespace an unused name.
pub fn give(name: &str, namespace: &Namespace) -> io::Result<()> {
    let path = path(name);
    fs::OpenOptions::new().write(true).create_new(true).open(&path)?;
    let held = format!("/proc/self/fd/{}", namespace.as_fd().as_raw_fd());
    Ok(mount(Some(held.as_str()), &path, None::<&str>, MsFlags::MS_BIND, None::<&str>)?)
}

/// Removes a name if it exists. The namespace lives on while something holds it.
pub fn take(name: &str) -> io::Result<()> {
    let path = path(name);
    match umount2(&path, MntFlags::MNT_DETACH) {
        // The name does not exist, or did not have its namespace yet.
        Ok(()) | Err(Errno::ENOENT | Errno::EINVAL) => {}
        Err(error) => return Err(error.into()),
    }
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
