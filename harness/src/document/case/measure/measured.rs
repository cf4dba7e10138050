//! What was measured: as text, as a quantity, and whether the constraint holds.
//! Not here: how anything is measured.

use super::delivery::Seen;
use super::run::{HostSeen, ProcessSeen};
use crate::words::{Amount, Better, Constraint, Feature, Quantity, Window};

/// What each measure does. A case that measures it for a subject that lacks it is refused when read; if a recording lacks its data, it counts as
/// not recorded.
pub(super) trait Measuring {
    /// What must hold, as text: `>= 99%`.
    fn wanted(&self) -> String;

    /// Which of several it is, where one key has several.
    fn item(&self) -> Option<String> {
        None
    }

    /// The features it needs that not every kernel has.
    fn needs(&self) -> Vec<Feature> {
        Vec::new()
    }

    /// Measures a transfer, or returns why it cannot.
    fn of_transfer(&self, _seen: &Seen<'_>, _window: Window) -> Result<Measured, String> {
        Err("this is not a measure of a transfer".to_owned())
    }

    /// Measures a host, or returns why it cannot.
    fn of_host(&self, _seen: &HostSeen<'_>, _window: Window) -> Result<Measured, String> {
        Err("this is not a measure of a host".to_owned())
    }

    /// Measures a process, or returns why it cannot.
    fn of_process(&self, _seen: &ProcessSeen<'_>, _window: Window) -> Result<Measured, String> {
        Err("this is not a measure of a process".to_owned())
    }
}

/// The text for a measure of which nothing was recorded.
pub(crate) const UNRECORDED: &str = "not recorded";

/// What was measured, and whether it satisfies the constraint.
pub(crate) struct Measured {
    pub(crate) text: String,
    pub(crate) held: bool,
    /// The quantity, if it is one, and which direction is better.
    pub(crate) amount: Option<(Amount, Better)>,
    pub(crate) why: Vec<String>,
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

/// The measured value, rounded for reading, but never so that it seems to satisfy or miss the constraint when it does not.
fn shown<Q: Quantity>(constraint: &Constraint<Q>, measured: Q) -> String {
    let text = measured.to_string();
    match text.parse::<Q>() {
        Ok(rounded) if constraint.holds(rounded) != constraint.holds(measured) => {
            format!("just {} {text}", if measured < rounded { "under" } else { "over" })
        }
        _ => text,
    }
}
