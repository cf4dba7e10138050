//! How measures spread over many runs: a line each, with a small histogram.
//! Not here: what the measures are, or how a single run went.

use std::collections::BTreeMap;

use crate::result::compare::{Ended, Run, Spread};

use super::style::{Colour, Style};

/// How many parts a histogram has.
const PARTS: usize = 12;
/// Eighths of a line's height.
const HEIGHTS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A table of measures: the least, the median, the most, the worst with its seed, and the distribution in between.
pub fn spread(spreads: &BTreeMap<String, Spread>, style: Style) -> String {
    let heads = ["measure", "least", "median", "most", "worst", "seed"].map(str::to_owned);
    let rows = spreads.iter().map(|(name, spread)| {
        let (seed, worst) = spread.worst();
        let numbers = [spread.least(), spread.median(), spread.most(), worst].map(|amount| amount.to_string());
        let [least, median, most, worst] = numbers;
        [name.clone(), least, median, most, worst, seed.to_string()]
    });
    let rows: Vec<_> = [heads].into_iter().chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..6).map(width).collect();
    let pictures = [String::new()].into_iter().chain(spreads.values().map(histogram));
    let line = |(row, picture): (&[String; 6], String)| {
        let name = format!("{:<1$}", row[0], widths[0]);
        let numbers = row.iter().zip(&widths).skip(1).map(|(number, width)| format!("  {number:>width$}"));
        let text = name + &numbers.collect::<String>();
        let text = if picture.is_empty() { style.paint(Colour::Dim, &text) } else { format!("{text}  │{picture}│") };
        text + "\n"
    };
    rows.iter().zip(pictures).map(line).collect()
}

/// How many values are in each part between the least and the most. A part with any value is never drawn empty.
fn histogram(spread: &Spread) -> String {
    let parts = spread.histogram(PARTS);
    let most = parts.iter().copied().max().unwrap_or(0).max(1);
    parts.iter().map(|&count| HEIGHTS[(count * 8).div_ceil(most)]).collect()
}

/// A run that did not pass, in one or a few lines: how it ended, whose it was, and the command that repeats it.
pub fn ending(run: &Run, whose: &str, again: &str, style: Style) -> String {
    let colour = if matches!(run.ended, Ended::Disturbed(_)) { Colour::Yellow } else { Colour::Red };
    let whose = if whose.is_empty() { String::new() } else { format!("{whose}, ") };
    let why = run.ended.why().join("\n        ");
    let again = style.paint(Colour::Bold, again);
    format!("{}  {whose}seed {}   {why}\n        again: {again}\n", style.paint(colour, run.ended.sign()), run.seed)
}

/// How many runs ended in which way, from good to bad: `197 passed, 3 failed`.
pub fn endings<'a>(endings: impl IntoIterator<Item = &'a Ended>) -> String {
    let mut counts: BTreeMap<(u8, &str), usize> = BTreeMap::new();
    for ended in endings {
        *counts.entry((ended.rank(), ended.word())).or_default() += 1;
    }
    counts.iter().map(|((_, word), count)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}
