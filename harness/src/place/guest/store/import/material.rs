//! What an import has gathered: images, modules, and what the files say about features.
//! Not here: which of it is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use super::archive::{self, Format, Input, Stop};
use super::embedded;
use super::image::{self, Image};
use super::module::{self, ModuleFile};
use super::{ImportError, Progress};
use crate::document::disk;
use crate::place::guest::store::StoreError;

/// The largest module, in bytes: larger than any with debugging information.
const MODULE_MAX: u64 = 1 << 30;

/// What a file of a kernel is for, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Role {
    /// The image, if its content is one.
    Image,
    /// The module of that name.
    Module(String),
    /// `modules.builtin`: the paths of modules that are built in.
    BuiltIn,
    /// `modules.builtin.modinfo`: their modinfo.
    BuiltInInfo,
    /// The configuration.
    Config,
}

impl Role {
    /// By a path in a package, a directory or the command line.
    fn of(path: &str) -> Option<Self> {
        let mut parts = path.rsplit('/');
        let name = parts.next().unwrap_or_default();
        // Files with debugging information have the same names as what they are for.
        if path.contains("usr/lib/debug/") || path.contains("usr/share/doc/") {
            return None;
        }
        if let Some(module) = ["", ".gz", ".xz", ".zst"].iter().find_map(|ending| name.strip_suffix(&format!(".ko{ending}"))) {
            return Some(Self::Module(module::name(module)));
        }
        match name {
            "modules.builtin" => Some(Self::BuiltIn),
            "modules.builtin.modinfo" => Some(Self::BuiltInInfo),
            "config" | ".config" => Some(Self::Config),
            _ if name.starts_with("config-") => Some(Self::Config),
            "linux" => Some(Self::Image),
            _ if ["vmlinuz", "bzImage", "vmlinux"].iter().any(|image| name.starts_with(image)) => Some(Self::Image),
            _ => None,
        }
    }
}

/// A module in a file.
pub(super) struct Piece {
    path: PathBuf,
    /// The given file that contained it.
    pub(super) from: String,
}

/// All that was found.
pub(super) struct Material {
    /// The directory for files from archives, with numbers for names.
    directory: PathBuf,
    count: u32,
    /// The given files.
    named: Vec<String>,
    images: Vec<Image>,
    /// Why a file named like an image is not one.
    refused: Option<String>,
    /// Whether anything came from an archive.
    archived: bool,
    /// By name.
    pub(super) modules: BTreeMap<String, Piece>,
    built_in: BTreeSet<String>,
    /// The configuration.
    pub(super) config: Option<String>,
}

