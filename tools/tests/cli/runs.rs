//! Runs: how they end, what they print, and what they meet.
//! Not here: results for other programs.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use mplab::recording::Recording;
use serde_json::Value;

use crate::support::{Directory, MPLAB, SHORT, Said, assert_has};

pub(crate) fn a_reader_that_has_seen_enough_ends_it_quietly() {
    ends_quietly_without_a_reader(&Directory::new(), &["completions", "bash"]);
}

pub(crate) fn a_reader_that_has_seen_enough_ends_a_run() {
    let directory = Directory::new();
    let case = directory.write("cases/short.toml", SHORT);
    ends_quietly_without_a_reader(&directory, &["run", &case]);
    assert_eq!(directory.ending("short.json").len(), 1, "the run is not recorded");
}

pub(crate) fn topologies_may_be_among_cases_and_jobs_be_too_many() {
    let directory = Directory::new();
    directory.write("cases/short.toml", SHORT);
    directory.write("cases/topologies/mine.toml", "summary = \"mine\"\nlink.x.ends = [\"a:x\", \"b:x\"]\n");
    // The copies of the repository's topologies lie beside the cases.
    let said = directory.say(&["run", ".", "--jobs", "1000000"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_has(&said.out, &["1 of 1 run"]);
    for command in [&["run", "."][..], &["explore", "x", "--kernel", "k"], &["matrix", ".", "--kernels", "k"]] {
        let said = directory.say(&[command, &["--jobs", "0"]].concat());
        assert_eq!(said.code, 2, "{said:?}");
        assert_has(&said.err, &["invalid value '0'"]);
    }
    let said = directory.say(&["run", "topologies"]);
    assert!(said.code == 2 && said.err.contains("no case file"), "{said:?}");
}

fn ends_quietly_without_a_reader(directory: &Directory, arguments: &[&str]) {
    let (reader, writer) = std::io::pipe().expect("a pipe can be made");
    drop(reader);
    let mut mplab = Command::new(MPLAB);
    let output = mplab.args(arguments).current_dir(directory.path()).stdout(writer).output().expect("the program can be started");
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.signal(), Some(nix::sys::signal::Signal::SIGPIPE as i32), "{complaints}");
    assert!(!complaints.contains("print"), "{complaints}");
}

pub(crate) fn what_cannot_be_printed_is_told() {
    let full = fs::File::options().write(true).open("/dev/full").expect("it is there everywhere");
    let output = Command::new(MPLAB).args(["completions", "bash"]).stdout(full).output().expect("the program can be started");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*complaint), (Some(3), "mplab: failed to print: No space left on device (os error 28)\n"));
}

pub(crate) fn a_limit_that_is_met_is_named() {
    let directory = Directory::new();
    let case = directory.write("cases/short.toml", SHORT);
    for (limit, parts) in [
        (
            "ulimit -n 16",
            &["BROKEN", "Too many open files", "this process may have 16 files open (`ulimit -Hn`)", "10 more for each host"][..],
        ),
        ("ulimit -v 40000", &["may have 39 MiB of address space (`ulimit -v`), and mplab needs 64"]),
        ("ulimit -f 1", &["failed to write the recording", "File too large", "(`ulimit -f`"]),
    ] {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &format!("{limit}; exec \"$0\" run \"$1\" 2>&1"), MPLAB, &case])
            .current_dir(directory.path())
            .env("NO_COLOR", "1");
        let said = Said::of(shell.output().expect("there is a shell"));
        assert_eq!(said.code, 3, "{limit}: {said:?}");
        assert_has(&said.out, parts);
    }
}

