//! What a process inherits from its caller and mplab changes for itself: descriptors, the limit of open files, the signal for files that are too
//! large. Programs that mplab starts get the limit and the signal back, but none of the descriptors. Those of a case also heed each signal.
//! Not here: descriptors that mplab opens itself, which are close-on-exec from the start.

use std::fs;
use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::OnceLock;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};
use nix::sys::signal::{SigHandler, Signal, signal};

static INHERITED: OnceLock<Inherited> = OnceLock::new();

/// What the caller left.
struct Inherited {
    /// Its open descriptors besides the standard streams.
    descriptors: Vec<RawFd>,
    /// The soft and the hard limit of open files.
    files: (rlim_t, rlim_t),
    /// What happens where a file would grow beyond `RLIMIT_FSIZE` (setrlimit(2)).
    too_large: SigHandler,
}

/// Takes over what the caller left: its descriptors above 2 reach no program that is executed from now on, the limit of open files is raised to
/// the hard one, and a file that may not grow causes an error (`EFBIG`) instead of a fatal signal. Call it first: descriptors that are opened
/// later are not the caller's.
pub fn take() {
    INHERITED.get_or_init(|| {
        // Without /proc this is the first process of a guest, which inherits nothing.
        let descriptors = passed().unwrap_or_default();
        for descriptor in &descriptors {
            mark(*descriptor, FdFlag::FD_CLOEXEC);
        }
        let files = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((1024, 1024));
        // A limit that cannot be raised stays, and is reported when it is reached.
        setrlimit(Resource::RLIMIT_NOFILE, files.1, files.1).ok();
        // SAFETY: ignoring a signal runs no handler.
        let too_large = unsafe { signal(Signal::SIGXFSZ, SigHandler::SigIgn) }.unwrap_or(SigHandler::SigDfl);
        Inherited { descriptors, files, too_large }
    });
}

/// Gives the command's program the caller's limit and signal, as if the caller had started it.
pub fn give_back(command: &mut Command) {
    if let Some(inherited) = INHERITED.get() {
        // SAFETY: between fork and exec only setrlimit(2) and sigaction(2) are called.
        unsafe { command.pre_exec(|| Ok(inherited.restore()?)) };
    }
}

/// Has the command's program begin with the default action of every signal, of which the caller may ignore some: nohup(1) does, and so does a shell
/// that starts a command in the background.
pub(crate) fn heed_signals(command: &mut Command) {
    let heed = || {
        for each in Signal::iterator() {
            // SAFETY: a default action runs no handler. Those of SIGKILL and SIGSTOP cannot be set, and need not be.
            unsafe { signal(each, SigHandler::SigDfl) }.ok();
        }
        Ok(())
    };
    // SAFETY: between fork and exec only sigaction(2) is called.
    unsafe { command.pre_exec(heed) };
}

/// Restores this process to how it was started, for a program that replaces it: the caller named it, and may have opened files for it.
pub fn give_back_all() -> io::Result<()> {
    let Some(inherited) = INHERITED.get() else { return Ok(()) };
    for descriptor in &inherited.descriptors {
        mark(*descriptor, FdFlag::empty());
    }
    Ok(inherited.restore()?)
}

impl Inherited {
    fn restore(&self) -> Result<(), Errno> {
        setrlimit(Resource::RLIMIT_NOFILE, self.files.0, self.files.1)?;
        // SAFETY: whatever handles it was there before this program was.
        unsafe { signal(Signal::SIGXFSZ, self.too_large) }.map(drop)
    }
}

fn passed() -> io::Result<Vec<RawFd>> {
    let open = fs::read_dir("/proc/self/fd")?.map_while(Result::ok).filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    Ok(open.filter(|descriptor| *descriptor > 2 && is_passed(*descriptor)).collect())
}

fn is_passed(descriptor: RawFd) -> bool {
    // SAFETY: fcntl(2) answers EBADF for a descriptor that is not open.
    let descriptor = unsafe { BorrowedFd::borrow_raw(descriptor) };
    fcntl(descriptor, FcntlArg::F_GETFD).is_ok_and(|flags| !FdFlag::from_bits_retain(flags).contains(FdFlag::FD_CLOEXEC))
}

fn mark(descriptor: RawFd, flags: FdFlag) {
    // SAFETY: it is one of the caller's. If it was closed meanwhile fcntl(2) answers EBADF, which is as good.
    fcntl(unsafe { BorrowedFd::borrow_raw(descriptor) }, FcntlArg::F_SETFD(flags)).ok();
}