impl Material {
    /// Nothing yet. Files from archives will be written to a directory.
    pub(super) fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            count: 0,
            named: Vec::new(),
            images: Vec::new(),
            refused: None,
            archived: false,
            modules: BTreeMap::new(),
            built_in: BTreeSet::new(),
            config: None,
        }
    }

    /// Adds what is in a file or a directory.
    pub(super) fn add(&mut self, file: &Path, progress: &mut dyn FnMut(Progress)) -> Result<(), ImportError> {
        let from = file.display().to_string();
        self.named.push(from.clone());
        if file.metadata().map_err(ImportError::read(file))?.is_dir() {
            return self.add_directory(file, &from);
        }
        let counted = Counted::open(file, progress).map_err(ImportError::read(file))?;
        let (format, mut input) = archive::open(Box::new(BufReader::new(counted))).map_err(ImportError::read(file))?;
        let found = match format {
            Format::Other => self.add_alone(file, &from, &mut input),
            archive => archive::visit(archive, input, &mut |path, size, content| {
                let Some(role) = Role::of(path) else { return Ok(()) };
                let gathered = self.gather(content, Some(size))?;
                if let Some(why) = self.accept(role, gathered, &from)? {
                    self.refused.get_or_insert(format!("{from}: {path} is {why}"));
                }
                self.archived = true;
                Ok(())
            }),
        };
        found.map_err(|stop| match stop {
            Stop::Archive(source) => ImportError::Read { file: file.to_owned(), source },
            Stop::Reader(error) => error,
        })
    }

    /// Adds a file that is not an archive: an image, a module, or a list.
    fn add_alone(&mut self, file: &Path, from: &str, content: &mut Input) -> Result<(), Stop> {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // Whatever its name, a file that is nothing else was meant as an image.
        let role = Role::of(&name).unwrap_or(Role::Image);
        let gathered = self.gather(content, None)?;
        match self.accept(role, gathered, from)? {
            Some(why) => Err(ImportError::Material(format!(
                "{from} is {why}, and not an archive either: name packages (.deb, .rpm, tar), a bzImage, vmlinux or `linux`, a directory of modules \
                 (lib/modules/RELEASE) or a build tree"
            ))
            .into()),
            None => Ok(()),
        }
    }

    fn add_directory(&mut self, directory: &Path, from: &str) -> Result<(), ImportError> {
        if directory.join("include/config/kernel.release").exists() || directory.join("Kconfig").exists() {
            return self.add_build(directory, from);
        }
        let mut below = vec![directory.to_owned()];
        while let Some(next) = below.pop() {
            for entry in next.read_dir().map_err(ImportError::read(&next))? {
                let entry = entry.map_err(ImportError::read(&next))?;
                let (path, kind) = (entry.path(), entry.file_type().map_err(ImportError::read(&next))?);
                // A link that leads out of the directory, such as `build`, leads to files that are not the kernel's.
                if kind.is_dir() {
                    below.push(path);
                } else if kind.is_file()
                    && let Some(role) = Role::of(&path.to_string_lossy())
                    && let Some(why) = self.accept(role, path.clone(), from)?
                {
                    self.refused.get_or_insert(format!("{} is {why}", path.display()));
                }
            }
        }
        Ok(())
    }

    /// Adds what `make` has built in a source tree or outside it (`O=`).
    fn add_build(&mut self, tree: &Path, from: &str) -> Result<(), ImportError> {
        let Some(image) = ["arch/x86/boot/bzImage", "linux"].map(|image| tree.join(image)).into_iter().find(|image| image.is_file()) else {
            return Err(ImportError::Material(format!(
                "{from} has neither arch/x86/boot/bzImage nor the `linux` of ARCH=um: run `make` there, or name the directory of its `O=`, or \
                 build it with `mplab kernel build`"
            )));
        };
        if let Some(why) = self.accept(Role::Image, image.clone(), from)? {
            return Err(ImportError::Material(format!("{} is {why}", image.display())));
        }
        for (role, name) in [(Role::Config, ".config"), (Role::BuiltIn, "modules.builtin"), (Role::BuiltInInfo, "modules.builtin.modinfo")]
        {
            if tree.join(name).exists() {
                self.accept(role, tree.join(name), from)?;
            }
        }
        // Objects in the order of linking; before Linux 6.2 modules, below a directory that exists only once they are installed.
        let order = match fs::read_to_string(tree.join("modules.order")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            order => order.map_err(ImportError::read(&tree.join("modules.order")))?,
        };
        for line in order.lines() {
            let installed = line.strip_suffix(".ko").and_then(|path| path.strip_prefix("kernel/"));
            let path = tree.join(installed.unwrap_or(line)).with_extension("ko");
            // A build that stopped halfway has fewer.
            if let Some(role) = path.exists().then(|| Role::of(&path.to_string_lossy())).flatten() {
                self.accept(role, path, from)?;
            }
        }
        Ok(())
    }

    /// Copies content to a file with a number for a name, so that no path in an archive is used.
    fn gather(&mut self, content: &mut dyn Read, size: Option<u64>) -> Result<PathBuf, Stop> {
        let path = self.directory.join(self.count.to_string());
        self.count += 1;
        let failed = |error| ImportError::from(StoreError::files("write", &path)(error));
        let mut file = File::create(&path).map_err(failed)?;
        let (mut buffer, mut copied) = (vec![0; 1 << 16], 0);
        loop {
            let count = content.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            file.write_all(&buffer[..count]).map_err(failed)?;
            copied += count as u64;
        }
        if size.is_some_and(|size| size != copied) {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the end is missing").into());
        }
        Ok(path)
    }

    /// Takes a file as what its name says, or returns what it is instead.
    fn accept(&mut self, role: Role, path: PathBuf, from: &str) -> Result<Option<&'static str>, ImportError> {
        let text = || Ok::<_, ImportError>(String::from_utf8_lossy(&fs::read(&path).map_err(ImportError::read(&path))?).into_owned());
        match role {
            Role::Image => match image::read(&path, from).map_err(ImportError::read(&path))? {
                Ok(image) => self.images.push(image),
                Err(why) => return Ok(Some(why)),
            },
            Role::Module(name) => {
                self.modules.insert(name, Piece { path, from: from.to_owned() });
            }
            Role::BuiltIn => {
                let modules = |line: &str| Some(module::name(line.rsplit('/').next()?.strip_suffix(".ko")?));
                self.built_in.extend(text()?.lines().filter_map(modules));
            }
            // `crc32c_generic.alias=crc32c`, each NUL-terminated.
            Role::BuiltInInfo => {
                let aliases = |line: &str| Some(module::name(line.split_once(".alias=")?.1));
                self.built_in.extend(text()?.split('\0').filter_map(aliases));
            }
            Role::Config => self.config = Some(text()?),
        }
        Ok(None)
    }

    /// Learns what an image shows of its features. Files beside it take precedence.
    pub(super) fn look_into(&mut self, image: &Image) -> Result<(), ImportError> {
        let embedded = embedded::read(&image.path).map_err(ImportError::read(&image.path))?;
        self.config = self.config.take().or(embedded.config);
        self.built_in.extend(embedded.built_in);
        Ok(())
    }

    /// The image, if there is one and its modules are not missing.
    pub(super) fn image(&self) -> Result<Image, ImportError> {
        let named = self.named.join(", ");
        let problem = match self.images.iter().max_by_key(|image| image.bzimage) {
            Some(image) => match self.images.iter().find(|other| other.release != image.release) {
                Some(other) => format!("{named}: images of two releases, {} and {}: name only one", image.release, other.release),
                None if self.modules.is_empty() && self.modular() => format!(
                    "{}: the image of Linux {release}, without its modules: name them, too (linux-modules-{release} on Debian and Ubuntu; \
                     kernel-modules-core and kernel-modules with kernel-core; the directory lib/modules/{release}; in a build tree, `make \
                     modules`)",
                    image.from,
                    release = image.release
                ),
                None => return Ok(image.clone()),
            },
            None => match (&self.refused, self.modules.keys().next()) {
                (Some(refused), _) => refused.clone(),
                (None, Some(module)) => {
                    let release = self.module(module)?.release;
                    format!(
                        "{named}: the modules of Linux {release}, without its image: name it, too (linux-image-{release}, in newer releases \
                         of Debian linux-binary-{release}; kernel-core; a bzImage)"
                    )
                }
                (None, None) => format!(
                    "{named}: neither a kernel's image nor modules are in it. A package that only depends on others (linux-image-amd64, kernel) \
                    is not enough: name those (linux-image-RELEASE, or linux-binary-RELEASE and linux-modules-RELEASE; kernel-core, \
                     kernel-modules-core and kernel-modules)"
                ),
            },
        };
        Err(ImportError::Material(problem))
    }

    /// Whether an image needs modules: by its configuration, or else if it comes from a package.
    fn modular(&self) -> bool {
        self.config.as_ref().map_or(self.archived, |config| config.lines().any(|line| line.ends_with("=m")))
    }

    /// Reads a module.
    pub(super) fn module(&self, name: &str) -> Result<ModuleFile, ImportError> {
        let Piece { path, from } = &self.modules[name];
        let refused = |why| ImportError::Material(format!("{from}: the module {name} is {why}"));
        let mut content = Vec::new();
        let file = File::open(path).map_err(ImportError::read(path))?;
        let read = archive::decompress(Box::new(file)).and_then(|input| input.take(MODULE_MAX).read_to_end(&mut content));
        read.map_err(|error| ImportError::Material(format!("{from}: failed to read the module {name}: {error}")))?;
        ModuleFile::parse(name, content).map_err(refused)
    }

    /// Whether something is built into the image, by the name or an alias of a module.
    pub(super) fn built_in(&self, name: &str) -> bool {
        self.built_in.contains(name)
    }

    /// The value of an option in the configuration.
    pub(super) fn option(&self, option: &str) -> Option<&str> {
        self.config.as_ref()?.lines().find_map(|line| line.strip_prefix("CONFIG_")?.strip_prefix(option)?.strip_prefix('='))
    }
}

/// A file that reports how far it has been read.
pub(in crate::place::guest::store) struct Counted<'a> {
    input: File,
    file: &'a Path,
    read: u64,
    size: u64,
    progress: &'a mut dyn FnMut(Progress),
}

impl<'a> Counted<'a> {
    /// Opens it.
    pub(in crate::place::guest::store) fn open(file: &'a Path, progress: &'a mut dyn FnMut(Progress)) -> io::Result<Self> {
        let input = disk::open(file)?;
        let size = input.metadata()?.len();
        Ok(Self { input, file, read: 0, size, progress })
    }
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.read += count as u64;
        (self.progress)(Progress { file: self.file, read: self.read, size: self.size });
        Ok(count)
    }
}
