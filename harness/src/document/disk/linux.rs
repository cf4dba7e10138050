//! Files on Linux: identified by their inodes, opened without waiting, written before they have a name.
//! Not here: what that is used for.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::fcntl::{AT_FDCWD, AtFlags, OFlag};
use nix::unistd::linkat;

/// What identifies a file.
pub(super) fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::metadata(path).map(|about| (about.dev(), about.ino()))
}

/// Opens a file for reading, without waiting for the writer of a pipe.
pub(super) fn open(path: &Path) -> io::Result<File> {
    File::options().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path)
}

/// What kind of file it is, if not a regular one.
pub(super) fn kind(about: &Metadata) -> &'static str {
    let kind = about.file_type();
    match () {
        () if kind.is_dir() => "a directory",
        () if kind.is_fifo() => "a pipe",
        () if kind.is_socket() => "a socket",
        () => "a device",
    }
}

/// An unnamed file in a directory, which vanishes with this process unless it is given a name (`O_TMPFILE`).
pub(super) fn unnamed(directory: &Path) -> io::Result<File> {
    File::options().read(true).write(true).custom_flags(OFlag::O_TMPFILE.bits()).open(directory)
}

/// Gives such a file an unused name.
pub(super) fn name(file: &File, path: &Path) -> io::Result<()> {
    let itself = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(AT_FDCWD, itself.as_str(), AT_FDCWD, path, AtFlags::AT_SYMLINK_FOLLOW)?)
}
