//! Files: reads regular ones of a bounded size, and writes in full or not at all.
//! Not here: what is in them.

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;

use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

#[cfg(not(target_os = "linux"))]
use elsewhere as system;
#[cfg(target_os = "linux")]
use linux as system;

/// The most bytes that a topology, a case, a trace or a list may have.
pub const DOCUMENT: u64 = 4 << 20;
/// The most bytes that a recording or a matrix may have.
pub const RECORDING: u64 = 1 << 30;

/// The file for the recording of a case: `DIRECTORY/survival/flap.json` for `survival::flap`.
pub fn of_recording(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{}.json", name.replace("::", "/")))
}

/// Whether two paths lead to one file.
pub fn same(one: &Path, other: &Path) -> bool {
    let identity = |path: &Path| system::identity(path).ok();
    identity(one).is_some_and(|one| Some(one) == identity(other))
}

/// Opens a regular file for reading. A device or a pipe may have no end, and is refused without waiting.
pub fn open(path: &Path) -> io::Result<File> {
    let file = system::open(path)?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::Error::other(format!("it is {}, and only regular files are read", system::kind(&about))));
    }
    Ok(file)
}

/// Reads a regular file of at most `most` bytes.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("it is larger than {} MiB, the limit for such a file", most >> 20)));
    }
    Ok(bytes)
}

/// Reads the text of a regular file of at most `most` bytes.
pub fn read_text(path: &Path, most: u64) -> io::Result<String> {
    let not_text = |error: std::string::FromUtf8Error| format!("byte {} is not UTF-8 text", error.utf8_error().valid_up_to());
    String::from_utf8(read(path, most)?).map_err(|error| io::Error::other(not_text(error)))
}

/// Writes a file in full or not at all, with the directories above it.
pub fn write(path: &Path, contents: impl AsRef<[u8]>) -> io::Result<()> {
    let mut draft = Draft::new(path)?;
    draft.write_all(contents.as_ref())?;
    draft.finish()
}

/// Takes the contents of a file that is being written.
pub type Writing<'a> = &'a mut dyn Write;

/// Writes a file in full or not at all, piece by piece.
pub fn write_with(path: &Path, contents: impl FnOnce(Writing<'_>) -> io::Result<()>) -> io::Result<()> {
    let mut draft = io::BufWriter::new(Draft::new(path)?);
    contents(&mut draft)?;
    draft.into_inner().map_err(io::IntoInnerError::into_error)?.finish()
}

/// An unnamed file to write and read, which vanishes when it is closed. Makes the directory if needed.
pub(crate) fn scratch(directory: &Path) -> io::Result<File> {
    fs::create_dir_all(directory)?;
    system::unnamed(directory).or_else(|_| {
        // Not every file system has files without a name.
        let path = fresh(&directory.join("scratch"));
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        fs::remove_file(path)?;
        Ok(file)
    })
}

/// A file that is being written. Until [`Draft::finish`], an existing file of its name stays as it is.
#[derive(Debug)]
pub(crate) struct Draft {
    file: File,
    /// Its final name, or `None` for a device or a pipe, whose output cannot be undone.
    target: Option<PathBuf>,
    /// Its temporary name, if it needs one; an unnamed file vanishes if this program is killed.
    beside: Option<PathBuf>,
}

impl Draft {
    /// Begins a file, and makes the directories above it.
    pub(crate) fn new(path: &Path) -> io::Result<Self> {
        let (path, before) = match fs::metadata(path) {
            Ok(about) if about.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(about) if about.is_file() => (fs::canonicalize(path)?, Some(about)),
            Ok(_) => return Ok(Self { file: File::options().write(true).open(path)?, target: None, beside: None }),
            Err(_) => (path.to_owned(), None),
        };
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(directory)?;
        let (file, beside) = if let Ok(file) = system::unnamed(directory) {
            (file, None)
        } else {
            // Not every file system has files without a name.
            let beside = fresh(&path);
            (File::options().write(true).create_new(true).open(&beside)?, Some(beside))
        };
        let draft = Self { file, target: Some(path), beside };
        before.map_or(Ok(()), |before| draft.file.set_permissions(before.permissions()))?;
        Ok(draft)
    }

    /// Gives the complete file its name, replacing an existing file.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        let Some(target) = self.target.take() else { return Ok(()) };
        self.file.sync_all()?;
        if self.beside.is_none() {
            match system::name(&self.file, &target) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    let beside = fresh(&target);
                    system::name(&self.file, &beside)?;
                    self.beside = Some(beside);
                }
                done => return done,
            }
        }
        if let Some(beside) = &self.beside {
            fs::rename(beside, target)?;
        }
        self.beside = None;
        Ok(())
    }
}

/// An unused name in the same directory: other threads and other computers may write the same file.
fn fresh(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    // The standard library's random numbers: each state has its own.
    let random = RandomState::new().hash_one(std::process::id());
    name.push(format!(".{random:016x}.tmp"));
    path.with_file_name(name)
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(beside) = &self.beside {
            fs::remove_file(beside).ok();
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn directory(name: &str) -> PathBuf {
        let directory = std::env::temp_dir().join(format!("mplab-disk-{name}-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        directory
    }

    #[test]
    fn only_plain_files_of_a_bounded_size_are_read() {
        let directory = directory("read");
        let (plain, pipe) = (directory.join("plain"), directory.join("pipe"));
        fs::write(&plain, "12345").unwrap();
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let said = |path: &Path, most| read(path, most).map_err(|error| error.to_string());
        assert_eq!(said(&plain, 5), Ok(b"12345".to_vec()));
        assert_eq!(said(&plain, 4).unwrap_err(), "it is larger than 0 MiB, the limit for such a file");
        assert_eq!(said(&pipe, 4).unwrap_err(), "it is a pipe, and only regular files are read");
        assert_eq!(said(Path::new("/dev/zero"), 4).unwrap_err(), "it is a device, and only regular files are read");
        assert_eq!(said(&directory, 4).unwrap_err(), "it is a directory, and only regular files are read");
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn what_is_not_finished_leaves_what_was_there() {
        let directory = directory("write");
        let (file, link) = (directory.join("file"), directory.join("link"));
        write(&file, "old").unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        let mut draft = Draft::new(&file).unwrap();
        draft.write_all(b"half").unwrap();
        drop(draft);
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
        write(&link, "new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert!(link.is_symlink() && same(&file, &link) && !same(&file, &directory));
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 2, "nothing is left beside them");
        write(Path::new("/dev/null"), "nowhere").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file(), "a device stays one");
        assert!(write(&directory, "x").is_err());
        fs::remove_dir_all(directory).unwrap();
    }
}
