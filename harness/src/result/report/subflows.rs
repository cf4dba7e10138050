//! The subflows of a transfer as each of its ends last saw them, as a table with the client's first. Only a sender sees its own retransmissions.
//! Not here: their course over time.

use std::net::{IpAddr, SocketAddr};

use super::columns::columns;
use crate::document::topology::Topology;
use crate::result::judge::Seen;
use crate::result::recording::{HostRecord, Recording, SubflowSeries};
use crate::words::{Size, Time};

/// The names of the columns. `host` is the end that saw it, `id` is local/remote, `established` is when it was seen in that state.
pub(super) const COLUMNS: [&str; 12] =
    ["host", "local", "remote", "interface", "id", "flags", "sent", "received", "retrans", "rtt", "cwnd", "established"];
/// The columns that are words; the others are numbers.
pub(super) const WORDS: [usize; 6] = [0, 1, 2, 3, 4, 5];

/// A line for each subflow of each of the transfer's connections, at each end.
pub fn subflows(recording: &Recording, transfer: &str) -> String {
    match rows(recording, transfer) {
        Ok(rows) => table(rows),
        Err(why) => format!("no subflows: {why}\n"),
    }
}

/// A line for each subflow of every host: for programs' connections, nothing says which belong together.
pub fn subflows_of_hosts(recording: &Recording) -> String {
    let topology = &recording.job.topology;
    let of =
        |(host, record): (&String, &HostRecord)| record.subflows.iter().map(|subflow| row(topology, host, subflow)).collect::<Vec<_>>();
    table(recording.hosts.iter().flat_map(of).collect())
}

fn table(rows: Vec<[String; COLUMNS.len()]>) -> String {
    if rows.is_empty() {
        return "no subflow was seen\n".to_owned();
    }
    columns(&std::iter::once(COLUMNS.map(str::to_owned)).chain(rows).collect::<Vec<_>>(), &WORDS)
}

fn rows(recording: &Recording, transfer: &str) -> Result<Vec<[String; COLUMNS.len()]>, String> {
    let seen = Seen::find(&recording.run(&recording.job.case), transfer)?;
    let (client, server) = (&seen.asked.client, &seen.asked.server);
    let host = recording.hosts.get(client).ok_or_else(|| format!("nothing was recorded of host {client}"))?;
    let topology = &recording.job.topology;
    let here = seen.record.connections.iter().flat_map(|connection| seen.subflows(host, connection));
    let there = recording.hosts.get(server).map(|far| seen.subflows_of_server(host, far)).unwrap_or_default();
    let rows = here.map(|subflow| row(topology, client, subflow));
    Ok(rows.chain(there.into_iter().map(|subflow| row(topology, server, subflow))).collect())
}

/// A subflow as a host saw it last.
pub(super) fn row(topology: &Topology, host: &str, subflow: &SubflowSeries) -> [String; COLUMNS.len()] {
    let last = |series: &[u64]| series.last().copied().unwrap_or(0);
    [
        host.to_owned(),
        subflow.local.clone(),
        subflow.remote.clone(),
        interface(topology, host, &subflow.local).unwrap_or("?").to_owned(),
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
