//! The directory of a standing lab: records what was made for it, and holds its holder's socket.
//! Not here: making it.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::{env, fs};

use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

use super::{StandingError, failed};
use crate::kernel::inhabitants::Home;
use crate::place::{Failure, Kind};
use crate::plan::Job;
use crate::result::recording::PlaceRecord;

/// What is recorded before it is made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    /// The job that builds the lab.
    pub(super) job: Job,
    /// Where the lab is.
    pub(super) place: PlaceRecord,
    /// The names of its namespaces by host.
    pub(super) names: BTreeMap<String, String>,
}

/// A lab's directory.
pub(super) struct Directory(PathBuf);

/// The directory of all labs' directories: root's in /run, a user's in XDG_RUNTIME_DIR, or else where temporary files are.
fn parent() -> Result<PathBuf, StandingError> {
    let user = nix::unistd::geteuid();
    let path = match env::var_os("XDG_RUNTIME_DIR") {
        _ if user.is_root() => PathBuf::from("/run/mplab"),
        Some(directory) if !directory.is_empty() => Path::new(&directory).join("mplab"),
        _ => env::temp_dir().join(format!("mplab-{user}")),
    };
    let what = || failed(format!("make {}", path.display()));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(what())?;
    let facts = fs::symlink_metadata(&path).map_err(what())?;
    if !facts.is_dir() || facts.uid() != user.as_raw() {
        return Err(StandingError::Usage(format!("{} belongs to another user", path.display())));
    }
    Ok(path)
}

/// Keeps other processes from making and removing labs meanwhile.
pub(super) fn lock() -> Result<Flock<fs::File>, StandingError> {
    lock_at(&parent()?, FlockArg::LockExclusive)
}

fn lock_at(path: &Path, how: FlockArg) -> Result<Flock<fs::File>, StandingError> {
    let directory = fs::File::open(path).map_err(failed("look for labs"))?;
    Flock::lock(directory, how).map_err(|(_, errno)| failed("wait for other commands that use the lab")(errno.into()))
}

impl Directory {
    /// Makes the directory of a new lab.
    pub(super) fn make(name: &str) -> Result<Self, StandingError> {
        let directory = Self(parent()?.join(name));
        if directory.0.exists() && !directory.is_written() {
            // Its maker was killed before it made anything else.
            directory.remove()?;
        }
        match fs::DirBuilder::new().mode(0o700).create(&directory.0) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(StandingError::Usage(if directory.connect().is_ok() {
                format!("a lab called `{name}` is already up: take it down with `mplab down {name}`, or name this one with --name")
            } else {
                format!("a lab called `{name}` has fallen, and parts of it may be left: clean up with `mplab down {name}`")
            })),
            made => made.map(|()| directory).map_err(failed(format!("make a directory for lab `{name}`"))),
        }
    }

    /// The directories of all labs.
    pub(super) fn all() -> Result<Vec<Self>, StandingError> {
        let entries = fs::read_dir(parent()?).map_err(failed("look for labs"))?;
        let mut all: Vec<_> = entries.map_while(Result::ok).map(|entry| Self(entry.path())).filter(Self::is_written).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(all)
    }

    /// The directory at a path.
    pub(super) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    fn is_written(&self) -> bool {
        self.0.join("record").exists()
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The socket on which the holder listens.
    pub(super) fn socket(&self) -> PathBuf {
        self.0.join("socket")
    }

    /// The file with the holder's messages.
    pub(super) fn said(&self) -> PathBuf {
        self.0.join("said")
    }

    /// Lets the calling process enter the lab before it is taken down, or find that it has been.
    pub(super) fn lock_to_enter(&self) -> Result<Flock<fs::File>, StandingError> {
        lock_at(&self.0, FlockArg::LockShared)
    }

    /// Waits for processes that are about to enter, and lets none enter any more.
    pub(super) fn lock_to_end(&self) -> Result<Flock<fs::File>, StandingError> {
        lock_at(&self.0, FlockArg::LockExclusive)
    }

    /// Records the identity of its namespaces before anything can enter them.
    pub(super) fn write_homes(&self, homes: &[Home]) -> io::Result<()> {
        fs::write(self.0.join("homes"), serde_json::to_vec(homes)?)
    }

    /// Its namespaces; empty if its holder did not get that far.
    pub(super) fn homes(&self) -> Vec<Home> {
        let text = fs::read(self.0.join("homes")).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    pub(super) fn connect(&self) -> io::Result<UnixStream> {
        UnixStream::connect(self.socket())
    }

    pub(super) fn write(&self, record: &Record) -> Result<(), StandingError> {
        // The file is either complete or absent.
        let (fresh, path) = (self.0.join("record.new"), self.0.join("record"));
        let text = serde_json::to_vec(record).map_err(|error| StandingError::Broken(Box::new(Failure::new(Kind::Machinery, &error))))?;
        fs::write(&fresh, text).and_then(|()| fs::rename(&fresh, &path)).map_err(failed(format!("write {}", path.display())))
    }

    pub(super) fn read(&self) -> Result<Record, StandingError> {
        let path = self.0.join("record");
        let text = fs::read(&path).map_err(failed(format!("read {}", path.display())))?;
        serde_json::from_slice(&text).map_err(|error| failed(format!("understand {}", path.display()))(error.into()))
    }

    pub(super) fn remove(&self) -> Result<(), StandingError> {
        let removed =
            fs::remove_dir_all(&self.0).or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) });
        removed.map_err(failed(format!("remove {}", self.0.display())))
    }
}
