//! Properties of this computer that matter to labs: whether it is a container, /proc/sys is writable, free disk space, KVM.
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

/// The free space for this user, in bytes, at a path or at the nearest existing directory above it.
pub(crate) fn room(path: &Path) -> io::Result<u64> {
    let there = path.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    let system = statvfs(there)?;
    Ok(system.blocks_available() as u64 * system.fragment_size() as u64)
}

/// Whether /dev/kvm can be opened. That does not prove that guests run.
pub(crate) fn kvm_opens() -> io::Result<()> {
    OpenOptions::new().read(true).write(true).open("/dev/kvm").map(drop)
}
