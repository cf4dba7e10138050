//! What this computer is, as far as labs mind: a container, a /proc/sys that can be written to, room on its disks, KVM.
//! Not here: what its kernel can do (`probe`).

use std::fs::OpenOptions;
use std::io;
use std::path::Path;

use nix::sys::statvfs::{FsFlags, statvfs};

/// Whether sysctls can be set at all: containers often have them read-only.
pub(crate) fn sysctls_are_writable() -> bool {
    statvfs("/proc/sys").is_ok_and(|system| !system.flags().contains(FsFlags::ST_RDONLY))
}

/// What kind of container this is, if it is one and says so.
pub(crate) fn container() -> Option<String> {
    let marks = [("/run/.containerenv", "podman"), ("/.dockerenv", "docker")];
    let marked = marks.into_iter().find(|(mark, _)| Path::new(mark).exists()).map(|(_, name)| name.to_owned());
    // systemd-nspawn and LXC tell the first process's children (container interface of systemd).
    marked.or_else(|| std::env::var("container").ok().filter(|name| !name.is_empty()))
}

/// Bytes that are free to this user where a path is, or where the nearest directory above it is.
pub(crate) fn room(path: &Path) -> io::Result<u64> {
    let there = path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    let system = statvfs(there)?;
    Ok(system.blocks_available() as u64 * system.fragment_size() as u64)
}

/// Whether /dev/kvm may be used. That proves nothing about guests.
pub(crate) fn kvm_opens() -> io::Result<()> {
    OpenOptions::new().read(true).write(true).open("/dev/kvm").map(drop)
}
