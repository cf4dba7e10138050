//! Files written so that a crash or a full disk never leaves half of one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag};
use nix::unistd::linkat;

/// Where the recording of a case goes: `survival::flap` to `DIRECTORY/survival/flap.json`.
pub fn of_recording(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{}.json", name.replace("::", "/")))
}

/// Writes a file in full or not at all, with the directories above it.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
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
