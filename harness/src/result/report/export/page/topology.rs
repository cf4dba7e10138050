//! The topology as a drawing: hosts in columns by their distance from the client, and the links between them.
//! Not here: what crossed them.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::paint::Palette;
use super::traffic::conditions;
use crate::document::topology::{Link, Topology};
use crate::result::recording::Recording;
use crate::words::End;

/// The width of a host's box.
const BOX: f64 = 150.0;
/// From one column to the next: as much as there is room for on a page, ...
const WIDTH: f64 = 1180.0;
/// ... at most this, ...
const WIDEST: f64 = 430.0;
/// ... and at least enough to read a link's conditions.
const NARROWEST: f64 = 330.0;
/// From one link's end to the next at a host.
const ROW: f64 = 34.0;
/// The part of a box that has the host's name.
const NAME: f64 = 34.0;
/// From one host to the one below it.
const GAP: f64 = 18.0;
/// How many characters of a link's conditions are shown.
const CONDITIONS: usize = 42;

/// A host's place.
struct HostBox {
    column: usize,
    top: f64,
    height: f64,
}

/// The drawing.
pub(super) fn section(recording: &Recording, palette: &Palette) -> Markup {
    let topology = &recording.job.topology;
    let case = &recording.job.case;
    let client = case.transfers.values().next().map(|transfer| &transfer.client).or_else(|| topology.hosts.keys().next());
    let columns = columns(topology, client.map(String::as_str));
    let order =
        |name: &str| columns.iter().enumerate().find_map(|(column, hosts)| Some((column, hosts.iter().position(|host| *host == name)?)));
    // The ends of a host's links at its left and its right, in the order of the hosts that they lead to.
    let mut sides: BTreeMap<(&str, bool), Vec<(&str, &End)>> = BTreeMap::new();
    for (name, link) in &topology.links {
        for end in &link.ends {
            let leftward = order(&link.other(end).host).map(|place| place.0) < order(&end.host).map(|place| place.0);
            sides.entry((&end.host, leftward)).or_default().push((name, end));
        }
    }
    for ends in sides.values_mut() {
        ends.sort_by_key(|(name, end)| (order(&topology.links[*name].other(end).host), *name));
    }
    let rows = |host: &str| [true, false].map(|left| sides.get(&(host, left)).map_or(0, Vec::len)).into_iter().max().unwrap_or(0).max(1);
    let places = places(&columns, &rows);
    let gaps = columns.len().saturating_sub(1) as f64;
    let apart = ((WIDTH - BOX) / gaps.max(1.0)).clamp(NARROWEST, WIDEST);
    // A link between hosts of one column bulges to the right.
    let width = gaps * apart
        + BOX
        + if topology.links.values().any(|link| order(&link.ends[0].host).map(|at| at.0) == order(&link.ends[1].host).map(|at| at.0)) {
            apart / 2.0
        } else {
            2.0
        };
    let height = places.values().map(|place| place.top + place.height).fold(0.0, f64::max) + 2.0;
    let port = |name: &str, end: &End| {
        let place = &places[end.host.as_str()];
        let (left, row) = [true, false]
            .into_iter()
            .find_map(|left| Some((left, sides.get(&(end.host.as_str(), left))?.iter().position(|(link, _)| *link == name)?)))
            .unwrap_or((false, 0));
        (place.column as f64 * apart + if left { 1.0 } else { BOX + 1.0 }, place.top + NAME + (row as f64 + 0.4) * ROW, left)
    };
    html! {
        section {
            h2 { "Topology" }
            p .note { (topology.summary) }
            div .scroll { svg .topology width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) } role="img" aria-label={ "topology: " (topology.summary) } {
                @for (name, link) in &topology.links {
                    @let ends = [&link.ends[0], &link.ends[1]].map(|end| port(name, end));
                    (cable(name, link, palette, ends))
                }
                @for (name, place) in &places {
                    @let left = place.column as f64 * apart + 1.0;
                    rect .host x=(left) y=(place.top) width=(BOX) height=(place.height) rx="4" {}
                    text .hostname x=(left + BOX / 2.0) y=(place.top + 21.0) text-anchor="middle" { (name) @if topology.hosts[*name].forward { tspan .small { " forwards" } } }
                }
                @for (name, link) in &topology.links { @for end in &link.ends {
                    @let (x, y, left) = port(name, end);
                    (interface(topology, end, x, y, left))
                } }
            } }
        }
    }
}