pub(crate) fn a_case_that_must_fail_passes() {
    let directory = Directory::new();
    let text = SHORT.replace("topology", "must_fail = [\"subflows\"]\ntopology") + "subflows = 7\n";
    let said = directory.say(&["run", &directory.write("cases/short.toml", &text)]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_has(&said.out, &["PASS  short", "1 of 1 run"]);
    assert_eq!(directory.ending(".json"), [directory.path().join("recordings/short.json")]);
    assert!(directory.ending(".tmp").is_empty());
}

/// A case that fails, with its recording: as of a computer that had all the time, since a late one is not trusted.
pub(crate) fn failed() -> (Directory, Said) {
    let directory = Directory::new();
    let case = directory.write(
        "cases/short.toml",
        &(SHORT.to_owned() + "\n[[expect]]\ntransfer = \"stream\"\nduring = \"0s..200ms\"\ngoodput = \">= 1gbit\"\n"),
    );
    let said = directory.say(&["run", &case, "--seed", "7", "--output", "out"]);
    let path = directory.path().join("out/short.json");
    let mut recording: Value = serde_json::from_slice(&fs::read(&path).expect("it was recorded")).expect("a recording");
    for late in recording["lateness"].as_object_mut().expect("a recording says how late it was").values_mut() {
        *late = 0.into();
    }
    fs::write(path, recording.to_string()).expect("a file of ours");
    (directory, said)
}

pub(crate) fn a_failure_says_all_that_is_needed_to_see_it_again() {
    let (_directory, said) = failed();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").expect("Linux");
    assert!([1, 5].contains(&said.code), "failed, or not to be trusted: {said:?}");
    assert_has(&said.out, &["short", "local", kernel.trim(), "seed 7", "stream: goodput >= 1gbit", "in 0s..200ms", "mbit"]);
    assert_has(&said.out, &["again: mplab run cases/short.toml --seed 7", "recorded in out/short.json"]);
}

pub(crate) fn a_sample_comes_before_a_step_that_is_due_with_it() {
    let directory = Directory::new();
    let steps = "\n[[step]]\nat = \"100ms\"\ncut = \"enp1s0\"\n\n[[step]]\nat = \"200ms\"\nrestore = \"enp1s0\"\n";
    let case = directory.write("cases/short.toml", &(SHORT.to_owned() + steps));
    directory.say(&["run", &case, "--output", "out"]);
    let text = fs::read_to_string(directory.path().join("out/short.json")).expect("it was recorded");
    let recording = Recording::from_json(&text).expect("a recording");
    assert_eq!(recording.steps.len(), 2);
    for step in &recording.steps {
        for host in recording.hosts.values() {
            assert!(host.at.iter().any(|at| (step.due..=step.at).contains(at)), "{step:?}, sampled at {:?}", host.at);
        }
    }
}

pub(crate) fn a_case_that_cannot_run_here_is_skipped_with_the_reason() {
    let directory = Directory::new();
    let slow = fs::read_to_string(directory.path().join("topologies/two-guests-slow.toml")).expect("it was copied");
    directory
        .write("topologies/other.toml", &slow.replace("limits = { subflows = 2 }", "limits = { subflows = 2 }\nscheduler = \"nonesuch\""));
    let case = directory.write("cases/short.toml", &SHORT.replace("two-guests-slow", "other"));
    let said = directory.say(&["run", &case]);
    assert_eq!(said.code, 4, "{said:?}");
    assert_has(&said.out, &["SKIP  short", "this kernel has no MPTCP scheduler `nonesuch`"]);
    assert!(directory.ending(".json").is_empty());
}

pub(crate) fn an_output_that_cannot_be_written_loses_no_verdict() {
    let directory = Directory::new();
    directory.write("file", "in the way");
    let said = directory.say(&["run", &directory.write("cases/short.toml", SHORT), "--output", "file/below"]);
    assert_eq!(said.code, 3, "{said:?}");
    assert_has(&said.out, &["PASS  short"]);
    assert_has(&said.err, &["failed to write the recording file/below/short.json"]);
    assert!(directory.ending(".tmp").is_empty() && directory.ending(".json").is_empty());
    // A directory where the file should be: it is refused when all has been written already.
    fs::create_dir_all(directory.path().join("out/short.json/full")).expect("temporary files can be made");
    let said = directory.say(&["run", "cases/short.toml", "--output", "out"]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(directory.ending(".tmp").is_empty() && directory.ending(".json").is_empty());
}

pub(crate) fn what_is_missing_is_explained_from_a_case_and_from_its_recording() {
    let directory = Directory::new();
    let case = directory.write("cases/short.toml", &SHORT.replace("two-guests-slow", "two-guests"));
    let answer = "stream: no subflow over guest2:enp1s0, guest2:enp3s0\n  CAUSE  endpoints ";
    let run = directory.say(&["explain", &case]);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
    assert_has(&run.out, &[answer, "guest2 has none; guest1 has none", "-> at guest2: ip mptcp endpoint add 10.0.1.2 dev enp1s0 subflow"]);
    assert!(directory.ending(".json").is_empty(), "it keeps nothing");
    directory.say(&["run", &case]);
    let read = directory.say(&["explain", "recordings/short.json"]);
    assert_has(&read.out, &[answer]);
    let wrong = directory.say(&["explain", "recordings/none.json"]);
    assert_eq!((wrong.code, wrong.out.as_str()), (2, ""), "{wrong:?}");
}
