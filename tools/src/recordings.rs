//! Recordings in files: written, read, judged and shown again.

use std::path::Path;

use mplab::recording::Recording;
use mplab::report::{self, Style};
use mplab::{disk, judge};

use crate::exit::Exit;
use crate::{Failure, check};

/// Writes a recording in full or not at all.
pub(crate) fn write(path: &Path, recording: &Recording) -> Result<(), Failure> {
    disk::write(path, recording.to_json()).map_err(|error| Failure::system(not_written(path), &error))
}

/// The message about a recording that could not be written.
pub(crate) fn not_written(path: &Path) -> String {
    format!("failed to write the recording {}", path.display())
}

pub(crate) fn read(path: &Path) -> Result<Recording, Failure> {
    let text = disk::read_text(path, disk::RECORDING).map_err(|error| Failure::path(path, error))?;
    Recording::from_json(&text).map_err(|error| Failure::path(path, error))
}

/// Refuses to write over the recording that is read.
pub(crate) fn spare(recording: &Path, output: &Path) -> Result<(), Failure> {
    if disk::same(recording, output) {
        return Err(Failure::path(output, "the output would overwrite the recording: name another file"));
    }
    Ok(())
}

pub(crate) fn judge(path: &Path, other_path: Option<&Path>, style: Style) -> Result<Exit, Failure> {
    let recording = read(path)?;
    let other = other_path.map(mplab::case::check::load).transpose().map_err(|error| Failure::usage(check::shown(&error)))?;
    let case = other.as_ref().map_or(&recording.job.case, |(case, _)| case);
    let verdict = judge::judge(&recording, case);
    let again = format!("mplab judge {}{}", path.display(), other_path.map(|path| format!(" {}", path.display())).unwrap_or_default());
    show!("{}", report::verdict(&recording, &verdict, &again, style));
    Ok(verdict.outcome.into())
}

/// Compares two recordings.
pub(crate) fn diff(paths: [&Path; 2], style: Style) -> Result<Exit, Failure> {
    let [one, other] = [read(paths[0])?, read(paths[1])?];
    let names = paths.map(|path| path.display().to_string());
    show!("{}", report::beside([&names[0], &names[1]], [&one, &other], style));
    Ok(Exit::Passed)
}
