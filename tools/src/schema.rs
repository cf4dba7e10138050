//! `mplab schema`: the JSON schema of a kind of file, for editors.
//! Not here: what it says, which the readers of the files do.

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
