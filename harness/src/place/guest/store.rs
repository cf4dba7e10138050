//! The store of guests' kernels: a directory with one directory per kernel, which has the image, modules and a manifest.
//! Not here: where kernels come from (see [`import`] and [`build`]), and what runs them.

pub mod build;
mod draft;
pub mod import;
pub mod manifest;
pub mod wanted;

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use crate::words::Digest;
use crate::words::names::nearest;
use build::Site;
pub use build::{BuildError, Recipe, Step};
use draft::Draft;
use import::Origin;
pub use import::{ImportError, Progress};
pub use manifest::{Form, Manifest, ManifestError, Module, Presence};

/// The image's name in a kernel's directory.
const IMAGE: &str = "image";
/// The manifest's.
const MANIFEST: &str = "manifest.json";
/// That of the directory of modules.
const MODULES: &str = "modules";
/// The longest name of a kernel.
const NAME_MAX: usize = 63;

/// Why the store could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Neither a variable nor a home directory says where the store is.
    #[error("HOME is not set, so there is no directory for kernels: set MPLAB_KERNELS to one")]
    Homeless,
    /// Not a valid name of a kernel.
    #[error("`{0}`: a kernel's name has 1 to {NAME_MAX} characters out of a-z, 0-9, `.` and `-`, and starts with a letter or digit")]
    Name(String),
    /// There is no such kernel.
    #[error("there is no kernel `{name}` in {}{}", .store.display(), or_what(.nearest.as_deref()))]
    Unknown {
        /// The requested name.
        name: String,
        /// Where it was looked for.
        store: PathBuf,
        /// The name that was probably meant.
        nearest: Option<String>,
    },
    /// Another process is building it.
    #[error("kernel `{name}` is being built by another process: wait until it ends")]
    Busy {
        /// The kernel's name.
        name: String,
    },
    /// A kernel's manifest is not one.
    #[error("{}: {source}; import this kernel again, or remove it with `mplab kernel remove`", .path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        source: ManifestError,
    },
    /// The file system refused.
    #[error("failed to {action} {}: {source}", .path.display())]
    Files {
        /// What mplab tried to do.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

fn or_what(nearest: Option<&str>) -> String {
    match nearest {
        Some(name) => format!("; did you mean `{name}`?"),
        None => ": list kernels with `mplab kernel list`, import one with `mplab kernel import NAME FILE...`".to_owned(),
    }
}

impl StoreError {
    /// For [`Result::map_err`]: what mplab tried to do, and with which file.
    fn files(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Files { action, path: path.to_owned(), source }
    }
}

/// A kernel in the store.
#[derive(Debug, Clone)]
pub struct Kernel {
    /// Its name.
    pub name: String,
    /// Its directory.
    pub directory: PathBuf,
    /// What is known about it.
    pub manifest: Manifest,
}

impl Kernel {
    fn read(name: &str, directory: PathBuf) -> Result<Self, StoreError> {
        let path = directory.join(MANIFEST);
        let json = fs::read_to_string(&path).map_err(StoreError::files("read", &path))?;
        let manifest = Manifest::from_json(&json).map_err(|source| StoreError::Manifest { path, source })?;
        Ok(Self { name: name.to_owned(), directory, manifest })
    }

    /// Whether it was built in the configuration that labs need now, rather than one that another version of mplab needed; `None` if it was not built
    /// here.
    pub fn is_current(&self) -> Option<bool> {
        self.manifest.configured.map(|checksum| checksum == build::configuration())
    }

    /// The file to boot, a bzImage or a vmlinux; or the program to run, if that is the kernel's form.
    pub fn image(&self) -> PathBuf {
        self.directory.join(IMAGE)
    }

    /// The files of its modules (`.ko`, not compressed) in an order in which they can be loaded: each after those it needs.
    pub fn modules(&self) -> Vec<PathBuf> {
        self.manifest.modules.iter().map(|module| self.file(module)).collect()
    }

    /// What identifies it among kernels of the same name: the digest of its image and its modules.
    pub fn digest(&self) -> io::Result<Digest> {
        let image = fs::read(self.image())?;
        let modules = self.modules().iter().map(fs::read).collect::<io::Result<Vec<_>>>()?;
        Ok(Digest::of(std::iter::once(&image).chain(&modules).map(Vec::as_slice)))
    }

    /// A module's file.
    pub fn file(&self, module: &Module) -> PathBuf {
        self.directory.join(MODULES).join(module.file())
    }
}

/// A directory of kernels.
#[derive(Debug, Clone)]
pub struct Store {
    directory: PathBuf,
}

impl Store {
    /// This user's store: `$MPLAB_KERNELS`, else `mplab/kernels` in `$XDG_DATA_HOME` or `~/.local/share`. It need not exist yet.
    pub fn open() -> Result<Self, StoreError> {
        let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        // The XDG base directory specification: a path that is not absolute is ignored.
        let data = || set("XDG_DATA_HOME").filter(|path| path.is_absolute()).or_else(|| Some(set("HOME")?.join(".local/share")));
        let directory = set("MPLAB_KERNELS").or_else(|| Some(data()?.join("mplab/kernels")));
        let store = directory.map(Self::at).ok_or(StoreError::Homeless)?;
        draft::sweep_if_possible(&store.directory);
        Ok(store)
    }

    /// The store in a directory, which need not exist yet.
    pub fn at(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Its kernels, by name.
    pub fn list(&self) -> Result<Vec<Kernel>, StoreError> {
        self.names()?.iter().map(|name| Kernel::read(name, self.directory.join(name))).collect()
    }

    fn names(&self) -> Result<Vec<String>, StoreError> {
        let failed = || StoreError::files("list", &self.directory);
        let entries = match fs::read_dir(&self.directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed())?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed())?;
            names.extend(entry.file_name().into_string().ok().filter(|name| is_name(name) && entry.path().is_dir()));
        }
        names.sort();
        Ok(names)
    }

    /// The kernel of that name.
    pub fn get(&self, name: &str) -> Result<Kernel, StoreError> {
        Kernel::read(name, self.existing(name)?)
    }

    /// Removes a kernel from the store, with its build directory.
    pub fn remove(&self, name: &str) -> Result<(), StoreError> {
        self.place(name)?;
        let site = Site::path(&self.directory, name).is_dir().then(|| Site::enter(&self.directory, name)).transpose()?;
        let directory = match (self.existing(name), site) {
            (Ok(directory), site) => {
                site.map_or(Ok(()), Site::remove)?;
                directory
            }
            // A failed build leaves no kernel.
            (Err(StoreError::Unknown { .. }), Some(site)) => return site.remove(),
            (Err(error), _) => return Err(error),
        };
        // It disappears at once, and its files after that, so nobody sees half a kernel.
        let draft = Draft::begin(&self.directory)?;
        fs::rename(&directory, draft.directory().join(name)).map_err(StoreError::files("remove", &directory))?;
        draft.remove()
    }

    /// Imports a kernel from packages, images, directories of modules or a build tree (see [`import`]), and reports progress. An existing kernel of
    /// that name is replaced once the new one is complete.
    pub fn import(&self, name: &str, files: &[PathBuf], progress: &mut dyn FnMut(Progress)) -> Result<Kernel, ImportError> {
        let directory = self.place(name)?;
        let draft = Draft::begin(&self.directory)?;
        let origin = Origin { from: files.iter().map(|file| import::name(file)).collect(), ..Origin::default() };
        import::import(files, origin, draft.directory(), progress)?;
        draft.publish(&self.directory, name)?;
        Ok(Kernel::read(name, directory)?)
    }

    /// The directory in which a kernel of that name is or would be.
    fn place(&self, name: &str) -> Result<PathBuf, StoreError> {
        if is_name(name) { Ok(self.directory.join(name)) } else { Err(StoreError::Name(name.to_owned())) }
    }

    fn existing(&self, name: &str) -> Result<PathBuf, StoreError> {
        let directory = self.place(name)?;
        if directory.is_dir() {
            return Ok(directory);
        }
        let names = self.names()?;
        let nearest = nearest(name, names.iter().map(String::as_str)).map(str::to_owned);
        Err(StoreError::Unknown { name: name.to_owned(), store: self.directory.clone(), nearest })
    }
}

fn is_name(name: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    (1..=NAME_MAX).contains(&name.len()) && allowed(name.as_bytes()[0]) && name.bytes().all(|c| allowed(c) || c == b'.' || c == b'-')
}
