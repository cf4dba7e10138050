//! A matrix in a few lines of Markdown, for the screen of a phone: what got worse, on which kernels, since which seed, and how to reproduce it.
//! Not here: what is worse.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::export::escaped;
use crate::result::compare::{Cell, Changes, Ended, Matrix};
use crate::words::terminal::visible;

/// The most cases that are listed.
const TOLD: usize = 20;
/// The most reasons that are listed for a case.
const REASONS: usize = 4;

/// The entry of a case: on which kernels, and why.
#[derive(Default)]
struct Entry<'a> {
    kernels: BTreeSet<&'a str>,
    why: BTreeSet<String>,
}

/// The text: what got worse since an earlier matrix or, without one, all that did not pass. `again` is the command that repeats a run of a case on
/// a kernel with a seed.
pub fn brief(matrix: &Matrix, changes: Option<&Changes>, again: impl Fn(&str, &str, u64) -> String) -> String {
    let mut entries: BTreeMap<&str, Entry<'_>> = BTreeMap::new();
    match changes {
        Some(changes) => {
            for change in changes.regressions.iter().chain(&changes.unknown) {
                let entry = entries.entry(&change.case).or_default();
                entry.kernels.insert(&change.kernel);
                entry.why.insert(change.what.clone());
            }
        }
        None => {
            for (case, kernel, cell) in matrix.cells() {
                if let Some(worst) = cell.worst().filter(|worst| !matches!(worst, Ended::Passed | Ended::Unsupported(_))) {
                    let entry = entries.entry(case).or_default();
                    entry.kernels.insert(kernel);
                    entry.why.extend(match worst {
                        Ended::Failed(_) => cell.failures().iter().map(|(claim, measured)| format!("{claim}: {measured}")).collect(),
                        other => other.why(),
                    });
                }
            }
        }
    }
    let mut text = format!("### {}\n", headline(matrix, changes, entries.len()));
    for (case, entry) in entries.iter().take(TOLD) {
        let cells = || entry.kernels.iter().filter_map(|kernel| Some((*kernel, matrix.cases.get(*case)?.get(*kernel)?)));
        let told: Vec<String> = cells().map(|(kernel, cell)| format!("{} ({})", escaped(kernel), told(cell))).collect();
        write!(text, "\n**{}** on {}\n", escaped(case), told.join(", ")).expect("a string takes all");
        for why in entry.why.iter().take(REASONS) {
            writeln!(text, "- {}", escaped(why)).expect("a string takes all");
        }
        if entry.why.len() > REASONS {
            writeln!(text, "- and {} more", entry.why.len() - REASONS).expect("a string takes all");
        }
        if let Some((kernel, cell)) = cells().next() {
            write!(text, "\n```sh\n{}\n```\n", again(case, kernel, first(cell))).expect("a string takes all");
        }
    }
    if entries.len() > TOLD {
        write!(text, "\nand {} more\n", entries.len() - TOLD).expect("a string takes all");
    }
    visible(&text).into_owned()
}

fn headline(matrix: &Matrix, changes: Option<&Changes>, entries: usize) -> String {
    let missing: usize = matrix.cells().map(|(_, _, cell)| cell.missing()).sum();
    let holes = if missing > 0 { format!(", {missing} runs missing") } else { String::new() };
    match changes {
        Some(Changes { regressions, mended, unknown, new }) => {
            let (worse, unknown) = (regressions.len(), unknown.len());
            format!("{worse} worse, {} better, {unknown} cannot be compared, {new} new{holes}", mended.len())
        }
        None => format!("{entries} of {} cases did not pass{holes}", matrix.cases.len()),
    }
}

/// `failed 3 of 50, since seed 17`
fn told(cell: &Cell) -> String {
    let Some(worst) = cell.worst() else { return "no run".to_owned() };
    format!("{} {} of {}, since seed {}", worst.word(), cell.as_bad(), cell.runs.len(), first(cell))
}

/// The first seed that is as bad as the worst.
fn first(cell: &Cell) -> u64 {
    let rank = cell.worst().map(Ended::rank);
    cell.runs.iter().find(|run| Some(run.ended.rank()) == rank).map_or(0, |run| run.seed)
}
