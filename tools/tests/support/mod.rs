//! What the tests of the program share: running it in a directory of its own, with cases that take no time.
#![allow(dead_code, unused_imports, reason = "not every test program needs all of it")]

#[path = "../../../harness/tests/support/mod.rs"]
mod of_library;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, id};
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) use of_library::{leave_network, repository, topologies, trial, without};

/// The program.
pub(crate) const MPLAB: &str = env!("CARGO_BIN_EXE_mplab");

/// A third of a second of traffic. What is asked of it holds on the busiest computer.
pub(crate) const SHORT: &str = r#"
summary = "Something short"
topology = "two-guests-slow"

[transfer.stream]
client = "guest2"
server = "guest1"
to = "enp2s0"
duration = "300ms"
rate = "4mbit"

[[expect]]
transfer = "stream"
intact = true
"#;

/// A directory with the repository's topologies and cases of the test's own, gone when it is dropped.
pub(crate) struct Directory {
    path: PathBuf,
}

impl Directory {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let path = std::env::temp_dir().join(format!("mplab-test-{}-{}", id(), NUMBER.fetch_add(1, Ordering::Relaxed)));
        let copies = path.join("topologies");
        fs::create_dir_all(&copies).expect("temporary files can be made");
        for topology in topologies() {
            fs::copy(&topology, copies.join(topology.file_name().expect("a name"))).expect("a file can be copied");
        }
        Self { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file and returns its path from here.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.path.join(name);
        fs::create_dir_all(path.parent().expect("it is in this directory")).expect("temporary files can be made");
        fs::write(path, text).expect("temporary files can be written");
        name.to_owned()
    }

    /// Every file below whose name ends so.
    pub(crate) fn ending(&self, ending: &str) -> Vec<PathBuf> {
        fn search(directory: &Path, ending: &str, found: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(directory).expect("a directory of ours") {
                let path = entry.expect("a directory of ours").path();
                if path.is_dir() {
                    search(&path, ending, found);
                } else if path.to_string_lossy().ends_with(ending) {
                    found.push(path);
                }
            }
        }
        let mut found = Vec::new();
        search(&self.path, ending, &mut found);
        found
    }

    /// The program with arguments, to be started here.
    pub(crate) fn mplab<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(MPLAB);
        command.args(arguments).current_dir(&self.path).env("NO_COLOR", "1");
        command
    }

    /// Runs the program to its end.
    pub(crate) fn say(&self, arguments: &[&str]) -> Said {
        Said::of(self.mplab(arguments).output().expect("the program can be started"))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // A test that has failed already shall say why, not that its files are still open.
        fs::remove_dir_all(&self.path).ok();
    }
}

/// What the program said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        Self { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// Fails unless the text has all of these.
#[track_caller]
pub(crate) fn assert_has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
}
