//! A matrix as text: a word for each cell, what differs between kernels, measures that moved, and what changed since an earlier one.
//! Not here: any opinion of it.

use std::fmt::Write;

use crate::result::compare::{Cell, Change, Changes, Ended, Matrix, Moved};

use super::style::{Colour, Style};

/// The most moved measures that are listed.
const TOLD: usize = 30;

/// The whole matrix.
pub fn matrix(matrix: &Matrix, style: Style) -> String {
    let names: Vec<String> = matrix.kernels.iter().map(|kernel| kernel.name.clone()).collect();
    let heads = [vec!["case".to_owned()], names.clone()].concat();
    let facts = matrix.kernels.iter().map(|kernel| {
        let time = if kernel.in_virtual_time { "virtual time" } else { "real time" };
        format!("  {}: Linux {}, {time}\n", kernel.name, kernel.release)
    });
    let mut rows = vec![(heads, Vec::new())];
    for (case, row) in &matrix.cases {
        let cells: Vec<_> = names.iter().map(|kernel| row.get(kernel)).collect();
        let words = [case.clone()].into_iter().chain(cells.iter().map(|cell| cell.map(word).unwrap_or_default()));
        rows.push((words.collect(), cells));
    }
    let widths: Vec<usize> = (0..=names.len()).map(|column| rows.iter().map(|(words, _)| words[column].len()).max().unwrap_or(0)).collect();
    let mut text = facts.collect::<String>() + "\n";
    for (words, cells) in &rows {
        let mut line = format!("{:<1$}", words[0], widths[0]);
        for (column, word) in words.iter().enumerate().skip(1) {
            let padded = format!("{word:<0$}", widths[column]);
            let colour = cells.get(column - 1).and_then(|cell| cell.as_ref()?.worst()).map(colour);
            line += "  ";
            line += &colour.map_or(padded.clone(), |colour| style.paint(colour, &padded));
        }
        text += line.trim_end();
        text += "\n";
    }
    text + &differing(matrix) + &moved(matrix)
}

/// `failed 1 of 3`
fn word(cell: &Cell) -> String {
    let Some(ended) = cell.worst() else { return String::new() };
    let part = if cell.as_bad() < cell.runs.len() { format!(" {} of {}", cell.as_bad(), cell.runs.len()) } else { String::new() };
    let holes = match (ended, cell.missing()) {
        (Ended::Missing(_), _) | (_, 0) => String::new(),
        (_, missing) => format!(", {missing} missing"),
    };
    format!("{}{part}{holes}", ended.word())
}

const fn colour(ended: &Ended) -> Colour {
    match ended {
        Ended::Passed => Colour::Green,
        Ended::Unsupported(_) => Colour::Dim,
        Ended::Disturbed(_) => Colour::Yellow,
        Ended::Missing(_) | Ended::Failed(_) | Ended::Kernel(_) | Ended::Broken(_) => Colour::Red,
    }
}

/// Each case that ended differently on some kernels, with the reasons of each kernel.
fn differing(matrix: &Matrix) -> String {
    let differing = matrix.differing();
    if differing.is_empty() {
        return String::new();
    }
    let mut text = "\ndiffers between kernels\n".to_owned();
    for case in differing {
        writeln!(text, "  {case}").expect("a string takes all");
        for kernel in &matrix.kernels {
            let Some(cell) = matrix.cases[case].get(&kernel.name) else { continue };
            writeln!(text, "    {}: {}", kernel.name, word(cell)).expect("a string takes all");
            for why in why(cell) {
                writeln!(text, "      {why}").expect("a string takes all");
            }
        }
    }
    text
}

fn why(cell: &Cell) -> Vec<String> {
    match cell.worst() {
        Some(Ended::Failed(_)) => cell.failures().iter().map(|(claim, measured)| format!("{claim}: {measured}")).collect(),
        worst => worst.map(Ended::why).unwrap_or_default(),
    }
}

/// The measures that moved, with the medians of each kernel.
fn moved(matrix: &Matrix) -> String {
    let moved = matrix.moved();
    if moved.is_empty() {
        return String::new();
    }
    let mut text = "\nmoved between kernels (medians; no seed of one kernel is within the other's)\n".to_owned();
    for moved in moved.iter().take(TOLD) {
        let medians =
            matrix.kernels.iter().zip(&moved.medians).filter_map(|(kernel, median)| Some(format!("{} {}", kernel.name, (*median)?)));
        let medians: Vec<String> = medians.collect();
        let [here, there] = &moved.between;
        let Moved { case, measure, distance, .. } = moved;
        writeln!(text, "  {case} {measure}: {distance} from {here} to {there}\n    {}", medians.join(", ")).expect("a string takes all");
    }
    if moved.len() > TOLD {
        writeln!(text, "  and {} more", moved.len() - TOLD).expect("a string takes all");
    }
    text
}

/// What changed since an earlier matrix.
pub fn changes(changes: &Changes, style: Style) -> String {
    let told = |sign: &str, colour: Colour, changes: &[Change]| {
        let line = |change: &Change| format!("{}  {} with {}: {}\n", style.paint(colour, sign), change.case, change.kernel, change.what);
        changes.iter().map(line).collect::<String>()
    };
    let counts = format!(
        "{} regressions, {} mended, {} cannot be compared, {} new\n",
        changes.regressions.len(),
        changes.mended.len(),
        changes.unknown.len(),
        changes.new
    );
    told("WORSE ", Colour::Red, &changes.regressions)
        + &told("MENDED", Colour::Green, &changes.mended)
        + &told("?     ", Colour::Yellow, &changes.unknown)
        + &counts
}
