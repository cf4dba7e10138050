//! The command line as a person meets it: what it prints, what it writes, how it ends.

mod support;

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use libtest_mimic::{Arguments, Failed, Trial};
use mplab::recording::Recording;
use serde_json::Value;
use support::{Directory, MPLAB, SHORT, Said, assert_has, repository, trial, without};

fn main() {
    mplab::enter();
    let arguments = Arguments::from_args();
    let confined = mplab::local::place().err().map(|error| error.to_string());
    let anywhere: [(&str, fn()); 9] = [
        ("a_new_file_is_in_order_and_never_replaces_one", a_new_file_is_in_order_and_never_replaces_one),
        ("numbers_have_bounds", numbers_have_bounds),
        ("a_file_in_order_is_checked", a_file_in_order_is_checked),
        ("a_mistake_has_a_file_a_line_and_a_caret", a_mistake_has_a_file_a_line_and_a_caret),
        ("a_reader_that_has_seen_enough_ends_it_quietly", a_reader_that_has_seen_enough_ends_it_quietly),
        ("what_cannot_be_printed_is_told", what_cannot_be_printed_is_told),
        ("what_has_no_end_is_refused", what_has_no_end_is_refused),
        ("shells_complete_its_commands", shells_complete_its_commands),
        ("a_plan_is_lines_that_a_person_would_type", a_plan_is_lines_that_a_person_would_type),
    ];
    let in_a_lab: [(&str, fn()); 18] = [
        ("a_runner_is_told_what_did_not_pass", a_runner_is_told_what_did_not_pass),
        ("two_recordings_are_set_side_by_side", two_recordings_are_set_side_by_side),
        ("results_come_as_junit_and_as_ktap", results_come_as_junit_and_as_ktap),
        ("a_limit_that_is_met_is_named", a_limit_that_is_met_is_named),
        ("topologies_may_be_among_cases_and_jobs_be_too_many", topologies_may_be_among_cases_and_jobs_be_too_many),
        ("a_reader_that_has_seen_enough_ends_a_run", a_reader_that_has_seen_enough_ends_a_run),
        ("a_case_that_must_fail_passes", a_case_that_must_fail_passes),
        ("a_failure_says_all_that_is_needed_to_see_it_again", a_failure_says_all_that_is_needed_to_see_it_again),
        ("a_case_that_cannot_run_here_is_skipped_with_the_reason", a_case_that_cannot_run_here_is_skipped_with_the_reason),
        ("a_sample_comes_before_a_step_that_is_due_with_it", a_sample_comes_before_a_step_that_is_due_with_it),
        ("a_recording_is_judged_again_alike", a_recording_is_judged_again_alike),
        ("a_recording_of_another_format_is_refused", a_recording_of_another_format_is_refused),
        ("a_recording_is_drawn", a_recording_is_drawn),
        ("what_others_wrote_sets_nothing_on_a_terminal", what_others_wrote_sets_nothing_on_a_terminal),
        ("a_link_by_the_relay_is_recorded_as_one", a_link_by_the_relay_is_recorded_as_one),
        (
            "what_is_missing_is_explained_from_a_case_and_from_its_recording",
            what_is_missing_is_explained_from_a_case_and_from_its_recording,
        ),
        ("a_doctor_says_what_this_computer_can_do", a_doctor_says_what_this_computer_can_do),
        ("an_output_that_cannot_be_written_loses_no_verdict", an_output_that_cannot_be_written_loses_no_verdict),
    ];
    let ready = |run: fn()| {
        move || {
            run();
            Ok::<_, Failed>(())
        }
    };
    let mut trials: Vec<Trial> = anywhere.into_iter().map(|(name, run)| trial(name, None, ready(run))).collect();
    trials.extend(in_a_lab.into_iter().map(|(name, run)| trial(name, confined.clone(), ready(run))));
    let no_parser = confined.clone().or_else(|| without(&["python3"])).or_else(|| {
        let none = "there is no source tree of Linux in MPLAB_LINUX or /usr/src/linux, whose parser would read it";
        kunit().is_none().then(|| none.to_owned())
    });
    trials.push(trial("the_kernels_own_parser_reads_its_ktap", no_parser, ready(the_kernels_own_parser_reads_its_ktap)));
    let no_nobody =
        (!nix::unistd::geteuid().is_root()).then(|| "only root can become somebody else".to_owned()).or_else(|| without(&["setpriv"]));
    trials.push(trial(
        "without_root_it_enters_a_user_namespace",
        confined.clone().or(no_nobody),
        ready(without_root_it_enters_a_user_namespace),
    ));
    let no_cage = confined.or_else(|| without(&["unshare", "setpriv"]));
    trials.push(trial("where_nothing_is_allowed_it_says_what_to_do", no_cage.clone(), ready(where_nothing_is_allowed_it_says_what_to_do)));
    trials.push(trial("where_nothing_is_allowed_the_doctor_says_so", no_cage, ready(where_nothing_is_allowed_the_doctor_says_so)));
    libtest_mimic::run(&arguments, trials).exit();
}

