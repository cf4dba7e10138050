//! Finds a case's topologies and applies a change to them.
//! Not here: changing a document's text (`change`).

use std::path::Path;

use toml::Table;

use super::{NotFound, Source, Topologies};
use crate::document::change::changed;

/// The topologies that a case finds, with a change.
#[derive(Debug)]
pub struct Changed<'a, T: ?Sized> {
    /// The topologies as they are.
    pub found: &'a T,
    /// The change to each.
    pub change: &'a Table,
}

impl<T: Topologies + ?Sized> Topologies for Changed<'_, T> {
    fn find(&self, name: &str) -> Result<Source, NotFound> {
        let found = self.found.find(name)?;
        if self.change.is_empty() {
            return Ok(found);
        }
        Ok(Source { text: changed(found.text, self.change), ..found })
    }

    fn directory(&self) -> Option<&Path> {
        self.found.directory()
    }
}
