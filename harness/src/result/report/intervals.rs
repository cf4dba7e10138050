//! The table of bytes per second per interface, a line for each interval, as in pmrep or iperf3.
//! Not here: sampling. [`IntervalTable`] takes samples as they come, so a live table and one of a recording are the same.

use std::collections::VecDeque;
use std::fmt::{self, Write};

use crate::result::recording::Recording;
use crate::words::Time;

use super::notices;
use super::ticks::seconds;
use super::traffic::Traffic;

/// The width of a column.
const WIDTH: usize = 9;

/// The most lines: nobody reads more, and an impossible time would make them endless.
const LINES: u64 = 20_000;

/// A line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableLine {
    /// What was carried in an interval.
    Interval(String),
    /// Something that happened.
    Mark(String),
}

impl fmt::Display for TableLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Interval(text) | Self::Mark(text)) = self;
        f.write_str(text)
    }
}

/// A table under way.
#[derive(Debug)]
pub struct IntervalTable {
    interfaces: Vec<String>,
    interval: u64,
    /// Where the current line began, and the bytes by then.
    line: (u64, Vec<u64>),
    /// The last sample.
    sample: (u64, Vec<u64>),
    marks: VecDeque<(u64, String)>,
}

impl IntervalTable {
    /// A table with a column for each interface and one for their sum. It begins at time 0 with 0 bytes.
    pub fn new(interfaces: &[impl AsRef<str>], interval: Time) -> Self {
        let start = (0, vec![0; interfaces.len()]);
        let interfaces = interfaces.iter().map(|name| name.as_ref().to_owned()).collect();
        Self { interfaces, interval: interval.micros().max(1), line: start.clone(), sample: start, marks: VecDeque::new() }
    }

    /// The two lines above the others: names and units.
    pub fn header(&self) -> String {
        let names: Vec<&str> = self.interfaces.iter().map(String::as_str).chain(["total"]).collect();
        format!("{}\n{}", self.row("", names.iter().copied()), self.row("time", names.iter().map(|_| "MB/s")))
    }

    /// Notes that something happened, in the order of time; its line comes before the next sample's.
    pub fn mark(&mut self, time: u64, text: impl Into<String>) {
        self.marks.push_back((time, text.into()));
    }

    /// Takes a sample, the bytes of each interface until `time` in µs, and returns the lines that it completes.
    pub fn push(&mut self, time: u64, bytes: &[u64]) -> Vec<TableLine> {
        let mut lines = Vec::new();
        while self.line.0 + self.interval <= time {
            let end = self.line.0 + self.interval;
            let (from, before) = (self.sample.0, &self.sample.1);
            let part = if time > from { end.saturating_sub(from) as f64 / (time - from) as f64 } else { 1.0 };
            let then = before.iter().zip(bytes).map(|(&old, &new)| old + (new.saturating_sub(old) as f64 * part) as u64).collect();
            lines.extend(self.marks_until(end));
            lines.push(TableLine::Interval(self.line(end, then)));
        }
        lines.extend(self.marks_until(time));
        self.sample = (time, bytes.to_vec());
        lines
    }

    /// The line for what came after the last whole interval, unless it is negligible, and the remaining marks.
    pub fn finish(mut self) -> Vec<TableLine> {
        let (end, bytes) = self.sample.clone();
        let rest = (end.saturating_sub(self.line.0) * 10 >= self.interval).then(|| TableLine::Interval(self.line(end, bytes)));
        rest.into_iter().chain(self.marks_until(u64::MAX)).collect()
    }

    fn marks_until(&mut self, time: u64) -> Vec<TableLine> {
        let due = self.marks.iter().take_while(|mark| mark.0 <= time).count();
        self.marks.drain(..due).map(|(at, text)| TableLine::Mark(format!("{:>WIDTH$}  -- {text}", seconds(at, 2)))).collect()
    }

    fn line(&mut self, end: u64, bytes: Vec<u64>) -> String {
        let (start, before) = std::mem::replace(&mut self.line, (end, bytes));
        let grown = |(new, old): (&u64, &u64)| new.saturating_sub(*old);
        let mut grown: Vec<u64> = self.line.1.iter().zip(&before).map(grown).collect();
        grown.push(grown.iter().sum());
        // Bytes per microsecond are megabytes per second.
        let speeds = grown.iter().map(|&bytes| format!("{:.2}", bytes as f64 / (end - start).max(1) as f64));
        self.row(&seconds(end, if self.interval.is_multiple_of(100_000) { 1 } else { 3 }), speeds)
    }

    fn row(&self, time: &str, cells: impl IntoIterator<Item = impl AsRef<str>>) -> String {
        let widths = self.interfaces.iter().map(|name| name.chars().count().max(WIDTH)).chain([WIDTH]);
        let cells = cells.into_iter().zip(widths).map(|(cell, width)| format!("  {:>width$}", cell.as_ref()));
        format!("{time:>WIDTH$}{}", cells.collect::<String>())
    }
}

/// A recording's table, for a transfer's client in the transfer's direction.
pub fn table(recording: &Recording, transfer: &str, interval: Time) -> String {
    let traffic = match Traffic::of(recording, transfer) {
        Ok(traffic) => traffic,
        Err(why) => return format!("no table: {why}\n"),
    };
    let lines = traffic.end() / interval.micros().max(1);
    if lines > LINES {
        let enough = Time::from_millis((traffic.end() / LINES).div_ceil(1000));
        return format!("no table: it would have {lines} lines, more than {LINES}: use an interval of {enough} or more\n");
    }
    let names: Vec<&str> = traffic.interfaces.iter().map(|(name, _)| *name).collect();
    let mut table = IntervalTable::new(&names, interval);
    for (at, what) in notices::with_steps(recording) {
        table.mark(at, what);
    }
    let mut text = format!("{transfer}: bytes {}\n{}\n", traffic.origin(), table.header());
    let mut lines: Vec<TableLine> = traffic.at.iter().flat_map(|&at| table.push(at, &traffic.by(at))).collect();
    lines.extend(table.finish());
    for line in lines {
        writeln!(text, "{line}").expect("writing to a string");
    }
    text
}
