//! Kernels built of their sources as programs that run by themselves (User-Mode Linux): a tree or a package of sources, with the
//! configuration that labs need. Not here: what becomes of the result, which is imported as any other kernel.
//!
//! All that a build writes is in a directory of its own below the store, and stays there: the next build of that kernel compiles what has
//! changed. A tree is only read.

mod config;
mod make;
mod site;
mod source;
mod tools;

use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use super::draft::Draft;
use super::import::Origin;
use super::{ImportError, Kernel, Progress, Store, StoreError, import};
use config::Asked;
pub use config::Dropped;
use make::Make;
pub(super) use site::Site;
use source::Source;

/// What to build.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// A tree of sources, or a package with one in it (`linux-source-*.tar.xz`, or the .deb of that).
    pub tree: PathBuf,
    /// Files with options on top of those that labs need, as in a kernel's `.config`. The last word counts.
    pub configs: Vec<PathBuf>,
    /// How many compilers run at once; if not said, one on each processor.
    pub jobs: Option<NonZero<usize>>,
}

/// How far a build is.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// A package is being unpacked.
    Unpacking(Progress<'a>),
    /// The configuration is made. Some of what the recipe asked for may not be in it.
    Configured(&'a [Dropped]),
    /// The compiler is at work.
    Compiling {
        /// How many files there are of this build.
        made: u64,
        /// The last of them.
        file: &'a str,
    },
}

/// Why there is no new kernel. A kernel that had the name stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Programs are missing.
    #[error("to build a kernel, {0}")]
    Tools(String),
    /// These are no sources that can be built.
    #[error("{}: {why}", .tree.display())]
    Tree {
        /// What was named.
        tree: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A file of options cannot be used.
    #[error("{}{}: {why}", .file.display(), .line.map(|line| format!(":{line}")).unwrap_or_default())]
    Config {
        /// Which.
        file: PathBuf,
        /// The line, from 1.
        line: Option<usize>,
        /// What is wrong, and what to write instead.
        why: String,
    },
    /// `make` failed.
    #[error("{what} failed:\n{said}\nall that `make` said is in {}", .log.display())]
    Make {
        /// What it was to make.
        what: &'static str,
        /// What it and the compiler complained of.
        said: String,
        /// The file with all it said.
        log: PathBuf,
    },
    /// `make` cannot be started or listened to.
    #[error("failed to run make: {0}")]
    Start(io::Error),
    /// What was built is no kernel, or the package cannot be read.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Builds a kernel, and tells how far it is. A kernel that has the name is replaced, once the new one is complete.
    pub fn build(&self, name: &str, recipe: &Recipe, step: &mut dyn FnMut(Step)) -> Result<Kernel, BuildError> {
        let directory = self.place(name)?;
        tools::look()?;
        let asked = Asked::read(&recipe.configs)?;
        let site = Site::enter(&self.directory, name)?;
        let source = Source::ready(&recipe.tree, &site, &mut |progress| step(Step::Unpacking(progress)))?;
        let jobs = recipe.jobs.or_else(|| available_parallelism().ok()).map_or(1, NonZero::get);
        let make = Make { tree: source.directory(), site: &site, jobs };
        let dropped = asked.configure(&make)?;
        step(Step::Configured(&dropped));
        make.run("the build", &["linux"], &mut |made, file| step(Step::Compiling { made, file }))?;
        let draft = Draft::begin(&self.directory)?;
        let from = recipe.configs.iter().fold(vec![source.name()], |mut from, file| {
            from.push(import::name(file));
            from
        });
        let origin = Origin { from, configured: Some(configuration()) };
        import::import(&[site.objects()], origin, draft.directory(), &mut |_| ())?;
        draft.publish(&self.directory, name)?;
        source.end()?;
        Ok(Kernel::read(name, directory)?)
    }

    /// How much the directory takes in which a kernel was built, in bytes, if there is one.
    pub fn built(&self, name: &str) -> Option<u64> {
        site::size(&Site::path(&self.directory, name))
    }
}

/// What tells the configuration that labs need from that of another mplab.
pub(super) fn configuration() -> u32 {
    config::checksum()
}

/// For [`Result::map_err`]: what was tried on what.
fn files(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BuildError {
    let failed = StoreError::files(action, path);
    move |error| failed(error).into()
}
