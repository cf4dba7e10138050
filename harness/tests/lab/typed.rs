//! The lines of a plan, run by a shell with the real `ip`, `tc` and `sysctl`, make what mplab makes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use mplab::kernel::{Namespace, sysctl};
use mplab::lab::Lab;
use mplab::plan::{Act, HostAct, Op, script};
use nix::sched::{CloneFlags, setns};

use crate::look::look;

/// Carriers and the routes that wait for them come when the kernel has the time.
const DEADLINE: Duration = Duration::from_secs(10);

/// A lab that a shell has made; it is gone with the shell.
struct Typed {
    shell: Child,
}

impl Typed {
    /// The names that `ip netns` gives are kept in a file system of the shell's own.
    fn new(setup: &[Op]) -> Result<Self, Failed> {
        let lines = format!("mount -t tmpfs tmpfs /run\nmkdir /run/netns\n{}echo standing\nread gone\n", script(setup));
        let shell = Command::new("unshare")
            .args(["--net", "--mount", "sh", "-ec", &lines])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut typed = Self { shell };
        let mut said = String::new();
        BufReader::new(typed.shell.stdout.as_mut().ok_or("piped above")?).read_line(&mut said)?;
        if said.trim() == "standing" {
            return Ok(typed);
        }
        let mut error = String::new();
        typed.shell.stderr.as_mut().ok_or("piped above")?.read_to_string(&mut error)?;
        Err(format!("{said}{error}").into())
    }

    fn namespace(&self, name: &str) -> Result<Namespace, Failed> {
        let file = File::open(format!("/proc/{}/root/run/netns/{name}", self.shell.id()))?;
        // A thread that ends need not find its way back.
        let inside = thread::spawn(move || setns(file, CloneFlags::CLONE_NEWNET).map(|()| Namespace::current()));
        Ok(inside.join().map_err(|_| "entering a namespace panicked")???)
    }
}

impl Drop for Typed {
    fn drop(&mut self) {
        self.shell.kill().expect("a child of ours");
        self.shell.wait().expect("a child of ours");
    }
}

/// What is seen of a namespace, with the sysctls that a plan sets.
fn seen(namespace: &Namespace, keys: &BTreeSet<&str>) -> Result<BTreeSet<String>, Failed> {
    let mut seen = look(namespace)?;
    for key in keys {
        seen.insert(format!("{key} = {}", namespace.enter(|| sysctl::read(key))??));
    }
    Ok(seen)
}

/// Builds the lab both ways and compares each namespace.
pub(crate) fn same(setup: &[Op]) -> Result<(), Failed> {
    let (lab, typed) = (Lab::build(setup)?, Typed::new(setup)?);
    let mut keys: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for op in setup {
        let of_host = keys.entry(&op.ns).or_default();
        of_host.extend(if let Act::Host(HostAct::Sysctl { key, .. }) = &op.act { Some(key.as_str()) } else { None });
    }
    for (name, keys) in keys {
        let (ours, theirs) = (lab.namespace(name).ok_or("it was built")?, typed.namespace(name)?);
        let deadline = Instant::now() + DEADLINE;
        loop {
            let (ours, theirs) = (seen(ours, &keys)?, seen(&theirs, &keys)?);
            if ours == theirs {
                assert!(ours.len() > 8, "something was seen: {ours:?}");
                break;
            }
            if Instant::now() > deadline {
                let only = |these: &BTreeSet<String>, those| these.difference(those).fold(String::new(), |text, line| text + "\n  " + line);
                let (by_us, by_them) = (only(&ours, &theirs), only(&theirs, &ours));
                return Err(format!("{name}: only mplab's lab has{by_us}\nand only the typed one has{by_them}").into());
            }
        }
    }
    Ok(())
}
