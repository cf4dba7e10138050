//! The keeper of a kernel that is a program: gives it an unnamed directory to run in, and passes on the answers that appear there.
//! Not here: the kernel's command line.
//!
//! The keeper is this same program, started with a marker. It dies with the thread that started it, and the kernel with the keeper, and with the
//! kernel all its processes. Those are programs of this computer, too: each program in the guest runs in one. Before Linux 6.13 nothing made them end
//! with the kernel, and one that was left made its next system call on this computer (arch/um/os-Linux/skas/process.c).

use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, symlink};
use std::os::unix::process::CommandExt;
use std::process::{self, Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use nix::sys::personality::{self, Persona};
use nix::unistd::fchdir;

use super::super::seat::Seat;
use super::super::{frames, path};
use super::channel::ANSWERS;
use crate::kernel::children::{children, used};
use crate::kernel::inhabitants::hold;
use crate::kernel::nameless;
use crate::kernel::process::{
    die_with_parent, dies_with_all_that_it_starts, dies_with_this_thread, inheritable, release_stopped, stays_on, stops_when_executed,
};
use crate::life::execute::News;
use crate::place::local::Message;
use crate::result::splat::{self, Kind};

/// The first argument of a keeper.
const KEEPER: &str = "mplab:um-keeper";

/// How long to watch a kernel that hangs, to say what it is doing.
const WATCHED: Duration = Duration::from_secs(1);

/// How long in ms a kernel says nothing before its output is searched for a panic.
const QUIET: u16 = 1000;

/// The parts of a guest to start.
pub(super) struct Start<'a> {
    /// The kernel's program.
    pub(super) linux: &'a File,
    /// The guest's first file system.
    pub(super) initrd: &'a File,
    /// The files in the guest's directory, by name.
    pub(super) letters: [(&'static str, File); 2],
    /// The kernel's command line.
    pub(super) line: Vec<OsString>,
    /// The file for the kernel's output.
    pub(super) console: &'a File,
    /// Whether it waits for a debugger.
    pub(super) debugged: bool,
}

/// A keeper that is killed and waited for when it is dropped, and its CPU.
pub(super) struct Kept(Child, #[expect(dead_code, reason = "it is given back with the process")] Option<Seat>);

impl Kept {
    /// Starts a keeper for a kernel. The guest's answers come out of the returned pipe.
    pub(super) fn start(start: &Start<'_>) -> io::Result<(Self, ChildStdout)> {
        let mut command = Command::new("/proc/self/exe");
        command.args([KEEPER, &process::id().to_string(), &path(start.linux), &path(start.initrd), &start.debugged.to_string()]);
        for (name, letter) in &start.letters {
            command.args([*name, &path(letter)]);
        }
        command.args(&start.line);
        command.stdin(start.console.try_clone()?).stdout(Stdio::piped()).stderr(Stdio::piped());
        dies_with_this_thread(&mut command);
        let seat = Seat::take();
        if let Some(seat) = &seat {
            stays_on(&mut command, seat.cpu)?;
        }
        let mut child = command.spawn()?;
        let port = child.stdout.take().expect("piped above");
        Ok((Self(child, seat), port))
    }

    /// What the kernel is doing, in words: it is one process, and its programs run in processes of their own.
    pub(super) fn at(&self) -> Option<String> {
        let kernel = *children(self.0.id()).first()?;
        let programs = || children(kernel).into_iter().filter_map(used).sum::<Duration>();
        let before = (used(kernel)?, programs());
        thread::sleep(WATCHED);
        let (kernel, programs) = (used(kernel)?.saturating_sub(before.0), programs().saturating_sub(before.1));
        Some(
            match (kernel.is_zero(), programs.is_zero()) {
                (true, true) => "nothing in it runs",
                (true, false) => "a program in it runs without waiting or reading the clock, so no time passes",
                (false, true) => "its kernel runs but lets no program run",
                (false, false) => "a program in it makes system calls again and again without ever waiting",
            }
            .to_owned(),
        )
    }

    /// Kills it, and the kernel with it.
    pub(super) fn kill(&mut self) {
        // It may have ended by itself.
        self.0.kill().ok();
    }

    /// Waits for its end, and returns its error output.
    pub(super) fn end(mut self) -> io::Result<String> {
        let mut words = String::new();
        if let Some(mut stderr) = self.0.stderr.take() {
            stderr.read_to_string(&mut words)?;
        }
        self.0.wait()?;
        Ok(words.trim().to_owned())
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.kill();
        self.0.wait().ok();
    }
}

/// Becomes a keeper if this process was started as one, and then never returns.
pub(in super::super) fn enter() {
    let mut arguments = env::args_os().skip(1);
    if arguments.next().is_none_or(|first| first != KEEPER) {
        return;
    }
    if let Err(error) = keep(arguments) {
        eprintln!("{error}");
        process::exit(1);
    }
    process::exit(0);
}

fn keep(mut arguments: impl Iterator<Item = OsString>) -> io::Result<()> {
    let mut next = || arguments.next().ok_or_else(|| io::Error::other("a keeper has too few arguments"));
    let parent = next()?.to_string_lossy().parse().map_err(io::Error::other)?;
    // A process in another user namespace may not look at its parent.
    let (linux, initrd) = (File::open(next()?)?, File::open(next()?)?);
    let debugged = next()? == "true";
    let mut letter = || Ok::<_, io::Error>((next()?, File::open(next()?)?));
    let letters = [letter()?, letter()?];
    die_with_parent(parent)?;
    let console = io::stdin().as_fd().try_clone_to_owned()?;
    let directory = nameless::directory().map_err(io::Error::other)?;
    // Entering a user namespace may have reset the parent-death signal.
    die_with_parent(parent)?;
    fchdir(&directory)?;
    inheritable(&initrd)?;
    symlink(own(&initrd), "initrd")?;
    for (name, mut letter) in letters {
        io::copy(&mut letter, &mut File::create_new(name)?)?;
    }
    let mut answers = File::create_new(ANSWERS)?;
    drop(answers);
    answers = File::open(ANSWERS)?;
    // The kernel would start itself again for that, by a path that it does not have.
    personality::set(personality::get()? | Persona::ADDR_NO_RANDOMIZE)?;
    let mut command = Command::new(own(&linux));
    // The program's memory is a file below TMPDIR, and it writes to HOME.
    command.arg0("linux").args(arguments).env_clear().envs([("HOME", "."), ("TMPDIR", "."), ("PATH", "/usr/bin:/bin")]);
    let output = File::from(console.try_clone()?);
    command.stdin(Stdio::null()).stdout(console.try_clone()?).stderr(console);
    dies_with_all_that_it_starts(&mut command)?;
    let watch = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
    watch.add_watch(ANSWERS, AddWatchFlags::IN_MODIFY)?;
    if debugged {
        stops_when_executed(&mut command);
    }
    let mut linux = command.spawn()?;
    let id = linux.id() as i32;
    let ends = hold(id)?;
    let mut out = io::stdout().lock();
    if debugged {
        release_stopped(id)?;
        let gdb = format!("gdb -p {id} -ex 'handle SIGSEGV nostop noprint'");
        frames::write(&mut out, &serde_json::to_vec(&Message::News(News::Waits { gdb }))?)?;
        out.flush()?;
    }
    loop {
        let mut ready = [PollFd::new(watch.as_fd(), PollFlags::POLLIN), PollFd::new(ends.as_fd(), PollFlags::POLLIN)];
        let quiet = poll(&mut ready, PollTimeout::from(QUIET))? == 0;
        let ended = ready[1].any().unwrap_or(false);
        // The data is in the file.
        watch.read_events().ok();
        io::copy(&mut answers, &mut out)?;
        out.flush()?;
        if ended {
            break;
        }
        // After a panic it sends itself SIGABRT until that ends it (uml_abort() in arch/um/os-Linux/util.c), which it never does to process 1.
        if quiet && !debugged && has_panicked(&output)? {
            linux.kill()?;
        }
    }
    linux.wait()?;
    Ok(())
}

/// Whether a kernel's output tells of a panic.
fn has_panicked(output: &File) -> io::Result<bool> {
    let mut said = vec![0; output.metadata()?.len() as usize];
    output.read_exact_at(&mut said, 0)?;
    Ok(splat::scan(&String::from_utf8_lossy(&said)).iter().any(|splat| splat.kind == Kind::Panic))
}

/// The path of an open file for a process that inherits it.
fn own(file: &File) -> String {
    use std::os::fd::AsRawFd;
    format!("/proc/self/fd/{}", file.as_raw_fd())
}
