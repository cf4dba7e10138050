//! How much weight the configuration has: it is a cause if no join was tried over a way.
//! Not here: what is wrong with the configuration.

use super::Weight;
use super::view::View;

/// A wrong configuration explains ways over which no join was tried. If joins were not counted, it is only a suspect.
pub(super) fn blame(view: &View, wrong: bool) -> Weight {
    match view.unanswered() {
        _ if !wrong || view.never().next().is_none() => Weight::Fine,
        Some(0) => Weight::Cause,
        Some(_) | None => Weight::Suspect,
    }
}
