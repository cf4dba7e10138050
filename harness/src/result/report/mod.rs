//! Reports: verdicts, transfers and their traffic as text for people, as pages and as drawings.
//! Not here: measuring (the judge does that), printing, or files. Everything is a function from values to text.

mod bars;
mod beside;
mod brief;
mod columns;
mod counters;
mod explain;
mod export;
mod intervals;
mod links;
mod matrix;
mod notices;
mod pcapng;
mod series;
mod speeds;
mod spread;
mod stalls;
mod standing;
mod steps;
mod style;
mod subflows;
mod summary;
mod ticks;
mod traffic;
mod verdict;

pub use bars::share;
pub use beside::beside;
pub use brief::brief;
pub use counters::counters;
pub use explain::{examination, explanation};
pub use export::{CSV_COLUMNS, EXPORTS, Export, Files, START, Source, Suite, csv, drawing, escaped, markdown, openmetrics, page, svg};
pub use intervals::{IntervalTable, TableLine, table};
pub use links::links;
pub use matrix::{changes, matrix};
pub use notices::notices;
pub use pcapng::{About, pcapng};
pub use series::{MEASURES, Measure, Nature};
pub use spread::{ending, endings, spread};
pub use standing::{hosts, state};
pub use style::{Colour, Style};
pub use subflows::{subflows, subflows_of_hosts};
pub use summary::summary;
pub use verdict::{headline, verdict};
