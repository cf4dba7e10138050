//! Finds and ends all processes in network namespaces, whoever started them.
//! Not here: which namespaces, and when.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, setns};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};
use serde::{Deserialize, Serialize};

use super::Namespace;
use crate::words::Signal;

/// How long processes may take to end when asked to.
const GRACE: Duration = Duration::from_secs(2);
/// How long killed processes may take to be gone.
const END: Duration = Duration::from_secs(10);
/// `SO_NETNS_COOKIE` (include/uapi/asm-generic/socket.h), since Linux 5.14.
const COOKIE: libc::c_int = 71;

/// The device and inode of a namespace. Once it is gone, another one may get the same.
type Identity = (u64, u64);

/// What identifies a network namespace among all since the computer was started, including those that are gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Home {
    identity: Identity,
    cookie: u64,
}

impl Home {
    /// That of a namespace.
    pub(crate) fn of(namespace: &Namespace) -> io::Result<Self> {
        let file = File::from(namespace.as_fd().try_clone_to_owned()?);
        Ok(Self { identity: identity(&file)?, cookie: namespace.enter(cookie)?? })
    }
}

/// Whether a process's network namespace, which `file` holds open, has this cookie. Only a process inside can ask for the cookie.
fn has_cookie(process: i32, file: &File, wanted: u64) -> io::Result<bool> {
    let user = File::open(format!("/proc/{process}/ns/user"))?;
    // SAFETY: between fork and _exit only system calls are made.
    match unsafe { fork() }? {
        ForkResult::Child => {
            // A process cannot enter its own user namespace, and need not.
            setns(&user, CloneFlags::CLONE_NEWUSER).ok();
            let found = setns(file, CloneFlags::CLONE_NEWNET).map_err(io::Error::from).and_then(|()| cookie());
            let code = found.map_or_else(|error| error.raw_os_error().unwrap_or(libc::EIO), |found| i32::from(found != wanted) * OTHER);
            // SAFETY: it ends the process, and nothing else.
            unsafe { libc::_exit(code) }
        }
        ForkResult::Parent { child } => match waitpid(child, None)? {
            WaitStatus::Exited(_, code) if code == 0 || code == OTHER => Ok(code == 0),
            WaitStatus::Exited(_, code) => Err(io::Error::from_raw_os_error(code)),
            ended => Err(io::Error::other(format!("who looked ended as {ended:?}"))),
        },
    }
}

/// The exit status of a child that found another cookie. No errno is this large.
const OTHER: i32 = 255;

/// The cookie of the calling thread's network namespace.
fn cookie() -> io::Result<u64> {
    // SAFETY: socket(2) reads no memory of ours.
    let socket = Errno::result(unsafe { libc::socket(libc::AF_UNIX, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) })?;
    // SAFETY: the kernel has just made it for this thread, and nothing else knows it.
    let socket = unsafe { OwnedFd::from_raw_fd(socket) };
    let (mut cookie, mut length) = (0_u64, size_of::<u64>() as libc::socklen_t);
    // SAFETY: both pointers are valid for the call, and the kernel writes no more than `length` bytes.
    let asked = unsafe { libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, COOKIE, (&raw mut cookie).cast(), &raw mut length) };
    Errno::result(asked)?;
    Ok(cookie)
}

/// A process that was ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its number.
    pub id: i32,
    /// Its name (proc_pid_comm(5)).
    pub name: String,
    /// Whether it was killed because it did not end when asked to.
    pub killed: bool,
}

/// Namespaces whose processes are looked for.
pub(crate) struct Inhabited {
    /// Namespaces that are held open, so that no other gets their identities meanwhile.
    held: Vec<(Identity, File)>,
    homes: Vec<Home>,
    spared: Vec<i32>,
}

impl Inhabited {
    /// Namespaces that may be gone. The processes `spared` are left alone.
    pub(crate) fn of(homes: Vec<Home>, spared: Vec<i32>) -> Self {
        Self { homes, spared, held: Vec::new() }
    }

    /// Namespaces that are open. The processes `spared` are left alone.
    pub(crate) fn held(namespaces: Vec<File>, spared: Vec<i32>) -> io::Result<Self> {
        let held = namespaces.into_iter().map(|file| Ok((identity(&file)?, file))).collect::<io::Result<_>>()?;
        Ok(Self { held, spared, homes: Vec::new() })
    }

