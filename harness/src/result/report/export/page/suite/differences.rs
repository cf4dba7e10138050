//! What did not hold, and what differs between places: outcomes of cases, and measures that moved.
//! Not here: how far each seed is from the others.

use maud::{Markup, html};

use super::Suite;
use super::cells::look;
use crate::result::compare::Ended;

/// Both lists, without empty ones.
pub(super) fn section(suite: &Suite) -> Markup {
    let matrix = &suite.matrix;
    let differing = matrix.differing();
    let not_passed = || {
        matrix
            .cells()
            .flat_map(|(case, place, cell)| cell.runs.iter().map(move |run| (case, place, run)))
            .filter(|(_, _, run)| run.ended != Ended::Passed)
    };
    let moved = matrix.moved();
    html! {
        @if not_passed().next().is_some() {
            section {
                h2 { "What did not pass" }
                div .scroll { table {
                    thead { tr { th { "case" } th { "place" } th .num { "seed" } th { "ended" } th { "why" } } }
                    tbody { @for (case, place, run) in not_passed() {
                        tr {
                            td { a href=(suite.at(case, place, run.seed)) { (case) } @if differing.contains(&case) { " " span .note { "differs" } } }
                            td { (place) }
                            td .num { (run.seed) }
                            td class=(look(&run.ended)) { (run.ended.word()) }
                            td .wide { @for why in run.ended.why() { div { (why) } } }
                        }
                    } }
                } }
            }
        }
        @if !moved.is_empty() {
            section {
                h2 { "Measures that moved between places" }
                p .note { "Medians. No seed of one place is within the other's." }
                div .scroll { table {
                    thead { tr { th { "case" } th { "measure" } th .num { "how far" } @for column in &matrix.kernels { th .num { (column.name) } } } }
                    tbody { @for moved in &moved {
                        tr {
                            td { (moved.case) }
                            td { (moved.measure) }
                            td .num { (moved.distance) " from " (moved.between[0]) " to " (moved.between[1]) }
                            @for median in &moved.medians { td .num { @if let Some(median) = median { (median) } } }
                        }
                    } }
                } }
            }
        }
    }
}
