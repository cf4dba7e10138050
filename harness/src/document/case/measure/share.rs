//! `share`: the part of a transfer's or host's bytes that a link or an interface carried.
//! Not here: which part a subflow carried.
//!
//! Interfaces count bytes, so a share is of all traffic of the client, headers and acknowledgements included. In the direction to the client,
//! an interface on the client's side of its link counts what it received, one on the server's side what it sent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Measure;
use super::about::{About, Of, Scope, Topic, Written, several};
use super::delivery::Seen;
use super::measured::{Measured, Measuring};
use super::run::{HostSeen, ProcessSeen, Run};
use crate::document::diagnostic::Mistakes;
use crate::document::topology::{Link, Topology};
use crate::record::{InterfaceSeries, grown};
use crate::words::{Constraint, End, Percent, TransferDirection, Window};

/// Its description.
pub(super) const ABOUT: About = About {
    key: "share",
    value: r#"table of links or `"HOST:INTERFACE"`"#,
    of: &[Of::Transfer, Of::Host, Of::Process],
    scope: Scope::Window,
    topic: Topic::Paths,
    meaning: "The fraction of the bytes that crossed each link or interface: a constraint of a percentage for each. For a transfer: in its \
              direction, of all bytes of its client. For a host, or the host of a process: in both directions, of all its bytes.",
    read: |_, value, mistakes| several(value, mistakes, Share),
    check,
};

/// Of all bytes that crossed the interfaces of a host, the part that crossed this link (a link's name) or interface (`HOST:INTERFACE`). For a
/// transfer: its client's interfaces, in its direction. For a host or a process: the host's interfaces, in both directions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Share(pub String, pub Constraint<Percent>);

/// Checks that the link or interface exists, and that the share is at most all bytes.
fn check(written: &Written, _: Option<Of>, topology: Option<&Topology>, mistakes: &mut Mistakes) {
    let Some(topology) = topology else { return };
    for found in &written.found {
        let Measure::Share(Share(name, constraint)) = &found.measure else { continue };
        let known = match name.parse::<End>() {
            Ok(end) => topology.link_of(&end).is_some(),
            Err(_) => topology.links.contains_key(name),
        };
        if !known {
            let ends = topology.links.values().flat_map(|link| &link.ends);
            let ends: Vec<String> = ends.filter(|end| name.contains(':') || end.interface == *name).map(ToString::to_string).collect();
            let message = format!("the topology has neither a link nor an interface `{name}`");
            let candidates: Vec<&str> = ends.iter().map(String::as_str).collect();
            let links = topology.links.keys().map(String::as_str).filter(|_| candidates.is_empty());
            let known: Vec<&str> = candidates.iter().copied().chain(links).collect();
            mistakes.undefined(&found.name, message, name, known);
        }
        let (Constraint::Between(_, most)
        | Constraint::Equal(most)
        | Constraint::NotEqual(most)
        | Constraint::Below(most)
        | Constraint::AtMost(most)
        | Constraint::Above(most)
        | Constraint::AtLeast(most)) = constraint;
        if *most > Percent(100.0) {
            mistakes.add(&found.value, "a share is a part of all bytes: write at most 100%");
        }
    }
}

impl Measuring for Share {
    fn wanted(&self) -> String {
        self.1.to_string()
    }

    fn item(&self) -> Option<String> {
        Some(self.0.clone())
    }

    fn of_transfer(&self, seen: &Seen<'_>, window: Window) -> Result<Measured, String> {
        let Self(of, constraint) = self;
        let (client, direction) = (&seen.asked.client, seen.asked.direction);
        let topology = seen.run.topology;
        let host = topology.hosts.get(client).ok_or_else(|| format!("the topology has no host {client}"))?;
        let mut whole = 0;
        for (interface, _) in host.ends() {
            whole += carried_by(&seen.run, &End::new(client, interface), direction, window)?;
        }
        if whole == 0 {
            return Err(format!("nothing crossed an interface of {client}"));
        }
        let sides = sides(topology, client, &seen.asked.server);
        let (end, near) = end_of(topology, &sides, of).ok_or_else(|| format!("the topology has no link or interface {of}"))?;
        let part = carried_by(&seen.run, &end, if near { direction } else { reverse(direction) }, window)?;
        Ok(Measured::of(constraint, Percent::of(part, whole)))
    }

