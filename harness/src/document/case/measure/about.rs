//! The description of a measure: its key, whose it is, how it is written, and its sentence in the reference document.
//! Not here: the measures themselves, or measuring.

use toml::de::DeTable;

use super::Measure;
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Named, Read, Spanned, Value};
use crate::document::topology::Topology;

/// A measure as documents and error messages describe it.
#[derive(Debug)]
pub(in crate::document::case) struct About {
    /// Its key in a case file.
    pub(in crate::document::case) key: &'static str,
    /// How it is written, for the reference document: `constraint of a size`.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test writes the reference document"))]
    pub(in crate::document::case) value: &'static str,
    /// Who has it.
    pub(in crate::document::case) of: &'static [Of],
    /// The parts of a run in which it can be measured.
    pub(in crate::document::case) scope: Scope,
    /// The topic it belongs to.
    pub(in crate::document::case) topic: Topic,
    /// What is measured, for the reference document.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test writes the reference document"))]
    pub(in crate::document::case) meaning: &'static str,
    /// Reads the value of its key.
    pub(in crate::document::case) read: fn(&Span, &Value<'_>, &mut Mistakes) -> Vec<Found>,
    /// Reports what is wrong with it. Its subject and the topology may be unknown.
    pub(in crate::document::case) check: fn(&Written, Option<Of>, Option<&Topology>, &mut Mistakes),
}

/// The parts of a run in which something can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::document::case) enum Scope {
    /// Only in the whole run.
    Run,
    /// In the whole run or a window of it.
    Window,
    /// In these, and at a moment.
    Moment,
}

/// Who can have a measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::document::case) enum Of {
    /// A transfer.
    Transfer,
    /// A host.
    Host,
    /// A process.
    Process,
    /// A process that is iperf3 and prints JSON.
    Iperf3,
}

impl Of {
    /// The key that names one in an expectation.
    pub(in crate::document::case) const fn key(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::Host => "host",
            Self::Process | Self::Iperf3 => "process",
        }
    }
}

/// The topic of a measure, which selects the counters and checks that may explain why it was missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    /// Whether connections speak MPTCP.
    Protocol,
    /// Which subflows there are, and what they carry.
    Paths,
    /// How fast bytes arrive.
    Carriage,
    /// Whether all bytes arrive.
    Delivery,
    /// One of the kernel's counters.
    Counters,
    /// The path manager's events.
    Events,
    /// Something else.
    Other,
}

/// A measure that was read, and where it is written.
#[derive(Debug)]
pub(in crate::document::case) struct Found {
    /// Its name: its key, or the name in its key's table.
    pub(in crate::document::case) name: Span,
    /// Its value.
    pub(in crate::document::case) value: Span,
    pub(in crate::document::case) measure: Measure,
}

/// A measure's key in an expectation, and its value.
#[derive(Debug)]
pub(in crate::document::case) struct Written {
    pub(in crate::document::case) about: &'static About,
    /// Where the key is.
    pub(in crate::document::case) key: Span,
    /// Where the value is.
    pub(in crate::document::case) value: Span,
    /// Whether the value is a table.
    pub(in crate::document::case) is_table: bool,
    /// The measures that could be read from it.
    pub(in crate::document::case) found: Vec<Found>,
}

impl Written {
    /// Reads the value of a measure's key.
    pub(in crate::document::case) fn read(about: &'static About, key: Span, value: &Value<'_>, mistakes: &mut Mistakes) -> Self {
        let found = (about.read)(&key, value, mistakes);
        Self { about, key, value: value.span(), is_table: value.get_ref().is_table(), found }
    }
}

/// Reads the one measure of a key.
pub(super) fn one<T: Read, M: Into<Measure>>(key: &Span, value: &Value<'_>, mistakes: &mut Mistakes, make: fn(T) -> M) -> Vec<Found> {
    let read = T::read(value, mistakes);
    read.map(|read| Found { name: key.clone(), value: value.span(), measure: make(read).into() }).into_iter().collect()
}

/// Reads the measures of a key that has a table of them.
pub(super) fn several<T: Read, M: Into<Measure>>(value: &Value<'_>, mistakes: &mut Mistakes, make: fn(String, T) -> M) -> Vec<Found> {
    if value.get_ref().as_table().is_some_and(DeTable::is_empty) {
        mistakes.add(&value.span(), "this expects nothing").help("write a name and what must hold of it, such as { NAME = \">= 1\" }");
    }
    let read = Named::<Spanned<T>>::read(value, mistakes).unwrap_or_default();
    let found = read.into_iter().map(|(name, entry)| Found {
        name: entry.name,
        value: entry.value.span,
        measure: make(name, entry.value.value).into(),
    });
    found.collect()
}

/// A check for measures that need none.
pub(super) fn sound(_: &Written, _: Option<Of>, _: Option<&Topology>, _: &mut Mistakes) {}
