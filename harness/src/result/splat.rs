//! Splats: the kernel's own failures as its console shows them: panics, oopses, warnings, lockdep, sanitizers, stalls, lack of memory.
//! Not here: reading a console, or what a failure means for a run.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A failure of the kernel, from its log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Splat {
    /// What kind of failure.
    pub kind: Kind,
    /// The line that reports it, without time and punctuation around it.
    pub title: String,
    /// The log from there to its end, or to where it was cut off.
    pub text: String,
}

/// The kinds of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// The kernel gave up.
    Panic,
    /// An exception in kernel code, or a `BUG()`.
    Oops,
    /// A `WARN()`.
    Warning,
    /// The lock validator (Documentation/locking/lockdep-design.rst), RCU's included.
    Lockdep,
    /// KASAN, KCSAN, KMSAN, UBSAN, KFENCE.
    Sanitizer,
    /// A CPU or task that makes no progress: RCU stalls, soft and hard lockups, hung tasks.
    Stall,
    /// The kernel killed a process for want of memory.
    OutOfMemory,
    /// The guest fell silent.
    Hang,
}

/// How failures begin, the more specific first.
const BEGINNINGS: [(&str, Kind); 26] = [
    ("Kernel panic - not syncing", Kind::Panic),
    ("BUG: KASAN", Kind::Sanitizer),
    ("BUG: KCSAN", Kind::Sanitizer),
    ("BUG: KMSAN", Kind::Sanitizer),
    ("BUG: KFENCE", Kind::Sanitizer),
    ("UBSAN:", Kind::Sanitizer),
    ("WARNING: possible circular locking", Kind::Lockdep),
    ("WARNING: possible recursive locking", Kind::Lockdep),
    ("WARNING: possible irq lock inversion", Kind::Lockdep),
    ("WARNING: inconsistent lock state", Kind::Lockdep),
    ("WARNING: suspicious RCU usage", Kind::Lockdep),
    ("WARNING: bad unlock balance", Kind::Lockdep),
    ("WARNING: Nested lock was not taken", Kind::Lockdep),
    ("BUG: sleeping function called", Kind::Lockdep),
    ("BUG: scheduling while atomic", Kind::Lockdep),
    ("BUG: soft lockup", Kind::Stall),
    ("Watchdog detected hard LOCKUP", Kind::Stall),
    ("detected stall", Kind::Stall),
    ("self-detected stall", Kind::Stall),
    ("blocked for more than", Kind::Stall),
    ("Out of memory: Killed process", Kind::OutOfMemory),
    ("WARNING:", Kind::Warning),
    ("kernel BUG at", Kind::Oops),
    ("general protection fault", Kind::Oops),
    ("BUG:", Kind::Oops),
    ("Oops:", Kind::Oops),
];
/// How failures end.
const ENDS: [&str; 2] = ["---[ end trace", "---[ end Kernel panic"];
/// The most lines kept of a failure.
const LONGEST: usize = 80;
/// How many lines of a console are kept if it shows no failure.
const TAIL: usize = 15;

impl Splat {
    /// A guest that was silent for this long, with what it was doing, if that is known, and the end of its console.
    pub(crate) fn hang(console: &str, silence: Duration, at: Option<&str>) -> Self {
        let at = at.map(|at| format!(": {at}")).unwrap_or_default();
        Self { kind: Kind::Hang, title: format!("the guest said nothing for {silence:?}{at}"), text: tail(console) }
    }
}

/// A line without the time before it: `[    1.234567] `, with the task or CPU after the time if the kernel prints it.
fn bare(line: &str) -> &str {
    let stamped = line.trim_start().strip_prefix('[').and_then(|rest| rest.split_once("] "));
    stamped.map_or(line, |(stamp, rest)| if stamp.trim_start().starts_with(|first: char| first.is_ascii_digit()) { rest } else { line })
}

fn kind(line: &str) -> Option<Kind> {
    BEGINNINGS.iter().find(|(beginning, _)| line.contains(beginning)).map(|(_, kind)| *kind)
}

