//! Reports: a verdict, a transfer and its traffic as text that a person reads, and as one drawing.
//! Not here: measuring (the judge does), printing, or files. Everything is a function from values to text.

mod bars;
mod beside;
mod columns;
mod counters;
mod csv;
mod explain;
mod intervals;
mod links;
mod markdown;
mod matrix;
mod notices;
mod openmetrics;
mod page;
mod series;
mod speeds;
mod spread;
mod stalls;
mod standing;
mod steps;
mod style;
mod subflows;
mod summary;
mod svg;
mod ticks;
mod traffic;
mod verdict;

pub use bars::share;
pub use beside::beside;
pub use counters::counters;
pub use csv::{COLUMNS as CSV_COLUMNS, csv};
pub use explain::{examination, explanation};
pub use intervals::{IntervalTable, table};
pub use links::links;
pub use markdown::{escaped, markdown};
pub use matrix::{changes, matrix};
pub use openmetrics::{START, openmetrics};
pub use page::{Suite, page};
pub use series::{MEASURES, Measure, Nature};
pub use spread::{ending, endings, spread};
pub use standing::{hosts, state};
pub use style::{Colour, Style};
pub use subflows::{subflows, subflows_of_hosts};
pub use summary::summary;
pub use svg::svg;
pub use verdict::{headline, verdict};
