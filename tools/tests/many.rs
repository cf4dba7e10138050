//! Commands that boot guests for many runs: explore.
//! Not here: what they make of the runs, which is tested on recordings made up in code.

#[path = "support/mod.rs"]
mod support;

use std::fs;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed};
use mplab::guest::store::Store;
use support::{Directory, SHORT, Said, assert_has, trial, without};

/// What is tested with one kernel.
type OfOne = fn(&str);

fn main() -> ExitCode {
    let kernels: Vec<String> = Store::open().and_then(|store| store.list()).into_iter().flatten().map(|kernel| kernel.name).collect();
    let missing = || {
        let none = kernels.is_empty().then(|| "no kernel is imported: `tools/fetch-kernels` brings three".to_owned());
        none.or_else(|| without(&["qemu-system-x86_64"]))
    };
    let newest = kernels.last().cloned().unwrap_or_default();
    let of_one: [(&str, OfOne); 1] =
        [("a_seed_that_fails_is_told_with_the_command_that_repeats_it", a_seed_that_fails_is_told_with_the_command_that_repeats_it)];
    let mut trials = Vec::new();
    for (name, run) in of_one {
        let kernel = newest.clone();
        trials.push(trial(name, missing(), move || {
            run(&kernel);
            Ok::<_, Failed>(())
        }));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A case that asks for more than there is.
fn too_much() -> String {
    SHORT.to_owned() + "goodput = \">= 1gbit\"\n"
}

fn a_seed_that_fails_is_told_with_the_command_that_repeats_it(kernel: &str) {
    let directory = Directory::new();
    directory.write("fine.toml", SHORT);
    directory.write("much.toml", &too_much());
    let fine = directory.say(&["explore", "fine.toml", "--kernel", kernel, "--seeds", "1..2"]);
    assert_eq!(fine.code, 0, "{fine:?}");
    assert_has(&fine.out, &["stream: goodput ", "stream: stall ", "stream: share.", "fine: 2 passed with kernel", "2 of 2 run"]);

    let much = directory.say(&["explore", "much.toml", "--kernel", kernel, "--seeds", "2"]);
    assert_eq!(much.code, 1, "{much:?}");
    assert_has(&much.out, &["FAIL  seed 2   stream: goodput >= 1gbit: ", "much: 1 failed"]);
    let again = much.out.lines().find_map(|line| line.trim().strip_prefix("again: mplab ")).expect("a command");
    let again: Said = directory.say(&again.split(' ').collect::<Vec<_>>());
    assert_eq!(again.code, 1, "{again:?}");
    let read = |path: &str| fs::read(directory.path().join(path)).expect("a recording");
    assert!(read("recordings/much.json") == read("recordings/much/seed-2.json"), "the command makes another recording");
}
