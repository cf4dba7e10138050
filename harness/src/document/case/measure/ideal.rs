//! How long a transfer takes at best, by the rates and delays of links and the amount.
//! Not here: how long it took.
//!
//! The rate is that of all paths together: the maximum flow over the hosts (Edmonds and Karp: take the shortest remaining path, again and again).
//! For TCP it is the fastest single path's. The round trip of the handshake and the last byte's delay over the quickest path are added.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use crate::document::case::{Amount, Transfer};
use crate::document::topology::Topology;
use crate::words::{Protocol, Rate, Shape, Size, Time, TransferDirection};

/// The ideal duration of a transfer, and how it is made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ideal {
    pub(super) time: Time,
    bytes: u64,
    rate: Rate,
    delays: Time,
}

/// `ideal 4.33s: 8m at 15mbit, and 60ms of delays`
impl fmt::Display for Ideal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ideal {}: {} at {}, and {} of delays", self.time, Size(self.bytes), self.rate, self.delays)
    }
}

/// The connections from one host to the next, with the shape in between.
type Ways<'a> = Vec<(&'a str, &'a str, &'a Shape)>;

/// The ideal of a transfer, or why it has none.
pub(super) fn of(topology: &Topology, asked: &Transfer) -> Result<Ideal, String> {
    let Amount::Bytes(size) = asked.amount else { return Err("a transfer with a `duration` has no ideal duration".to_owned()) };
    if asked.exchange.is_some() {
        return Err("exchanges wait for each other, so that they have no ideal duration".to_owned());
    }
    if asked.reconnects > 0 {
        return Err("a transfer that connects again has no ideal duration".to_owned());
    }
    if asked.down.is_some_and(|down| down != size) {
        return Err("a transfer with different bytes up and down has no ideal duration".to_owned());
    }
    let bytes = size.0 * u64::from(asked.connections);
    let ways: Ways<'_> = topology
        .links
        .values()
        .flat_map(|link| {
            let [first, second] = link.ends.each_ref().map(|end| end.host.as_str());
            [(first, second, &link.up), (second, first, &link.down)]
        })
        .collect();
    let (client, server) = (asked.client.as_str(), asked.server.as_str());
    let tcp = asked.client_protocol == Protocol::Tcp || asked.server_protocol == Protocol::Tcp;
    let rate = |from, to| if tcp { fastest(&ways, from, to) } else { together(&ways, from, to) };
    let rate = match asked.direction {
        TransferDirection::Upload => rate(client, server)?,
        TransferDirection::Download => rate(server, client)?,
        TransferDirection::Both => rate(client, server)?.min(rate(server, client)?),
    };
    let paced = asked.rate.map_or(u64::MAX, |paced| paced.0 * u64::from(asked.connections));
    let rate = Rate(rate.min(paced));
    if rate.0 == 0 {
        return Err(format!("no path with a rate leads from {client} to {server}"));
    }
    let (up, down) = (quickest(&ways, client, server), quickest(&ways, server, client));
    let handshake = up.after(down);
    // A server that sends waits for the third packet of the handshake.
    let delays = if asked.direction == TransferDirection::Upload { handshake.after(up) } else { handshake.after(up).after(down) };
    let time = Time((bytes as f64 * 8e9 / rate.0 as f64) as u64).after(delays);
    Ok(Ideal { time, bytes, rate, delays })
}

/// The rate of a shape in bits per second, or why there is none.
fn rate(shape: &Shape) -> Result<u64, String> {
    if shape.trace.is_some() || !shape.steps.is_empty() {
        return Err("a link's rate changes over time, so no transfer has an ideal duration".to_owned());
    }
    shape.rate.map(|rate| rate.0).ok_or_else(|| "a link has no rate, so no transfer has an ideal duration".to_owned())
}

/// What all paths carry together.
fn together<'a>(ways: &Ways<'a>, from: &'a str, to: &'a str) -> Result<u64, String> {
    let mut left: Vec<(&str, &str, u64)> = Vec::new();
    for (first, second, shape) in ways {
        left.push((first, second, rate(shape)?));
        // A later path may give back what an earlier one took.
        left.push((second, first, 0));
    }
    let mut sum = 0;
    while let Some(path) = shortest(&left, from, to) {
        let least = path.iter().map(|way| left[*way].2).min().unwrap_or(0);
        for way in path {
            left[way].2 -= least;
            left[way ^ 1].2 += least;
        }
        sum += least;
    }
    Ok(sum)
}

/// The connections of the shortest path with capacity left.
fn shortest(left: &[(&str, &str, u64)], from: &str, to: &str) -> Option<Vec<usize>> {
    let (mut came, mut edge): (BTreeMap<&str, usize>, _) = (BTreeMap::new(), VecDeque::from([from]));
    while let Some(here) = edge.pop_front().filter(|_| !came.contains_key(to)) {
        for (way, (_, there, _)) in left.iter().enumerate().filter(|(_, (first, _, left))| *first == here && *left > 0) {
            if *there != from && !came.contains_key(there) {
                came.insert(there, way);
                edge.push_back(there);
            }
        }
    }
    let mut path = vec![*came.get(to)?];
    while left[path[path.len() - 1]].0 != from {
        path.push(came[left[path[path.len() - 1]].0]);
    }
    Some(path)
}

/// The rate of the fastest path: the highest rate for which the links that have it still connect both hosts.
fn fastest(ways: &Ways<'_>, from: &str, to: &str) -> Result<u64, String> {
    let rates: BTreeSet<u64> = ways.iter().map(|(.., shape)| rate(shape)).collect::<Result<_, _>>()?;
    let leads = |least: u64| {
        let fast: Vec<_> =
            ways.iter().filter(|(.., shape)| rate(shape).is_ok_and(|rate| rate >= least)).map(|way| (way.0, way.1, 1)).collect();
        shortest(&fast, from, to).is_some()
    };
    Ok(rates.into_iter().rev().find(|&least| leads(least)).unwrap_or(0))
}

/// The delays of the quickest path.
fn quickest(ways: &Ways<'_>, from: &str, to: &str) -> Time {
    let mut after = BTreeMap::from([(from, Time::ZERO)]);
    // As many rounds as a path can have links.
    for _ in 0..ways.len() {
        for (first, second, shape) in ways {
            let Some(there) = after.get(first).map(|before| before.after(shape.delay)) else { continue };
            if after.get(second).is_none_or(|known| there < *known) {
                after.insert(second, there);
            }
        }
    }
    after.get(to).copied().unwrap_or(Time::ZERO)
}
