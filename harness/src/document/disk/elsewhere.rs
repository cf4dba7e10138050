//! Files on systems other than Linux: identified by their full paths, written under a temporary name beside the final one.
//! Not here: what that is used for.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

/// What identifies a file.
pub(super) fn identity(path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path)
}

/// Opens a regular file for reading. Others are refused, since opening them might wait for a writer.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let about = fs::metadata(path)?;
    if !about.is_file() {
        return Err(io::Error::other(format!("it is {}, and only regular files are read", kind(&about))));
    }
    File::open(path)
}

/// What kind of file it is, if not a regular one.
pub(super) fn kind(about: &Metadata) -> &'static str {
    if about.is_dir() { "a directory" } else { "a device" }
}

/// Not supported here: files always have names.
pub(super) fn unnamed(_directory: &Path) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Does nothing: the file already has a name.
pub(super) fn name(_file: &File, _path: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
