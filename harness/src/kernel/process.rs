//! The process of a run: it dies with its parent, and sees no network but its own.
//! Not here: what runs in it.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::{fs, io};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, CpuSet, sched_getaffinity, sched_setaffinity, setns, unshare};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::signal::{SigHandler, Signal, raise, signal};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::sys::{prctl, ptrace};
use nix::unistd::{ForkResult, Pid, fork, getegid, geteuid, getppid};

/// Makes the kernel kill this process when the thread that started it ends.
pub(crate) fn die_with_parent(parent: i32) -> io::Result<()> {
    signalled_with_parent(parent, Signal::SIGKILL)
}

fn signalled_with_parent(parent: i32, signal: Signal) -> io::Result<()> {
    prctl::set_pdeathsig(signal)?;
    // The parent may have died before the line above took effect.
    if getppid().as_raw() == parent { Ok(()) } else { Err(io::Error::other("the process that started this one is gone")) }
}

/// Makes the kernel kill the command's process when the thread that starts it ends.
pub(crate) fn dies_with_this_thread(command: &mut Command) {
    let parent = std::process::id() as i32;
    // SAFETY: between fork and exec only prctl(2) and getppid(2) are called.
    unsafe { command.pre_exec(move || die_with_parent(parent)) };
}

/// Makes the kernel kill the command's process, and all that it has started, when the calling thread ends. The process is the first of a PID
/// namespace (pid_namespaces(7)): when it ends, for whatever reason, nothing that it has started outlives it. It also has a number outside. The
/// caller must have one thread, start no other command, and be allowed to make namespaces.
pub(crate) fn dies_with_all_that_it_starts(command: &mut Command) -> io::Result<()> {
    unshare(CloneFlags::CLONE_NEWPID)?;
    // Inside, the parent has no number. Instead, a pipe whose writer is the parent hangs up before the parent's end is reported.
    let (reader, writer) = io::pipe()?;
    let mut writer = Some(writer);
    let dies = move || {
        prctl::set_pdeathsig(Signal::SIGKILL)?;
        // The child's copy.
        writer.take();
        match poll(&mut [PollFd::new(reader.as_fd(), PollFlags::POLLIN)], PollTimeout::ZERO)? {
            0 => Ok(()),
            _ => Err(Errno::ESRCH.into()),
        }
    };
    // SAFETY: between fork and exec only prctl(2), close(2) and poll(2) are called.
    unsafe { command.pre_exec(dies) };
    Ok(())
}

/// Makes the kernel send the command's process SIGTERM when the thread that starts it ends. This suits a program that passes it on to its own
/// processes, as `make` does.
pub(crate) fn told_to_end_with_this_thread(command: &mut Command) {
    let parent = std::process::id() as i32;
    // SAFETY: between fork and exec only prctl(2) and getppid(2) are called.
    unsafe { command.pre_exec(move || signalled_with_parent(parent, Signal::SIGTERM)) };
}

/// The CPUs that this process may use.
pub fn cpus() -> nix::Result<Vec<usize>> {
    let allowed = sched_getaffinity(Pid::from_raw(0))?;
    Ok((0..CpuSet::count()).filter(|cpu| allowed.is_set(*cpu).unwrap_or(false)).collect())
}

/// Keeps the command's process, and what it starts, on one CPU. If the kernel refuses, it may use all.
pub(crate) fn stays_on(command: &mut Command, cpu: usize) -> nix::Result<()> {
    let mut one = CpuSet::new();
    one.set(cpu)?;
    // SAFETY: between fork and exec only sched_setaffinity(2) is called.
    unsafe { command.pre_exec(move || sched_setaffinity(Pid::from_raw(0), &one).or(Ok(()))) };
    Ok(())
}

/// Lets the command's process inherit these descriptors, with the same numbers.
pub(crate) fn inherits(command: &mut Command, descriptors: Vec<OwnedFd>) {
    let keep = |descriptor: &OwnedFd| fcntl(descriptor, FcntlArg::F_SETFD(FdFlag::empty())).map(drop).map_err(io::Error::from);
    // SAFETY: between fork and exec only fcntl(2) is called.
    unsafe { command.pre_exec(move || descriptors.iter().try_for_each(keep)) };
}

/// Makes the command's process stop when it has executed its program, for [`release_stopped`].
pub(crate) fn stops_when_executed(command: &mut Command) {
    // SAFETY: between fork and exec only ptrace(2) is called.
    unsafe { command.pre_exec(|| Ok(ptrace::traceme()?)) };
}

/// Detaches from a child that [`stops_when_executed`], so that another process can trace it or continue it with SIGCONT.
pub(crate) fn release_stopped(child: i32) -> io::Result<()> {
    let child = Pid::from_raw(child);
    waitpid(child, None)?;
    Ok(ptrace::detach(child, Signal::SIGSTOP)?)
}

/// Lets programs that this process executes inherit a file's descriptor.
pub(crate) fn inheritable(file: &File) -> io::Result<()> {
    Ok(fcntl(file, FcntlArg::F_SETFD(FdFlag::empty())).map(drop)?)
}

