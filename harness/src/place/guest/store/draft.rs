//! Drafts: directories beside the kernels in which a kernel is written before it gets its name. A draft whose writer is gone is removed when the
//! store is next opened. Not here: what is written.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::{io, mem};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, Flock, FlockArg, RenameFlags, renameat2};

use super::StoreError;

/// The name of drafts, before a number. No kernel can have such a name.
const PREFIX: &str = ".draft-";

/// A directory that is removed with its writer unless it was published.
pub(super) struct Draft {
    directory: PathBuf,
    /// Held for as long as the writer lives.
    _alive: Flock<File>,
}

impl Draft {
    /// An empty draft in a store.
    pub(super) fn begin(store: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(store).map_err(StoreError::files("make the directory", store))?;
        // Nobody may sweep between the making of a draft and its lock.
        let _sweeper = lock(store, FlockArg::LockExclusive)?;
        sweep(store)?;
        let mut names = (0..).map(|number| store.join(format!("{PREFIX}{number}")));
        let directory = names.find(|path| !path.exists()).expect("one of all numbers is free");
        fs::create_dir(&directory).map_err(StoreError::files("make the directory", &directory))?;
        let alive = lock(&directory, FlockArg::LockExclusive)?;
        Ok(Self { directory, _alive: alive })
    }

    /// Where to write.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Gives it its name. An existing directory of that name is removed.
    pub(super) fn publish(mut self, store: &Path, name: &str) -> Result<(), StoreError> {
        // The draft's name is now free or has the replaced directory, and nobody else may take it before that is gone.
        let _sweeper = lock(store, FlockArg::LockExclusive)?;
        let place = store.join(name);
        let rename = |flags| renameat2(AT_FDCWD, &self.directory, AT_FDCWD, &place, flags);
        let renamed = match rename(RenameFlags::RENAME_NOREPLACE) {
            Err(Errno::EEXIST) => rename(RenameFlags::RENAME_EXCHANGE),
            done => done,
        };
        renamed.map_err(|error| StoreError::files("write", &place)(error.into()))?;
        let replaced = mem::take(&mut self.directory);
        match fs::remove_dir_all(&replaced) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(StoreError::files("remove", &replaced)),
        }
    }

    /// Removes it, and reports if that failed.
    pub(super) fn remove(mut self) -> Result<(), StoreError> {
        let draft = mem::take(&mut self.directory);
        fs::remove_dir_all(&draft).map_err(StoreError::files("remove", &draft))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // If empty, it was already published or removed. A partial kernel that cannot be removed now is swept by the next draft.
        if !self.directory.as_os_str().is_empty() {
            fs::remove_dir_all(&self.directory).ok();
        }
    }
}

/// Removes the drafts whose writers are gone, unless a process is making one or the store is another user's: then the next call does.
pub(super) fn sweep_if_possible(store: &Path) {
    if let Ok(_sweeper) = lock(store, FlockArg::LockExclusiveNonblock) {
        sweep(store).ok();
    }
}

/// Removes the drafts whose writers are gone.
fn sweep(store: &Path) -> Result<(), StoreError> {
    let failed = || StoreError::files("list", store);
    for entry in fs::read_dir(store).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && lock(&entry.path(), FlockArg::LockExclusiveNonblock).is_ok() {
            fs::remove_dir_all(entry.path()).map_err(StoreError::files("remove", &entry.path()))?;
        }
    }
    Ok(())
}

fn lock(directory: &Path, how: FlockArg) -> Result<Flock<File>, StoreError> {
    let file = File::open(directory).map_err(StoreError::files("open", directory))?;
    Flock::lock(file, how).map_err(|(_, error)| StoreError::files("lock", directory)(error.into()))
}
