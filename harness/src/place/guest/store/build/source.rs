//! The sources of a kernel: a tree that is only read, or one unpacked from a package while it is needed.
//! Not here: what is built from them.

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
            let directory = only(&unpacked)
                .ok_or_else(|| refused("it contains no kernel sources: name linux-source-VERSION.tar.xz, its .deb, or a source tree"))?;
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

    /// The file name of the given path.
    pub(super) fn name(&self) -> String {
        import::name(&self.named)
    }

    /// Removes sources unpacked from a package: unpacked again they are the same, so nothing is recompiled.
    pub(super) fn end(self) -> Result<(), BuildError> {
        self.unpacked.map_or(Ok(()), |unpacked| fs::remove_dir_all(&unpacked).map_err(files("remove", &unpacked)))
    }
}

/// Why a directory is not a source tree from which a kernel can be built, if so.
fn unfit(tree: &Path, objects: &Path) -> Option<String> {
    if !tree.join("Kconfig").is_file() || !tree.join("Makefile").is_file() {
        return Some("not a Linux source tree, which has a Kconfig and a Makefile: name its top directory".to_owned());
    }
    if !tree.join("arch/um/Kconfig").is_file() {
        return Some("the tree has no arch/um, which is needed to build a kernel as a program".to_owned());
    }
    // As the kernel's Makefile looks for it (`outputmakefile`).
    if let Some(left) = [".config", "include/config", "arch/um/include/generated"].into_iter().find(|left| tree.join(left).exists()) {
        return Some(format!(
            "the tree contains an earlier build ({left}), so the kernel cannot be built outside it: run `make mrproper` there, which \
            removes the build and the .config, or name a fresh tree (`git worktree add`)"
        ));
    }
    let awkward = |path: &&Path| path.to_string_lossy().contains([' ', ':']);
    let path = [tree, objects].into_iter().find(awkward)?;
    Some(format!("a kernel cannot be built below a path with a space or a colon: {}", path.display()))
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
