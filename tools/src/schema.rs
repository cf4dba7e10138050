//! `mplab schema`: the JSON schema of a kind of file, for editors, and where a new file finds it.
//! Not here: its content, which comes from the parsers of the files.

use std::path::{Component, Path, PathBuf};

use clap::ValueEnum;
use mplab::disk;

use crate::Failure;
use crate::exit::Exit;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The kind of file
    kind: Kind,
    /// Write it to this file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// A kind of file.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Kind {
    /// A topology
    Topology,
    /// A case
    Case,
}

pub(crate) fn schema(arguments: &Arguments) -> Result<Exit, Failure> {
    match &arguments.output {
        Some(path) => write(arguments.kind, path)?,
        None => show!("{}", arguments.kind.schema()),
    }
    Ok(Exit::Passed)
}

/// Writes the schema of a kind of file.
pub(crate) fn write(kind: Kind, path: &Path) -> Result<(), Failure> {
    disk::write(path, kind.schema()).map_err(|error| Failure::system(path.display(), &error))
}

impl Kind {
    fn schema(self) -> String {
        let schema = match self {
            Self::Topology => mplab::schema::of_topology(),
            Self::Case => mplab::schema::of_case(),
        };
        format!("{schema:#}\n")
    }

    /// The name under which files look for their schema.
    const fn file(self) -> &'static str {
        match self {
            Self::Topology => "topology.schema.json",
            Self::Case => "case.schema.json",
        }
    }

    /// The schema for files in a directory: the nearest one, there or above as far as the path says, or else one that is to be written there.
    pub(crate) fn nearest(self, directory: &Path) -> Nearest {
        // Above a directory `..` is not what is left of its path.
        let most = if directory.components().any(|part| part == Component::ParentDir) { 1 } else { usize::MAX };
        let found = directory.ancestors().take(most).position(|above| above.join(self.file()).is_file());
        Nearest { reference: "../".repeat(found.unwrap_or(0)) + self.file(), missing: found.is_none().then(|| directory.join(self.file())) }
    }
}

/// Where the schema of a file is.
pub(crate) struct Nearest {
    /// Its path from the file's directory.
    pub(crate) reference: String,
    /// Its path, if it has yet to be written.
    pub(crate) missing: Option<PathBuf>,
}
