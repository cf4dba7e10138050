//! The build directory of a kernel, in the store: it stays until the kernel is removed, and has one builder at a time.
//! Not here: what is built in it.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};

use crate::place::guest::store::StoreError;

/// The directory of build directories, by the kernels' names. No kernel can have this name.
const SITES: &str = ".builds";

/// A build directory in use.
pub(in crate::place::guest::store) struct Site {
    directory: PathBuf,
    lock: Flock<File>,
}

impl Site {
    /// The path that a kernel's build directory has or would have.
    pub(in crate::place::guest::store) fn path(store: &Path, name: &str) -> PathBuf {
        store.join(SITES).join(name)
    }

    /// Makes the directory if needed, and keeps others out of it.
    pub(in crate::place::guest::store) fn enter(store: &Path, name: &str) -> Result<Self, StoreError> {
        let directory = Self::path(store, name);
        let objects = directory.join("objects");
        fs::create_dir_all(&objects).map_err(StoreError::files("make the directory", &objects))?;
        // Make's processes have other directories, and compilers other names of this one.
        let directory = directory.canonicalize().map_err(StoreError::files("find", &directory))?;
        let opened = File::open(&directory).map_err(StoreError::files("open", &directory))?;
        let lock = Flock::lock(opened, FlockArg::LockExclusiveNonblock).map_err(|_| StoreError::Busy { name: name.to_owned() })?;
        Ok(Self { directory, lock })
    }

    /// A file or directory in it.
    pub(super) fn path_of(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// What `make` writes.
    pub(super) fn objects(&self) -> PathBuf {
        self.path_of("objects")
    }

    /// The lock, which keeps others out as long as any process has it open.
    pub(super) fn lock(&self) -> io::Result<OwnedFd> {
        Ok(self.lock.try_clone()?.into())
    }

    /// Removes it.
    pub(in crate::place::guest::store) fn remove(self) -> Result<(), StoreError> {
        fs::remove_dir_all(&self.directory).map_err(StoreError::files("remove", &self.directory))
    }
}

/// The size of a directory on disk, in bytes, if it exists.
pub(super) fn size(directory: &Path) -> Option<u64> {
    let mut below = vec![directory.read_dir().ok()?];
    let mut size = 0;
    while let Some(entries) = below.pop() {
        // A file that vanishes meanwhile does not count.
        for entry in entries.flatten() {
            let Ok(about) = entry.metadata() else { continue };
            size += about.blocks() * 512;
            if about.is_dir() {
                below.extend(entry.path().read_dir());
            }
        }
    }
    Some(size)
}
