//! The files of a page of many runs: one for each run in a directory beside the page, named like it without its ending.
//! Not here: what the pages show, and writing them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::page;
use super::Suite;
use crate::result::compare::Run;
use crate::result::judge::judge;
use crate::result::recording::Recording;
use crate::result::report::export::{Files, Source};

/// The files. The page of all runs comes last, so that its links never lead nowhere.
pub(in crate::result::report::export::page) fn files<'a>(source: &'a Source<'a>) -> Files<'a> {
    let mut suite = Suite::default();
    let mut places = BTreeMap::new();
    let runs = source.recordings.iter().zip(source.found).map(Some).chain([None]);
    Box::new(runs.map(move |run| match run {
        Some((recording, found)) => of_run(source.output, recording, found, &mut suite, &mut places),
        None => Ok((source.output.to_owned(), suite.page().into())),
    }))
}

/// The page of a run, which is added to that of all. `places` has the recordings of the pages so far.
fn of_run<'a>(
    output: &Path,
    recording: &Recording,
    found: &'a Path,
    suite: &mut Suite,
    places: &mut BTreeMap<String, &'a Path>,
) -> Result<(PathBuf, Vec<u8>), String> {
    let directory = output.with_extension("");
    let name = |path: &Path| address(&path.file_name().unwrap_or_default().to_string_lossy());
    let [place, case] =
        [&recording.place.name, &recording.job.name.replace("::", "/")].map(|part| part.split('/').map(safe).collect::<Vec<_>>().join("/"));
    let below = format!("{place}/{case}/seed-{}.html", recording.job.seed);
    let verdict = judge(recording, &recording.job.case);
    let url = format!("{}/{}", name(&directory), address(&below));
    if !suite.add(&recording.job.name, &recording.place, Run::of(recording, &verdict), url) {
        let first = places.get(&below).map(|first| first.display().to_string()).unwrap_or_default();
        return Err(format!("{} and {first} have the same case, place and seed: name only one of them", found.display()));
    }
    let up = "../".repeat(below.matches('/').count() + 1) + &name(output);
    let file = (directory.join(&below), page(recording, &verdict, Some(&up)).into());
    places.insert(below, found);
    Ok(file)
}

/// A path component that cannot lead elsewhere, whatever name a recording has.
fn safe(part: &str) -> String {
    let kept: String = part.chars().map(|letter| if letter.is_alphanumeric() || "-_.".contains(letter) { letter } else { '_' }).collect();
    if kept.trim_matches('.').is_empty() { format!("_{kept}") } else { kept }
}

/// A path as a relative URL.
fn address(path: &str) -> String {
    let escaped = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    path.bytes().map(escaped).collect()
}
