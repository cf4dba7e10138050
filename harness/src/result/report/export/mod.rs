//! Exports: files made from recordings. Each format is a file here: the ending that selects it, what it holds, and how it is made.
//! Not here: text for a terminal, and writing files. The same recordings make the same bytes.

mod csv;
mod markdown;
mod openmetrics;
mod page;
mod svg;

use std::path::{Path, PathBuf};
use std::{fmt, iter};

pub use csv::{COLUMNS as CSV_COLUMNS, csv};
pub use markdown::{escaped, markdown};
pub use openmetrics::{START, openmetrics};
pub use page::{Suite, page};
pub use svg::{drawing, svg};

use crate::result::recording::Recording;
use crate::words::Time;

/// All formats, in the order in which help names them. A format is added here.
pub const EXPORTS: &[Export] = &[page::EXPORT, markdown::EXPORT, csv::EXPORT, openmetrics::EXPORT, svg::EXPORT];

/// A format of files that are made from recordings.
#[derive(Clone, Copy)]
pub struct Export {
    /// The ending of a file's name that selects it: `csv`.
    pub ending: &'static str,
    /// What such a file is: `all series, for tables`.
    pub is: &'static str,
    /// Makes the files.
    pub make: for<'a> fn(&'a Source<'a>) -> Files<'a>,
}

impl fmt::Debug for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Export").field(&self.ending).finish()
    }
}

/// What files are made of.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The recordings.
    pub recordings: &'a [Recording],
    /// The file of each, for messages.
    pub found: &'a [PathBuf],
    /// The file to make.
    pub output: &'a Path,
    /// The interval between the rows of tables.
    pub interval: Time,
}

/// Files in the order in which to write them, each with its path and content, and the last one at [`Source::output`]; or why they cannot be made.
pub type Files<'a> = Box<dyn Iterator<Item = Result<(PathBuf, Vec<u8>), String>> + 'a>;

impl<'a> Source<'a> {
    /// One file.
    pub fn file(&'a self, content: Result<impl Into<Vec<u8>>, String>) -> Files<'a> {
        let file = content.map(|content| (self.output.to_owned(), content.into()));
        Box::new(iter::once(file))
    }
}
