//! `subflows`: over how many subflows the connections of a transfer ran, and which these were.
//! Not here: how many bytes each carried.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::about::{About, Of, Topic, one, sound};
use super::delivery::Seen;
use super::measured::{Measured, Measuring};
use crate::record::{ConnectionRecord, HostRecord, SubflowSeries};
use crate::words::{Constraint, Count, Protocol, Window};

/// What there is to say of it.
pub(super) const ABOUT: About = About {
    key: "subflows",
    value: "constraint of a number",
    of: &[Of::Transfer],
    whole_run: false,
    topic: Topic::Paths,
    meaning: "Established subflows of a connection, the first included: the most at one time.",
    read: |key, value, mistakes| one(key, value, mistakes, Subflows),
    check: sound,
};

/// Subflows of a connection that were fully established, the first included: the most at one time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Subflows(pub Constraint<Count>);

impl<'a> Seen<'a> {
    /// A connection's subflows as the client saw them: those with its token, or with that of the subflow between its addresses.
    pub fn subflows<'b>(&self, client: &'b HostRecord, connection: &ConnectionRecord) -> Vec<&'b SubflowSeries> {
        let server = SocketAddr::new(self.asked.to, self.asked.port).to_string();
        let first = || client.subflows.iter().find(|subflow| subflow.local == connection.client && subflow.remote == server);
        match connection.token.or_else(|| first().map(|subflow| subflow.token)) {
            Some(token) => client.subflows.iter().filter(|subflow| subflow.token == token).collect(),
            None => Vec::new(),
        }
    }

    /// A connection's subflows as the server saw them: those of the connection of which one lies between the same addresses at both ends. There
    /// are none where something between the two translates addresses.
    fn mirrored<'b>(&self, client: &HostRecord, server: &'b HostRecord, connection: &ConnectionRecord) -> Vec<&'b SubflowSeries> {
        let ours = self.subflows(client, connection);
        let mirrored = |subflow: &&SubflowSeries| ours.iter().any(|own| own.local == subflow.remote && own.remote == subflow.local);
        let tokens: BTreeSet<u32> = server.subflows.iter().filter(mirrored).map(|subflow| subflow.token).collect();
        server.subflows.iter().filter(|subflow| tokens.contains(&subflow.token)).collect()
    }

    /// All of the transfer's subflows as the server saw them; where addresses are translated, those at the transfer's port.
    pub fn subflows_of_server<'b>(&self, client: &HostRecord, server: &'b HostRecord) -> Vec<&'b SubflowSeries> {
        let found: Vec<_> = self.record.connections.iter().flat_map(|connection| self.mirrored(client, server, connection)).collect();
        if !found.is_empty() {
            return found;
        }
        let ours = |subflow: &&SubflowSeries| subflow.local.parse::<SocketAddr>().is_ok_and(|local| local.port() == self.asked.port);
        server.subflows.iter().filter(ours).collect()
    }

    /// The subflows of a connection by which what its server (`up`) or client read at a time may have come: those that received something
    /// between the samples around it.
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
            let plain = connection.connected.is_some() && connection.protocol == Some(Protocol::Tcp);
            most_at_once(client, &seen.subflows(client, connection), window).max(u64::from(plain))
        };
        let counts: Vec<u64> = seen.record.connections.iter().map(most).collect();
        let (least, most) = counts.iter().min().zip(counts.iter().max()).ok_or("no connection was made")?;
        let text = if least == most { least.to_string() } else { format!("{least}..{most}") };
        let held = counts.iter().all(|&count| self.0.holds(Count(count)));
        // As one number it is that of the connection that has the fewest.
        Ok(Measured { amount: Some((Count(*least).into(), self.0.better())), ..Measured::plain(text, held) })
    }
}

/// What one round of samples saw is one time: a round is what was stamped from one of the host's times to before its next.
fn most_at_once(host: &HostRecord, subflows: &[&SubflowSeries], window: Window) -> u64 {
    let mut rounds: BTreeMap<usize, u64> = BTreeMap::new();
    for subflow in subflows {
        let up = subflow.up().filter(|at| window.contains(*at));
        let seen: BTreeSet<usize> = up.map(|at| host.at.partition_point(|start| *start <= at)).collect();
        for round in seen {
            *rounds.entry(round).or_default() += 1;
        }
    }
    rounds.into_values().max().unwrap_or(0)
}
