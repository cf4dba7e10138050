//! Results for other programs: JUnit, KTAP, GitHub.
//! Not here: what runs are like.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::support::{Directory, SHORT, Said, assert_has};

pub(crate) fn results_come_as_junit_and_as_ktap() {
    let directory = Directory::new();
    directory.write("cases/fine.toml", SHORT);
    directory.write("cases/much.toml", &(SHORT.to_owned() + "goodput = \">= 1gbit\"\n"));
    let said = directory.say(&["run", "cases", "--jobs", "1", "--ktap", "--junit", "results/junit.xml"]);
    // A computer that is too busy has no verdict on the second.
    let (result, status) = match said.code {
        5 => ("ok 2 much # SKIP ", "<skipped message="),
        _ => ("not ok 2 much", "<failure message="),
    };
    let lines: Vec<_> = said.out.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines[..3], ["KTAP version 1", "1..2", "ok 1 fine"], "{said:?}");
    assert!(lines[3].starts_with(result), "{said:?}");
    let xml = fs::read_to_string(directory.path().join("results/junit.xml")).expect("it was written");
    assert_has(&xml, &["<testsuites name=\"mplab\" tests=\"2\"", "name=\"fine\"", status, "FAIL  stream: goodput"]);
}

/// The directory of the kernel's parser of KTAP.
pub(crate) fn kunit() -> Option<PathBuf> {
    let tree = std::env::var_os("MPLAB_LINUX").map_or_else(|| "/usr/src/linux".into(), PathBuf::from);
    Some(tree.join("tools/testing/kunit")).filter(|directory| directory.join("kunit_parser.py").exists())
}

pub(crate) fn the_kernels_own_parser_reads_its_ktap() {
    let directory = Directory::new();
    directory.write("cases/fine.toml", SHORT);
    directory.write("cases/here/wrong.toml", &SHORT.replace("intact = true", "bytes = \"= 1\""));
    directory.write("cases/never.toml", &(SHORT.to_owned() + "\n[process.p]\nhost = \"guest1\"\ncommand = \"there-is-no-such-program\"\n"));
    let said = directory.say(&["run", "cases", "--jobs", "1", "--ktap"]);
    let parse = "import sys\nfrom kunit_parser import parse_run_tests\nfrom kunit_printer import null_printer\n\
        test = parse_run_tests(sys.stdin.read().splitlines(), null_printer)\n\
        print(test.counts.errors)\nfor one in sorted(test.subtests, key=lambda one: one.name): print(one.name, one.status.name)\n";
    let mut python = Command::new("python3");
    python.args(["-B", "-c", parse]).env("PYTHONPATH", kunit().expect("looked for above")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut python = python.spawn().expect("python3 can be started");
    python.stdin.take().expect("piped").write_all(said.out.as_bytes()).expect("it reads");
    let read = Said::of(python.wait_with_output().expect("it ends"));
    // A computer that is too busy has no verdict.
    let wrong = if said.code == 5 { "SKIPPED" } else { "FAILURE" };
    assert_eq!(read.out, format!("0\nfine SUCCESS\nhere::wrong {wrong}\nnever SKIPPED\n"), "{said:?} {read:?}");
}

/// Whatever the second case comes to on a busy computer, it is told.
pub(crate) fn a_runner_is_told_what_did_not_pass() {
    let directory = Directory::new();
    directory.write("cases/fine.toml", SHORT);
    directory.write("cases/wrong.toml", &SHORT.replace("intact = true", "bytes = \"= 1\""));
    let mut command = directory.mplab(["run", "cases", "--jobs", "1"]);
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", directory.path().join("summary.md"));
    let said = Said::of(command.output().expect("the program can be started"));
    let (level, bold, word) = if said.code == 5 { ("warning", "", "disturbed") } else { ("error", "**", "failed") };
    let lines: Vec<&str> = said.out.lines().collect();
    let token = lines[0].strip_prefix("::stop-commands::").expect("nothing is a command before");
    let [.., resumed, told] = lines[..] else { panic!("{said:?}") };
    assert_eq!(resumed, format!("::{token}::"));
    assert!(told.starts_with(&format!("::{level} file=cases/wrong.toml,line=1,title=wrong {word}::")), "{told}");
    let summary = fs::read_to_string(directory.path().join("summary.md")).expect("it was written");
    assert_has(&summary, &["| fine | passed |", &format!("| wrong | {bold}{word}{bold} |")]);
    assert_eq!(summary.contains("### Something short"), level == "error", "{summary}");
}
