//! Many runs as one HTML file: cases by places, what differs, and how measures spread over seeds. Each run is a link to its own page.
//! Not here: a run's own page, or any opinion of a run.

mod cells;
mod differences;
mod files;
mod strips;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use files::files;
use maud::html;

use super::shell;
use crate::result::compare::{Column, Matrix, Run};
use crate::result::recording::PlaceRecord;
use crate::result::report::spread::endings;

/// Runs to compare, with the pages of each.
#[derive(Debug)]
pub struct Suite {
    matrix: Matrix,
    /// The relative URL of each run's page, by case, place and seed.
    pages: BTreeMap<(String, String, u64), String>,
}

impl Default for Suite {
    fn default() -> Self {
        Self { matrix: Matrix::new(Vec::new()), pages: BTreeMap::new() }
    }
}

impl Suite {
    /// Adds a run. Returns false, and keeps the earlier run, if the same case ran there with the same seed.
    pub fn add(&mut self, case: &str, place: &PlaceRecord, run: Run, page: String) -> bool {
        let key = (case.to_owned(), place.name.clone(), run.seed);
        if self.pages.contains_key(&key) {
            return false;
        }
        if !self.matrix.kernels.iter().any(|column| column.name == place.name) {
            self.matrix.kernels.push(Column::of(place));
            self.matrix.kernels.sort_by(|one, other| one.name.cmp(&other.name));
        }
        self.matrix.insert(case, &place.name, run);
        self.pages.insert(key, page);
        true
    }

    /// The page.
    pub fn page(&self) -> String {
        let runs = || self.matrix.cells().flat_map(|(_, _, cell)| &cell.runs);
        let seeds: BTreeSet<u64> = runs().map(|run| run.seed).collect();
        let title = format!("{} runs: {}", self.pages.len(), endings(runs().map(|run| &run.ended)));
        let body = html! {
            header {
                h1 { (title) }
                dl .facts {
                    div { dt { "cases" } dd { (self.matrix.cases.len()) } }
                    div { dt { "seeds" } dd { (seeds.len()) } }
                    @for column in &self.matrix.kernels {
                        div { dt { (column.name) } dd { "Linux " (column.release) ", " @if column.in_virtual_time { "virtual time" } @else { "real time" } } }
                    }
                }
            }
            (cells::section(self))
            (differences::section(self))
            (strips::section(self))
        };
        shell::document(&title, body)
    }

    /// The URL of a run's page.
    fn at(&self, case: &str, place: &str, seed: u64) -> &str {
        self.pages.get(&(case.to_owned(), place.to_owned(), seed)).map_or("", String::as_str)
    }
}
