//! Cases by places: how each ended there, and its seeds, each with a link to its run.
//! Not here: the reasons.

use maud::{Markup, html};

use super::Suite;
use crate::result::compare::{Cell, Ended};

/// The table.
pub(super) fn section(suite: &Suite) -> Markup {
    let kernels = &suite.matrix.kernels;
    html! {
        section {
            h2 { "Cases" }
            div .scroll { table .cells {
                thead { tr { th { "case" } @for column in kernels { th { (column.name) } } } }
                tbody { @for (case, row) in &suite.matrix.cases {
                    tr {
                        td { (case) }
                        @for column in kernels { td { @if let Some(cell) = row.get(&column.name) { (whole(suite, case, &column.name, cell)) } } }
                    }
                } }
            } }
        }
    }
}

/// A cell: the worst word, and the seeds.
fn whole(suite: &Suite, case: &str, place: &str, cell: &Cell) -> Markup {
    let word = cell.worst().map(|ended| {
        if cell.as_bad() < cell.runs.len() {
            format!("{} {} of {}", ended.word(), cell.as_bad(), cell.runs.len())
        } else {
            ended.word().to_owned()
        }
    });
    html! {
        @match (word, cell.runs.as_slice()) {
            (Some(word), [run]) => a class=(look(&run.ended)) href=(suite.at(case, place, run.seed)) title={ "seed " (run.seed) } { (word) },
            (Some(word), runs) => {
                span class=(cell.worst().map_or("", look)) { (word) } " "
                @for run in runs { a class={ "seed " (look(&run.ended)) } href=(suite.at(case, place, run.seed)) title={ "seed " (run.seed) ": " (run.ended.word()) } { (run.seed) } " " }
            },
            _ => "",
        }
    }
}

/// The style of an outcome, which is also shown as a word.
pub(super) const fn look(ended: &Ended) -> &'static str {
    match ended {
        Ended::Passed => "good",
        Ended::Unsupported(_) => "note",
        Ended::Disturbed(_) => "unsure",
        Ended::Missing(_) | Ended::Failed(_) | Ended::Kernel(_) | Ended::Broken(_) => "bad",
    }
}
