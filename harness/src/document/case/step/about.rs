//! What there is to say of a step's verb, and what it is checked among: the steps before it.
//! Not here: any one of them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::Action;
use super::cut::How;
use super::endpoint::Endpoints;
use super::shape::InForce;
use crate::document::case::transfer::Transfer;
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Shape, Spanned, Table, Value};
use crate::document::topology::Topology;
use crate::words::Time;

/// A verb, as documents speak of it.
#[derive(Debug)]
pub(in crate::document::case) struct About {
    /// Its key in a case file.
    pub(in crate::document::case) key: &'static str,
    /// The tables that it is written as, which have sections in the reference document.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test compares the keys with the document"))]
    pub(in crate::document::case) tables: &'static [&'static Shape],
    /// Reads what is written behind its key.
    pub(in crate::document::case) read: fn(&Value<'_>, &mut Mistakes) -> Option<Box<dyn Written>>,
}

/// What is written behind a verb's key.
pub(in crate::document::case) trait Written: fmt::Debug {
    /// Checks it among what is around it, and says what it does there. It comes at a time, and is written there.
    fn check(&self, at: Time, span: &Span, around: &mut Surroundings<'_>, mistakes: &mut Mistakes) -> Option<Action>;

    /// The process that it starts, if it starts one.
    fn starts(&self) -> Option<&Spanned<String>> {
        None
    }
}

/// What is around a step: what the case has, and what the steps before it did.
pub(in crate::document::case) struct Surroundings<'a> {
    pub(super) topology: Option<&'a Topology>,
    pub(super) transfers: &'a BTreeMap<String, Transfer>,
    pub(super) processes: Vec<&'a str>,
    /// Where the files are that steps name.
    pub(super) directory: Option<&'a Path>,
    /// How links are cut, and by which steps.
    pub(super) cuts: BTreeMap<String, Vec<(How, Span)>>,
    /// The conditions of links that steps changed.
    pub(super) conditions: BTreeMap<String, InForce>,
    pub(super) endpoints: Endpoints,
    /// The processes that steps started.
    pub(super) started: BTreeMap<String, Span>,
}

impl<'a> Surroundings<'a> {
    /// What is around a case's first step.
    pub(in crate::document::case) fn new(
        topology: Option<&'a Topology>,
        transfers: &'a BTreeMap<String, Transfer>,
        processes: Vec<&'a str>,
        directory: Option<&'a Path>,
    ) -> Self {
        let endpoints = Endpoints::of(topology);
        let (cuts, conditions, started) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { topology, transfers, processes, directory, cuts, conditions, endpoints, started }
    }
}

/// Says so where `key` lacks one of the keys that it needs, or has one that it does not allow.
pub(super) fn go_together(table: &mut Table<'_, '_>, key: &'static str, needed: &[&'static str], allowed: &[&'static str]) {
    let Some((_, span)) = table.present(&[key]).pop() else { return };
    for needed in needed.iter().filter(|needed| table.present(&[needed]).is_empty()).collect::<Vec<_>>() {
        table.mistakes.absent(&span, format!("`{key}` needs the key `{needed}` beside it"));
    }
    for (other, other_span) in table.present(&["flags", "id", "to", "port"]) {
        if !allowed.contains(&other) {
            table.mistakes.add(&other_span, format!("`{other}` does not go with `{key}`")).beside(&span, "here");
        }
    }
}