fn a_reader_that_has_seen_enough_ends_it_quietly() {
    ends_quietly_without_a_reader(&Directory::new(), &["completions", "bash"]);
}

fn a_reader_that_has_seen_enough_ends_a_run() {
    let directory = Directory::new();
    let case = directory.write("cases/short.toml", SHORT);
    ends_quietly_without_a_reader(&directory, &["run", &case]);
    assert_eq!(directory.ending("short.json").len(), 1, "the run is not recorded");
}

fn topologies_may_be_among_cases_and_jobs_be_too_many() {
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

fn what_cannot_be_printed_is_told() {
    let full = fs::File::options().write(true).open("/dev/full").expect("it is there everywhere");
    let output = Command::new(MPLAB).args(["completions", "bash"]).stdout(full).output().expect("the program can be started");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*complaint), (Some(3), "mplab: failed to print: No space left on device (os error 28)\n"));
}

fn shells_complete_its_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let said = Directory::new().say(&["completions", shell]);
        assert_eq!(said.code, 0, "{said:?}");
        assert_has(
            &said.out,
            &["mplab", "judge", "restore", "--direction"].map(|word| if shell == "fish" { word.trim_start_matches('-') } else { word }),
        );
    }
}

fn a_file_in_order_is_checked() {
    let laptop = repository().join("topologies/laptop.toml").display().to_string();
    let said = Directory::new().say(&["check", &laptop]);
    assert_eq!((said.code, said.out), (0, format!("{laptop}: a topology with 2 hosts, 2 links\n")));
}

fn a_new_file_is_in_order_and_never_replaces_one() {
    let directory = Directory::new();
    let templates = |kind: &str| {
        repository().join("tools/templates").join(kind).read_dir().expect("templates").map(|entry| {
            let path = entry.expect("a directory can be read to its end").path();
            path.file_stem().expect("a file").to_string_lossy().into_owned()
        })
    };
    for (kind, directory_of) in [("topology", "topologies"), ("case", "cases")] {
        for name in templates(kind) {
            let file = format!("{directory_of}/new/{name}.toml");
            let said = directory.say(&["new", kind, &file, "--from", &name]);
            assert_eq!(said.code, 0, "{said:?}");
            let again = directory.say(&["new", kind, &file]);
            assert_eq!(again.code, 2, "{again:?}");
            assert_has(&again.err, &[&file, "exists already"]);
        }
    }
    fs::rename(directory.path().join("topologies/new"), directory.path().join("cases/topologies")).expect("a directory of ours");
    let files = directory.ending(".toml").into_iter().filter(|path| path.starts_with(directory.path().join("cases")));
    let said = Said::of(directory.mplab(["check"]).args(files).output().expect("the program can be started"));
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(said.out.lines().count(), templates("topology").count() + templates("case").count(), "{said:?}");
}

fn a_mistake_has_a_file_a_line_and_a_caret() {
    let directory = Directory::new();
    let good = directory.write("cases/good.toml", SHORT);
    let bad = directory.write("cases/bad.toml", &SHORT.replace("guest2", "gest2"));
    let said = directory.say(&["check", &good, &bad]);
    assert_eq!(said.code, 2);
    assert_has(&said.out, &["cases/good.toml: a case with 1 transfer"]);
    // From within its directory, too, whose path has nothing above it.
    let within = Command::new(MPLAB).args(["check", "good.toml"]).current_dir(directory.path().join("cases")).output();
    assert_eq!(Said::of(within.expect("the program can be started")).out, "good.toml: a case with 1 transfer, 1 expectation\n");
    assert_has(&said.err, &["cases/bad.toml:6:10", "client = \"gest2\"", "^^^", "guest2"]);
}

