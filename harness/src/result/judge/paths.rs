//! Over how many subflows the connections of a transfer ran.
//! Not here: how many bytes each carried.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use crate::result::recording::{ConnectionRecord, HostRecord, SubflowSeries};
use crate::words::{Constraint, Count, Protocol, Quantity, Window};

use super::delivery::Seen;
use super::measure::Measured;

impl Seen<'_> {
    /// A connection's subflows as the client saw them: those with its token, or with that of the subflow between its addresses.
    pub fn subflows<'b>(&self, client: &'b HostRecord, connection: &ConnectionRecord) -> Vec<&'b SubflowSeries> {
        let server = SocketAddr::new(self.asked.to, self.asked.port).to_string();
        let first = || client.subflows.iter().find(|subflow| subflow.local == connection.client && subflow.remote == server);
        match connection.token.or_else(|| first().map(|subflow| subflow.token)) {
            Some(token) => client.subflows.iter().filter(|subflow| subflow.token == token).collect(),
            None => Vec::new(),
        }
    }
}

/// The most subflows at one time of every connection. A connection that speaks TCP is one flow and has no subflow to be seen.
pub(super) fn subflows(seen: &Seen, client: &HostRecord, window: Window, constraint: &Constraint<Count>) -> Result<Measured, String> {
    let most = |connection: &ConnectionRecord| {
        let plain = connection.connected.is_some() && connection.protocol == Some(Protocol::Tcp);
        most_at_once(client, &seen.subflows(client, connection), window).max(u64::from(plain))
    };
    let counts: Vec<u64> = seen.record.connections.iter().map(most).collect();
    let (least, most) = counts.iter().min().zip(counts.iter().max()).ok_or("no connection was made")?;
    let text = if least == most { least.to_string() } else { format!("{least}..{most}") };
    let held = counts.iter().all(|&count| constraint.holds(Count(count)));
    // As one number it is that of the connection that has the fewest.
    Ok(Measured { amount: Some((Count(*least).amount(), constraint.better())), ..Measured::plain(text, held) })
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
