//! What was measured: as text, as a quantity, and whether the constraint holds.
//! Not here: how anything is measured.

use super::delivery::Seen;
use super::run::{HostSeen, ProcessSeen};
use crate::words::{Amount, Better, Constraint, Feature, Quantity, Window};

/// What each measure does. Those that it does not have of a subject are refused when its case is read; what it has not got in a recording is
/// not recorded.
pub(super) trait Measuring {
    /// What must hold, as text: `>= 99%`.
    fn wanted(&self) -> String;

    /// Which of several it is, where one key has several.
    fn item(&self) -> Option<String> {
        None
    }

    /// What a kernel must have for it, that not every one has.
    fn needs(&self) -> Vec<Feature> {
        Vec::new()
    }

    /// Measures a transfer, or says why that cannot be.
    fn of_transfer(&self, _seen: &Seen<'_>, _window: Window) -> Result<Measured, String> {
        Err("this is not measured of a transfer".to_owned())
    }

    /// Measures a host, or says why that cannot be.
    fn of_host(&self, _seen: &HostSeen<'_>, _window: Window) -> Result<Measured, String> {
        Err("this is not measured of a host".to_owned())
    }

    /// Measures a process, or says why that cannot be.
    fn of_process(&self, _seen: &ProcessSeen<'_>, _window: Window) -> Result<Measured, String> {
        Err("this is not measured of a process".to_owned())
    }
}

/// What is said of a measure of which nothing was recorded.
pub(crate) const UNRECORDED: &str = "not recorded";

/// What was measured, and what that means.
pub(crate) struct Measured {
    pub(crate) text: String,
    pub(crate) held: bool,
    /// It as a quantity, if it is one, and which way that is better.
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