fn a_plan_is_lines_that_a_person_would_type() {
    let directory = Directory::new();
    let said = directory.say(&["plan", "topologies/laptop.toml"]);
    let golden = fs::read_to_string(repository().join("harness/tests/plans/laptop.sh")).expect("a golden plan");
    assert_eq!((said.code, said.out), (0, golden));
    let case = repository().join("testcases/cases/survival/admin_down_and_up.toml").display().to_string();
    let golden = fs::read_to_string(repository().join("harness/tests/plans/admin_down_and_up.case.sh")).expect("a golden plan");
    let said = directory.say(&["plan", &case]);
    assert_eq!((said.code, said.out), (0, golden));
}

fn a_limit_that_is_met_is_named() {
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

fn results_come_as_junit_and_as_ktap() {
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
fn kunit() -> Option<PathBuf> {
    let tree = std::env::var_os("MPLAB_LINUX").map_or_else(|| "/usr/src/linux".into(), PathBuf::from);
    Some(tree.join("tools/testing/kunit")).filter(|directory| directory.join("kunit_parser.py").exists())
}

fn the_kernels_own_parser_reads_its_ktap() {
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
fn a_runner_is_told_what_did_not_pass() {
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

fn a_case_that_must_fail_passes() {
    let directory = Directory::new();
    let text = SHORT.replace("topology", "must_fail = [\"subflows\"]\ntopology") + "subflows = 7\n";
    let said = directory.say(&["run", &directory.write("cases/short.toml", &text)]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_has(&said.out, &["PASS  short", "1 of 1 run"]);
    assert_eq!(directory.ending(".json"), [directory.path().join("recordings/short.json")]);
    assert!(directory.ending(".tmp").is_empty());
}

/// A case that fails, with its recording: as of a computer that had all the time, since a late one is not trusted.
fn failed() -> (Directory, Said) {
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

fn a_failure_says_all_that_is_needed_to_see_it_again() {
    let (_directory, said) = failed();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").expect("Linux");
    assert!([1, 5].contains(&said.code), "failed, or not to be trusted: {said:?}");
    assert_has(&said.out, &["short", "local", kernel.trim(), "seed 7", "stream: goodput >= 1gbit", "in 0s..200ms", "mbit"]);
    assert_has(&said.out, &["again: mplab run cases/short.toml --seed 7", "recorded in out/short.json"]);
}

fn a_sample_comes_before_a_step_that_is_due_with_it() {
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

fn a_case_that_cannot_run_here_is_skipped_with_the_reason() {
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

fn a_recording_is_judged_again_alike() {
    let (directory, ran) = failed();
    let said = directory.say(&["judge", "out/short.json"]);
    assert_eq!(said.code, 1, "{said:?}");
    let findings = |text: &str| text.lines().filter(|line| line.contains("stream: ")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(findings(&said.out), findings(&ran.out));
    assert_eq!(findings(&said.out).len(), 2);
    let said = directory.say(&["judge", "out/short.json", &directory.write("cases/other.toml", SHORT)]);
    assert_eq!((said.code, findings(&said.out).len()), (0, 1), "{said:?}");
}

fn a_recording_of_another_format_is_refused() {
    let directory = Directory::new();
    directory.write("old.json", "{\"format\": 99}");
    directory.write("none.json", "what is this?");
    let said = directory.say(&["judge", "old.json"]);
    assert_eq!(said.code, 2);
    assert_has(&said.err, &["old.json: a recording of format 99"]);
    let said = directory.say(&["report", "none.json"]);
    assert_eq!(said.code, 2);
    assert_has(&said.err, &["none.json: not a recording"]);
}

fn what_has_no_end_is_refused() {
    let directory = Directory::new();
    nix::unistd::mkfifo(&directory.path().join("pipe"), nix::sys::stat::Mode::S_IRWXU).expect("a directory of ours");
    directory.write("long.toml", &"# nothing\n".repeat(1 << 20));
    for (file, why) in
        [("/dev/zero", "it is a device"), ("pipe", "it is a pipe"), (".", "it is a directory"), ("long.toml", "it is larger than 4 MiB")]
    {
        for command in ["check", "plan", "judge", "report"] {
            // A recording may be longer, and a report be of all that are in a directory.
            if file == "long.toml" && ["judge", "report"].contains(&command) || (file, command) == (".", "report") {
                continue;
            }
            let said = directory.say(&[command, file]);
            assert_eq!(said.code, 2, "{command} {file}: {said:?}");
            assert_has(&said.err, &[file, why]);
        }
    }
}

fn numbers_have_bounds() {
    let directory = Directory::new();
    for (arguments, part) in [
        (&["replay", "x.json", "--gdb", "0"][..], "invalid value '0' for '--gdb"),
        (&["replay", "x.json", "--gdb", "70000"], "invalid value '70000' for '--gdb"),
        (&["kernel", "build", "x", "tree", "--jobs", "0"], "0 is not in 1..=1024"),
        (&["kernel", "build", "x", "tree", "--jobs", "5000"], "5000 is not in 1..=1024"),
        (&["run", "x.toml", "--jobs", "0"], "invalid value '0' for '--jobs"),
        (&["explore", "x.toml", "--kernel", "k", "--seeds", "1..20000"], "more than 10000 seeds"),
    ] {
        let said = directory.say(arguments);
        assert_eq!(said.code, 2, "{arguments:?}: {said:?}");
        assert_has(&said.err, &[part]);
    }
}

fn two_recordings_are_set_side_by_side() {
    let (directory, _) = failed();
    let same = directory.say(&["diff", "out/short.json", "out/short.json"]);
    assert_eq!(same.code, 0, "{same:?}");
    let mut other: Value = serde_json::from_slice(&fs::read(directory.path().join("out/short.json")).expect("a recording")).expect("JSON");
    let samples = other["hosts"]["guest2"]["counters"]["MPTcpExtMPCapableSYNTX"].as_array_mut();
    *samples.and_then(|samples| samples.last_mut()).expect("it is counted") = 4711.into();
    directory.write("other.json", &other.to_string());
    let said = directory.say(&["diff", "out/short.json", "other.json"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_has(&said.out, &["out/short.json", "other.json", "MPTcpExtMPCapableSYNTX", "4711"]);
    assert!(!same.out.contains("4711"), "{same:?}");
    let said = directory.say(&["diff", "out/short.json", "nowhere.json"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert_has(&said.err, &["nowhere.json", "No such file"]);
}

fn a_recording_is_drawn() {
    let (directory, _) = failed();
    let said = directory.say(&["report", "out/short.json", "--interval", "100ms"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_has(&said.out, &["short: Something short", "enp2s0"]);
    let said = directory.say(&["report", "out/short.json", "-o", "drawn/short.svg", "-o", "short.html"]);
    assert_eq!((said.code, said.out.as_str()), (0, ""), "{said:?}");
    let drawn = |name: &str| fs::read_to_string(directory.path().join(name)).expect("it was drawn");
    let (svg, page) = (drawn("drawn/short.svg"), drawn("short.html"));
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
    assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"), "{page}");
    assert_has(&page, &["Something short", "enp2s0", "FAIL"]);
    let said = directory.say(&["report", "out", "-o", "short.csv", "-o", "short.om"]);
    assert_eq!((said.code, said.out.as_str()), (0, ""), "{said:?}");
    assert_has(&drawn("short.csv"), &["interface,enp2s0,"]);
    assert_has(&drawn("short.om"), &["interface=\"enp2s0\"", "# EOF"]);
    let mut other = Recording::from_json(&drawn("out/short.json")).expect("a recording");
    let seed = other.job.seed;
    other.job.seed += 1;
    "../a b".clone_into(&mut other.job.name);
    directory.write("out/other.json", &other.to_json());
    let said = directory.say(&["report", "out", "-o", "pages/all.html"]);
    assert_eq!((said.code, said.out.as_str()), (0, ""), "{said:?}");
    for page in [format!("local/short/seed-{seed}.html"), format!("local/_../a_b/seed-{}.html", seed + 1)] {
        assert_has(&drawn("pages/all.html"), &[&format!("href=\"all/{page}\"")]);
        assert_has(&drawn(&format!("pages/all/{page}")), &["\"../../../", "all.html\">all runs"]);
    }
    let said = directory.say(&["report", "out", "out/short.json", "-o", "pages/all.html"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert_has(&said.err, &["are the same run"]);
    fs::remove_file(directory.path().join("out/other.json")).expect("a file of ours");
    let said = directory.say(&["report", "pages", "-o", "none.html"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert_has(&said.err, &["pages: there is no recording (*.json) in it"]);
    let said = directory.say(&["report", "out/short.json", "-o", "short.gif"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert_has(&said.err, &["short.gif", ".html", ".svg"]);
    let before = fs::read(directory.path().join("out/short.json")).expect("a recording");
    fs::rename(directory.path().join("out/short.json"), directory.path().join("out/short.svg")).expect("it has any name");
    for output in ["out/short.svg", "./out/../out/short.svg"] {
        let said = directory.say(&["report", "out/short.svg", "-o", output]);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{said:?}");
        assert_has(&said.err, &["this is the recording, and it would be lost"]);
    }
    assert_eq!(fs::read(directory.path().join("out/short.svg")).expect("a recording"), before);
    let said = directory.say(&["report", "out/short.svg", "--interval", "1us"]);
    assert_has(&said.out, &["no table: it would have"]);
}

/// Puts text behind every text of a recording that may be any.
fn lace(value: &mut Value, with: &str) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match member {
                    Value::String(text) if ["summary", "name", "kernel", "why", "title", "text", "error"].contains(&key.as_str()) => {
                        *text += with;
                    }
                    member => lace(member, with),
                }
            }
        }
        Value::Array(members) => members.iter_mut().for_each(|member| lace(member, with)),
        _ => {}
    }
}

fn what_others_wrote_sets_nothing_on_a_terminal() {
    let (directory, _) = failed();
    let path = directory.path().join("out/short.json");
    let mut recording: Value = serde_json::from_slice(&fs::read(&path).expect("it was recorded")).expect("a recording");
    recording["splats"] = serde_json::json!([{ "kind": "oops", "title": "BUG", "text": "one" }]);
    lace(&mut recording, "\u{1b}[2J\u{1b}]0;title\u{7}\r\u{9b}31m\u{202e}");
    fs::write(&path, recording.to_string()).expect("a file of ours");
    fs::copy(&path, directory.path().join("out/\u{1b}[31m.json")).expect("a file of ours");
    directory.write("out/none.json", "{\"format\": 2, \"\u{1b}[31m\": \"\u{9b}31m\"}");
    directory.write("out/\u{1b}[31m.toml", "summary = 1");
    directory.write("out/names.toml", "summary = \"x\"\n\"\\u001b[31m\" = 1\n[link.\"\\u009b31m\"]\nends = [\"a:\\u001b[31m\", \"b:x\"]\n");
    // The output of a program, as a verdict tells it.
    let noise = "\n[process.noise]\nhost = \"guest1\"\ncommand = ['printf', '\\033[2J\\233\\302\\233\\r\\n\\342\\200\\256%s\\n', 'noise']\n\n\
                 [[expect]]\nprocess = \"noise\"\nexit = 3\n";
    let loud = directory.write("cases/noisy.toml", &(SHORT.to_owned() + noise));
    let commands: [(&[&str], &str); 13] = [
        (&["judge", "out/short.json"], "␛"),
        (&["report", "out/short.json", "-o", "out/short.svg", "-o", "out/short.html"], "␛"),
        (&["explain", "out/short.json"], "␛"),
        (&["judge", "out/\u{1b}[31m.json"], "␛"),
        (&["diff", "out/short.json", "out/\u{1b}[31m.json"], "␛"),
        (&["report", "out/none.json"], "not a recording"),
        (&["check", "out/\u{1b}[31m.toml"], "␛"),
        (&["plan", "out/names.toml"], "␛"),
        (&["replay", "out/\u{1b}[31m.json"], "␛"),
        (&["run", &loud], "␛[2J"),
        (&["judge", "recordings/noisy.json"], "\\u{202e}noise"),
        (&["down", "\u{1b}[31m"], "␛"),
        (&["judge", "--\u{1b}[31m"], "unexpected argument"),
    ];
    for (command, has) in commands {
        let said = directory.say(command);
        let [drawing, page] =
            ["out/short.svg", "out/short.html"].map(|file| fs::read_to_string(directory.path().join(file)).unwrap_or_default());
        for text in [&said.out, &said.err, &drawing, &page] {
            let commands = |c: char| c.is_control() && c != '\n' && c != '\t' || c == '\u{202e}';
            assert!(!text.contains(commands), "{command:?}: {text:?}");
        }
        assert!([&said.out, &said.err, &page].iter().any(|text| text.contains(has)), "{command:?}: {said:?}");
    }
}

fn a_link_by_the_relay_is_recorded_as_one() {
    let directory = Directory::new();
    directory.write(
        "topologies/relayed.toml",
        r#"
summary = "Two guests, a link by the relay and one by the kernel"
[link.relayed]
ends = ["guest1:enp1s0", "guest2:enp1s0"]
engine = "relay"
rate = "20mbit"
delay = "2ms"
[link.cable]
ends = ["guest1:enp2s0", "guest2:enp2s0"]
"#,
    );
    let text = SHORT.replace("two-guests-slow", "relayed").replace("enp2s0", "enp1s0");
    let said = directory.say(&["run", &directory.write("cases/relayed.toml", &text)]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_has(&said.out, &["PASS  relayed", ", seed 1, links by kernel and relay\n"]);
    let recording = fs::read(directory.path().join("recordings/relayed.json")).expect("it was recorded");
    let recording: Value = serde_json::from_slice(&recording).expect("a recording");
    let relayed = recording["relayed"].as_object().expect("links by name");
    assert_eq!(relayed.keys().collect::<Vec<_>>(), ["relayed"]);
    for (way, least) in [("up", 10), ("down", 100)] {
        let way = &relayed["relayed"][way];
        let number = |key: &str| way[key].as_u64().expect("a number");
        assert!(number("packets") >= least, "{way}");
        assert!(number("late_median") <= number("late_p99") && number("late_p99") <= number("late_worst"), "{way}");
    }
    let said = directory.say(&["report", "recordings/relayed.json"]);
    assert_has(&said.out, &["cable    kernel: nothing is asked for", "relayed  relay: the topology says so", "packets in", "late by"]);
}

fn an_output_that_cannot_be_written_loses_no_verdict() {
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

fn without_root_it_enters_a_user_namespace() {
    let directory = Directory::new();
    let case = directory.write("cases/short.toml", SHORT);
    // Where the program was built, nobody else may be able to look.
    fs::copy(MPLAB, directory.path().join("mplab")).expect("a file can be copied");
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777)).expect("a directory of ours");
    let nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups", "./mplab", "run", &case];
    let said = Said::of(Command::new("setpriv").args(nobody).current_dir(directory.path()).output().expect("it is installed"));
    assert_eq!(said.code, 0, "{said:?}");
    let recording: Value =
        serde_json::from_slice(&fs::read(directory.path().join("recordings/short.json")).expect("it was recorded")).expect("a recording");
    assert_eq!(recording["place"]["root"], false);
}

/// In a user namespace that allows no further one, without the right to make a network namespace either.
fn where_nothing_is_allowed_it_says_what_to_do() {
    let directory = Directory::new();
    let case = directory.write("cases/short.toml", SHORT);
    let said = caged(&directory, &["run", &case]);
    assert_eq!((said.code, said.out.as_str()), (3, ""), "{said:?}");
    assert_eq!(said.err.lines().count(), 1, "{said:?}");
    assert_has(&said.err, &["mplab: no network namespace can be made here", "run as root, or allow user namespaces"]);
}

fn where_nothing_is_allowed_the_doctor_says_so() {
    let said = caged(&Directory::new(), &["doctor"]);
    assert_eq!((said.code, said.err.as_str()), (4, ""), "{said:?}");
    assert_has(&said.out, &["FAIL   namespaces", "no network namespace can be made here", "-> run as root, or allow user namespaces"]);
}

/// Runs the program where no namespace can be made.
fn caged(directory: &Directory, arguments: &[&str]) -> Said {
    let lines = "echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set -sys_admin --inh-caps -sys_admin \"$@\"";
    let cage = ["--user", "--map-root-user", "sh", "-c", lines, "sh", MPLAB];
    let store = directory.path().join("kernels");
    let mut command = Command::new("unshare");
    command.args(cage).args(arguments).current_dir(directory.path()).env("NO_COLOR", "1").env("MPLAB_KERNELS", store);
    Said::of(command.output().expect("it is installed"))
}

fn what_is_missing_is_explained_from_a_case_and_from_its_recording() {
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

fn a_doctor_says_what_this_computer_can_do() {
    let directory = Directory::new();
    let said = Said::of(directory.mplab(["doctor"]).env("MPLAB_KERNELS", directory.path().join("kernels")).output().expect("it starts"));
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{said:?}");
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("the kernel has a name");
    assert_has(
        &said.out,
        &["  ok     kernel", &format!("Linux {} with MPTCP", release.trim()), "  lacks  kernels", "-> tools/fetch-kernels", "iperf3"],
    );
    let columns: Vec<_> = said.out.lines().filter(|line| line.starts_with("  ok     ")).map(|line| line[9..].find("  ")).collect();
    assert!(columns.len() > 4 && columns.iter().all(Option::is_some), "{}", said.out);
    assert!(!directory.path().join("kernels").exists(), "it makes nothing");
}
