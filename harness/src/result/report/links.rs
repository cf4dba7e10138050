//! The engine of each link and why it was chosen, and how late and lossy links in user space were.
//! Not here: what crossed the hosts' interfaces.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::result::recording::{Recording, RelayedDirection};
use crate::words::{Engine, Time};

/// The engines in a few words: `links by kernel and relay`.
pub(super) fn engines(recording: &Recording) -> Option<String> {
    let engines: BTreeSet<_> = recording.job.engines.values().map(|choice| choice.engine).collect();
    let words: Vec<_> = engines.into_iter().map(Engine::word).collect();
    (!words.is_empty()).then(|| format!("links by {}", words.join(" and ")))
}

/// A line for each link, and one for each direction of those that the relay made.
pub fn links(recording: &Recording) -> String {
    let mut text = String::new();
    let widest = recording.job.engines.keys().map(String::len).max().unwrap_or(0);
    for (name, choice) in &recording.job.engines {
        writeln!(text, "{name:<widest$}  {}: {}", choice.engine, choice.why).expect("writing to a string");
        let Some(relayed) = recording.relayed.get(name) else { continue };
        for (direction, way) in [("up", &relayed.up), ("down", &relayed.down)] {
            writeln!(text, "{:widest$}    {direction:<4} {}", "", line(way)).expect("writing to a string");
        }
        if let Some(why) = &relayed.not_realtime {
            writeln!(text, "{:widest$}    without real-time priority: {why}", "").expect("writing to a string");
        }
    }
    text
}

fn line(way: &RelayedDirection) -> String {
    let late = Time::from_micros;
    let RelayedDirection { offered, packets, lost, dropped, cut, missed, .. } = way;
    format!(
        "{offered} packets in, {packets} out, {lost} lost, {dropped} dropped by the queue, {cut} cut off, {missed} missed; late by {} (median), {} (p99), {} (worst)",
        late(way.late_median),
        late(way.late_p99),
        late(way.late_worst)
    )
}
