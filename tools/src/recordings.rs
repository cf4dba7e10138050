//! Recordings in files: written so that a crash or a full disk never leaves half of one, read, judged and shown again.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use mplab::judge;
use mplab::recording::Recording;
use mplab::report::{self, Style};
use mplab::words::Time;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag};
use nix::unistd::linkat;

use crate::exit::Exit;
use crate::{Failure, check};

/// Where the recording of a case goes.
pub(crate) fn file(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{}.json", name.replace("::", "/")))
}

/// Writes a recording in full or not at all.
pub(crate) fn write(path: &Path, recording: &Recording) -> Result<(), Failure> {
    write_text(path, &recording.to_json())
        .map_err(|error| Failure::broken(format!("failed to write the recording {}: {error}", path.display())))
}

/// Writes a file in full or not at all, with the directories above it.
pub(crate) fn write_text(path: &Path, text: &str) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(directory)?;
    match unnamed(directory) {
        Ok(file) => fill(&file, text).and_then(|()| give_name(&file, path)),
        // Not every file system has files without a name.
        Err(_) => write_beside(path, text),
    }
}

/// A file that has no name yet: it is gone if this program is killed before it gets one.
fn unnamed(directory: &Path) -> io::Result<File> {
    File::options().write(true).custom_flags(OFlag::O_TMPFILE.bits()).open(directory)
}

fn fill(mut file: &File, json: &str) -> io::Result<()> {
    file.write_all(json.as_bytes())?;
    file.sync_all()
}

/// Gives a complete file its name, and takes it from the file that had it.
fn give_name(file: &File, path: &Path) -> io::Result<()> {
    let itself = format!("/proc/self/fd/{}", file.as_raw_fd());
    loop {
        match linkat(AT_FDCWD, itself.as_str(), AT_FDCWD, path, AtFlags::AT_SYMLINK_FOLLOW) {
            Err(Errno::EEXIST) => fs::remove_file(path)?,
            done => return Ok(done?),
        }
    }
}

fn write_beside(path: &Path, json: &str) -> io::Result<()> {
    let partial = path.with_extension(format!("json.{}.tmp", std::process::id()));
    let written = File::create(&partial).and_then(|file| fill(&file, json)).and_then(|()| fs::rename(&partial, path));
    written.inspect_err(|_| drop(fs::remove_file(&partial)))
}

pub(crate) fn read(path: &Path) -> Result<Recording, Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::usage(format!("{}: {error}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| wrong(&error))?;
    Recording::from_json(&text).map_err(|error| wrong(&error))
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

pub(crate) fn report(path: &Path, interval: Time, svg: Option<&Path>) -> Result<Exit, Failure> {
    let recording = read(path)?;
    say!("{}: {}", recording.job.name, recording.job.case.summary);
    show!("\n{}", report::links(&recording));
    for name in recording.job.case.transfers.keys() {
        say!("\n{}", report::summary(&recording, name));
        say!("{}", report::table(&recording, name, interval));
        say!("{}", report::subflows(&recording, name));
        show!("{}", report::share(&recording, name));
    }
    if let Some((svg, transfer)) = svg.zip(recording.job.case.transfers.keys().next()) {
        let failed = |error| Failure::broken(format!("failed to write {}: {error}", svg.display()));
        fs::write(svg, report::svg(&recording, transfer)).map_err(failed)?;
    }
    Ok(Exit::Passed)
}
