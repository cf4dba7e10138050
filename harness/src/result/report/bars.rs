//! The part of a transfer that each of the client's interfaces carried, as bars.
//! Not here: the shares that a case expects.

use crate::result::recording::Recording;
use crate::words::{Percent, Size};

use super::traffic::Traffic;

/// The width of a bar that is the whole.
const WIDTH: usize = 40;
/// Eighths of a character.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// A line for each of the client's interfaces: name, bar, percent, bytes.
pub fn share(recording: &Recording, transfer: &str) -> String {
    let traffic = match Traffic::of(recording, transfer) {
        Ok(traffic) => traffic,
        Err(why) => return format!("no shares: {why}\n"),
    };
    let totals = traffic.totals();
    let whole: u64 = totals.iter().sum();
    let name_width = traffic.interfaces.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let lines = traffic.interfaces.iter().zip(&totals).map(|((name, _), &bytes)| {
        let Percent(percent) = Percent::of(bytes, whole);
        format!("{name:>name_width$} │{:<WIDTH$}│ {percent:>5.1}%  {:>8}\n", bar(percent), Size(bytes).to_string())
    });
    lines.collect()
}

fn bar(percent: f64) -> String {
    let eighths = (percent / 100.0 * (WIDTH * 8) as f64).round() as usize;
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}
