//! The steps of a run in words.
//! Not here: the commands they are made of.

use crate::result::recording::Recording;

/// The steps that were taken, with the time at which they were done.
pub(super) fn taken(recording: &Recording) -> Vec<(u64, String)> {
    let planned = &recording.job.case.steps;
    let text = |index: usize, lines: &[String]| planned.get(index).map_or_else(|| lines.join("; "), |step| step.action.to_string());
    recording.steps.iter().enumerate().map(|(index, step)| (step.at, text(step.number.unwrap_or(index), &step.lines))).collect()
}
