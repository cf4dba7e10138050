//! `mplab kernel`: the kernels that guests boot.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Subcommand;
use mplab::guest::store::wanted::wanted;
use mplab::guest::store::{ImportError, Kernel, Presence, Progress, Store, StoreError};

use crate::Failure;
use crate::exit::Exit;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a kernel of packages (.deb, .rpm, tar), an image and a directory of modules, a build tree, or the `linux` of ARCH=um
    Import {
        /// What to call it
        name: String,
        /// The files, or directories
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// List the kernels, or tell everything about some
    List {
        /// Which
        names: Vec<String>,
    },
    /// Remove kernels
    Remove {
        /// Which
        #[arg(required = true)]
        names: Vec<String>,
    },
}

pub(crate) fn kernel(command: &Command) -> Result<Exit, Failure> {
    let store = Store::open()?;
    match command {
        Command::Import { name, files } => import(&store, name, files)?,
        Command::List { names } if names.is_empty() => list(&store)?,
        Command::List { names } => {
            for name in names {
                show!("{}", described(&store.get(name)?));
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
    let mut told = Instant::now();
    let kernel = store.import(name, files, &mut |Progress { file, read, size }| {
        if told.elapsed() >= Duration::from_secs(1) {
            told = Instant::now();
            eprintln!("reading {}: {}%", file.display(), read * 100 / size.max(1));
        }
    })?;
    say!("{name}: Linux {}, runs {}, {}", kernel.manifest.release, kernel.manifest.form.runs(), counted(&kernel));
    for wanted in wanted(kernel.manifest.form).filter(|wanted| kernel.manifest.features.get(wanted.name) == Some(&Presence::Absent)) {
        say!("  without {}: {}", wanted.name, wanted.why);
    }
    Ok(())
}

fn counted(kernel: &Kernel) -> String {
    format!("{} modules, {:.1} MB", kernel.manifest.modules.len(), kernel.manifest.size as f64 / 1e6)
}

fn list(store: &Store) -> Result<(), Failure> {
    let kernels = store.list()?;
    if kernels.is_empty() {
        say!("no kernels in {}: `mplab kernel import NAME FILE...` makes one", store.directory().display());
        return Ok(());
    }
    let mut rows = vec![["kernel", "release", "runs", "modules", "size", "without"].map(str::to_owned)];
    rows.extend(kernels.iter().map(|Kernel { name, manifest, .. }| {
        let size = format!("{:.1} MB", manifest.size as f64 / 1e6);
        let without: Vec<&str> = manifest.features(Presence::Absent).collect();
        let (runs, modules) = (manifest.form.runs().to_owned(), manifest.modules.len().to_string());
        [name.clone(), manifest.release.clone(), runs, modules, size, without.join(" ")]
    }));
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
    let [names, releases, ways, modules, sizes] = [0, 1, 2, 3, 4].map(width);
    for [name, release, runs, count, size, without] in &rows {
        say!("{}", format!("{name:names$}  {release:releases$}  {runs:ways$}  {count:>modules$}  {size:>sizes$}  {without}").trim_end());
    }
    Ok(())
}

/// Everything that is known of a kernel.
fn described(kernel: &Kernel) -> String {
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
            StoreError::Homeless | StoreError::Name(_) | StoreError::Unknown { .. } => Self::usage(error),
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
