//! `mplab new`: a commented file to start from, whose first line names its schema for editors. The templates are in tools/templates, and a test
//! checks and runs them.
//! Not here: what the keys mean, which is in the references.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};

use crate::Failure;
use crate::exit::Exit;
use crate::schema::{self, Kind};

#[derive(Subcommand)]
pub(crate) enum New {
    /// Write a topology
    Topology {
        /// The file to write, such as topologies/two-links.toml
        file: PathBuf,
        /// Template to start from
        #[arg(long, value_name = "TEMPLATE", default_value = "two-links")]
        from: Topology,
    },
    /// Write a case
    Case {
        /// The file to write, such as cases/both-links.toml
        file: PathBuf,
        /// Template to start from
        #[arg(long, value_name = "TEMPLATE", default_value = "both-links")]
        from: Case,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Topology {
    /// Two links, with a subflow over each
    TwoLinks,
    /// The server announces its second address
    Announced,
    /// The second link is a backup
    Backup,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Case {
    /// A download uses both links
    BothLinks,
    /// A link is cut and restored
    Cut,
    /// iperf3 under mptcpize
    Program,
}

pub(crate) fn new(what: &New) -> Result<Exit, Failure> {
    let (file, kind, next, text) = match what {
        New::Topology { file, from } => {
            let text = match from {
                Topology::TwoLinks => include_str!("../templates/topology/two-links.toml"),
                Topology::Announced => include_str!("../templates/topology/announced.toml"),
                Topology::Backup => include_str!("../templates/topology/backup.toml"),
            };
            (file, Kind::Topology, "plan", text)
        }
        New::Case { file, from } => {
            let text = match from {
                Case::BothLinks => include_str!("../templates/case/both-links.toml"),
                Case::Cut => include_str!("../templates/case/cut.toml"),
                Case::Program => include_str!("../templates/case/program.toml"),
            };
            (file, Kind::Case, "run", text)
        }
    };
    let schema = kind.nearest(file.parent().unwrap_or(Path::new("")));
    write(file, &format!("#:schema {}\n{text}", schema.reference))?;
    if let Some(path) = schema.missing {
        schema::write(kind, &path).inspect_err(|_| drop(fs::remove_file(file)))?;
        say!("{}: written, for editors", path.display());
    }
    say!("{}: written; next: mplab {next} {}", file.display(), file.display());
    Ok(Exit::Passed)
}

/// Writes a new file. Never overwrites one.
fn write(file: &Path, text: &str) -> Result<(), Failure> {
    if let Some(directory) = file.parent() {
        fs::create_dir_all(directory).map_err(|error| Failure::system(directory.display(), &error))?;
    }
    let written = File::create_new(file).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        if error.kind() == ErrorKind::AlreadyExists {
            return Failure::usage(format!("{} already exists: choose another name", file.display()));
        }
        fs::remove_file(file).ok();
        Failure::system(file.display(), &error)
    })
}