/// The failures in a log, in their order. What follows a failure up to its end belongs to it.
pub fn scan(log: &str) -> Vec<Splat> {
    let lines: Vec<&str> = log.lines().map(bare).collect();
    let mut found: Vec<Splat> = Vec::new();
    let mut next = 0;
    while let Some(at) = (next..lines.len()).find(|&at| kind(lines[at]).is_some()) {
        let kind = kind(lines[at]).expect("found above");
        let rest = &lines[at..lines.len().min(at + LONGEST)];
        // A panic may follow from the failure before it, whose text then goes on.
        let end = rest.iter().skip(1).position(|line| ENDS.iter().any(|end| line.contains(end)));
        let again = rest.iter().skip(1).position(|line| line.contains("Kernel panic - not syncing"));
        let count = match (end, again) {
            (Some(end), Some(again)) if again < end => again + 1,
            (Some(end), _) => end + 2,
            (None, Some(again)) => again + 1,
            (None, None) => rest.len(),
        };
        found.push(Splat { kind, title: lines[at].trim().to_owned(), text: lines[at..at + count].join("\n") });
        next = at + count;
    }
    found
}

/// The failures of each of `count` requests: a request's part of the console begins with its line, the first's with the boot.
pub(crate) fn by_request(console: &str, begins: impl Fn(usize) -> String, count: usize) -> Vec<Vec<Splat>> {
    let mut parts = Vec::new();
    let mut rest = console;
    for number in 1..count {
        let Some(at) = rest.find(&begins(number)) else { break };
        let (part, behind) = rest.split_at(at);
        parts.push(scan(part));
        rest = behind;
    }
    parts.push(scan(rest));
    parts.resize(count, Vec::new());
    parts
}

/// The last lines of a console.
pub(crate) fn tail(console: &str) -> String {
    let lines: Vec<&str> = console.lines().map(bare).filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_oops_and_the_panic_that_follows_are_two() {
        let log = "[    2.1] harmless\n[    3.000001] BUG: kernel NULL pointer dereference, address: 0\n[    3.1] Call Trace:\n\
                   [    3.2]  mptcp_sendmsg+0x1/0x2\n[    3.3] ---[ end trace 0000000000000000 ]---\n\
                   [    3.4] Kernel panic - not syncing: Fatal exception\n[    3.5] ---[ end Kernel panic - not syncing: Fatal exception ]---\n";
        let found = scan(log);
        let kinds: Vec<_> = found.iter().map(|splat| splat.kind).collect();
        assert_eq!(kinds, [Kind::Oops, Kind::Panic]);
        assert!(found[0].text.contains("mptcp_sendmsg"), "{}", found[0].text);
        assert_eq!(found[1].title, "Kernel panic - not syncing: Fatal exception");
    }

    #[test]
    fn kinds_are_told_apart() {
        for (line, wanted) in [
            ("WARNING: CPU: 0 PID: 1 at net/mptcp/protocol.c:1337 __mptcp_close+0x10/0x20", Kind::Warning),
            ("WARNING: net/mptcp/subflow.c:1519 at subflow_data_ready+0x15f/0x170", Kind::Warning),
            ("WARNING: possible circular locking dependency detected", Kind::Lockdep),
            ("BUG: KASAN: slab-use-after-free in mptcp_pm_nl_work", Kind::Sanitizer),
            ("rcu: INFO: rcu_preempt self-detected stall on CPU", Kind::Stall),
            ("watchdog: BUG: soft lockup - CPU#0 stuck for 26s!", Kind::Stall),
            ("INFO: task mplab:12 blocked for more than 120 seconds.", Kind::Stall),
            ("Out of memory: Killed process 77 (iperf3)", Kind::OutOfMemory),
        ] {
            let found = scan(line);
            assert_eq!(found.iter().map(|splat| splat.kind).collect::<Vec<_>>(), [wanted], "{line}");
        }
        assert!(scan("Linux version 7.2\nmptcp: debugging\n").is_empty());
    }

    #[test]
    fn failures_belong_to_the_request_during_which_they_came() {
        let console = "WARNING: at boot\n---[ end trace 0 ]---\nrequest 0\nfine\nrequest 1\nBUG: bad\n---[ end trace 0 ]---\nrequest 2\n";
        let found = by_request(console, |number| format!("request {number}"), 4);
        let counts: Vec<_> = found.iter().map(Vec::len).collect();
        assert_eq!(counts, [1, 1, 0, 0]);
    }
}
