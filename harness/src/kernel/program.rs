//! Programs: finds them, starts them in a PID namespace of their own, and ends all that they started.
//! Not here: what they see of the file system (`view`).

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Weak, mpsc};
use std::{env, fs, io, thread};

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::signal::{Signal as Kind, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use super::{Namespace, inherited};
use crate::words::{Exit, Signal};

/// Where programs are looked up: `PATH`, and the directories of administrators' programs, which a user's `PATH` may lack.
pub(crate) fn path() -> String {
    let mut path = env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".to_owned());
    for directory in ["/usr/local/sbin", "/usr/sbin", "/sbin"] {
        if !path.split(':').any(|known| known == directory) {
            path = path + ":" + directory;
        }
    }
    path
}

/// This program.
pub(crate) const ITSELF: &str = "mplab";

/// The file of a program by its name or path, or `None` if it is not installed. [`ITSELF`] is always there.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    if name == ITSELF {
        return Some(PathBuf::from("/proc/self/exe"));
    }
    let executable = |path: &PathBuf| fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0);
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(executable);
    }
    env::split_paths(&path()).map(|directory| directory.join(name)).find(executable)
}

/// Starts a command in a network namespace, as the first process of a PID namespace, and returns its id here. When it ends, the kernel kills
/// everything in there; when the calling process ends, it is killed too.
pub(crate) fn start_apart(mut command: Command, namespace: Arc<Namespace>) -> io::Result<u32> {
    let (told, hear) = mpsc::sync_channel(1);
    // A thread cannot return from the process namespace of its future children, nor make threads before. The kernel tells the child when the thread
    // that started it ends.
    thread::Builder::new().name("process".to_owned()).spawn(move || {
        // SAFETY: between fork and exec only prctl(2) is called.
        unsafe { command.pre_exec(|| Ok(prctl::set_pdeathsig(Kind::SIGKILL)?)) };
        inherited::give_back(&mut command);
        let mut start = || {
            unshare(CloneFlags::CLONE_NEWPID)?;
            namespace.enter(|| command.spawn())?
        };
        let child = start();
        // The command holds the child's ends of pipes.
        drop(command);
        let (id, child) = match child {
            Ok(child) => (Ok(child.id()), Some(child)),
            Err(error) => (Err(error), None),
        };
        told.send(id).ok();
        if let Some(mut child) = child {
            child.wait().ok();
        }
    })?;
    hear.recv().map_err(io::Error::other)?
}

/// Makes the command's process start in a network namespace, as long as something holds that.
pub(crate) fn starts_in(command: &mut Command, namespace: Weak<Namespace>) {
    let enter = move || namespace.upgrade().ok_or(Errno::ENONET)?.settle();
    // SAFETY: between fork and exec a number in memory is counted up and only setns(2) is called.
    unsafe { command.pre_exec(enter) };
}

/// Waits for a child of the calling process, and reaps all others that end first.
pub(crate) fn wait_for(child: u32) -> io::Result<Exit> {
    loop {
        match waitpid(None, None) {
            Ok(WaitStatus::Exited(id, code)) if id.as_raw() as u32 == child => return Ok(Exit::Code(code)),
            Ok(WaitStatus::Signaled(id, signal, _)) if id.as_raw() as u32 == child => return ended_by(signal),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn ended_by(signal: Kind) -> io::Result<Exit> {
    Signal::of_number(signal as i32).map(Exit::Signal).ok_or_else(|| io::Error::other(format!("{signal} has no name")))
}

/// Sends a signal to every other process in the caller's PID namespace. The caller must be its first process.
pub(crate) fn signal_all(signal: Signal) {
    // There may be no other process left.
    Kind::try_from(signal.number()).and_then(|signal| kill(Pid::from_raw(-1), signal)).ok();
}
