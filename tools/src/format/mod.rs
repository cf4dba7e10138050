//! Formats of a suite's results for other programs. Each is a file of its own: what selects it, its row in the document, and how it shows results.
//! Not here: the lines for people, and the formats of recordings, which are the library's exports.

mod github;
mod junit;
mod ktap;
mod options;
#[cfg(test)]
mod table;
mod test;

use std::ffi::OsString;
use std::path::PathBuf;

pub(crate) use options::{Options, PRINTED};
use test::Test;

use crate::Failure;

/// All formats, in the order of their options in `--help`. A format is added here.
const ALL: &[About] = &[github::ABOUT, junit::ABOUT, ktap::ABOUT];

/// What selects a format.
enum About {
    /// An option with a file, to which it is written at the end.
    Written { option: Described, new: OfFile },
    /// An option without a value. It is printed in place of the lines for people, and excludes the others that are.
    Printed { option: Described, new: fn() -> Box<dyn Format> },
    /// The environment. It accompanies the lines for people.
    Asked(fn(&Variables<'_>) -> Option<Box<dyn Format>>),
}

/// Makes a format that is written to a file.
type OfFile = fn(PathBuf) -> Box<dyn Format>;

/// Finds a variable of the environment by its name.
type Variables<'a> = dyn Fn(&str) -> Option<OsString> + 'a;

/// An option, as help and documents describe it.
struct Described {
    /// Its name, without the dashes.
    name: &'static str,
    /// Its help.
    help: &'static str,
    /// Its row in `docs/ci.md`: what it writes. Only a test reads this.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test writes the document"))]
    writes: &'static str,
}

/// Shows results as they come.
trait Format {
    /// `count` results of tests at these places will follow.
    fn begin(&mut self, _places: &[&str], _count: usize) {}

    /// The first case is about to run: what is printed from now on may be text of others.
    fn runs(&mut self) {}

    /// A test has ended. Those that cannot run come first.
    fn add(&mut self, test: &Test<'_>);

    /// All tests have ended.
    fn end(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}
