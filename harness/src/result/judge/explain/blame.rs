//! How much weight the configuration has: a cause where no join was tried over a way.
//! Not here: what is wrong with the configuration.

use super::Weight;
use super::view::View;

/// What configuration can explain: ways over which no join was tried. A suspicion if joins were not counted.
pub(super) fn blame(view: &View, wrong: bool) -> Weight {
    match view.unanswered() {
        _ if !wrong || view.never().next().is_none() => Weight::Fine,
        Some(0) => Weight::Cause,
        Some(_) | None => Weight::Suspect,
    }
}
