//! Confines a program that runs in a host: it cannot write the computer's files, use its devices, or gain privileges.
//! Not here: what it sees instead (`view`), and its network.
//!
//! All of it is mounted in the program's own mount namespace. The program cannot undo it: it lacks the capability to mount, and those below.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::{io, mem, ptr};

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sys::prctl;

use super::view::{OWN, ViewError, done, fresh};

/// The devices that a program gets if the computer has them.
const DEVICES: [&str; 7] = ["null", "zero", "full", "random", "urandom", "tty", "net/tun"];
/// Other names that programs expect in /dev (Documentation/admin-guide/devices.rst).
const LINKS: [(&str, &str); 5] = [
    ("/proc/self/fd", "fd"),
    ("/proc/self/fd/0", "stdin"),
    ("/proc/self/fd/1", "stdout"),
    ("/proc/self/fd/2", "stderr"),
    ("pts/ptmx", "ptmx"),
];
/// A host's own sysctls: the one part of /proc that programs may write to.
const SYSCTLS: &str = "/proc/sys/net";

/// Capabilities that reach beyond a host (include/uapi/linux/capability.h): DAC_READ_SEARCH, which opens files by handle despite any mount,
/// SYS_MODULE, SYS_RAWIO, SYS_ADMIN, SYS_BOOT, SYS_TIME, MKNOD, MAC_OVERRIDE, MAC_ADMIN, SYSLOG, PERFMON, BPF.
const BEYOND: [libc::c_ulong; 12] = [2, 16, 17, 21, 22, 25, 27, 32, 33, 34, 38, 39];

/// Confines the calling process, which has entered its view, and all that it starts: files outside [`OWN`] are read-only, /dev has only what every
/// program needs, and no executed program has more privileges than its caller. The process must have one thread.
pub(crate) fn confine() -> Result<(), ViewError> {
    devices().map_err(|source| ViewError { operation: "making a /dev of its own", source })?;
    done("making all files read-only", read_only("/", true, true))?;
    for own in [OWN, "/dev/shm"] {
        done("keeping a directory of its own", read_only(own, false, false))?;
    }
    let sysctls =
        mount(Some(SYSCTLS), SYSCTLS, None::<&str>, MsFlags::MS_BIND, None::<&str>).and_then(|()| read_only(SYSCTLS, false, false));
    // A container may itself have them read-only, and hide them.
    done("keeping the host's own sysctls", sysctls.or_else(|error| if error == Errno::EPERM { Ok(()) } else { Err(error) }))?;
    done("forgoing new privileges", prctl::set_no_new_privs())?;
    done("dropping capabilities", BEYOND.into_iter().try_for_each(drop_for_good))
}

/// Makes a /dev without the computer's disks and other devices. It is built below [`OWN`], which is writable, and then moved.
fn devices() -> io::Result<()> {
    let built = Path::new(OWN).join(".dev");
    fs::create_dir(&built)?;
    fresh("tmpfs", &built.to_string_lossy())?;
    for name in DEVICES {
        let (theirs, ours) = (Path::new("/dev").join(name), built.join(name));
        if theirs.exists() {
            fs::create_dir_all(ours.parent().unwrap_or(&built))?;
            File::create(&ours)?;
            mount(Some(&theirs), &ours, None::<&str>, MsFlags::MS_BIND, None::<&str>)?;
        }
    }
    for directory in ["shm", "pts"] {
        fs::create_dir(built.join(directory))?;
    }
    fresh("tmpfs", &built.join("shm").to_string_lossy())?;
    let terminals = Some("newinstance,ptmxmode=0666,mode=0620");
    match mount(Some("devpts"), &built.join("pts"), Some("devpts"), MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC, terminals) {
        // A small kernel has no pseudo-terminals.
        Ok(()) | Err(Errno::ENODEV) => {}
        Err(error) => return Err(error.into()),
    }
    for (to, name) in LINKS {
        symlink(to, built.join(name))?;
    }
    mount(Some(&built), "/dev", None::<&str>, MsFlags::MS_MOVE, None::<&str>)?;
    fs::remove_dir(built)
}

/// Makes a mount read-only or writable again, alone or with all mounts below it (mount_setattr(2), since Linux 5.12).
fn read_only(at: &str, on: bool, below: bool) -> nix::Result<()> {
    let path = std::ffi::CString::new(at).map_err(|_| Errno::EINVAL)?;
    // SAFETY: a number in each field is valid, and 0 changes nothing.
    let mut change: libc::mount_attr = unsafe { mem::zeroed() };
    *(if on { &mut change.attr_set } else { &mut change.attr_clr }) = libc::MOUNT_ATTR_RDONLY;
    let flags = if below { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: path and attributes are valid for as long as the call lasts, and the kernel writes to neither.
    let done = unsafe {
        libc::syscall(libc::SYS_mount_setattr, libc::AT_FDCWD, path.as_ptr(), flags, ptr::from_ref(&change), size_of::<libc::mount_attr>())
    };
    Errno::result(done).map(drop)
}

/// Takes a capability from every program that this process will execute, or its children.
fn drop_for_good(capability: libc::c_ulong) -> nix::Result<()> {
    // SAFETY: the call changes a capability set of the calling thread, and nothing in memory.
    match Errno::result(unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) }) {
        // A kernel that does not know the capability never grants it.
        Ok(_) | Err(Errno::EINVAL) => Ok(()),
        Err(error) => Err(error),
    }
}
