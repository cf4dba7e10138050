//! What is left of guests that are killed at any moment of their lives, or whose mplab is: nothing.
//! Not here: guests that end by themselves.
//!
//! Another trial is run by this same program in a network namespace of its own, which nothing of it leaves: what lives there is what is left.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use mplab::guest::store::{Form, Kernel};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid};

use super::broken;

/// When something is killed, by the CPU time in ms that a guest's processes have used: before it boots, while it does, and during a case.
const MOMENTS: [u64; 4] = [0, 30, 300, 1_500];
/// How long something may take to come, and what is killed to go.
const PATIENCE: Duration = Duration::from_secs(180);
/// How often is looked: each look goes through all processes.
const LOOK: Duration = Duration::from_millis(2);

/// The trial of a kernel, by means of other trials of the same group: in the first guests are killed at all moments, in the others at the last one.
pub(crate) fn trial(group: &str, kernel: &Kernel) -> Trial {
    let name = format!("{group}::nothing_is_left_of_a_guest_that_is_killed");
    let by = broken::that_last(kernel).into_iter().map(|name| format!("{group}::{name}"));
    let is_program = kernel.manifest.form == Form::Program;
    let last = MOMENTS.len() - 1;
    let moments =
        by.enumerate().flat_map(|(number, by)| MOMENTS[if number == 0 { 0 } else { last }..].iter().map(move |at| (*at, by.clone())));
    let moments: Vec<_> = moments.collect();
    // To list the trials of all kernels takes longer than these do.
    let store = Path::new(env!("CARGO_TARGET_TMPDIR")).join("left").join(&kernel.name);
    let kernel = kernel.clone();
    Trial::test(name, move || {
        fs::create_dir_all(&store)?;
        let link = store.join(&kernel.name);
        fs::remove_file(&link).ok();
        symlink(kernel.directory.canonicalize()?, link)?;
        moments.iter().try_for_each(|(moment, by)| at(Duration::from_millis(*moment), by, is_program, &store))
    })
}

fn at(moment: Duration, by: &str, is_program: bool, store: &Path) -> Result<(), Failed> {
    // What stands between mplab and the guest, if anything does.
    let machine = if is_program { "mplab:um-keeper" } else { "qemu-system" };
    let begun = || -> Result<Apart, Failed> {
        let apart = Apart::run(by, store)?;
        let others = |living: &Vec<Pid>| living.iter().copied().filter(|id| *id != apart.id()).collect::<Vec<_>>();
        let has_begun = |living: &Vec<Pid>| {
            living.iter().any(|id| told(*id).contains(machine)) && others(living).into_iter().map(used).sum::<Duration>() >= moment
        };
        apart.wait_until(has_begun, &format!("a guest that has worked for {moment:?}"))?;
        Ok(apart)
    };
    let apart = begun()?;
    let mplab = apart.id();
    // It would go on with another guest.
    kill(mplab, Signal::SIGSTOP)?;
    for id in apart.living().into_iter().filter(|id| told(*id).contains(machine)) {
        kill(id, Signal::SIGKILL)?;
    }
    apart.wait_until(|living| *living == [mplab], &format!("the end of a guest that was killed after {moment:?}"))?;
    drop(apart);
    let mut apart = begun()?;
    apart.mplab.kill()?;
    apart.mplab.wait()?;
    apart.wait_until(Vec::is_empty, &format!("the end of a guest whose mplab was killed after {moment:?}"))
}

/// A trial that runs in a network namespace of its own.
struct Apart {
    mplab: Child,
    namespace: PathBuf,
}

impl Apart {
    fn run(trial: &str, store: &Path) -> Result<Self, Failed> {
        let mut command = Command::new("unshare");
        command.arg(if Uid::effective().is_root() { "-n" } else { "-Urn" }).arg(std::env::current_exe()?);
        command
            .env("MPLAB_KERNELS", store)
            .args(["--exact", trial, "--include-ignored"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut apart = Self { mplab: command.spawn()?, namespace: PathBuf::new() };
        let ours = namespace(Pid::this()).ok_or("this process is in a network namespace")?;
        let deadline = Instant::now() + PATIENCE;
        while apart.namespace == PathBuf::new() {
            apart.namespace = namespace(apart.id()).filter(|theirs| *theirs != ours).unwrap_or_default();
            if Instant::now() > deadline {
                return Err("`unshare` makes no network namespace".into());
            }
            thread::yield_now();
        }
        Ok(apart)
    }

    fn id(&self) -> Pid {
        Pid::from_raw(self.mplab.id().cast_signed())
    }

    /// What lives in its namespace.
    fn living(&self) -> Vec<Pid> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).map(Pid::from_raw);
        ids.filter(|id| namespace(*id).is_some_and(|of| of == self.namespace)).collect()
    }

    fn wait_until(&self, is_so: impl Fn(&Vec<Pid>) -> bool, what: &str) -> Result<(), Failed> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let living = self.living();
            if is_so(&living) {
                return Ok(());
            }
            if Instant::now() > deadline {
                let living: Vec<_> = living.into_iter().map(|id| format!("{id} ({})", told(id))).collect();
                return Err(format!("waited for {what}, and there is {}", living.join(", ")).into());
            }
            thread::sleep(LOOK);
        }
    }
}

impl Drop for Apart {
    /// What is left is a failure of this test, and not to stay behind it.
    fn drop(&mut self) {
        for id in self.living() {
            kill(id, Signal::SIGKILL).ok();
        }
        self.mplab.wait().ok();
    }
}

/// A process's network namespace, while it lives.
fn namespace(of: Pid) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{of}/ns/net")).ok()
}

/// The CPU time that a process has used (proc_pid_stat(5)).
fn used(process: Pid) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(") ").map(|(_, fields)| fields.split_whitespace()).into_iter().flatten();
    // In hundredths of a second.
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse().ok()).map(|ticks: u64| Duration::from_millis(ticks * 10)).sum()
}

/// A process's command line.
fn told(process: Pid) -> String {
    fs::read_to_string(format!("/proc/{process}/cmdline")).unwrap_or_default().replace('\0', " ")
}
