//! `--shard`, `mplab merge` and `--cache`: what is made in parts, by several or not at all is what one process makes.
//! Not here: which parts belong together, which is tested on parts made up in code.

#[path = "support/mod.rs"]
mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;

use libtest_mimic::{Arguments, Failed};
use mplab::guest::store::{Form, Store};
use support::{Directory, SHORT, Said, assert_has, trial};

/// What is tested with a kernel that is a program: it boots in a fifth of a second.
type Test = fn(&str);

fn main() -> ExitCode {
    mplab::enter();
    let mut kernels = Store::open().and_then(|store| store.list()).into_iter().flatten();
    let kernel = kernels.find(|kernel| kernel.manifest.form == Form::Program).map(|kernel| kernel.name);
    let confined = || mplab::local::place().err().map(|error| error.to_string());
    let missing = kernel.is_none().then(|| "needs a kernel that is a program: `tools/fetch-kernels um-7.3` builds one".to_owned());
    let missing = missing.or_else(confined);
    let with_kernel: [(&str, Test); 9] = [
        ("a_merged_exploration_is_the_one_made_by_one_process", a_merged_exploration_is_the_one_made_by_one_process),
        ("a_merged_matrix_is_the_one_made_by_one_process", a_merged_matrix_is_the_one_made_by_one_process),
        ("a_run_in_shards_has_each_case_once", a_run_in_shards_has_each_case_once),
        ("what_is_merged_comes_as_junit_and_as_ktap", what_is_merged_comes_as_junit_and_as_ktap),
        ("what_was_made_before_is_taken_from_the_cache", what_was_made_before_is_taken_from_the_cache),
        ("a_case_that_changed_is_made_again_and_no_other", a_case_that_changed_is_made_again_and_no_other),
        ("a_search_takes_what_was_made_before", a_search_takes_what_was_made_before),
        ("more_jobs_than_runs_end_with_them", more_jobs_than_runs_end_with_them),
        ("many_processes_may_use_a_cache_at_once", many_processes_may_use_a_cache_at_once),
    ];
    let mut trials = vec![
        trial("text_that_names_no_shard_is_told_what_to_write", None, || {
            text_that_names_no_shard_is_told_what_to_write();
            Ok(())
        }),
        trial("what_does_not_go_together_is_refused", None, || {
            what_does_not_go_together_is_refused();
            Ok(())
        }),
    ];
    for (name, run) in with_kernel {
        let kernel = kernel.clone().unwrap_or_default();
        trials.push(trial(name, missing.clone(), move || {
            run(&kernel);
            Ok::<_, Failed>(())
        }));
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert_with(|| thread::available_parallelism().map_or(1, usize::from));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn read(directory: &Directory, path: impl AsRef<Path>) -> Vec<u8> {
    fs::read(directory.path().join(path)).expect("a file of ours")
}

/// Two cases, of which one asks for more than there is.
fn two_cases() -> Directory {
    let directory = Directory::new();
    directory.write("cases/fine.toml", SHORT);
    directory.write("cases/much.toml", &(SHORT.to_owned() + "goodput = \">= 1gbit\"\n"));
    directory
}

/// What is said without how long it took.
fn lines(said: &Said) -> Vec<&str> {
    said.out.lines().filter(|line| !line.contains(" run in ")).collect()
}

fn text_that_names_no_shard_is_told_what_to_write() {
    let directory = two_cases();
    for command in [&["run", "cases"][..], &["explore", "cases/fine.toml", "--kernel", "k"], &["matrix", "cases", "--kernels", "k"]] {
        for (shard, told) in [
            ("0/3", "write `1/3` to `3/3`"),
            ("4/3", "write `1/3` to `3/3`"),
            ("1/0", "write `1/1`"),
            ("x/y", "write its number and how many there are, such as `1/8`"),
        ] {
            let said = directory.say(&[command, &["--shard", shard]].concat());
            assert_eq!(said.code, 2, "{said:?}");
            assert_has(&said.err, &[told]);
        }
    }
}

fn what_does_not_go_together_is_refused() {
    let directory = two_cases();
    directory.write("cases/other/cases/fine.toml", SHORT);
    let same = directory.say(&["run", "cases", "--shard", "1/2"]);
    assert_eq!(same.code, 2, "{same:?}");
    assert_has(&same.err, &["two cases are called fine, cases/fine.toml and cases/other/cases/fine.toml"]);
    directory.write("matrix.json", "{\"format\": 1, \"kernels\": [], \"cases\": {}}");
    let matrix = ["matrix", "cases/fine.toml", "--kernels", "local", "--shard", "1/2", "--baseline", "matrix.json"];
    let part = directory.say(&matrix);
    assert_eq!(part.code, 2, "{part:?}");
    assert_has(&part.err, &["give --baseline to `mplab merge`"]);
    let none = directory.say(&["merge", "matrix.json", "nowhere.json", "-o", "merged.json"]);
    assert_eq!(none.code, 2, "{none:?}");
    assert_has(&none.err, &["matrix.json: not a part", "nowhere.json: No such file", "nothing was merged"]);
    let boot = directory.say(&["run", "cases", "--kernel", "k", "--cache", "cache", "--per-boot", "2"]);
    assert_eq!(boot.code, 2, "{boot:?}");
}

fn a_merged_exploration_is_the_one_made_by_one_process(kernel: &str) {
    let directory = two_cases();
    let explore = |more: &[&str]| {
        directory.say(&[&["explore", "cases/much.toml", "--kernel", kernel, "--seeds", "1..5", "--results"], more].concat())
    };
    let whole = explore(&["whole.json"]);
    assert_eq!(whole.code, 1, "{whole:?}");
    for number in 1..=3 {
        let part = explore(&[&format!("part-{number}.json"), "--shard", &format!("{number}/3")]);
        assert_eq!(part.code, 1, "{part:?}");
    }
    let merged = directory.say(&["merge", "part-3.json", "part-1.json", "part-2.json", "-o", "merged.json", "--durations", "took.json"]);
    assert_eq!(merged.code, 1, "{merged:?}");
    assert!(read(&directory, "whole.json") == read(&directory, "merged.json"), "they differ");
    let table = |said: &Said| lines(said).into_iter().filter(|line| line.contains('│')).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(table(&merged), table(&whole));
    assert_has(&merged.out, &["much: 5 failed with kernel", &format!("again: mplab run cases/much.toml --seed 5 --kernel {kernel}")]);

    let balanced = explore(&["balanced.json", "--shard", "2/3", "--durations", "took.json"]);
    assert_eq!(balanced.code, 1, "{balanced:?}");
    let refused = directory.say(&["merge", "part-1.json", "balanced.json", "part-3.json", "-o", "x.json"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert_has(&refused.err, &["balanced.json: a foreign part: its shards were balanced by other durations of much"]);

    let holes = ["merge", "part-1.json", "part-3.json", "-o", "holes.json"];
    let refused = directory.say(&holes);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert_has(&refused.err, &["part 2/3 is missing", "nothing was merged"]);
    assert!(!directory.path().join("holes.json").exists() && !directory.path().join("x.json").exists());
    let marked = directory.say(&[&holes[..], &["--allow-missing"]].concat());
    assert_eq!(marked.code, 3, "what is missing is never passed: {marked:?}");
    assert_has(&marked.out, &["much: 2 missing, 3 failed"]);
    assert!(directory.path().join("holes.json").exists());
}

fn a_merged_matrix_is_the_one_made_by_one_process(kernel: &str) {
    let directory = two_cases();
    // It cannot run there, which is known in each shard and told by one.
    let lacks = "\n[process.p]\nhost = \"guest1\"\ncommand = \"no-such-program\"\n";
    directory.write("cases/lacks.toml", &(SHORT.to_owned() + lacks));
    let matrix = |more: &[&str]| directory.say(&[&["matrix", "cases", "--kernels", kernel, "--seeds", "1..2", "--results"], more].concat());
    let whole = matrix(&["whole.json"]);
    assert_eq!(whole.code, 1, "{whole:?}");
    // There are five: a shard has nothing to do.
    for number in 1..=6 {
        let part = matrix(&[&format!("part-{number}.json"), "--shard", &format!("{number}/6")]);
        assert!([0, 1].contains(&part.code), "{part:?}");
        assert_eq!(part.out.contains("shard 6/6 has nothing to do"), number == 6, "{part:?}");
    }
    let parts: Vec<String> = (1..=6).map(|number| format!("part-{number}.json")).collect();
    let merge = |more: &[&str]| {
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        directory.say(&[&["merge"], &parts[..], more].concat())
    };
    let merged = merge(&["-o", "merged.json"]);
    assert_eq!(merged.code, 1, "{merged:?}");
    assert!(read(&directory, "whole.json") == read(&directory, "merged.json"), "they differ");
    let table = |said: &Said| said.out.split("\ncase ").nth(1).map(str::to_owned).expect("a table");
    assert_eq!(table(&merged), table(&whole));
    // What failed before may fail again.
    let compared = merge(&["-o", "merged.json", "--baseline", "whole.json", "--tolerance", "0%"]);
    assert_eq!(compared.code, 0, "{compared:?}");
    assert_has(&compared.out, &["0 regressions, 0 mended, 0 cannot be compared, 0 new"]);
}

fn a_run_in_shards_has_each_case_once(kernel: &str) {
    let directory = two_cases();
    let mut passed = Vec::new();
    for shard in ["1/2", "2/2"] {
        let file = format!("part-{}.json", &shard[..1]);
        let said = directory.say(&["run", "cases", "--kernel", kernel, "--shard", shard, "--results", &file]);
        assert_has(&said.out, &["1 of 1 run in"]);
        passed.push(said.code);
    }
    passed.sort_unstable();
    assert_eq!(passed, [0, 1]);
    let merged = directory.say(&["merge", "part-1.json", "part-2.json", "-o", "merged.json"]);
    assert_eq!(merged.code, 1, "{merged:?}");
    let whole = directory.say(&["run", "cases", "--kernel", kernel, "--results", "whole.json"]);
    assert_eq!(whole.code, 1, "{whole:?}");
    assert!(read(&directory, "whole.json") == read(&directory, "merged.json"), "they differ");
}

fn what_is_merged_comes_as_junit_and_as_ktap(kernel: &str) {
    let directory = two_cases();
    let part = |shard: &str, file: &str| {
        directory.say(&["matrix", "cases", "--kernels", kernel, "--seeds", "1..2", "--shard", shard, "--results", file])
    };
    assert_has(&part("1/2", "1.json").out, &["2 of 2 run in"]);
    assert_has(&part("2/2", "2.json").out, &["2 of 2 run in"]);
    let merge = |more: &[&str]| directory.say(&[&["merge", "-o", "merged.json", "--ktap", "--junit", "junit.xml"], more].concat());
    let said = merge(&["1.json", "2.json"]);
    assert_eq!(said.code, 1, "{said:?}");
    let results: Vec<_> = said.out.lines().filter(|line| !line.starts_with('#')).collect();
    let named = |number: usize, word: &str, test: &str| format!("{word} {number} {kernel}::{test}");
    let wanted = ["KTAP version 1".to_owned(), "1..4".to_owned(), named(1, "ok", "fine::seed-1"), named(2, "ok", "fine::seed-2")];
    assert_eq!(results, [&wanted[..], &[named(3, "not ok", "much::seed-1"), named(4, "not ok", "much::seed-2")]].concat());
    assert_has(&said.out, &["# FAIL  much, seed 2   stream: goodput >= 1gbit: ", "#         again: mplab run "]);
    let xml = String::from_utf8(read(&directory, "junit.xml")).expect("text");
    let suite = format!("<testsuite name=\"{kernel}\" tests=\"4\"");
    assert_has(&xml, &[&suite, "failures=\"2\"", "name=\"seed-2\" classname=\"fine\"", "<failure message=\"stream: goodput"]);
    // What is not there is no pass.
    let said = merge(&["1.json", "--allow-missing"]);
    assert_eq!(said.code, 3, "{said:?}");
    assert_eq!(said.out.lines().filter(|line| line.starts_with("not ok ")).count(), 3, "{said:?}");
    assert_has(&String::from_utf8(read(&directory, "junit.xml")).expect("text"), &["errors=\"2\"", "part 2/2 is missing"]);
}

fn what_was_made_before_is_taken_from_the_cache(kernel: &str) {
    let directory = two_cases();
    let run = |output: &str| directory.say(&["run", "cases", "--kernel", kernel, "--cache", "cache", "--output", output]);
    let made = run("made");
    assert_eq!(made.code, 1, "{made:?}");
    assert_has(&made.out, &["2 of 2 run in", ", 0 of them taken from the cache"]);
    let taken = run("taken");
    assert_eq!(taken.code, 1, "{taken:?}");
    assert_has(&taken.out, &["2 of 2 run in", ", 2 of them taken from the cache"]);
    let verdicts = |said: &Said| {
        let mut verdicts: Vec<_> = lines(said).into_iter().filter(|line| line.contains("  local") || line.contains(" seed ")).collect();
        verdicts.sort_unstable();
        verdicts.join("\n")
    };
    assert_eq!(verdicts(&made), verdicts(&taken));
    for recording in ["fine.json", "much.json"] {
        assert!(read(&directory, Path::new("made").join(recording)) == read(&directory, Path::new("taken").join(recording)));
    }
    // Others follow from other seeds, and damaged ones are made again.
    let other = directory.say(&["run", "cases", "--kernel", kernel, "--cache", "cache", "--seed", "2", "--output", "other"]);
    assert_has(&other.out, &[", 0 of them taken from the cache"]);
    let entries: Vec<_> = directory.ending("").into_iter().filter(|path| path.starts_with(directory.path().join("cache"))).collect();
    assert_eq!(entries.len(), 4, "{entries:?}");
    for entry in &entries {
        let mut bytes = fs::read(entry).expect("a file of ours");
        bytes[60] ^= 1;
        fs::write(entry, bytes).expect("it can be written");
    }
    let again = run("again");
    assert_has(&again.out, &[", 0 of them taken from the cache"]);
    assert_has(&again.err, &["this file is damaged"]);
    assert!(read(&directory, "made/fine.json") == read(&directory, "again/fine.json"));
    assert_has(&run("mended").out, &[", 2 of them taken from the cache"]);
    let local = directory.say(&["run", "cases/fine.toml", "--cache", "cache"]);
    assert_has(&local.err, &["--cache has no effect here"]);
    assert!(!local.out.contains("taken from the cache"), "{local:?}");
}

fn a_case_that_changed_is_made_again_and_no_other(kernel: &str) {
    let directory = two_cases();
    let matrix =
        |file: &str| directory.say(&["matrix", "cases", "--kernels", kernel, "--seeds", "1..2", "--cache", "cache", "--output", file]);
    assert_has(&matrix("first.json").out, &["4 of 4 run in", ", 0 of them taken from the cache"]);
    directory.write("cases/fine.toml", &SHORT.replace("300ms", "310ms"));
    assert_has(&matrix("second.json").out, &["4 of 4 run in", ", 2 of them taken from the cache"]);
    // A comment is no change.
    directory.write("cases/much.toml", &("# more\n".to_owned() + SHORT + "goodput = \">= 1gbit\"\n"));
    assert_has(&matrix("third.json").out, &["4 of 4 run in", ", 4 of them taken from the cache"]);
    assert!(read(&directory, "second.json") == read(&directory, "third.json"));
}

/// The same kernel by two names is not better under one: nothing to search for, but runs that need not be made.
fn a_search_takes_what_was_made_before(kernel: &str) {
    let directory = two_cases();
    directory.write("list", "k1\nk2\n");
    let store = linked(&directory, kernel, &["k1", "k2"]);
    let bisect = || {
        let list = ["--good", "k1", "--bad", "k2", "--list", "list", "--seeds", "1..2", "--cache", "cache"];
        let mut command = directory.mplab(["bisect", "cases/fine.toml"]);
        Said::of(command.args(list).env("MPLAB_KERNELS", &store).output().expect("the program can be started"))
    };
    assert_has(&bisect().out, &["k1: good: 2 passed, 0 of them taken from the cache"]);
    assert_has(
        &bisect().out,
        &["k1: good: 2 passed, 2 of them taken from the cache", "k2: good: 2 passed, 2 of them taken from the cache"],
    );
}

/// A thread for each job would be a million threads. What is made does not take longer for it.
fn more_jobs_than_runs_end_with_them(kernel: &str) {
    let directory = two_cases();
    directory.write("list", "k1\nk2\n");
    let store = linked(&directory, kernel, &["k1", "k2"]);
    let jobs = |arguments: &[&str]| {
        let mut command = directory.mplab(arguments);
        command.args(["--jobs", "1000000"]).env("MPLAB_KERNELS", &store);
        Said::of(command.output().expect("the program can be started"))
    };
    let case = "cases/fine.toml";
    assert_has(&jobs(&["run", case, "--kernel", "k1"]).out, &["1 of 1 run in"]);
    assert_has(&jobs(&["explore", case, "--kernel", "k1", "--seeds", "1..2"]).out, &["2 of 2 run in"]);
    assert_has(&jobs(&["matrix", case, "--kernels", "k1,k2", "--seeds", "1..1"]).out, &["2 of 2 run in"]);
    assert_has(
        &jobs(&["bisect", case, "--good", "k1", "--bad", "k2", "--list", "list"]).out,
        &["k1: good: 1 passed", "k2: good: 1 passed"],
    );
}

/// A store with one kernel by several names.
fn linked(directory: &Directory, kernel: &str, names: &[&str]) -> PathBuf {
    let kernel = Store::open().and_then(|store| store.get(kernel)).expect("it was there");
    let store = directory.path().join("kernels");
    fs::create_dir(&store).expect("temporary files can be made");
    for name in names {
        symlink(&kernel.directory, store.join(name)).expect("links can be made");
    }
    store
}

fn many_processes_may_use_a_cache_at_once(kernel: &str) {
    let directory = two_cases();
    let explore = ["explore", "cases/fine.toml", "--kernel", kernel, "--seeds", "1..3", "--cache", "cache", "--results"];
    let processes: Vec<_> = ["a.json", "b.json", "c.json"]
        .iter()
        .map(|file| {
            let mut command = directory.mplab([&explore[..], &[*file]].concat());
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().expect("the program can be started")
        })
        .collect();
    for process in processes {
        let said = Said::of(process.wait_with_output().expect("it ends"));
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{said:?}");
    }
    assert!(read(&directory, "a.json") == read(&directory, "b.json") && read(&directory, "b.json") == read(&directory, "c.json"));
    let last = directory.say(&[&explore[..], &["d.json"]].concat());
    assert_has(&last.out, &[", 3 of them taken from the cache"]);
}
