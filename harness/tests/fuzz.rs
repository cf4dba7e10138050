//! Documents, plans and the judge take whatever somebody writes: they answer it, and never panic.
//!
//! Documents of the repository are spoilt at random: parts of them are lost, doubled, or replaced by parts of others. What can still be read is
//! planned, and judged with a made-up recording, which is spoilt too. `cargo test` does so for a few seconds, `MPLAB_FUZZ=60` for a minute each;
//! what made it panic is printed with a seed, which `MPLAB_FUZZ_SEED=0x...` tries again.

#[path = "judge/synthetic.rs"]
#[allow(dead_code, reason = "the judge's tests need all of it")]
mod synthetic;

use std::path::Path;
use std::time::Duration;
use std::{env, fs};

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;
use mplab::case::check as case;
use mplab::judge::judge;
use mplab::plan::{self, Forwarding, Job};
use mplab::recording::Recording;
use mplab::topology::check as topology;

/// The texts of the TOML files below a directory, by their names.
fn texts(below: &str, found: &mut Vec<(String, String)>) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(below);
    let mut paths: Vec<_> =
        directory.read_dir().expect("the directory is there").map(|entry| entry.expect("it can be read").path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if path.is_dir() {
            texts(&format!("{below}/{name}"), found);
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            found.push((name, fs::read_to_string(&path).expect("a document is text")));
        }
    }
}

fn of(directories: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for directory in directories {
        texts(directory, &mut found);
    }
    found
}

/// Runs a property for as long as was asked for.
fn tried(property: impl FnMut(&mut Unstructured<'_>) -> Result<()>) {
    let seconds = env::var("MPLAB_FUZZ").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(2);
    let seed = env::var("MPLAB_FUZZ_SEED").ok().and_then(|seed| u64::from_str_radix(seed.trim_start_matches("0x"), 16).ok());
    let test = arbtest(property).size_max(4096).budget(Duration::from_secs(seconds));
    if let Some(seed) = seed {
        test.seed(seed).run();
    }
}

/// A place in a text between two characters.
fn place(text: &str, u: &mut Unstructured<'_>) -> Result<usize> {
    let at = u.int_in_range(0..=text.len())?;
    Ok((0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0))
}

/// A part of a text: a few characters, or whole lines.
fn part(text: &str, u: &mut Unstructured<'_>) -> Result<(usize, usize)> {
    let start = place(text, u)?;
    if u.ratio(1, 2)? {
        let start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        return Ok((start, text[start..].find('\n').map_or(text.len(), |newline| start + newline + 1)));
    }
    let end = (start + u.int_in_range(0..=12)?).min(text.len());
    Ok((start, (end..=text.len()).find(|&end| text.is_char_boundary(end)).unwrap_or(text.len())))
}

/// What numbers and words are likely to be mistaken for.
const PIECES: [&str; 22] = [
    "0",
    "-1",
    "1e400",
    "18446744073709551616",
    "\"\"",
    "\"0s\"",
    "\"99999999999s\"",
    "\">= 100%\"",
    "\"..\"",
    "\"2s..1s\"",
    "[]",
    "{}",
    "[[",
    "]]",
    "=",
    "\"",
    "\u{0}",
    "\u{202e}",
    "é",
    ".",
    "true",
    "\n[x]\n",
];

/// A document with a few mistakes.
fn spoilt(text: &str, others: &[(String, String)], u: &mut Unstructured<'_>) -> Result<String> {
    let mut text = text.to_owned();
    for _ in 0..u.int_in_range(1..=5)? {
        let (start, end) = part(&text, u)?;
        let piece = match u.int_in_range(0..=4)? {
            0 => String::new(),
            1 => text[start..end].repeat(2),
            2 => (*u.choose(&PIECES)?).to_owned(),
            _ => {
                let other = &u.choose(others)?.1;
                let (from, to) = part(other, u)?;
                other[from..to].to_owned()
            }
        };
        text.replace_range(start..end, &piece);
    }
    Ok(text)
}

#[test]
fn a_topology_is_answered_and_planned() {
    let documents = of(&["../topologies", "tests/bad"]);
    tried(|u| {
        let text = spoilt(&u.choose(&documents)?.1, &documents, u)?;
        match topology::parse("spoilt.toml", &text) {
            Ok(topology) => drop(plan::script(&plan::lab(&topology, Forwarding::Bridge))),
            Err(wrong) => assert!(!wrong.to_string().is_empty()),
        }
        Ok(())
    });
}

#[test]
fn a_case_is_answered_planned_and_judged() {
    let documents = of(&["../testcases/cases", "tests/bad"]);
    let topologies = of(&["../topologies"]);
    let known: Vec<(&str, &str)> = topologies.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    tried(|u| {
        let text = spoilt(&u.choose(&documents)?.1, &documents, u)?;
        match case::parse("spoilt.toml", &text, known.as_slice()) {
            Ok((case, topology)) => {
                let job = Job::plan("spoilt", topology, case.clone(), Forwarding::Redirect);
                assert!(!job.script().is_empty());
                let mut run = synthetic::run();
                // What was seen of each is what one of the run's was.
                let (host, transfer) = (run.hosts["laptop"].clone(), run.transfers["download"].clone());
                run.hosts = job.topology.hosts.keys().map(|name| (name.clone(), host.clone())).collect();
                run.transfers = case.transfers.keys().map(|name| (name.clone(), transfer.clone())).collect();
                run.job = job;
                drop(judge(&run, &case));
            }
            Err(wrong) => assert!(wrong.iter().all(|document| !document.to_string().is_empty())),
        }
        Ok(())
    });
}

#[test]
fn a_recording_is_answered_and_judged() {
    let mut run = synthetic::run();
    // Short series are as good as long ones.
    for host in run.hosts.values_mut() {
        host.at.truncate(20);
        host.counted.truncate(20);
        host.subflows.iter_mut().for_each(|subflow| subflow.at.truncate(9));
    }
    for connection in run.transfers.values_mut().flat_map(|transfer| &mut transfer.connections) {
        connection.down.iter_mut().for_each(|flow| flow.progress.truncate(30));
    }
    let text = serde_json::to_string(&run).expect("a recording can be written");
    let numbers: Vec<usize> = text.match_indices(|character: char| character.is_ascii_digit()).map(|(at, _)| at).collect();
    tried(|u| {
        let mut text = text.clone();
        for _ in 0..u.int_in_range(1..=20)? {
            let at = *u.choose(&numbers)?;
            let digit = u.int_in_range(0..=9)?.to_string();
            text.replace_range(at..=at, &digit);
        }
        if let Ok(run) = serde_json::from_str::<Recording>(&text) {
            drop(judge(&run, &run.job.case));
        }
        Ok(())
    });
}