    /// Whether one of a process's threads is there.
    pub(crate) fn has(&mut self, process: i32) -> io::Result<bool> {
        let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { return Ok(false) };
        for thread in threads.map_while(Result::ok) {
            // It may have ended meanwhile, or be another user's.
            let Ok(file) = File::open(thread.path().join("ns/net")) else { continue };
            let found = identity(&file)?;
            if self.held.iter().any(|(held, _)| *held == found) {
                return Ok(true);
            }
            if let Some(home) = self.homes.iter().find(|home| home.identity == found)
                && has_cookie(process, &file, home.cookie)?
            {
                self.held.push((found, file));
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Asks all processes there to end (SIGTERM), and kills those that do not, and any that they start meanwhile.
    pub(crate) fn end(&mut self) -> io::Result<Vec<Ended>> {
        let asked = self.all()?;
        let mut ended: Vec<Ended> = asked.iter().map(|(ended, _)| ended.clone()).collect();
        for (_, process) in &asked {
            signal(process, Signal::TERM)?;
        }
        let deadline = Instant::now() + GRACE;
        for (_, process) in &asked {
            has_ended(process, deadline)?;
        }
        for killed in self.kill()? {
            ended.retain(|other| other.id != killed.id);
            ended.push(killed);
        }
        Ok(ended)
    }

    /// Kills all processes there, those that they start meanwhile too, and waits until they are gone.
    pub(crate) fn kill(&mut self) -> io::Result<Vec<Ended>> {
        let deadline = Instant::now() + END;
        let mut killed = Vec::new();
        loop {
            let found = self.all()?;
            if found.is_empty() {
                return Ok(killed);
            }
            for (_, process) in &found {
                signal(process, Signal::KILL)?;
            }
            for (ended, process) in found {
                if !has_ended(&process, deadline)? {
                    let why = format!("process {} ({}) was killed but did not end", ended.id, ended.name);
                    return Err(io::Error::new(io::ErrorKind::TimedOut, why));
                }
                killed.push(Ended { killed: true, ..ended });
            }
        }
    }

    /// The living processes there.
    fn all(&mut self) -> io::Result<Vec<(Ended, OwnedFd)>> {
        let entries = fs::read_dir("/proc")?.map_while(Result::ok);
        let ids: Vec<i32> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        let mut all = Vec::new();
        for id in ids {
            if self.spared.contains(&id) || !self.has(id)? {
                continue;
            }
            let Ok(process) = hold(id) else { continue };
            let name = fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default().trim_end().to_owned();
            // Check again once it is held: its number may have passed to another process.
            if self.has(id)? {
                all.push((Ended { id, name, killed: false }, process));
            }
        }
        Ok(all)
    }
}

fn signal(process: &OwnedFd, signal: Signal) -> io::Result<()> {
    // SAFETY: the descriptor is open, and no signal information is passed.
    let sent =
        unsafe { libc::syscall(libc::SYS_pidfd_send_signal, process.as_raw_fd(), signal.number(), std::ptr::null::<libc::siginfo_t>(), 0) };
    match Errno::result(sent) {
        // It has ended by itself.
        Err(Errno::ESRCH) => Ok(()),
        sent => Ok(sent.map(drop)?),
    }
}

/// Whether a process ends in time.
fn has_ended(process: &OwnedFd, deadline: Instant) -> io::Result<bool> {
    let left = PollTimeout::try_from(deadline.saturating_duration_since(Instant::now())).unwrap_or(PollTimeout::MAX);
    Ok(poll(&mut [PollFd::new(process.as_fd(), PollFlags::POLLIN)], left)? > 0)
}

/// A descriptor of a process (pidfd_open(2)).
pub(crate) fn hold(id: i32) -> io::Result<OwnedFd> {
    // SAFETY: the call takes two numbers.
    let descriptor = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, id, 0) })?;
    // SAFETY: the kernel has just made it for this process, and nothing else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor as i32) })
}

fn identity(namespace: &File) -> io::Result<Identity> {
    let facts = namespace.metadata()?;
    Ok((facts.dev(), facts.ino()))
}
