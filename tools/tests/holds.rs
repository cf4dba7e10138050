//! What holds whatever happens: a run that is killed leaves nothing, and many at once do not disturb each other.
//!
//! The tests live in network and mount namespaces of their own, where nobody else makes interfaces or mounts: what is new there was left.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use support::{Directory, SHORT, assert_has, trial};

/// How many runs are killed.
const KILLS: u64 = 30;
/// They are killed within this time: from before the first namespace until after the recording.
const SPAN: u64 = 1500;
/// When nothing may be left. A busy computer buries slowly.
const DEADLINE: Duration = Duration::from_secs(30);
/// The variable by which the processes of a run are told from all others.
const MARK: &str = "MPLAB_TEST_RUN";

fn main() {
    let private = || unshare(CloneFlags::CLONE_NEWNS).err().map(|error| format!("no mount namespace can be made here: {error}"));
    let missing = support::leave_network().or_else(private);
    let arguments = Arguments::from_args();
    let trials: Vec<Trial> = vec![
        trial("a_killed_run_leaves_nothing", missing.clone(), killed),
        trial("sixteen_runs_at_once_do_not_disturb_each_other", missing, sixteen),
    ];
    libtest_mimic::run(&arguments, trials).exit();
}

/// Numbers that look like chance and are the same each time (xorshift, Marsaglia 2003).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn killed() -> Result<(), Failed> {
    let directory = Directory::new();
    let case = directory.write("cases/short.toml", &SHORT.replace("300ms", "1s"));
    let mut chance = Chance(0x006d_706c_6162);
    for number in 0..KILLS {
        let mark = format!("{MARK}={}-{number}", std::process::id());
        let before = here()?;
        let (name, value) = mark.split_once('=').ok_or("written above")?;
        let mut run = directory.mplab(["run", &case, "--output", "out"]);
        let mut run = run.env(name, value).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        // The moment is what is tried here; nothing is asserted of it.
        let moment = Duration::from_millis(chance.below(SPAN));
        thread::sleep(moment);
        let tree = tree(run.id());
        let victim = tree[chance.below(tree.len() as u64) as usize];
        let (namespaces, witnesses) = (namespaces(&tree), processes().collect());
        // It may have ended a moment ago.
        kill(Pid::from_raw(victim as i32), Signal::SIGKILL).ok();
        let deadline = Instant::now() + DEADLINE;
        // A parent whose child was killed tells so and ends by itself.
        while run.try_wait()?.is_none() {
            assert!(Instant::now() < deadline, "{number}: the run goes on although {victim} of {tree:?} was killed after {moment:?}");
            thread::yield_now();
        }
        let gone = Killed { mark, before, namespaces, witnesses };
        loop {
            let left = left(&gone, &directory)?;
            if left.is_empty() {
                break;
            }
            assert!(Instant::now() < deadline, "{number}: killing {victim} of {tree:?} after {moment:?} left {left:#?}");
            thread::yield_now();
        }
    }
    Ok(())
}

/// A run that was killed.
struct Killed {
    /// The variable that its processes have.
    mark: String,
    /// What was here before it.
    before: BTreeSet<String>,
    /// The network namespaces that it had.
    namespaces: BTreeSet<PathBuf>,
    /// All processes of the computer when it was killed.
    witnesses: Vec<PathBuf>,
}

/// A process and its descendants.
fn tree(root: u32) -> Vec<u32> {
    let mut tree = vec![root];
    let mut at = 0;
    while let Some(process) = tree.get(at) {
        let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
        let children = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
        let found: Vec<u32> = children.flat_map(|of| of.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>()).collect();
        tree.extend(found);
        at += 1;
    }
    tree
}

/// The processes of this computer, by their directories.
fn processes() -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().bytes().all(|c| c.is_ascii_digit())))
}

/// The network namespaces that a process is in or holds, but for the test's own.
fn namespaces_of(process: &Path) -> BTreeSet<PathBuf> {
    let threads = fs::read_dir(process.join("task")).into_iter().flatten().flatten().map(|thread| thread.path().join("ns/net"));
    let held = fs::read_dir(process.join("fd")).into_iter().flatten().flatten().map(|descriptor| descriptor.path());
    let links = threads.chain(held).filter_map(|path| fs::read_link(path).ok());
    let own = fs::read_link("/proc/self/ns/net").unwrap_or_default();
    links.filter(|to| to.to_string_lossy().starts_with("net:[") && *to != own).collect()
}

fn namespaces(tree: &[u32]) -> BTreeSet<PathBuf> {
    tree.iter().flat_map(|process| namespaces_of(&PathBuf::from(format!("/proc/{process}")))).collect()
}

/// The mounts and interfaces of the test's own namespaces.
fn here() -> io::Result<BTreeSet<String>> {
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    let interfaces = fs::read_to_string("/proc/thread-self/net/dev")?;
    let names = interfaces.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| format!("interface {}", name.trim()));
    Ok(mounts.lines().map(str::to_owned).chain(names).collect())
}

/// What there is still of a run.
fn left(run: &Killed, directory: &Directory) -> io::Result<Vec<String>> {
    let mut left: Vec<String> = here()?.difference(&run.before).cloned().collect();
    let marked = |process: &PathBuf| {
        fs::read(process.join("environ"))
            .is_ok_and(|variables| variables.split(|byte| *byte == 0).any(|variable| variable == run.mark.as_bytes()))
    };
    left.extend(processes().filter(marked).map(|process| format!("process {}", process.display())));
    // The kernel gives the number of a namespace that is gone to the next: only who was there before can have it from the run.
    let holds = |process: &&PathBuf| !namespaces_of(process).is_disjoint(&run.namespaces);
    left.extend(run.witnesses.iter().filter(holds).map(|process| format!("a namespace held by {}", process.display())));
    left.extend(directory.ending(".tmp").into_iter().map(|path| path.display().to_string()));
    Ok(left)
}

fn sixteen() -> Result<(), Failed> {
    let directory = Directory::new();
    for number in 0..16 {
        directory.write(&format!("cases/short-{number}.toml"), SHORT);
    }
    let before = here()?;
    let said = directory.say(&["run", "cases", "-j16", "--output", "out"]);
    assert_has(&said.out, &["16 of 16 run"]);
    // Too busy for a verdict is one; wrong or broken is not.
    assert!([0, 5].contains(&said.code) && !said.out.contains("FAIL") && !said.out.contains("BROKEN"), "{said:?}");
    assert_eq!(directory.ending(".json").len(), 16);
    assert_eq!(here()?, before);
    Ok(())
}
