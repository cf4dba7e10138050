//! The subflows of a transfer as its client saw them last, as a table.
//! Not here: their course over time.

use std::net::{IpAddr, SocketAddr};

use crate::document::topology::Topology;
use crate::result::judge::Seen;
use crate::result::recording::{Recording, SubflowSeries};
use crate::words::{Size, Time};

/// The names above the columns. `id` is here/there, `seen` is when the subflow was established.
const COLUMNS: [&str; 11] = ["local", "remote", "interface", "id", "flags", "sent", "received", "retrans", "rtt", "cwnd", "established"];
/// The columns that are words; the others are numbers and stand to the right.
const WORDS: [usize; 5] = [0, 1, 2, 3, 4];

/// A line for each subflow of each of the transfer's connections.
pub fn subflows(recording: &Recording, transfer: &str) -> String {
    let rows = match rows(recording, transfer) {
        Ok(rows) if rows.is_empty() => return "no subflow was seen\n".to_owned(),
        Ok(rows) => rows,
        Err(why) => return format!("no subflows: {why}\n"),
    };
    let header = COLUMNS.map(str::to_owned);
    let table: Vec<_> = std::iter::once(header).chain(rows).collect();
    let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..COLUMNS.len()).map(width).collect();
    let line = |row: &[String; COLUMNS.len()]| {
        let cells =
            row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
                if WORDS.contains(&column) { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            });
        cells.collect::<Vec<_>>().join("  ") + "\n"
    };
    table.iter().map(line).collect()
}

fn rows(recording: &Recording, transfer: &str) -> Result<Vec<[String; COLUMNS.len()]>, String> {
    let seen = Seen::find(recording, &recording.job.case, transfer)?;
    let client = &seen.asked.client;
    let host = recording.hosts.get(client).ok_or_else(|| format!("nothing was recorded of host {client}"))?;
    let subflows = seen.record.connections.iter().flat_map(|connection| seen.subflows(host, connection));
    Ok(subflows.map(|subflow| row(&recording.job.topology, client, subflow)).collect())
}

fn row(topology: &Topology, client: &str, subflow: &SubflowSeries) -> [String; COLUMNS.len()] {
    let last = |series: &[u64]| series.last().copied().unwrap_or(0);
    [
        subflow.local.clone(),
        subflow.remote.clone(),
        interface(topology, client, &subflow.local).unwrap_or("?").to_owned(),
        format!("{}/{}", subflow.local_id, subflow.remote_id),
        subflow.flags.clone(),
        Size(last(&subflow.bytes_acked)).to_string(),
        Size(last(&subflow.bytes_received)).to_string(),
        last(&subflow.retransmits).to_string(),
        Time::from_micros(last(&subflow.rtt)).to_string(),
        last(&subflow.cwnd).to_string(),
        established(subflow),
    ]
}

/// From when to when it was seen established: `0.1s..9.9s`.
fn established(subflow: &SubflowSeries) -> String {
    let mut times = subflow.up();
    let seconds = |micros: u64| format!("{:.1}s", Time::from_micros(micros).seconds());
    match times.next() {
        Some(first) => format!("{}..{}", seconds(first), seconds(times.next_back().unwrap_or(first))),
        None => "never".to_owned(),
    }
}

/// The interface of a host that has an address.
fn interface<'a>(topology: &'a Topology, host: &str, local: &str) -> Option<&'a str> {
    let address: IpAddr = local.parse::<SocketAddr>().ok()?.ip();
    let interfaces = &topology.hosts.get(host)?.interfaces;
    let found = interfaces.iter().find(|(_, interface)| interface.addresses.iter().any(|network| network.address == address));
    found.map(|(name, _)| name.as_str())
}
