//! What was measured: as text, as a quantity, and whether the constraint holds.
//! Not here: how anything is measured.

use crate::result::recording::value_at;
use crate::words::{Amount, Better, Constraint, Quantity, Time, Window};

/// What is said of a measure of which nothing was recorded.
pub(super) const UNRECORDED: &str = "not recorded";

/// What was measured, and what that means.
pub(super) struct Measured {
    pub(super) text: String,
    pub(super) held: bool,
    /// It as a quantity, if it is one, and which way that is better.
    pub(super) amount: Option<(Amount, Better)>,
    pub(super) why: Vec<String>,
}

impl Measured {
    pub(super) fn missing(why: impl Into<String>) -> Self {
        Self { text: UNRECORDED.to_owned(), held: false, amount: None, why: vec![why.into()] }
    }

    pub(super) fn of<Q: Quantity + Into<Amount>>(constraint: &Constraint<Q>, measured: Q) -> Self {
        let amount = Some((measured.into(), constraint.better()));
        Self { text: shown(constraint, measured), held: constraint.holds(measured), amount, why: Vec::new() }
    }

    pub(super) fn plain(text: String, held: bool) -> Self {
        Self { text, held, amount: None, why: Vec::new() }
    }

    pub(super) fn because(mut self, why: impl IntoIterator<Item = String>) -> Self {
        self.why.extend(why);
        self
    }
}

/// The measured value, rounded for reading, but never to where the constraint would say something else of it.
fn shown<Q: Quantity>(constraint: &Constraint<Q>, measured: Q) -> String {
    let text = measured.to_string();
    match text.parse::<Q>() {
        Ok(rounded) if constraint.holds(rounded) != constraint.holds(measured) => {
            format!("just {} {text}", if measured < rounded { "under" } else { "over" })
        }
        _ => text,
    }
}

/// How much a cumulative series grew in a window. Counts start at 0, so a window that is open in front misses nothing.
pub(super) fn grown(at: &[u64], values: &[u64], window: Window) -> u64 {
    let before = window.from.map_or(0, |from| value_at(at, values, from.micros()));
    value_at(at, values, window.to.map_or(u64::MAX, Time::micros)).saturating_sub(before)
}
