//! Why a command could not do what it was asked to, and the exit code for that.
//! Not here: what the codes mean.

use std::error::Error;
use std::fmt::Display;
use std::io;
use std::path::Path;

use mplab::kernel::limits;

use crate::exit::Exit;

/// Why a command could not do what it was asked to.
pub(crate) struct Failure {
    pub(crate) text: String,
    pub(crate) exit: Exit,
}

impl Failure {
    /// Wrong usage, or a mistake in a file.
    pub(crate) fn usage(text: impl Display) -> Self {
        Self { text: text.to_string(), exit: Exit::Usage }
    }

    /// A file or directory that cannot be used, and why.
    pub(crate) fn path(path: &Path, why: impl Display) -> Self {
        Self::usage(format!("{}: {why}", path.display()))
    }

    /// Broken machinery.
    pub(crate) fn broken(error: impl Error) -> Self {
        Self { text: format!("mplab: {error}"), exit: Exit::Broken }
    }

    /// An error from the system, with the limit that was reached, if there is one.
    pub(crate) fn system(what: impl Display, error: &io::Error) -> Self {
        Self { text: format!("mplab: {}", limits::told(what, error)), exit: Exit::Broken }
    }
}
