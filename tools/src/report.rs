//! `mplab report`: shows recordings as text, or writes files in the format that their names say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use mplab::compare::Run;
use mplab::recording::Recording;
use mplab::report::{self, Suite};
use mplab::words::Time;
use mplab::{disk, judge};

use crate::Failure;
use crate::exit::Exit;
use crate::png::png;
use crate::recordings::{read, spare};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Recordings, or directories of them
    #[arg(required = true)]
    recordings: Vec<PathBuf>,
    /// Write a file instead of text, in the format that its name says: .html is a page, .svg and .png a drawing of the throughput, .md a text for
    /// a forge, .csv and .om (OpenMetrics) all series for other tools. May be given several times
    #[arg(long, short, value_name = "FILE")]
    output: Vec<PathBuf>,
    /// Interval between the rows of the table
    #[arg(long, default_value = "1s")]
    interval: Time,
}

/// The format of a file, by its name.
#[derive(Clone, Copy)]
enum Form {
    Html,
    Svg,
    Png,
    Markdown,
    Csv,
    OpenMetrics,
}

impl Form {
    fn of(path: &Path) -> Result<Self, Failure> {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("html") => Ok(Self::Html),
            Some("svg") => Ok(Self::Svg),
            Some("png") => Ok(Self::Png),
            Some("md") => Ok(Self::Markdown),
            Some("csv") => Ok(Self::Csv),
            Some("om") => Ok(Self::OpenMetrics),
            _ => Err(Failure::usage(format!("{}: a report's name must end in .html, .svg, .png, .md, .csv or .om", path.display()))),
        }
    }
}

pub(crate) fn report(arguments: &Arguments) -> Result<Exit, Failure> {
    // Before anything is read or written.
    let outputs = arguments.output.iter().map(|path| Form::of(path).map(|form| (path.as_path(), form)));
    let outputs: Vec<(&Path, Form)> = outputs.collect::<Result<_, _>>()?;
    let found = find(&arguments.recordings)?;
    let recordings: Vec<Recording> = found.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
    for recording in recordings.iter().filter(|_| outputs.is_empty()) {
        text(recording, arguments.interval);
    }
    for (output, _) in &outputs {
        found.iter().try_for_each(|recording| spare(recording, output))?;
    }
    for (path, form) in outputs {
        match (form, recordings.as_slice()) {
            (Form::Html, [one]) => write(path, page(one, None))?,
            (Form::Html, several) => suite(path, several, &found)?,
            (Form::Svg, [one]) => write(path, &drawing(path, one)?)?,
            (Form::Png, [one]) => write(path, pixels(path, one)?)?,
            (Form::Markdown, several) => write(path, several.iter().map(|one| markdown(one, arguments.interval)).collect::<String>())?,
            (Form::Svg | Form::Png, several) => {
                return Err(Failure::usage(format!("{}: a drawing shows one recording, not {}", path.display(), several.len())));
            }
            (Form::Csv, several) => write(path, report::csv(several))?,
            (Form::OpenMetrics, several) => write(path, report::openmetrics(several))?,
        }
    }
    Ok(Exit::Passed)
}

/// The recordings at these paths: files themselves, and all below a directory, in the order of their names.
fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        let wrong = |why: &dyn std::fmt::Display| Failure::usage(format!("{}: {why}", path.display()));
        let before = found.len();
        search(path, &mut found).map_err(|error| wrong(&error))?;
        if found.len() == before {
            return Err(wrong(&"it contains no recording (*.json)"));
        }
    }
    Ok(found)
}

fn search(path: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    if !fs::metadata(path)?.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    let mut entries = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>()?;
    entries.sort();
    for entry in entries.iter().filter(|entry| entry.is_dir() || entry.extension().is_some_and(|ending| ending == "json")) {
        search(entry, found)?;
    }
    Ok(())
}

fn page(recording: &Recording, up: Option<&str>) -> String {
    report::page(recording, &judge::judge(recording, &recording.job.case), up)
}

fn pixels(path: &Path, recording: &Recording) -> Result<Vec<u8>, Failure> {
    png(&drawing(path, recording)?).map_err(|why| Failure::usage(format!("{}: {why}", path.display())))
}

fn markdown(recording: &Recording, interval: Time) -> String {
    report::markdown(recording, &judge::judge(recording, &recording.job.case), interval)
}

fn drawing(path: &Path, recording: &Recording) -> Result<String, Failure> {
    let transfer = recording.job.case.transfers.keys().next();
    let transfer = transfer.ok_or_else(|| Failure::usage(format!("{}: the case has no transfer to draw", path.display())))?;
    Ok(report::svg(recording, transfer))
}

/// Writes the page of several runs, and a page per run in a directory beside it, named like the page without its ending. The page of all is
/// written last, so that its links never lead nowhere.
fn suite(path: &Path, recordings: &[Recording], found: &[PathBuf]) -> Result<(), Failure> {
    let directory = path.with_extension("");
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut suite = Suite::default();
    let mut places: BTreeMap<String, &Path> = BTreeMap::new();
    for (recording, source) in recordings.iter().zip(found) {
        let verdict = judge::judge(recording, &recording.job.case);
        let parts = [&recording.place.name, &recording.job.name.replace("::", "/")]
            .map(|part| part.split('/').map(safe).collect::<Vec<_>>().join("/"));
        let below = format!("{}/{}/seed-{}.html", parts[0], parts[1], recording.job.seed);
        let up = "../".repeat(below.matches('/').count() + 1) + &address(&name(path));
        if !suite.add(
            &recording.job.name,
            &recording.place,
            Run::of(recording, &verdict),
            format!("{}/{}", address(&name(&directory)), address(&below)),
        ) {
            let first = places.get(&below).map(|first| first.display().to_string()).unwrap_or_default();
            return Err(Failure::usage(format!(
                "{} and {first} have the same case, place and seed: name only one of them",
                source.display()
            )));
        }
        places.insert(below.clone(), source);
        write(&directory.join(below), report::page(recording, &verdict, Some(&up)))?;
    }
    write(path, suite.page())
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

fn write(path: &Path, contents: impl AsRef<[u8]>) -> Result<(), Failure> {
    disk::write(path, contents).map_err(|error| Failure::system(format!("failed to write {}", path.display()), &error))
}

fn text(recording: &Recording, interval: Time) {
    say!("{}: {}", recording.job.name, recording.job.case.summary);
    show!("\n{}", report::links(recording));
    for name in recording.job.case.transfers.keys() {
        say!("\n{}", report::summary(recording, name));
        say!("{}", report::table(recording, name, interval));
        say!("{}", report::subflows(recording, name));
        show!("{}", report::share(recording, name));
    }
    if recording.job.case.transfers.is_empty() {
        show!("\n{}", report::subflows_of_hosts(recording));
    }
    show!("\n{}", report::counters(recording));
}