/// The hosts by their distance in links from the first.
fn columns<'a>(topology: &'a Topology, first: Option<&'a str>) -> Vec<Vec<&'a str>> {
    let mut columns: Vec<Vec<&str>> = Vec::new();
    let mut left: Vec<&str> = topology.hosts.keys().map(String::as_str).collect();
    let mut next: Vec<&str> = first.into_iter().collect();
    while !left.is_empty() {
        if next.is_empty() {
            // Hosts not connected with the others.
            next = left.clone();
        }
        left.retain(|host| !next.contains(host));
        let reached = |link: &'a Link| [(&link.ends[0], &link.ends[1]), (&link.ends[1], &link.ends[0])];
        let beyond = topology
            .links
            .values()
            .flat_map(reached)
            .filter(|(here, there)| next.contains(&here.host.as_str()) && left.contains(&there.host.as_str()));
        let mut beyond: Vec<&str> = beyond.map(|(_, there)| there.host.as_str()).collect();
        beyond.sort_unstable();
        beyond.dedup();
        columns.push(std::mem::replace(&mut next, beyond));
    }
    columns
}

/// Each column in the middle of the height.
fn places<'a>(columns: &[Vec<&'a str>], rows: &impl Fn(&str) -> usize) -> BTreeMap<&'a str, HostBox> {
    let height = |host: &str| NAME + rows(host) as f64 * ROW;
    let tall = |hosts: &Vec<&str>| hosts.iter().map(|host| height(host) + GAP).sum::<f64>() - GAP;
    let tallest = columns.iter().map(tall).fold(0.0, f64::max);
    let mut places = BTreeMap::new();
    for (column, hosts) in columns.iter().enumerate() {
        let mut top = 1.0 + (tallest - tall(hosts)) / 2.0;
        for host in hosts {
            places.insert(*host, HostBox { column, top, height: height(host) });
            top += height(host) + GAP;
        }
    }
    places
}

/// A link with its name and what it does to packets.
fn cable(name: &str, link: &Link, palette: &Palette, ends: [(f64, f64, bool); 2]) -> Markup {
    let [(x1, y1, left1), (x2, y2, left2)] = ends;
    // Out of each box to its side, so that a link within a column is visible too.
    let reach = if left1 == left2 { 60.0 } else { ((x2 - x1).abs() / 2.0).min(120.0) };
    let out = |x: f64, left: bool| if left { x - reach } else { x + reach };
    let path = format!("M{x1:.1} {y1:.1}C{:.1} {y1:.1} {:.1} {y2:.1} {x2:.1} {y2:.1}", out(x1, left1), out(x2, left2));
    let (x, y) = if left1 == left2 { (x1.max(x2) + reach, f64::midpoint(y1, y2)) } else { (f64::midpoint(x1, x2), f64::midpoint(y1, y2)) };
    let conditions = conditions(link);
    let short: String = conditions.chars().take(CONDITIONS).collect();
    html! {
        path class={ "cable " (palette.link(name).class()) } d=(path) {}
        text .link x=(x) y=(y - 5.0) text-anchor="middle" { (name) }
        text .small x=(x) y=(y + 14.0) text-anchor="middle" { title { (conditions) } (short) @if short.len() < conditions.len() { "…" } }
    }
}

/// An interface's name and first address, inside its host's box.
fn interface(topology: &Topology, end: &End, x: f64, y: f64, left: bool) -> Markup {
    let (at, anchor) = if left { (x + 8.0, "start") } else { (x - 8.0, "end") };
    let facts = topology.hosts.get(&end.host).and_then(|host| host.bond_or_itself(&end.interface));
    html! {
        circle .port cx=(x) cy=(y) r="3" {}
        text .interface x=(at) y=(y + 1.0) text-anchor=(anchor) { (end.interface) }
        @if let Some(network) = facts.and_then(|facts| facts.addresses.first()) { text .small x=(at) y=(y + 14.0) text-anchor=(anchor) { (network.address) } }
    }
}
