//! `mplab report`: shows recordings as text, or writes files in the format that their names say.

use std::path::{Path, PathBuf};
use std::{fs, io};

use mplab::disk;
use mplab::recording::Recording;
use mplab::report::{self, EXPORTS, Export, Source};
use mplab::words::Time;

use crate::exit::Exit;
use crate::recordings::{read, spare};
use crate::{Failure, png};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Recordings, or directories of them
    #[arg(required = true)]
    recordings: Vec<PathBuf>,
    #[arg(long, short, value_name = "FILE", help = help())]
    output: Vec<PathBuf>,
    /// Interval between the rows of the table
    #[arg(long, default_value = "1s")]
    interval: Time,
}

/// All formats: the library's, and those that need more than it has.
fn exports() -> impl Iterator<Item = &'static Export> {
    EXPORTS.iter().chain([&png::EXPORT])
}

fn help() -> String {
    let all: Vec<String> = exports().map(|export| format!(".{} is {}", export.ending, export.is)).collect();
    format!("Write a file instead of text, in the format that its name says: {}. May be given several times", all.join(", "))
}

/// The format of a file, by its name.
fn export(path: &Path) -> Result<&'static Export, Failure> {
    let ending = path.extension().and_then(|ending| ending.to_str());
    let found = exports().find(|export| Some(export.ending) == ending);
    found.ok_or_else(|| {
        let mut known: Vec<String> = exports().map(|export| format!(".{}", export.ending)).collect();
        let last = known.pop().unwrap_or_default();
        Failure::path(path, format!("a report's name must end in {} or {last}", known.join(", ")))
    })
}

pub(crate) fn report(arguments: &Arguments) -> Result<Exit, Failure> {
    // Before anything is read or written.
    let outputs = arguments.output.iter().map(|path| export(path).map(|export| (path.as_path(), export)));
    let outputs: Vec<(&Path, &Export)> = outputs.collect::<Result<_, _>>()?;
    let found = find(&arguments.recordings)?;
    let recordings: Vec<Recording> = found.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
    for recording in recordings.iter().filter(|_| outputs.is_empty()) {
        text(recording, arguments.interval);
    }
    for (output, _) in &outputs {
        found.iter().try_for_each(|recording| spare(recording, output))?;
    }
    for (output, export) in outputs {
        let source = Source { recordings: &recordings, found: &found, output, interval: arguments.interval };
        for file in (export.make)(&source) {
            let (path, content) = file.map_err(Failure::usage)?;
            disk::write(&path, content).map_err(|error| Failure::system(format!("failed to write {}", path.display()), &error))?;
        }
    }
    Ok(Exit::Passed)
}

/// The recordings at these paths: files themselves, and all below a directory, in the order of their names.
fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        let before = found.len();
        search(path, &mut found).map_err(|error| Failure::path(path, error))?;
        if found.len() == before {
            return Err(Failure::path(path, "it contains no recording (*.json)"));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_the_formats() {
        let rows = exports().map(|export| format!("| `.{}` | {} |\n", export.ending, export.is));
        crate::table::compare("docs/report.md", "| name ends in | file is |\n|---|---|\n", &rows.collect::<String>());
    }
}
