//! The colour of each link, the same on the whole page, also for what runs over it.
//! Not here: the colours, which are in `page.css`, for a light and a dark page.

use std::collections::BTreeMap;

use crate::document::topology::Topology;

/// How many colours there are. Further links repeat them in a lighter tint.
const HUES: usize = 8;
/// How many tints.
const TINTS: usize = 3;
/// How many kinds of lines.
const DASHES: usize = 4;

/// A look, as the classes of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paint {
    /// As text.
    Ink {
        /// The kind of line.
        dash: usize,
    },
    /// That of a link.
    Link {
        /// The link's place among all.
        number: usize,
        /// The kind of line.
        dash: usize,
    },
}

impl Paint {
    /// The classes.
    pub(super) fn class(self) -> String {
        match self {
            Self::Ink { dash } => format!("ink d{}", dash % DASHES),
            Self::Link { number, dash } => format!("h{} t{} d{}", number % HUES, number / HUES % TINTS, dash % DASHES),
        }
    }
}

/// The links of a topology by name, with their places.
pub(super) struct Palette<'a>(BTreeMap<&'a str, usize>);

impl<'a> Palette<'a> {
    pub(super) fn of(topology: &'a Topology) -> Self {
        Self(topology.links.keys().enumerate().map(|(number, name)| (name.as_str(), number)).collect())
    }

    /// That of a link; text's for one that is not known.
    pub(super) fn link(&self, name: &str) -> Paint {
        self.dashed(Some(name), 0)
    }

    /// That of a link's n-th line.
    pub(super) fn dashed(&self, name: Option<&str>, dash: usize) -> Paint {
        name.and_then(|name| self.0.get(name)).map_or(Paint::Ink { dash }, |&number| Paint::Link { number, dash })
    }
}
