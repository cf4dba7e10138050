//! `subflows`: the number of subflows of a transfer's connections, and which they were.
//! Not here: how many bytes each carried.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::about::{About, Found, Of, Scope, Topic, one, sound};
use super::delivery::Seen;
use super::measured::{Measured, Measuring};
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Shape, Table, Value};
use crate::record::{ConnectionRecord, HostRecord, SubflowSeries};
use crate::words::{Constraint, Count, Protocol, Window};

/// Its description.
pub(super) const ABOUT: About = About {
    key: "subflows",
    value: "constraint of a number, or a table",
    of: &[Of::Transfer],
    scope: Scope::Moment,
    topic: Topic::Paths,
    meaning: "Established subflows of a connection, the first included: the highest number at any time. `{ least = \">= 2\" }`: the lowest \
              number while the connection lasts; `most` may stand beside it. At a moment the two are the same. `backup`: how many of them an \
              end had made backups when they were last seen.",
    read,
    check: sound,
};

/// Subflows of a connection that were fully established, the first included: the most at one time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Subflows(pub Constraint<Count>);

/// Subflows of a connection that were fully established, the first included: the fewest at one time, from its handshake to its end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FewestSubflows(pub Constraint<Count>);

/// Subflows of a connection that one of its ends had made backups when they were last seen (`b` and `B` of `ss -tiM`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BackupSubflows(pub Constraint<Count>);

const TABLE: Shape = Shape { heading: "`subflows`", what: "a table of subflows", keys: &["least", "most", "backup"] };

fn read(key: &Span, value: &Value<'_>, mistakes: &mut Mistakes) -> Vec<Found> {
    if !value.get_ref().is_table() {
        return one(key, value, mistakes, Subflows);
    }
    let Some(table) = Table::open(value, &TABLE, mistakes) else { return Vec::new() };
    let [least, most, backup] = ["least", "most", "backup"].map(|key| table.entry(key));
    let alone = most.as_ref().filter(|_| least.is_none() && backup.is_none()).map(|(span, _)| span.clone());
    if let Some(span) = alone {
        table.mistakes.add(&span, "`most` alone needs no table").help("write its value as `subflows`");
    } else if least.is_none() && backup.is_none() {
        table.mistakes.absent(&value.span(), "a table of subflows needs the key `least`").help("write subflows = { least = \">= 2\" }");
    }
    let mut found: Vec<Found> = least.into_iter().flat_map(|(span, value)| one(&span, value, mistakes, FewestSubflows)).collect();
    found.extend(most.into_iter().flat_map(|(span, value)| one(&span, value, mistakes, Subflows)));
    found.extend(backup.into_iter().flat_map(|(span, value)| one(&span, value, mistakes, BackupSubflows)));
    found
}

impl<'a> Seen<'a> {
    /// A connection's subflows as the client saw them: those with its token, or with the token of the subflow between its addresses.
    pub fn subflows<'b>(&self, client: &'b HostRecord, connection: &ConnectionRecord) -> Vec<&'b SubflowSeries> {
        let server = SocketAddr::new(self.asked.to, self.asked.port).to_string();
        let first = || client.subflows.iter().find(|subflow| subflow.local == connection.client && subflow.remote == server);
        match connection.token.or_else(|| first().map(|subflow| subflow.token)) {
            Some(token) => client.subflows.iter().filter(|subflow| subflow.token == token).collect(),
            None => Vec::new(),
        }
    }

    /// A connection's subflows as the server saw them: those of the connection that has a subflow with the same addresses at both ends. Empty if
    /// something in between translates addresses.
    fn mirrored<'b>(&self, client: &HostRecord, server: &'b HostRecord, connection: &ConnectionRecord) -> Vec<&'b SubflowSeries> {
        let ours = self.subflows(client, connection);
        let mirrored = |subflow: &&SubflowSeries| ours.iter().any(|own| own.local == subflow.remote && own.remote == subflow.local);
        let tokens: BTreeSet<u32> = server.subflows.iter().filter(mirrored).map(|subflow| subflow.token).collect();
        server.subflows.iter().filter(|subflow| tokens.contains(&subflow.token)).collect()
    }

    /// All of the transfer's subflows as the server saw them; if addresses are translated, those at the transfer's port.
    pub fn subflows_of_server<'b>(&self, client: &HostRecord, server: &'b HostRecord) -> Vec<&'b SubflowSeries> {
        let found: Vec<_> = self.record.connections.iter().flat_map(|connection| self.mirrored(client, server, connection)).collect();
        if !found.is_empty() {
            return found;
        }
        let ours = |subflow: &&SubflowSeries| subflow.local.parse::<SocketAddr>().is_ok_and(|local| local.port() == self.asked.port);
        server.subflows.iter().filter(ours).collect()
    }

    /// The subflows of a connection over which the data that its server (`up`) or client read at a time may have come: those that received something
    /// between the samples around that time.
    pub(super) fn carriers(&self, connection: &ConnectionRecord, up: bool, at: u64) -> Vec<&'a SubflowSeries> {
        let Some(client) = self.run.hosts.get(&self.asked.client) else { return Vec::new() };
        let subflows = match self.run.hosts.get(&self.asked.server).filter(|_| up) {
            Some(server) => self.mirrored(client, server, connection),
            None if up => Vec::new(),
            None => self.subflows(client, connection),
        };
        let round = self.run.sample.micros();
        let received = |subflow: &&SubflowSeries| {
            let (Some(first), Some(last)) = (subflow.at.first(), subflow.at.last()) else { return false };
            if *first > at + round || last + round < at {
                return false;
            }
            let after = subflow.at.partition_point(|sample| *sample < at).min(subflow.at.len().saturating_sub(1));
            let value = |sample: usize| subflow.bytes_received.get(sample).copied().unwrap_or(0);
            let before = after.checked_sub(2).map_or(0, value);
            value(after) > before
        };
        subflows.into_iter().filter(received).collect()
    }
}

