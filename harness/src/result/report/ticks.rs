//! Round numbers for axes, and times in seconds.
//! Not here: the axes.

use crate::words::Time;

/// The least of 1, 2, 5, 10, 20, ... (and 0.5, 0.2, ...) that is not below `least`.
pub(super) fn round_step(least: f64) -> f64 {
    let magnitude = 10f64.powf(least.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * magnitude >= least * (1.0 - 1e-9));
    factor.unwrap_or(10.0) * magnitude
}

/// A tick's value with the decimals that its step needs.
pub(super) fn number(value: f64, step: f64) -> String {
    let decimals = (-step.log10().floor()).max(0.0) as usize;
    format!("{value:.decimals$}")
}

/// `12.50s`
pub(super) fn seconds(micros: u64, decimals: usize) -> String {
    format!("{:.decimals$}s", Time::from_micros(micros).seconds())
}
