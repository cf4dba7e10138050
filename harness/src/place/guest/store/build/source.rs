//! The sources of a kernel: a tree that is only read, or one out of a package, which is there while it is needed.
//! Not here: what is made of them.

use std::fs;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use super::site::Site;
use super::{BuildError, files};
use crate::place::guest::store::import::archive::{self, Format, Input, Stop};
use crate::place::guest::store::import::{self, Counted};
use crate::place::guest::store::{ImportError, Progress};

/// Sources that can be built.
pub(super) struct Source {
    named: PathBuf,
    directory: PathBuf,
    /// Where they were unpacked, if they came in a package.
    unpacked: Option<PathBuf>,
}

impl Source {
    /// Looks at a tree, or unpacks a package.
    pub(super) fn ready(named: &Path, site: &Site, progress: &mut dyn FnMut(Progress)) -> Result<Self, BuildError> {
        let refused = |why: &str| BuildError::Tree { tree: named.to_owned(), why: why.to_owned() };
        let absolute = named.canonicalize().map_err(|error| refused(&error.to_string()))?;
        let source = if absolute.is_dir() {
            Self { named: absolute.clone(), directory: absolute, unpacked: None }
        } else {
            let unpacked = site.path_of("source");
            unpack(&absolute, &unpacked, progress)?;
            let directory = only(&unpacked).ok_or_else(|| {
                refused("no sources of a kernel are in it: give linux-source-VERSION.tar.xz, or the .deb that has it, or a tree")
            })?;
            Self { named: absolute, directory, unpacked: Some(unpacked) }
        };
        if let Some(why) = unfit(&source.directory, &site.objects()) {
            return Err(refused(&why));
        }
        Ok(source)
    }

    /// The tree.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// What was named, without the directories that lead there.
    pub(super) fn name(&self) -> String {
        import::name(&self.named)
    }

    /// Sources out of a package are needed no longer: unpacked again they are the same, and nothing is compiled for that.
    pub(super) fn end(self) -> Result<(), BuildError> {
        self.unpacked.map_or(Ok(()), |unpacked| fs::remove_dir_all(&unpacked).map_err(files("remove", &unpacked)))
    }
}

/// Why a directory is no tree of sources from which this can be built, if so.
fn unfit(tree: &Path, objects: &Path) -> Option<String> {
    if !tree.join("Kconfig").is_file() || !tree.join("Makefile").is_file() {
        return Some("not a tree of Linux' sources, which has a Kconfig and a Makefile: name its top directory".to_owned());
    }
    if !tree.join("arch/um/Kconfig").is_file() {
        return Some("the tree has no arch/um, which makes a kernel that runs by itself".to_owned());
    }
    // As the kernel's Makefile looks for it (`outputmakefile`).
    if let Some(left) = [".config", "include/config", "arch/um/include/generated"].into_iter().find(|left| tree.join(left).exists()) {
        return Some(format!(
            "the kernel was built in its tree ({left} is there), and cannot be built outside it then: run `make mrproper` there, which \
             removes what was built and the .config, or give a fresh tree (`git worktree add`)"
        ));
    }
    let awkward = |path: &&Path| path.to_string_lossy().contains([' ', ':']);
    let path = [tree, objects].into_iter().find(awkward)?;
    Some(format!("a kernel's build fails below a path with a space or a colon, such as {}", path.display()))
}

/// The one directory in a directory.
fn only(directory: &Path) -> Option<PathBuf> {
    let mut entries = directory.read_dir().ok()?.flatten().map(|entry| entry.path());
    let first = entries.next()?;
    (first.is_dir() && entries.next().is_none()).then_some(first)
}

/// Unpacks a tar archive, or the sources in a .deb, in place of what was there.
fn unpack(package: &Path, into: &Path, progress: &mut dyn FnMut(Progress)) -> Result<(), BuildError> {
    if into.exists() {
        fs::remove_dir_all(into).map_err(files("remove", into))?;
    }
    fs::create_dir_all(into).map_err(files("make the directory", into))?;
    let read = |source| ImportError::Read { file: package.to_owned(), source };
    let opened = Counted::open(package, progress).map_err(read)?;
    let (format, input) = archive::open(Box::new(BufReader::new(opened))).map_err(read)?;
    let done = match format {
        Format::Tar => untar(input, into),
        Format::Deb => archive::visit(Format::Deb, input, &mut |path, _, content| {
            if !path.rsplit('/').next().is_some_and(|name| name.starts_with("linux-source-") && name.contains(".tar")) {
                return Ok(());
            }
            let (_, input) = archive::open(Box::new(content))?;
            Ok(untar(input, into)?)
        })
        .map_err(|stop| match stop {
            Stop::Archive(error) => error,
            Stop::Reader(error) => io::Error::other(error.to_string()),
        }),
        Format::Rpm | Format::Cpio | Format::Other => Ok(()),
    };
    Ok(done.map_err(read)?)
}

/// Unpacks a tar archive. Nothing in it leads outside (`unpack_in`).
fn untar(input: Input, into: &Path) -> io::Result<()> {
    let mut archive = tar::Archive::new(input);
    archive.set_preserve_mtime(true);
    archive.unpack(into)
}
