//! How each measure spreads over the seeds of a case: a strip for each place, with a dot for each run that links to it.
//! Not here: what got worse.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::Suite;
use super::cells::look;
use crate::result::compare::{Cell, Spread};

/// The strips of each case that ran more than once.
pub(super) fn section(suite: &Suite) -> Markup {
    let several = |row: &&BTreeMap<String, Cell>| row.values().map(|cell| cell.runs.len()).sum::<usize>() > 1;
    let cases: Vec<(&String, &BTreeMap<String, Cell>)> = suite.matrix.cases.iter().filter(|(_, row)| several(row)).collect();
    html! {
        @if !cases.is_empty() {
            section {
                h2 { "How measures spread" }
                p .note { "A dot is a run and links to its page. All strips of a measure have the same scale, from its least to its most." }
                @for (case, row) in &cases { details open[cases.len() <= 3] { summary { b { (case) } } (strips(suite, case, row)) } }
            }
        }
    }
}

fn strips(suite: &Suite, case: &str, row: &BTreeMap<String, Cell>) -> Markup {
    let spreads: BTreeMap<&str, BTreeMap<String, Spread>> = row.iter().map(|(place, cell)| (place.as_str(), cell.spreads())).collect();
    let measures: BTreeSet<&String> = spreads.values().flat_map(BTreeMap::keys).collect();
    html! {
        div .scroll { table .strips {
            thead { tr { th { "measure" } th { "place" } th .num { "least" } th {} th .num { "most" } th .num { "median" } th .num { "worst" } th .num { "seed" } } }
            tbody { @for measure in measures {
                @let of_it: Vec<(&str, &Spread)> = spreads.iter().filter_map(|(place, all)| Some((*place, all.get(measure)?))).collect();
                @let low = of_it.iter().map(|(_, spread)| spread.least().number()).fold(f64::INFINITY, f64::min);
                @let high = of_it.iter().map(|(_, spread)| spread.most().number()).fold(f64::NEG_INFINITY, f64::max);
                @for (index, (place, spread)) in of_it.iter().enumerate() {
                    @let (seed, worst) = spread.worst();
                    tr .first[index == 0] {
                        td { @if index == 0 { (measure) } }
                        td { (place) }
                        td .num { (spread.least()) }
                        td .strip { div { @for run in &row[*place].runs { @if let Some(reading) = run.measures.get(measure) {
                            @let part = if high > low { (reading.amount.number() - low) / (high - low) * 100.0 } else { 50.0 };
                            a class={ "dot " (look(&run.ended)) } style={ "left:" (format!("{part:.1}")) "%" } href=(suite.at(case, place, run.seed)) title={ (place) ", seed " (run.seed) ": " (reading.amount) } aria-label={ "seed " (run.seed) ": " (reading.amount) } {}
                        } } } }
                        td .num { (spread.most()) }
                        td .num { (spread.median()) }
                        td .num { (worst) }
                        td .num { a href=(suite.at(case, place, seed)) { (seed) } }
                    }
                }
            } }
        } }
    }
}