impl Measuring for Subflows {
    fn wanted(&self) -> String {
        self.0.to_string()
    }

    /// The most subflows at one time of every connection. A connection that speaks TCP is one flow and has no subflow to be seen.
    fn of_transfer(&self, seen: &Seen<'_>, window: Window) -> Result<Measured, String> {
        let client = seen.client()?;
        let most = |connection: &ConnectionRecord| {
            let rounds = rounds(client, &seen.subflows(client, connection), window);
            Ok(rounds.into_values().max().unwrap_or(0).max(u64::from(is_plain(connection))))
        };
        over_connections(seen, &self.0, most)
    }
}

impl Measuring for BackupSubflows {
    fn wanted(&self) -> String {
        self.0.to_string()
    }

    fn item(&self) -> Option<String> {
        Some("backup".to_owned())
    }

    fn of_transfer(&self, seen: &Seen<'_>, window: Window) -> Result<Measured, String> {
        let client = seen.client()?;
        let window = client.samples_of(window);
        let there = |subflow: &&&SubflowSeries| subflow.up().any(|at| window.contains(at));
        let backup = |subflow: &&SubflowSeries| subflow.flags.contains(['b', 'B']);
        over_connections(seen, &self.0, |connection| {
            Ok(seen.subflows(client, connection).iter().filter(there).filter(|subflow| backup(subflow)).count() as u64)
        })
    }
}

impl Measuring for FewestSubflows {
    fn wanted(&self) -> String {
        self.0.to_string()
    }

    fn item(&self) -> Option<String> {
        Some("least".to_owned())
    }

    /// The fewest subflows at one time of every connection.
    fn of_transfer(&self, seen: &Seen<'_>, window: Window) -> Result<Measured, String> {
        let client = seen.client()?;
        let least = |connection: &ConnectionRecord| {
            let rounds = rounds(client, &seen.subflows(client, connection), window);
            let lasts = |at: u64| {
                let closed = connection.flows().filter_map(|flow| flow.closed.or(flow.ended)).min();
                connection.connected.is_some_and(|from| (from..=closed.unwrap_or(u64::MAX)).contains(&at))
            };
            let window = client.samples_of(window);
            let at = client.at.iter().enumerate().filter(|(_, at)| window.contains(**at) && lasts(**at));
            let counts = at.map(|(index, _)| rounds.get(&(index + 1)).copied().unwrap_or(0));
            let least = counts.min().ok_or("no connection existed in this window")?;
            Ok(least.max(u64::from(is_plain(connection))))
        };
        over_connections(seen, &self.0, least)
    }
}

fn is_plain(connection: &ConnectionRecord) -> bool {
    connection.connected.is_some() && connection.protocol == Some(Protocol::Tcp)
}

/// Compares the numbers of all connections with a constraint.
fn over_connections(
    seen: &Seen<'_>,
    constraint: &Constraint<Count>,
    number: impl Fn(&ConnectionRecord) -> Result<u64, String>,
) -> Result<Measured, String> {
    let counts: Vec<u64> = seen.record.connections.iter().map(number).collect::<Result<_, _>>()?;
    let (least, most) = counts.iter().min().zip(counts.iter().max()).ok_or("no connection was made")?;
    let text = if least == most { least.to_string() } else { format!("{least}..{most}") };
    let held = counts.iter().all(|&count| constraint.holds(Count(count)));
    // As a single number, that of the connection with the fewest.
    Ok(Measured { amount: Some((Count(*least).into(), constraint.better())), ..Measured::plain(text, held) })
}

/// How many subflows were up in each round of samples. A round is everything stamped from one of the host's sample times until just before
/// the next.
fn rounds(host: &HostRecord, subflows: &[&SubflowSeries], window: Window) -> BTreeMap<usize, u64> {
    let window = host.samples_of(window);
    let mut rounds: BTreeMap<usize, u64> = BTreeMap::new();
    for subflow in subflows {
        let up = subflow.up().filter(|at| window.contains(*at));
        let seen: BTreeSet<usize> = up.map(|at| host.at.partition_point(|start| *start <= at)).collect();
        for round in seen {
            *rounds.entry(round).or_default() += 1;
        }
    }
    rounds
}
