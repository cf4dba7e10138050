//! Sets standard error aside while the terminal shows a picture, and prints afterwards what this program and those that it started said there.
//! Not here: when that is.

use std::fs::File;
use std::io::{self, IsTerminal, Write, stderr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::sync::Mutex;

use mplab::words::terminal::shown;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::unistd::dup2_stderr;

/// What is set aside.
struct Aside {
    /// Standard error as it was, while it is set aside.
    before: Option<OwnedFd>,
    /// What was said instead. Programs that were started meanwhile go on writing to it.
    said: File,
    /// How much of it has been printed.
    printed: u64,
}

static ASIDE: Mutex<Option<Aside>> = Mutex::new(None);

/// Sets it aside. Does nothing if it leads elsewhere than to a terminal.
pub(super) fn set() -> io::Result<()> {
    let Ok(mut aside) = ASIDE.lock() else { return Ok(()) };
    if !stderr().is_terminal() {
        return Ok(());
    }
    let aside = match &mut *aside {
        Some(aside) => aside,
        none => none.insert(Aside { before: None, said: memfd_create("said", MFdFlags::MFD_CLOEXEC)?.into(), printed: 0 }),
    };
    let before = stderr().as_fd().try_clone_to_owned()?;
    dup2_stderr(&aside.said)?;
    aside.before = Some(before);
    Ok(())
}

/// Ends that, and prints what was said. A thread that panics meanwhile, and may itself be here, does not wait.
pub(super) fn give_back() {
    let Ok(mut aside) = ASIDE.try_lock() else { return };
    if let Some(aside) = &mut *aside {
        if let Some(before) = aside.before.take() {
            dup2_stderr(before).ok();
        }
        // Nobody can be told that it cannot be printed.
        aside.print().ok();
    }
}

impl Aside {
    fn print(&mut self) -> io::Result<()> {
        let mut text = vec![0; self.said.metadata()?.len().saturating_sub(self.printed) as usize];
        self.said.read_exact_at(&mut text, self.printed)?;
        self.printed += text.len() as u64;
        // What others wrote sets nothing on the terminal.
        let text = String::from_utf8_lossy(&text);
        File::from(stderr().as_fd().try_clone_to_owned()?).write_all(shown(&text).as_bytes())
    }
}
