//! `mplab schema`: the JSON schema of a kind of file, for editors.
//! Not here: its content, which comes from the parsers of the files.

use clap::ValueEnum;

use crate::exit::Exit;

/// A kind of file.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Kind {
    /// A topology
    Topology,
    /// A case
    Case,
}

pub(crate) fn print(kind: Kind) -> Exit {
    let schema = match kind {
        Kind::Topology => mplab::schema::of_topology(),
        Kind::Case => mplab::schema::of_case(),
    };
    say!("{schema:#}");
    Exit::Passed
}