    fn of_host(&self, seen: &HostSeen<'_>, window: Window) -> Result<Measured, String> {
        let Self(of, constraint) = self;
        let (topology, name) = (seen.run.topology, seen.name);
        let host = topology.hosts.get(name).ok_or_else(|| format!("the topology has no host {name}"))?;
        let carried = |end: &End| carried_by(&seen.run, end, TransferDirection::Both, window);
        let whole: u64 = host.ends().map(|(interface, _)| carried(&End::new(name, interface))).sum::<Result<_, _>>()?;
        if whole == 0 {
            return Err(format!("nothing crossed an interface of {name}"));
        }
        let near = |link: &Link| link.end_at(name).unwrap_or(&link.ends[0]).clone();
        let end = of.parse::<End>().ok().or_else(|| topology.links.get(of).map(near));
        let part = carried(&end.ok_or_else(|| format!("the topology has no link or interface {of}"))?)?;
        Ok(Measured::of(constraint, Percent::of(part, whole)))
    }

    fn of_process(&self, seen: &ProcessSeen<'_>, window: Window) -> Result<Measured, String> {
        self.of_host(&seen.run.host(&seen.asked.host), window)
    }
}

/// The bytes of an interface over time, in the direction of a transfer as seen from its client.
pub fn carried(series: &InterfaceSeries, direction: TransferDirection) -> Vec<u64> {
    match direction {
        TransferDirection::Upload => series.tx_bytes.clone(),
        TransferDirection::Download => series.rx_bytes.clone(),
        TransferDirection::Both => series.rx_bytes.iter().zip(&series.tx_bytes).map(|(rx, tx)| rx + tx).collect(),
    }
}

fn carried_by(run: &Run<'_>, end: &End, direction: TransferDirection, window: Window) -> Result<u64, String> {
    let host = run.hosts.get(&end.host).filter(|host| !host.at.is_empty());
    let series = host.and_then(|host| Some((&host.at, host.interfaces.get(&end.interface)?)));
    let (at, series) = series.ok_or_else(|| format!("nothing was recorded of interface {end}"))?;
    Ok(grown(at, &carried(series, direction), window))
}

/// How close a host is to the client: its distance in links from the client minus that from the server, then its distance from the client.
type Side = (i64, i64);

/// The interface whose bytes count for a link or interface, and whether it is its link's end on the client's side.
fn end_of(topology: &Topology, sides: &BTreeMap<&str, Side>, name: &str) -> Option<(End, bool)> {
    if let Ok(end) = name.parse::<End>() {
        let link = topology.links.get(topology.link_of(&end)?)?;
        let near = near_end(link, sides) == &end;
        return Some((end, near));
    }
    Some((near_end(topology.links.get(name)?, sides).clone(), true))
}

/// A link's end on the client's side; the first if both are equally close.
fn near_end<'a>(link: &'a Link, sides: &BTreeMap<&str, Side>) -> &'a End {
    let [first, second] = &link.ends;
    let side = |end: &End| sides.get(end.host.as_str());
    if side(second) < side(first) { second } else { first }
}

fn sides<'a>(topology: &'a Topology, client: &'a str, server: &'a str) -> BTreeMap<&'a str, Side> {
    let (from_client, from_server) = (distances(topology, client), distances(topology, server));
    let unreachable = topology.links.len() as i64 + 1;
    let side = |host: &'a String| {
        let away = |distances: &BTreeMap<&str, i64>| distances.get(host.as_str()).copied().unwrap_or(unreachable);
        (host.as_str(), (away(&from_client) - away(&from_server), away(&from_client)))
    };
    topology.hosts.keys().map(side).collect()
}

/// The distance of each host from `start`, in links.
fn distances<'a>(topology: &'a Topology, start: &'a str) -> BTreeMap<&'a str, i64> {
    let mut distances = BTreeMap::from([(start, 0)]);
    let mut edge = vec![start];
    for distance in 1.. {
        let mut next = Vec::new();
        for link in topology.links.values() {
            for (here, there) in [(&link.ends[0], &link.ends[1]), (&link.ends[1], &link.ends[0])] {
                if edge.contains(&here.host.as_str()) && !distances.contains_key(there.host.as_str()) {
                    distances.insert(&there.host, distance);
                    next.push(there.host.as_str());
                }
            }
        }
        if next.is_empty() {
            break;
        }
        edge = next;
    }
    distances
}

const fn reverse(direction: TransferDirection) -> TransferDirection {
    match direction {
        TransferDirection::Upload => TransferDirection::Download,
        TransferDirection::Download => TransferDirection::Upload,
        TransferDirection::Both => TransferDirection::Both,
    }
}
