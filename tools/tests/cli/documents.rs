//! Files that are checked, planned and begun, and options: what is in order, and what is told of what is not.
//! Not here: running them.

use std::fs;
use std::process::Command;

use crate::support::{Directory, MPLAB, SHORT, Said, assert_has, repository};

pub(crate) fn shells_complete_its_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let said = Directory::new().say(&["completions", shell]);
        assert_eq!(said.code, 0, "{said:?}");
        assert_has(
            &said.out,
            &["mplab", "judge", "restore", "--direction"].map(|word| if shell == "fish" { word.trim_start_matches('-') } else { word }),
        );
    }
}

pub(crate) fn a_file_in_order_is_checked() {
    let laptop = repository().join("topologies/laptop.toml").display().to_string();
    let said = Directory::new().say(&["check", &laptop]);
    assert_eq!((said.code, said.out), (0, format!("{laptop}: a topology with 2 hosts, 2 links\n")));
}

pub(crate) fn a_new_file_is_in_order_and_never_replaces_one() {
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
            assert!(directory.path().join(format!("{directory_of}/new/{kind}.schema.json")).is_file(), "{said:?}");
            let again = directory.say(&["new", kind, &file]);
            assert_eq!(again.code, 2, "{again:?}");
            assert_has(&again.err, &[&file, "already exists"]);
        }
    }
    fs::rename(directory.path().join("topologies/new"), directory.path().join("cases/topologies")).expect("a directory of ours");
    let files = directory.ending(".toml").into_iter().filter(|path| path.starts_with(directory.path().join("cases")));
    let said = Said::of(directory.mplab(["check"]).args(files).output().expect("the program can be started"));
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(said.out.lines().count(), templates("topology").count() + templates("case").count(), "{said:?}");
}

pub(crate) fn a_variant_is_named_behind_its_file() {
    let directory = Directory::new();
    let case =
        directory.write("cases/some.toml", &(SHORT.to_owned() + "\n[[variant]]\nname = \"slow\"\ntopology.link.enp2s0.delay = \"77ms\"\n"));
    let [plain, slow] = [case.clone(), format!("{case}::slow")].map(|file| directory.say(&["plan", &file]));
    assert_eq!((plain.code, slow.code), (0, 0), "{slow:?}");
    assert_has(&slow.out, &["delay 77ms"]);
    assert!(!plain.out.contains("delay 77ms"), "{plain:?}");
    let none = format!("{case}::fast");
    for command in ["check", "plan"] {
        let said = directory.say(&[command, &none]);
        assert_eq!(said.code, 2, "{said:?}");
        assert_has(&said.err, &["some.toml has no variant `fast`: it has slow"]);
    }
}

pub(crate) fn a_mistake_has_a_file_a_line_and_a_caret() {
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

pub(crate) fn a_plan_is_lines_that_a_person_would_type() {
    let directory = Directory::new();
    let said = directory.say(&["plan", "topologies/laptop.toml"]);
    let golden = fs::read_to_string(repository().join("harness/tests/plans/laptop.sh")).expect("a golden plan");
    assert_eq!((said.code, said.out), (0, golden));
    let case = repository().join("testcases/cases/survival/admin_down_and_up.toml").display().to_string();
    let golden = fs::read_to_string(repository().join("harness/tests/plans/admin_down_and_up.case.sh")).expect("a golden plan");
    let said = directory.say(&["plan", &case]);
    assert_eq!((said.code, said.out), (0, golden));
}

pub(crate) fn numbers_have_bounds() {
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

pub(crate) fn what_has_no_end_is_refused() {
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

/// Of more mistakes than anybody reads the first are shown, soon, and the others counted.
pub(crate) fn very_many_mistakes_are_counted() {
    let directory = Directory::new();
    let wrong = directory.write("cases/wrong.toml", &(SHORT.to_owned() + &"[[step]]\nat = \"1s\"\ncut = \"nothing\"\n".repeat(50_000)));
    let said = directory.say(&["check", &wrong]);
    assert_eq!((said.code, said.err.matches("error: ").count()), (2, 100), "{}", &said.err[..1000]);
    assert_has(&said.err, &["wrong.toml: 49900 more mistakes"]);
}
