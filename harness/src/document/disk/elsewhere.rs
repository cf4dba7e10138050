//! Files as other systems have them: told apart by their whole paths, written beside the name that they are to have.
//! Not here: what that is used for.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

/// What tells a file from all others.
pub(super) fn identity(path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path)
}

/// Opens a file for reading. Nothing but a plain one is opened: another might wait for a writer.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let about = fs::metadata(path)?;
    if !about.is_file() {
        return Err(io::Error::other(format!("it is {}, and only plain files are read", kind(&about))));
    }
    File::open(path)
}

/// What it is, if it is no plain file.
pub(super) fn kind(about: &Metadata) -> &'static str {
    if about.is_dir() { "a directory" } else { "a device" }
}

/// Files have names here.
pub(super) fn unnamed(_directory: &Path) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

/// What has a name already needs none.
pub(super) fn name(_file: &File, _path: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
