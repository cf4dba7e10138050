//! The processes in network namespaces, whoever started them: finding them, and ending them all.
//! Not here: which namespaces, and when.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// How long killed processes may take to be gone.
const END: Duration = Duration::from_secs(10);

/// Kills all processes in these namespaces, those that they start meanwhile too, and waits until they are gone.
pub fn end_all(namespaces: &[File]) -> io::Result<()> {
    let homes = namespaces.iter().map(identity).collect::<io::Result<Vec<_>>>()?;
    let deadline = Instant::now() + END;
    loop {
        let found = all(&homes)?;
        if found.is_empty() {
            return Ok(());
        }
        for process in &found {
            // SAFETY: the descriptor is open, and no signal information is passed.
            unsafe {
                libc::syscall(libc::SYS_pidfd_send_signal, process.as_raw_fd(), libc::SIGKILL, std::ptr::null::<libc::siginfo_t>(), 0)
            };
        }
        for process in &found {
            let left = PollTimeout::try_from(deadline.saturating_duration_since(Instant::now())).unwrap_or(PollTimeout::MAX);
            if poll(&mut [PollFd::new(process.as_fd(), PollFlags::POLLIN)], left)? == 0 {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "a process was killed and does not end"));
            }
        }
    }
}

/// The living processes whose home is one of these.
fn all(homes: &[(u64, u64)]) -> io::Result<Vec<OwnedFd>> {
    let ids = fs::read_dir("/proc")?.map_while(Result::ok).filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let lives_there =
        |id: i32| File::open(format!("/proc/{id}/ns/net")).and_then(|home| identity(&home)).is_ok_and(|home| homes.contains(&home));
    // What is held is asked again: its number may have become another's.
    Ok(ids.filter(|id| lives_there(*id)).filter_map(|id| hold(id).ok().filter(|_| lives_there(id))).collect())
}

/// A descriptor of a process (pidfd_open(2)).
pub fn hold(id: i32) -> io::Result<OwnedFd> {
    // SAFETY: the call takes two numbers.
    let descriptor = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, id, 0) })?;
    // SAFETY: the kernel has just made it for this process, and nothing else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor as i32) })
}

fn identity(namespace: &File) -> io::Result<(u64, u64)> {
    let facts = namespace.metadata()?;
    Ok((facts.dev(), facts.ino()))
}
