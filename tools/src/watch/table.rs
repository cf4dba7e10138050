//! What is seen of a lab as plain lines: a row for each interval, as pmrep prints them, or all of one moment.
//! Not here: the screen.

use mplab::Topology;
use mplab::execute::Moment;
use mplab::report::{IntervalTable, TableLine};
use mplab::words::{End, Time};

use super::draw::mbits;
use super::picture::{Happened, Picture, received};

/// Rows of what each link carried up and down.
pub(super) struct Rows {
    ends: Vec<End>,
    table: IntervalTable,
    /// The first moment, from which bytes and time count.
    first: Option<Moment>,
    /// How much of what happened has been noted.
    noted: usize,
}

impl Rows {
    pub(super) fn new(topology: &Topology, interval: Time) -> Self {
        let names: Vec<String> = topology.links.keys().flat_map(|link| ["up", "down"].map(|way| format!("{link} {way}"))).collect();
        // What goes up is received at the second end.
        let ends = topology.links.values().flat_map(|link| [link.ends[1].clone(), link.ends[0].clone()]).collect();
        Self { ends, table: IntervalTable::new(&names, interval), first: None, noted: 0 }
    }

    pub(super) fn header(&self) -> String {
        self.table.header()
    }

    /// The rows that a moment completes, and what happened until then.
    pub(super) fn see(&mut self, moment: &Moment, happened: &[Happened]) -> Vec<TableLine> {
        let first = self.first.get_or_insert_with(|| moment.clone());
        let of = |moment: &Moment, end: &End| received(moment, end).unwrap_or_default();
        let bytes: Vec<u64> = self.ends.iter().map(|end| of(moment, end).saturating_sub(of(first, end))).collect();
        let begun = first.at;
        self.note(begun, happened);
        self.table.push(moment.at.saturating_sub(begun), &bytes)
    }

    /// Notes what happened since the last time. `happened` is all of it so far, each with its time.
    fn note(&mut self, begun: u64, happened: &[Happened]) {
        for one in happened.iter().skip(self.noted) {
            self.table.mark(one.at.saturating_sub(begun), one.words);
        }
        self.noted = happened.len();
    }

    /// The remaining rows, and what happened after the last moment.
    pub(super) fn finish(mut self, happened: &[Happened]) -> Vec<TableLine> {
        let begun = self.first.as_ref().map_or(0, |first| first.at);
        self.note(begun, happened);
        self.table.finish()
    }
}

/// All that is seen at this moment.
pub(super) fn once(picture: &Picture) -> String {
    let mut rows = vec![["link", "up Mbit/s", "down Mbit/s", "state"].map(str::to_owned).to_vec()];
    for link in &picture.links {
        let [up, down] = link.now().map(mbits);
        let state = if link.cut.is_empty() { "whole".to_owned() } else { format!("cut: {}", link.cut) };
        rows.push(vec![link.name.clone(), up, down, state]);
    }
    let mut text = even(&rows);
    let names = ["subflow from", "to", "Mbit/s", "rtt", "cwnd", "retrans", "backup", "local", "remote", "flags"];
    let mut rows = vec![names.map(str::to_owned).to_vec()];
    for subflow in &picture.subflows {
        let seen = &subflow.seen;
        rows.push(vec![
            subflow.from.clone(),
            subflow.to.clone(),
            mbits(subflow.speed),
            Time::from_micros(seen.rtt).to_string(),
            seen.cwnd.to_string(),
            seen.retransmits.to_string(),
            if seen.backup() { "yes" } else { "no" }.to_owned(),
            seen.local.clone(),
            seen.remote.clone(),
            seen.flags.clone(),
        ]);
    }
    text.push('\n');
    text += &if rows.len() > 1 { even(&rows) } else { "no subflow now\n".to_owned() };
    text
}

/// Rows as columns of even width.
fn even(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> =
        (0..columns).map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()).collect();
    let line = |row: &Vec<String>| row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect::<Vec<_>>().join("  ");
    rows.iter().map(|row| line(row).trim_end().to_owned() + "\n").collect()
}
