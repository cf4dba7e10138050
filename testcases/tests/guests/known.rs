//! Recordings that are known: where a CPU takes no time they are the same on every computer and beside any load.
//! Not here: what must hold in them.
//!
//! A list beside this file has a checksum of each value of ten recordings on one kernel, whose sources, configuration and program its first line names.
//! What changes a run on purpose changes it too: `MPLAB_BLESS=1` writes it anew.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::{env, fs};

use flate2::Crc;
use libtest_mimic::{Failed, Trial};
use mplab::guest::store::{Form, Kernel};
use mplab::place::Place;
use mplab::recording::PlaceRecord;
use mplab::suite::{self, CaseFile};
use mplab_testcases::{files, ignored};
use serde_json::Value;

/// Links by tbf, netem and the relay, cuts, a bond, a backup, plain TCP, both directions; and no program but mplab.
const CASES: [&str; 10] = [
    "bonding::active_backup",
    "demo::cut_and_restored",
    "demo::three_paths",
    "link::delay_and_loss",
    "mptcp::backup_waits",
    "survival::blackhole_one_way",
    "survival::ethernet_unplugged",
    "tcp::one_path",
    "transfer::both_directions",
    "transfer::by_bytes",
];

/// How many names deep values are told apart: `hosts.laptop.subflows`.
const DEPTH: usize = 3;

/// The trial for a kernel, if it is a program. Where its list is of other sources, or there is none, nothing is known.
pub(crate) fn trial(group: &str, kernel: &Kernel, at: &Place, place: &PlaceRecord) -> Option<Trial> {
    let name = format!("{group}::ten_recordings_are_those_that_are_known");
    let built = kernel.manifest.configured.filter(|_| kernel.manifest.form == Form::Program);
    let Some(configured) = built else {
        return (kernel.manifest.form == Form::Program)
            .then(|| ignored(name, "needs a list", "the kernel was imported, not built with `mplab kernel build`"));
    };
    // Another compiler makes another program of the same sources, and so other random numbers.
    let mut program = Crc::new();
    program.update(&fs::read(kernel.image()).unwrap_or_default());
    let origin = format!("{}, configured as {configured:08x}, built as {:08x}", kernel.manifest.from.join(", "), program.sum());
    let list = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/guests/known").join(format!("{}.txt", kernel.manifest.release));
    let bless = env::var_os("MPLAB_BLESS").is_some();
    let known = fs::read_to_string(&list).unwrap_or_default();
    if !bless && known.lines().next() != Some(&origin) {
        return Some(ignored(name, "needs a list", format!("nothing is known of {origin}: MPLAB_BLESS=1 writes it to {}", list.display())));
    }
    let (at, place) = (at.clone(), place.clone());
    Some(Trial::test(name, move || {
        let cases = files().into_iter().filter(|file| CASES.contains(&file.name.as_str()));
        let seen = cases.map(|file| checksums(&file, &at, &place)).collect::<Result<Vec<_>, Failed>>()?.concat();
        if bless {
            fs::create_dir_all(list.parent().expect("it is in a directory"))?;
            return Ok(fs::write(&list, format!("{origin}\n{seen}"))?);
        }
        let other = differences(&known, &format!("{origin}\n{seen}"));
        if other.is_empty() { Ok(()) } else { Err(format!("these are not as {} knows them:\n{}", list.display(), other.join("\n")).into()) }
    }))
}

/// The values that have another checksum in one list than in the other, or are in one only.
fn differences(known: &str, seen: &str) -> Vec<String> {
    let read = |list| -> BTreeMap<String, String> {
        str::lines(list).skip(1).filter_map(|line| line.rsplit_once(' ')).map(|(value, sum)| (value.to_owned(), sum.to_owned())).collect()
    };
    let (known, seen) = (read(known), read(seen));
    let names = known.keys().chain(seen.keys().filter(|name| !known.contains_key(*name)));
    names.filter(|name| known.get(*name) != seen.get(*name)).cloned().collect()
}

/// A line for each value of a case's recording: the case, the value's name, and its checksum.
fn checksums(file: &CaseFile, at: &Place, place: &PlaceRecord) -> Result<String, Failed> {
    let job = suite::plan(file, suite::SEED, place).map_err(|error| error.render(false))?;
    let recording: Value = serde_json::from_str(&at.run(&job, &mut |_| ())?.to_json())?;
    let mut lines = String::new();
    // The job is no part of what happened, and the place is probed.
    for (key, value) in recording.as_object().into_iter().flatten().filter(|(key, _)| !["job", "place"].contains(&key.as_str())) {
        add(&mut lines, &file.name, key, value, DEPTH - 1);
    }
    Ok(lines)
}

/// Adds what a value has, down to `depth` names below it.
fn add(lines: &mut String, case: &str, path: &str, value: &Value, depth: usize) {
    match value {
        Value::Object(members) if depth > 0 => {
            members.iter().for_each(|(key, member)| add(lines, case, &format!("{path}.{key}"), member, depth - 1));
        }
        value => {
            let mut crc = Crc::new();
            crc.update(value.to_string().as_bytes());
            writeln!(lines, "{case} {path} {:08x}", crc.sum()).expect("writing to a string");
        }
    }
}
