//! `mplab kernel`: the kernels that guests boot.

use std::fmt::Write;
use std::num::NonZero;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Subcommand;
use mplab::guest::store::build::Dropped;
use mplab::guest::store::wanted::wanted;
use mplab::guest::store::{BuildError, ImportError, Kernel, Presence, Progress, Recipe, Step, Store, StoreError};

use crate::Failure;
use crate::exit::Exit;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Import a kernel: packages (.deb, .rpm, tar), an image and a directory of modules, a build tree, or the program `linux` of ARCH=um
    Import {
        /// Name of the kernel
        name: String,
        /// Files or directories to import
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Build a kernel from source as an ordinary program (User-Mode Linux, ARCH=um)
    ///
    /// The sources are only read. The store keeps the build directory, so the next build compiles only what has changed.
    Build {
        /// Name of the kernel
        name: String,
        /// A source tree, or a source package (linux-source-*.tar.xz, or its .deb)
        tree: PathBuf,
        /// File in .config syntax with options to add to those that labs need (KASAN, lockdep, gcov)
        #[arg(long)]
        config: Vec<PathBuf>,
        /// Number of compilers at a time [default: one per core]
        #[arg(long, short, value_parser = clap::value_parser!(u16).range(1..=1024))]
        jobs: Option<u16>,
    },
    /// List the kernels, or show everything about those named
    List {
        /// Kernels to show in full
        names: Vec<String>,
    },
    /// Remove kernels
    Remove {
        /// Kernels to remove
        #[arg(required = true)]
        names: Vec<String>,
    },
}

pub(crate) fn kernel(command: &Command) -> Result<Exit, Failure> {
    let store = Store::open()?;
    match command {
        Command::Import { name, files } => import(&store, name, files)?,
        Command::Build { name, tree, config, jobs } => {
            let recipe = Recipe { tree: tree.clone(), configs: config.clone(), jobs: jobs.and_then(|jobs| NonZero::new(jobs.into())) };
            told(&build(&store, name, &recipe)?);
        }
        Command::List { names } if names.is_empty() => list(&store)?,
        Command::List { names } => {
            for name in names {
                show!("{}", described(&store, &store.get(name)?));
            }
        }
        Command::Remove { names } => {
            for name in names {
                store.remove(name)?;
            }
        }
    }
    Ok(Exit::Passed)
}

fn import(store: &Store, name: &str, files: &[PathBuf]) -> Result<(), Failure> {
    let mut seldom = Seldom::new();
    let kernel = store.import(name, files, &mut |progress| seldom.say(|| reading(progress)))?;
    told(&kernel);
    Ok(())
}

/// Builds a kernel, with progress on standard error.
pub(crate) fn build(store: &Store, name: &str, recipe: &Recipe) -> Result<Kernel, BuildError> {
    let mut seldom = Seldom::new();
    store.build(name, recipe, &mut |step| match step {
        Step::Unpacking(progress) => seldom.say(|| reading(progress)),
        Step::Configured(dropped) => {
            for Dropped { file, line, asked, is } in dropped {
                complain!(
                    "{}:{line}: `{asked}` had no effect, the result is `{is}`: this kernel lacks the option, or a dependency of the option is not set",
                    file.display()
                );
            }
        }
        Step::Compiling { made, file } => seldom.say(|| format!("building {name}: {made} files, the last is {file}")),
    })
}

fn reading(Progress { file, read, size }: Progress) -> String {
    format!("reading {}: {}%", file.display(), read * 100 / size.max(1))
}

/// Prints to standard error at most once per second.
struct Seldom(Instant);

impl Seldom {
    fn new() -> Self {
        Self(Instant::now())
    }

    fn say(&mut self, what: impl FnOnce() -> String) {
        if self.0.elapsed() >= Duration::from_secs(1) {
            self.0 = Instant::now();
            complain!("{}", what());
        }
    }
}

/// Prints what a new kernel is and what it lacks.
fn told(kernel: &Kernel) {
    say!("{}: Linux {}, runs {}, {}", kernel.name, kernel.manifest.release, kernel.manifest.form.runs(), counted(kernel));
    for wanted in wanted(kernel.manifest.form).filter(|wanted| kernel.manifest.features.get(wanted.name) == Some(&Presence::Absent)) {
        say!("  without {}: {}", wanted.name, wanted.why);
    }
}

fn counted(kernel: &Kernel) -> String {
    format!("{} modules, {}", kernel.manifest.modules.len(), megabytes(kernel.manifest.size))
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn list(store: &Store) -> Result<(), Failure> {
    let kernels = store.list()?;
    if kernels.is_empty() {
        say!("no kernels in {}: import one with `mplab kernel import NAME FILE...`", store.directory().display());
        return Ok(());
    }
    let mut rows = vec![["kernel", "release", "runs", "modules", "size", "build", "without"].map(str::to_owned)];
    rows.extend(kernels.iter().map(|Kernel { name, manifest, .. }| {
        let size = megabytes(manifest.size);
        let without: Vec<&str> = manifest.features(Presence::Absent).collect();
        let (runs, modules) = (manifest.form.runs().to_owned(), manifest.modules.len().to_string());
        let build = store.built(name).map_or_else(|| "-".to_owned(), megabytes);
        [name.clone(), manifest.release.clone(), runs, modules, size, build, without.join(" ")]
    }));
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
    let [names, releases, ways, modules, sizes, builds] = [0, 1, 2, 3, 4, 5].map(width);
    for [name, release, runs, count, size, build, without] in &rows {
        say!(
            "{}",
            format!("{name:names$}  {release:releases$}  {runs:ways$}  {count:>modules$}  {size:>sizes$}  {build:>builds$}  {without}")
                .trim_end()
        );
    }
    Ok(())
}

/// Everything known about a kernel.
fn described(store: &Store, kernel: &Kernel) -> String {
    let manifest = &kernel.manifest;
    let mut text = format!(
        "{}: Linux {}\n  runs {}\n  from {}\n  {} in {}\n",
        kernel.name,
        manifest.version,
        manifest.form.runs(),
        manifest.from.join(", "),
        counted(kernel),
        kernel.directory.display()
    );
    if let Some(size) = store.built(&kernel.name) {
        writeln!(text, "  its build directory takes {}", megabytes(size)).expect("a string takes all");
    }
    if let Some(current) = kernel.is_current() {
        let how = if current { "labs need it" } else { "another version of mplab needs it: build it again with `mplab kernel build`" };
        writeln!(text, "  configured as {how}").expect("a string takes all");
    }
    for presence in [Presence::BuiltIn, Presence::Module, Presence::Absent, Presence::Unknown] {
        let names: Vec<&str> = manifest.features(presence).collect();
        if !names.is_empty() {
            writeln!(text, "  {presence}: {}", names.join(" ")).expect("a string takes all");
        }
    }
    text
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Files { .. } | StoreError::Manifest { .. } => Self::broken(error),
            StoreError::Busy { .. } | StoreError::Homeless | StoreError::Name(_) | StoreError::Unknown { .. } => Self::usage(error),
        }
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Store(error) => error.into(),
            ImportError::Material(_) | ImportError::Read { .. } => Self::usage(error),
        }
    }
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Store(error) => error.into(),
            BuildError::Import(error) => error.into(),
            BuildError::Start(_) | BuildError::Make { .. } | BuildError::Tools(_) => Self::broken(error),
            BuildError::Tree { .. } | BuildError::Config { .. } => Self::usage(error),
        }
    }
}
