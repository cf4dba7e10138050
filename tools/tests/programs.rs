//! Kernels that run as programs: built of a tree of sources, bisected by that, and replayed.
//! Not here: captures, and Linux' own sources, which `tools/fetch-kernels --um` builds. The tree is a small one, with a Makefile for the real `make`.

#[path = "support/mod.rs"]
mod support;

use std::fs;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed};
use mplab::guest::store::{Form, Kernel, Store};
use support::{Directory, SHORT, Said, assert_has, trial, without};

/// What a kernel's build needs, but for the C library's headers.
const PROGRAMS: [&str; 8] = ["make", "gcc", "ld", "flex", "bison", "bc", "perl", "awk"];

/// Does for the targets that are made of a kernel what Linux' does, as far as mplab looks at it. What it compiles is not in the result.
const MAKEFILE: &str = "\
allnoconfig:
\t@mkdir -p $(O)/include/config
\t@cp $(KCONFIG_ALLCONFIG) $(O)/.config
\t@echo 7.3.0-test > $(O)/include/config/kernel.release
linux:
\t@echo '  CC      net/part.o'
\t@$(CC) -c net/part.c -o $(O)/part.o
\t@cp image $(O)/linux
";

const WHOLE: &str = "int part(void) { return 0; }\n";
const BROKEN: &str = "int part(void)\n{\n\treturn missing;\n}\n";

fn main() -> ExitCode {
    let mut kernels = Store::open().and_then(|store| store.list()).into_iter().flatten();
    let kernel = kernels.find(|kernel| kernel.manifest.form == Form::Program);
    let no_kernel = || kernel.is_none().then(|| "needs a kernel that is a program: `tools/fetch-kernels --um` builds four".to_owned());
    let no_compiler = || without(&PROGRAMS);
    let with = |run: fn(&Kernel)| {
        let kernel = kernel.clone();
        move || {
            run(&kernel.expect("there is one"));
            Ok::<_, Failed>(())
        }
    };
    let trials = vec![
        trial("what_the_compiler_complains_of_is_shown", no_compiler(), || {
            what_the_compiler_complains_of_is_shown();
            Ok::<_, Failed>(())
        }),
        trial("a_tree_is_built_and_judged", no_compiler().or_else(no_kernel), with(a_tree_is_built_and_judged)),
        trial(
            "a_replay_is_the_same_run_unless_it_samples_otherwise",
            no_kernel(),
            with(a_replay_is_the_same_run_unless_it_samples_otherwise),
        ),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A directory with a tree, whose kernels go into a store of its own.
fn with_a_tree(part: &str) -> Directory {
    let directory = Directory::new();
    for (name, text) in [("Kconfig", ""), ("Makefile", MAKEFILE), ("arch/um/Kconfig", ""), ("net/part.c", part)] {
        directory.write(&format!("tree/{name}"), text);
    }
    directory
}

fn say(directory: &Directory, arguments: &[&str]) -> Said {
    let kernels = directory.path().join("kernels");
    Said::of(directory.mplab(arguments).env("MPLAB_KERNELS", kernels).output().expect("the program can be started"))
}

fn what_the_compiler_complains_of_is_shown() {
    let directory = with_a_tree(BROKEN);
    directory.write("fine.toml", SHORT);
    let complaint = ["net/part.c:3", "error: ", "missing", "the full output of `make` is in "];
    let built = say(&directory, &["kernel", "build", "some", "tree"]);
    assert!(built.code != 0 && !built.err.contains("panicked"), "{built:?}");
    assert_has(&built.err, &complaint);
    assert_has(&say(&directory, &["kernel", "list"]).out, &["no kernels in "]);
    // A commit that does not compile is neither good nor bad, for `git bisect run`.
    let bisected = say(&directory, &["bisect", "fine.toml", "--tree", "tree", "--build"]);
    assert_eq!(bisected.code, 125, "{bisected:?}");
    assert_has(&bisected.out, &complaint);
    assert_has(&bisected.out, &["bisect: cannot tell: "]);
    let left: Vec<_> = directory.ending(".o");
    assert!(left.is_empty() && !directory.path().join("tree/.config").exists(), "the tree is only read: {left:?}");
}

fn a_tree_is_built_and_judged(kernel: &Kernel) {
    let directory = with_a_tree(WHOLE);
    fs::copy(kernel.image(), directory.path().join("tree/image")).expect("a file can be copied");
    directory.write("fine.toml", SHORT);
    directory.write("much.toml", &(SHORT.to_owned() + "goodput = \">= 1gbit\"\n"));
    for (case, code, word) in [("fine.toml", 0, "bisect: good: 1 passed"), ("much.toml", 1, "bisect: bad: 1 failed")] {
        let said = say(&directory, &["bisect", case, "--tree", "tree", "--build"]);
        assert_eq!(said.code, code, "{said:?}");
        assert_has(&said.out, &[word]);
    }
}

fn a_replay_is_the_same_run_unless_it_samples_otherwise(kernel: &Kernel) {
    let directory = Directory::new();
    directory.write("short.toml", SHORT);
    let run = directory.say(&["run", "short.toml", "--kernel", &kernel.name]);
    assert_eq!(run.code, 0, "{run:?}");
    let replay = |more: &[&str]| directory.say(&[&["replay", "recordings/short.json"], more].concat());
    let same = replay(&[]);
    assert_eq!(same.code, 0, "{same:?}");
    assert_has(&same.out, &["the same run, to the last value"]);
    let finer = replay(&["--sample", "50ms"]);
    assert_eq!(finer.code, 0, "{finer:?}");
    assert_has(&finer.out, &["another run, since each reading of the clock takes 256 ns: the samples were 100ms apart, and now are 50ms"]);
}
