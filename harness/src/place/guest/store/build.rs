//! Builds kernels from source as ordinary programs (User-Mode Linux): from a source tree or package, with the configuration
//! that labs need. Not here: importing the result, which is done as for any other kernel.
//!
//! A build writes only to a directory of its own in the store, which stays there: the next build of that kernel compiles only what has
//! changed. The source tree is only read.

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
    /// A source tree, or a package with one (`linux-source-*.tar.xz`, or its .deb).
    pub tree: PathBuf,
    /// Files in `.config` syntax with options to add to those that labs need. The last setting of an option counts.
    pub configs: Vec<PathBuf>,
    /// How many compilers run at once; one per processor if absent.
    pub jobs: Option<NonZero<usize>>,
}

/// The progress of a build.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// A package is being unpacked.
    Unpacking(Progress<'a>),
    /// The configuration has been made. It may lack some options of the recipe.
    Configured(&'a [Dropped]),
    /// The compiler is at work.
    Compiling {
        /// How many files this build has made.
        made: u64,
        /// The last of them.
        file: &'a str,
    },
}

/// Why there is no new kernel. An existing kernel of that name stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Programs are missing.
    #[error("to build a kernel, {0}")]
    Tools(String),
    /// The sources cannot be built.
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
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: Option<usize>,
        /// What is wrong, and what to write instead.
        why: String,
    },
    /// `make` failed.
    #[error("{what} failed:\n{said}\nthe full output of `make` is in {}", .log.display())]
    Make {
        /// What it should have made.
        what: &'static str,
        /// Its and the compiler's errors.
        said: String,
        /// The file with its full output.
        log: PathBuf,
    },
    /// `make` cannot be started, or its output cannot be read.
    #[error("failed to run make: {0}")]
    Start(io::Error),
    /// What was built is not a kernel, or the package cannot be read.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Builds a kernel, and reports progress. An existing kernel of that name is replaced once the new one is complete.
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

    /// The size of a kernel's build directory, in bytes, if there is one.
    pub fn built(&self, name: &str) -> Option<u64> {
        site::size(&Site::path(&self.directory, name))
    }
}

/// A checksum of the configuration that labs need, which differs from that of other versions of mplab.
pub(super) fn configuration() -> u32 {
    config::checksum()
}

/// For [`Result::map_err`]: what mplab tried to do, and with which file.
fn files(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BuildError {
    let failed = StoreError::files(action, path);
    move |error| failed(error).into()
}
