//! Golden plans: what is done for every topology of the repository, and for a case with steps, stands in `plans/` as the lines that a person
//! would type. `MPLAB_BLESS=1` writes them anew: a plan that changes is seen in a diff.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{env, fs};

use mplab::plan::{self, Forwarding, Job};
use mplab::topology::Topology;
use mplab::{case, topology};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the library is in a directory of the repository")
}

/// The files of a directory by their names, without the ending.
fn files(directory: &Path, ending: &str) -> BTreeMap<String, PathBuf> {
    let entries = directory.read_dir().unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let paths = entries.map(|entry| entry.expect("a directory can be read to its end").path());
    let named = paths.filter_map(|path| Some((path.file_name()?.to_str()?.strip_suffix(ending)?.to_owned(), path.clone())));
    named.collect()
}

fn load(path: &Path) -> Topology {
    topology::check::load(path).unwrap_or_else(|error| panic!("{error}"))
}

/// The plan of a case, steps included.
fn of_case(name: &str, forwarding: Forwarding) -> String {
    let path = repository().join("testcases/cases").join(name).with_extension("toml");
    let (case, topology) = case::check::load(&path).unwrap_or_else(|error| panic!("{error}"));
    Job::plan(name, topology, case, forwarding).script()
}

/// What has to be written, by name.
fn plans() -> BTreeMap<String, String> {
    let topologies = files(&repository().join("topologies"), ".toml");
    let by = |path: &Path, forwarding| plan::script(&plan::lab(&load(path), forwarding));
    let mut plans: BTreeMap<_, _> = topologies.iter().map(|(name, path)| (name.clone(), by(path, Forwarding::Redirect))).collect();
    plans.insert("laptop.bridge".to_owned(), by(&topologies["laptop"], Forwarding::Bridge));
    // The kernel forgets routes of an interface that is set down: the plan has them again.
    plans.insert("admin_down_and_up.case".to_owned(), of_case("survival/admin_down_and_up", Forwarding::Redirect));
    plans.insert("blackhole_one_way.case".to_owned(), of_case("survival/blackhole_one_way", Forwarding::Redirect));
    plans.insert("blackhole_one_way.bridge.case".to_owned(), of_case("survival/blackhole_one_way", Forwarding::Bridge));
    plans
}

#[test]
fn every_plan_is_as_it_is_written() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans");
    let mut differing = Vec::new();
    for (name, plan) in plans() {
        let path = directory.join(name + ".sh");
        if env::var_os("MPLAB_BLESS").is_some() {
            fs::write(&path, plan).expect("the golden files can be written");
            continue;
        }
        let written = fs::read_to_string(&path).unwrap_or_default();
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
        let (now, before) = (lines(&plan), lines(&written));
        if plan != written {
            differing.push(format!("{}:", path.display()));
            differing.extend(before.difference(&now).map(|line| format!("  - {line}")));
            differing.extend(now.difference(&before).map(|line| format!("  + {line}")));
        }
    }
    assert!(differing.is_empty(), "not as written (MPLAB_BLESS=1 writes these anew):\n{}", differing.join("\n"));
    let written: BTreeSet<_> = files(&directory, ".sh").into_keys().collect();
    assert_eq!(written, plans().into_keys().collect(), "a file for each plan, and no other");
}

#[test]
fn an_interface_that_is_set_up_again_has_its_routes_again() {
    let plan = of_case("survival/admin_down_and_up", Forwarding::Redirect);
    let (setup, steps) = plan.split_once("# at 1.5s\n").expect("the first step");
    let (_, restored) = steps.split_once("# at 3s\n").expect("the second step");
    let lost: Vec<&str> = setup.lines().filter(|line| line.contains(" route ") && line.contains(" dev enp3s0 ")).collect();
    assert!(lost.len() >= 4, "two hosts, two families: {lost:?}");
    for line in lost {
        assert!(restored.lines().any(|again| again == line), "`{line}` is not among\n{restored}");
    }
}
