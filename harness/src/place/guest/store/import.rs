//! Imports kernels from what people have: Debian's and Ubuntu's packages, RPMs, tar archives, images, directories of modules, build trees, and
//! kernels that are programs.
//! Not here: where the result is kept.
//!
//! An import gathers everything of possible use in a directory beside the result. Then it keeps the image, the wanted modules and those that they
//! need, not compressed, and writes the manifest. It detects formats by content, and never uses a path from an archive.

pub(super) mod archive;
mod embedded;
mod image;
mod material;
mod module;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::manifest::{FORMAT, Manifest, Module, Presence};
use super::wanted::{WELCOME, wanted};
use super::{Form, IMAGE, MANIFEST, MODULES, StoreError};
use image::Image;
pub(super) use material::Counted;
use material::Material;
use module::ModuleFile;

/// The directory in the draft in which an import gathers files.
const GATHERED: &str = "gathered";

/// The progress of an import.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// The file that is being read.
    pub file: &'a Path,
    /// How much of it has been read, in bytes.
    pub read: u64,
    /// Its length, in bytes.
    pub size: u64,
}

/// Why there is no new kernel.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A kernel cannot be made from the files.
    #[error("{0}")]
    Material(String),
    /// A file cannot be read to its end.
    #[error("failed to read {}: {source}", .file.display())]
    Read {
        /// The file that was named.
        file: PathBuf,
        /// What is wrong.
        source: io::Error,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ImportError {
    fn read(file: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Read { file: file.to_owned(), source }
    }
}

/// A file's name without the directories that lead to it.
pub(super) fn name(file: &Path) -> String {
    file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned()
}

/// What a manifest says about where a kernel came from.
#[derive(Default)]
pub(super) struct Origin {
    pub(super) from: Vec<String>,
    pub(super) configured: Option<u32>,
}

/// Writes a kernel made from `files` to a directory, with an origin in its manifest.
pub(super) fn import(files: &[PathBuf], origin: Origin, draft: &Path, progress: &mut dyn FnMut(Progress)) -> Result<(), ImportError> {
    let gathered = draft.join(GATHERED);
    make_directory(&gathered)?;
    let mut material = Material::new(&gathered);
    for file in files {
        material.add(file, progress)?;
    }
    let image = material.image()?;
    material.look_into(&image)?;
    let chosen = choose(&material, &image)?;
    let content = fs::read(&image.path).map_err(StoreError::files("read", &image.path))?;
    let content = image.bzimage.then(|| image::unpacked(&content)).flatten().unwrap_or(content);
    write(&draft.join(IMAGE), &content)?;
    if image.form == Form::Program {
        executable(&draft.join(IMAGE))?;
    }
    let mut size = content.len() as u64;
    make_directory(&draft.join(MODULES))?;
    for module in &chosen {
        write(&draft.join(MODULES).join(format!("{}.ko", module.name)), &module.content)?;
        size += module.content.len() as u64;
    }
    let manifest = Manifest {
        format: FORMAT,
        release: image.release,
        version: image.version,
        form: image.form,
        from: origin.from,
        configured: origin.configured,
        size,
        features: wanted(image.form).map(|wanted| (wanted.name.to_owned(), material.presence(wanted))).collect(),
        modules: chosen.into_iter().map(|module| Module { name: module.name, needs: module.needs }).collect(),
    };
    fs::remove_dir_all(&gathered).map_err(StoreError::files("remove", &gathered))?;
    write(&draft.join(MANIFEST), manifest.to_json().as_bytes())
}

/// The wanted modules that exist, with those they need, each after these.
fn choose(material: &Material, image: &Image) -> Result<Vec<ModuleFile>, ImportError> {
    let mut choice = Choice { material, image, known: BTreeSet::new(), aliases: None, chosen: Vec::new() };
    let names = wanted(image.form).map(|wanted| wanted.name).chain(WELCOME.iter().copied());
    for name in names.filter(|name| material.modules.contains_key(*name)) {
        choice.take(name)?;
    }
    Ok(choice.chosen)
}

struct Choice<'a> {
    material: &'a Material,
    image: &'a Image,
    known: BTreeSet<String>,
    /// By alias, the modules that have it and fit any processor. Filled only on demand, since that takes reading all modules.
    aliases: Option<BTreeMap<String, String>>,
    chosen: Vec<ModuleFile>,
}

impl Choice<'_> {
    fn take(&mut self, name: &str) -> Result<(), ImportError> {
        if !self.known.insert(name.to_owned()) {
            return Ok(());
        }
        let mut module = self.material.module(name)?;
        if module.release != self.image.release {
            return Err(ImportError::Material(format!(
                "{}: a module of Linux {}, but the image from {} is Linux {}: name files of one release",
                self.material.modules[name].from, module.release, self.image.from, self.image.release
            )));
        }
        for needed in &module.needs {
            if !self.material.modules.contains_key(needed) {
                return Err(ImportError::Material(format!(
                    "{}: the module {name} needs {needed}, which none of the files contains: name the release's other packages of modules, too \
                     (such as linux-modules-extra, or kernel-modules beside kernel-modules-core)",
                    self.material.modules[name].from
                )));
            }
            self.take(needed)?;
        }
        // What modprobe would load first if it can: often an alias of several modules.
        for before in std::mem::take(&mut module.before) {
            if let Some(found) = self.answering(&before)? {
                self.take(&found)?;
                module.needs.push(found);
            }
        }
        self.chosen.push(module);
        Ok(())
    }

    /// The module to load for `name`, if that is not built in.
    fn answering(&mut self, name: &str) -> Result<Option<String>, ImportError> {
        if self.material.modules.contains_key(name) {
            return Ok(Some(name.to_owned()));
        }
        if self.material.built_in(name) {
            return Ok(None);
        }
        if self.aliases.is_none() {
            let mut aliases = BTreeMap::new();
            for name in self.material.modules.keys() {
                let module = self.material.module(name)?;
                if !module.aliases.iter().any(|alias| alias.starts_with("cpu:")) {
                    aliases.extend(module.aliases.into_iter().map(|alias| (alias, name.clone())));
                }
            }
            self.aliases = Some(aliases);
        }
        Ok(self.aliases.as_ref().and_then(|aliases| aliases.get(name)).cloned())
    }
}

impl Material {
    /// Whether and where the kernel has a wanted feature.
    fn presence(&self, wanted: &super::wanted::Wanted) -> Presence {
        if self.modules.contains_key(wanted.name) {
            Presence::Module
        } else if self.built_in(wanted.name) || self.option(wanted.option) == Some("y") {
            Presence::BuiltIn
        } else if self.config.is_some() {
            Presence::Absent
        } else {
            Presence::Unknown
        }
    }
}

fn make_directory(path: &Path) -> Result<(), ImportError> {
    Ok(fs::create_dir(path).map_err(StoreError::files("make the directory", path))?)
}

/// Writes a file that survives a power failure.
fn write(path: &Path, content: &[u8]) -> Result<(), ImportError> {
    let written = File::create(path).and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()));
    Ok(written.map_err(StoreError::files("write", path))?)
}

/// Makes a file executable for everyone who may read it.
fn executable(path: &Path) -> Result<(), ImportError> {
    Ok(fs::set_permissions(path, Permissions::from_mode(0o755)).map_err(StoreError::files("make executable", path))?)
}
