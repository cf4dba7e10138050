//! The documents: topology and case files, as written and as checked, and how a mistake in one is told.
//! Pure: text in, values out. Not here: reading files, and what is made of the values.

pub mod case;
pub mod diagnostic;
mod toml;
pub mod topology;