/// Ends this process as `SIGPIPE` does if nobody reads its output any more (signal(7)). Rust ignores that signal and returns an error instead,
/// for programs that also write to pipes and sockets.
pub fn end_without_a_reader() -> nix::Result<()> {
    // SAFETY: the default action is no handler.
    unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }?;
    raise(Signal::SIGPIPE)
}

/// A file in memory that has no name in any file system and vanishes with its last descriptor.
pub(crate) fn anonymous_file(name: &str) -> io::Result<File> {
    Ok(memfd_create(name, MFdFlags::MFD_CLOEXEC)?.into())
}

/// The files whose code this process has: the program's and its libraries' (proc_pid_maps(5)).
pub fn code() -> io::Result<BTreeSet<PathBuf>> {
    let code = |line: &str| {
        let mut words = line.splitn(6, ' ');
        let (rights, path) = (words.nth(1)?, words.nth(3)?.trim_start());
        (rights.contains('x') && path.starts_with('/')).then(|| PathBuf::from(path))
    };
    Ok(fs::read_to_string("/proc/self/maps")?.lines().filter_map(code).collect())
}

/// Why a run cannot have a network of its own here.
#[derive(Debug, thiserror::Error)]
pub enum Confined {
    /// No namespace can be made.
    #[error("no network namespace can be made here ({0})")]
    Namespace(io::Error),
    /// Sysctls cannot be set, not even those of the process's own namespace.
    #[error("/proc/sys is read-only here, as in a container without privileges")]
    ReadOnly,
}

impl Confined {
    /// What to do about it.
    pub(crate) const fn remedy(&self) -> &'static str {
        match self {
            Self::Namespace(_) => {
                "run as root, or allow user namespaces (`sysctl kernel.unprivileged_userns_clone=1`, on Ubuntu also \
                 `sysctl kernel.apparmor_restrict_unprivileged_userns=0`), or start the container with --privileged"
            }
            Self::ReadOnly => "start the container with --privileged",
        }
    }
}

/// Leaves the computer's network for an empty namespace, as root of the computer if possible, else as root of a new user namespace.
/// Returns whether it is root of the computer. The process must have one thread.
pub fn leave_network() -> Result<bool, Confined> {
    let root = match unshare(CloneFlags::CLONE_NEWNET) {
        Ok(()) => true,
        Err(Errno::EPERM) => enter_user_namespace(CloneFlags::CLONE_NEWNET).map(|()| false).map_err(Confined::Namespace)?,
        Err(error) => return Err(Confined::Namespace(error.into())),
    };
    // Namespaces made from here get a table of TCP sockets of their own, as large as a lab needs. Listing a namespace's sockets walks the whole
    // table, and the computer's is large. Kernels before 6.1 have one table for all.
    match super::sysctl::write("net.ipv4.tcp_child_ehash_entries", "512") {
        Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => Err(Confined::ReadOnly),
        _ => Ok(root),
    }
}

/// Makes the calling process able to make network namespaces, and leaves it in its own: as root of the computer if possible, else as root of
/// a new user namespace. The process must have one thread. If neither is possible, it stays as it is.
pub(crate) fn gain_namespaces() -> Result<(), Confined> {
    let own = File::open("/proc/self/ns/net").map_err(Confined::Namespace)?;
    // Entering the namespace that the process is already in shows whether it could enter others.
    match setns(own, CloneFlags::CLONE_NEWNET) {
        Ok(()) => return Ok(()),
        Err(Errno::EPERM) => {}
        Err(error) => return Err(Confined::Namespace(error.into())),
    }
    let enter = || enter_user_namespace(CloneFlags::empty());
    // Some distributions let a process enter and then take all its privileges, so a child tries first.
    // SAFETY: there are no other threads that could hold a lock.
    match unsafe { fork() }.map_err(|error| Confined::Namespace(error.into()))? {
        ForkResult::Child => {
            let tried = enter().and_then(|()| Ok(unshare(CloneFlags::CLONE_NEWNET)?));
            let code = tried.err().map_or(0, |error| error.raw_os_error().unwrap_or(libc::EPERM));
            // SAFETY: it ends the process, and nothing else.
            unsafe { libc::_exit(code) }
        }
        ForkResult::Parent { child } => match waitpid(child, None) {
            Ok(WaitStatus::Exited(_, 0)) => enter().map_err(Confined::Namespace),
            Ok(WaitStatus::Exited(_, code)) => Err(Confined::Namespace(io::Error::from_raw_os_error(code))),
            ended => Err(Confined::Namespace(io::Error::other(format!("who tried it ended as {ended:?}")))),
        },
    }
}

/// Enters a new user namespace as its root, together with other namespaces.
pub(super) fn enter_user_namespace(with: CloneFlags) -> io::Result<()> {
    let (uid, gid) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER | with)?;
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("0 {uid} 1"))?;
    fs::write("/proc/self/gid_map", format!("0 {gid} 1"))
}

/// The kernel's release, as `uname -r` prints it.
pub(crate) fn kernel_release() -> String {
    nix::sys::utsname::uname().map(|name| name.release().to_string_lossy().into_owned()).unwrap_or_default()
}
