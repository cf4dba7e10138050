//! Commands that boot guests for many runs, or for one with more eyes on it: run, explore, matrix, bisect, replay.
//! Not here: what they make of the runs, which is tested on recordings made up in code.

#[path = "support/mod.rs"]
mod support;

use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed};
use mplab::guest::store::{Form, Kernel, Store};
use mplab::recording::Recording;
use support::{Directory, SHORT, Said, assert_has, trial, without};

/// What is tested with the oldest and the newest of the imported kernels.
type Test = fn(&Kernel, &Kernel);

fn main() -> ExitCode {
    let mut kernels: Vec<Kernel> = Store::open().and_then(|store| store.list()).into_iter().flatten().collect();
    // What is kept and stopped is QEMU's.
    kernels.retain(|kernel| kernel.manifest.form == Form::Image);
    kernels.sort_by_key(release);
    let missing = |count: usize| {
        let few = (kernels.len() < count).then(|| format!("needs {count} imported kernels: `tools/fetch-kernels` fetches four"));
        few.or_else(|| without(&["qemu-system-x86_64"]))
    };
    let with_kernels: [(&str, usize, Test); 8] = [
        ("a_run_is_the_same_whether_the_boot_was_kept_or_not", 1, a_run_is_the_same_whether_the_boot_was_kept_or_not),
        ("cases_of_one_boot_have_a_verdict_each", 1, cases_of_one_boot_have_a_verdict_each),
        ("a_seed_that_fails_is_told_with_the_command_that_repeats_it", 1, a_seed_that_fails_is_told_with_the_command_that_repeats_it),
        ("a_matrix_is_the_same_however_busy_the_computer", 1, a_matrix_is_the_same_however_busy_the_computer),
        ("the_first_bad_kernel_of_a_list_is_found", 2, the_first_bad_kernel_of_a_list_is_found),
        ("a_replay_takes_the_program_that_it_is_told", 1, a_replay_takes_the_program_that_it_is_told),
        ("a_debugger_that_stops_nothing_changes_nothing", 1, a_debugger_that_stops_nothing_changes_nothing),
        ("finer_samples_make_another_run_and_say_so", 1, finer_samples_make_another_run_and_say_so),
    ];
    let mut trials = vec![trial("git_bisect_run_is_told_when_there_is_no_telling", None, || {
        git_bisect_run_is_told_when_there_is_no_telling();
        Ok(())
    })];
    for (name, count, run) in with_kernels {
        let (oldest, newest) = (kernels.first().cloned(), kernels.last().cloned());
        trials.push(trial(name, missing(count), move || {
            run(&oldest.expect("there is one"), &newest.expect("there is one"));
            Ok::<_, Failed>(())
        }));
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert_with(|| thread::available_parallelism().map_or(1, usize::from));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The numbers of a kernel's release.
fn release(kernel: &Kernel) -> Vec<u32> {
    kernel.manifest.release.split(|c: char| !c.is_ascii_digit()).map_while(|number| number.parse().ok()).collect()
}

/// A case that asks for more than there is.
fn too_much() -> String {
    SHORT.to_owned() + "goodput = \">= 1gbit\"\n"
}

fn cases_of_one_boot_have_a_verdict_each(_: &Kernel, kernel: &Kernel) {
    let directory = Directory::new();
    directory.write("cases/fine.toml", SHORT);
    directory.write("cases/much.toml", &too_much());
    let said = directory.say(&["run", "cases", "--kernel", &kernel.name, "--virtual", "--per-boot", "2"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert_has(&said.out, &["PASS  fine ", "FAIL  much ", "2 of 2 run"]);
    let [fine, much] = ["recordings/fine.json", "recordings/much.json"].map(|path| read(&directory, path));
    assert_eq!((fine.job.name.as_str(), much.job.name.as_str()), ("fine", "much"));
}

fn a_seed_that_fails_is_told_with_the_command_that_repeats_it(_: &Kernel, kernel: &Kernel) {
    let directory = Directory::new();
    directory.write("fine.toml", SHORT);
    directory.write("much.toml", &too_much());
    let fine = directory.say(&["explore", "fine.toml", "--kernel", &kernel.name, "--seeds", "1..2"]);
    assert_eq!(fine.code, 0, "{fine:?}");
    assert_has(&fine.out, &["stream: goodput ", "stream: stall ", "stream: share.", "fine: 2 passed with kernel", "2 of 2 run"]);

    let much = directory.say(&["explore", "much.toml", "--kernel", &kernel.name, "--seeds", "2"]);
    assert_eq!(much.code, 1, "{much:?}");
    assert_has(&much.out, &["FAIL  seed 2   stream: goodput >= 1gbit: ", "much: 1 failed"]);
    let again = much.out.lines().find_map(|line| line.trim().strip_prefix("again: mplab ")).expect("a command");
    let again: Said = directory.say(&again.split(' ').collect::<Vec<_>>());
    assert_eq!(again.code, 1, "{again:?}");
    let read = |path: &str| fs::read(directory.path().join(path)).expect("a recording");
    assert!(read("recordings/much.json") == read("recordings/much/seed-2.json"), "the command makes another recording");
}

fn a_run_is_the_same_whether_the_boot_was_kept_or_not(_: &Kernel, kernel: &Kernel) {
    let directory = Directory::new();
    directory.write("fine.toml", SHORT);
    let store = directory.path().join("kernels/k");
    fs::create_dir_all(&store).expect("temporary files can be made");
    for file in ["image", "manifest.json", "modules"] {
        symlink(kernel.directory.join(file), store.join(file)).expect("links can be made");
    }
    let run = |output: &str| {
        let arguments = ["run", "fine.toml", "--kernel", "k", "--virtual", "--output", output];
        let said = Said::of(directory.mplab(arguments).env("MPLAB_KERNELS", "kernels").output().expect("the program can be started"));
        assert_eq!(said.code, 0, "{said:?}");
        fs::read(directory.path().join(output).join("fine.json")).expect("a recording")
    };
    let kept = store.join("ready");
    let written = || fs::metadata(&kept).and_then(|file| file.modified()).expect("a boot was kept");
    let (booted, first) = (run("booted"), written());
    let (begun, second) = (run("begun"), written());
    assert_eq!(first, second, "it was not used");
    assert!(booted == begun, "the recordings differ");
    fs::write(&kept, "half of one").expect("it can be written");
    assert!(booted == run("again"), "the recordings differ");
    assert!(fs::metadata(&kept).expect("a boot was kept").len() > 1 << 20);
}

fn a_matrix_is_the_same_however_busy_the_computer(oldest: &Kernel, newest: &Kernel) {
    let directory = Directory::new();
    directory.write("cases/fine.toml", SHORT);
    directory.write("cases/much.toml", &too_much());
    let kernels = format!("{},{}", oldest.name, newest.name);
    let matrix = |more: &[&str]| directory.say(&[&["matrix", "--kernels", &kernels, "--virtual", "--seeds", "3"], more].concat());

    let once = matrix(&["cases", "--recordings", "once", "--output", "once.json"]);
    assert_eq!(once.code, 1, "{once:?}");
    assert_has(&once.out, &["fine  passed", "much  failed", "virtual time", "FAIL  much with ", "again: mplab run cases/much.toml "]);

    let busy = AtomicBool::new(true);
    let again = thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while busy.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let again = matrix(&["cases", "--recordings", "again", "--output", "again.json", "--baseline", "once.json", "--tolerance", "0%"]);
        busy.store(false, Ordering::Relaxed);
        again
    });
    assert_eq!(again.code, 0, "what was as bad before is no regression: {again:?}");
    assert_has(&again.out, &["0 regressions, 0 mended, 0 cannot be compared, 0 new"]);
    let read = |path: &Path| fs::read(path).expect("a file of ours");
    assert!(read(&directory.path().join("once.json")) == read(&directory.path().join("again.json")), "the matrices differ");
    let recordings = directory.ending("seed-3.json");
    assert_eq!(recordings.len(), if oldest.name == newest.name { 4 } else { 8 }, "{recordings:?}");
    for recording in recordings.iter().filter(|path| path.starts_with(directory.path().join("once"))) {
        let below = recording.strip_prefix(directory.path().join("once")).expect("it is below");
        assert!(read(recording) == read(&directory.path().join("again").join(below)), "{} differs", below.display());
    }

    // A baseline in which everything passed.
    let mut better: serde_json::Value = serde_json::from_slice(&read(&directory.path().join("once.json"))).expect("JSON");
    better["cases"]["much"][&newest.name][0]["ended"] = "passed".into();
    directory.write("better.json", &better.to_string());
    let arguments = ["matrix", "cases/much.toml", "--kernels", &newest.name, "--virtual", "--seeds", "3", "--baseline", "better.json"];
    let worse = directory.say(&arguments);
    assert_eq!(worse.code, 1, "{worse:?}");
    assert_has(&worse.out, &["WORSE ", ": stream: goodput >= 1gbit: ", "1 regressions"]);
}

fn the_first_bad_kernel_of_a_list_is_found(oldest: &Kernel, newest: &Kernel) {
    let directory = Directory::new();
    let release = &oldest.manifest.release;
    let process = "\n[process.release]\nhost = \"guest1\"\ncommand = \"uname -r\"\n\n[[expect]]\nprocess = \"release\"\n";
    directory.write("old.toml", &format!("{SHORT}{process}output = {release:?}\n"));
    directory.write("list", "# the oldest first\nk1\nk2\n\nk3\nk4 # the newest but one\nk5\n");
    let store = directory.path().join("kernels");
    fs::create_dir(&store).expect("temporary files can be made");
    for (name, kernel) in [("k1", oldest), ("k2", oldest), ("k3", newest), ("k4", newest), ("k5", newest)] {
        symlink(&kernel.directory, store.join(name)).expect("links can be made");
    }
    let bisect = |good: &str, bad: &str| {
        let arguments = ["bisect", "old.toml", "--good", good, "--bad", bad, "--list", "list", "--virtual"];
        Said::of(directory.mplab(arguments).env("MPLAB_KERNELS", "kernels").output().expect("the program can be started"))
    };
    let found = bisect("k1", "k5");
    assert_eq!(found.code, 0, "{found:?}");
    assert_has(&found.out, &["k1: good: 1 passed", "k5: bad: 1 failed", "k3: bad: ", "k2: good: ", "k3 is the first bad kernel"]);
    let nothing = bisect("k3", "k5");
    assert_eq!(nothing.code, 255, "{nothing:?}");
    assert_has(&nothing.err, &["k3 is not good"]);
}

fn git_bisect_run_is_told_when_there_is_no_telling() {
    let directory = Directory::new();
    directory.write("fine.toml", SHORT);
    directory.write("tree/README", "not built");
    let bisect = |more: &[&str]| {
        let arguments = [&["bisect", "fine.toml"], more].concat();
        Said::of(directory.mplab(arguments).env("MPLAB_KERNELS", "kernels").output().expect("the program can be started"))
    };
    let unbuilt = bisect(&["--tree", "tree"]);
    assert_eq!(unbuilt.code, 125, "{unbuilt:?}");
    assert_has(&unbuilt.out, &["cannot tell: "]);
    let broken = bisect(&["--tree", "tree", "--build", "exit 7"]);
    assert_eq!(broken.code, 125, "{broken:?}");
    assert_has(&broken.out, &["`exit 7` ended with exit status: 7"]);
    // Everything else would be taken for a bad kernel.
    for wrong in [&["--virtual"][..], &["--tree"], &["--good", "a", "--bad", "b", "--list", "nowhere"]] {
        assert_eq!(bisect(wrong).code, 255, "{wrong:?}");
    }
}

/// Runs the short case with a kernel, and returns the path of the recording.
fn recorded(directory: &Directory, kernel: &Kernel, case: &str) -> &'static str {
    directory.write("short.toml", case);
    let said = directory.say(&["run", "short.toml", "--kernel", &kernel.name, "--virtual"]);
    assert_eq!(said.code, 0, "{said:?}");
    "recordings/short.json"
}

fn read(directory: &Directory, path: &str) -> Recording {
    let json = fs::read_to_string(directory.path().join(path)).expect("a recording");
    Recording::from_json(&json).expect("a recording")
}

fn a_replay_takes_the_program_that_it_is_told(_: &Kernel, kernel: &Kernel) {
    let directory = Directory::new();
    let path = recorded(&directory, kernel, SHORT);
    fs::copy(env!("CARGO_BIN_EXE_mplab"), directory.path().join("copy")).expect("the program can be copied");
    let said = directory.say(&["replay", path, "--program", "copy"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_has(&said.out, &["the same run, to the last value"]);
    let said = directory.say(&["replay", path, "--program", "/bin/true"]);
    assert_ne!(said.code, 0, "{said:?}");
    assert_has(&said.out, &["FAIL  the kernel: Kernel panic - not syncing: Attempted to kill init!", "NOT the same run"]);
}

fn a_debugger_that_stops_nothing_changes_nothing(_: &Kernel, kernel: &Kernel) {
    let directory = Directory::new();
    let path = recorded(&directory, kernel, SHORT);
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let mut command = directory.mplab(["replay", path, "--gdb", &port.to_string()]);
    let replay = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program can be started");
    let deadline = Instant::now() + Duration::from_secs(120);
    let mut gdb = loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => break stream,
            Err(error) => assert!(Instant::now() < deadline, "nobody listens: {error}"),
        }
        thread::sleep(Duration::from_millis(50));
    };
    // Go on.
    gdb.write_all(b"$c#63").expect("QEMU listens");
    let said = Said::of(replay.wait_with_output().expect("it ends"));
    assert_eq!(said.code, 0, "{said:?}");
    assert_has(&said.out, &[&format!("target remote :{port}"), "the same run, to the last value"]);
}

fn finer_samples_make_another_run_and_say_so(_: &Kernel, kernel: &Kernel) {
    let directory = Directory::new();
    let path = recorded(&directory, kernel, SHORT);
    let said = directory.say(&["replay", path, "--sample", "10ms", "--output", "fine.json"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_has(&said.out, &["another run, since samples take time: the samples were 100ms apart, and now are 10ms", "hosts.guest1.at: "]);
    let samples = |path: &str| read(&directory, path).hosts["guest1"].at.len();
    assert!(samples("fine.json") > samples(path), "there are no more samples");
}
