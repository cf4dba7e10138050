//! The subflows over time: throughput, round-trip time, congestion window and bytes in flight. Each is drawn as seen by the end that sent most.
//! Not here: which subflows are missing.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use maud::{Markup, html};

use super::paint::Palette;
use super::plot::{Curve, Plot};
use super::thin::thin;
use super::timeline::Timeline;
use crate::result::recording::{Recording, SubflowSeries};
use crate::result::report::speeds::{Bins, speeds};
use crate::result::report::subflows::{COLUMNS, WORDS, row};

/// How many points all curves of a plot have together, at most.
const POINTS: usize = 10_000;
/// How many points a curve has at most.
const MOST: usize = 400;

/// A subflow as one end saw it, and the curve it has in each plot.
struct Seen<'a> {
    host: &'a str,
    series: &'a SubflowSeries,
    curve: Option<usize>,
}

/// Four plots and a table, or a sentence if no subflow was seen. What an older recording does not have is not plotted.
pub(super) fn section(recording: &Recording, palette: &Palette, timeline: &Timeline) -> Markup {
    let subflows = seen(recording);
    let drawn: Vec<&Seen> = subflows.iter().filter(|subflow| subflow.curve.is_some()).collect();
    let most = (POINTS / drawn.len().max(1)).clamp(40, MOST);
    let mut drawn_over: BTreeMap<&str, usize> = BTreeMap::new();
    let paints = drawn.iter().map(|subflow| {
        let link = link(recording, subflow);
        let before = drawn_over.entry(link.unwrap_or_default()).or_default();
        *before += 1;
        palette.dashed(link, *before - 1)
    });
    let paints: Vec<_> = paints.collect();
    let curves = |points: &dyn Fn(&SubflowSeries) -> Vec<(u64, f64)>| -> Vec<Curve> {
        let curve = |(seen, &paint): (&&Seen, _)| Curve {
            name: format!("{} to {}", seen.series.local, seen.series.remote),
            paint,
            points: thin(points(seen.series), most),
        };
        drawn.iter().zip(&paints).map(curve).collect()
    };
    let sample = recording.job.case.sample;
    let throughput = |series: &SubflowSeries| {
        let (first, last) = (series.at.first().copied().unwrap_or(0), series.at.last().copied().unwrap_or(0));
        let bins = Bins::of(timeline.end, sample, most as u64);
        let speeds = speeds(&bins, &series.at, if sends(series) { &series.bytes_acked } else { &series.bytes_received });
        bins.points(speeds).into_iter().filter(|(time, _)| (first..=last).contains(time)).collect()
    };
    let values = |series: &SubflowSeries, values: &[u64], unit: f64| {
        series.at.iter().zip(values).map(|(at, value)| (*at, *value as f64 / unit)).collect()
    };
    let plots = [
        ("throughput", "Throughput by subflow", "Mbit/s", "payload that was acknowledged", curves(&throughput)),
        ("rtt", "Round-trip time", "ms", "smoothed, as the kernel has it", curves(&|series| values(series, &series.rtt, 1e3))),
        ("cwnd", "Congestion window", "segments", "", curves(&|series| values(series, &series.cwnd, 1.0))),
        ("flight", "Bytes in flight", "kB", "sent and not yet acknowledged", curves(&|series| values(series, &series.in_flight, 1e3))),
    ];
    let plotted = plots.iter().filter(|(.., curves)| curves.iter().any(|curve| !curve.points.is_empty()));
    html! {
        section {
            h2 { "Subflows" }
            @if subflows.is_empty() { p { "No subflow was seen." } } @else {
                @for (id, title, unit, note, curves) in plotted {
                    (Plot { id, group: "subflows", title, unit, note, stacked: false, curves }.figure(timeline))
                }
                (table(recording, &subflows, &paints))
            }
        }
    }
}

/// All subflows of all hosts. If an end did not send most of a subflow, its curve is at the other end, if that was recorded.
fn seen(recording: &Recording) -> Vec<Seen<'_>> {
    let all = || recording.hosts.values().flat_map(|record| &record.subflows);
    let ends: BTreeSet<(&str, &str)> = all().map(|series| (series.local.as_str(), series.remote.as_str())).collect();
    let (mut seen, mut drawn) = (Vec::new(), 0..);
    for (host, record) in &recording.hosts {
        for series in &record.subflows {
            let here = sends(series) || !ends.contains(&(series.remote.as_str(), series.local.as_str()));
            seen.push(Seen { host, series, curve: if here { drawn.next() } else { None } });
        }
    }
    seen
}

/// Whether more was acknowledged to this end than it received.
fn sends(series: &SubflowSeries) -> bool {
    series.bytes_acked.last() >= series.bytes_received.last()
}

/// The link that a subflow used at the host that saw it: by its kernel's route for these addresses, or else that of its source
/// address.
fn link<'a>(recording: &'a Recording, Seen { host, series, .. }: &Seen<'a>) -> Option<&'a str> {
    let topology = &recording.job.topology;
    let address = |text: &str| text.parse::<SocketAddr>().map(|address| address.ip()).ok();
    let (from, to) = (address(&series.local)?, address(&series.remote)?);
    let ways = recording.hosts[*host].state.iter().flat_map(|state| &state.ways);
    let way = ways.filter(|way| (way.from, way.to) == (from, to)).find_map(|way| way.by.as_deref());
    if let Some(interface) = way.and_then(|name| topology.hosts.get(*host)?.interfaces.get(name)) {
        return Some(&interface.link);
    }
    let begun_here = !series.flags.contains(['M', 'J']);
    let first = if begun_here { from } else { to };
    let interfaces = || topology.hosts.values().flat_map(|host| host.interfaces.values());
    let has = |address: IpAddr| interfaces().find(|interface| interface.addresses.iter().any(|network| network.address == address));
    has(first).or_else(|| has(from)).map(|interface| interface.link.as_str())
}

/// Every subflow as each end saw it last.
fn table(recording: &Recording, subflows: &[Seen], paints: &[super::paint::Paint]) -> Markup {
    html! {
        div .scroll.tall { table .series {
            thead { tr { @for (column, name) in COLUMNS.iter().enumerate() { th .num[!WORDS.contains(&column)] { (name) } } } }
            tbody {
                @for subflow in subflows {
                    tr data-group=[subflow.curve.map(|_| "subflows")] data-curve=[subflow.curve] {
                        @for (column, cell) in row(&recording.job.topology, subflow.host, subflow.series).iter().enumerate() {
                            td .num[!WORDS.contains(&column)] {
                                @if column == 0 { @if let Some(paint) = subflow.curve.map(|curve| paints[curve]) { span class={ "swatch " (paint.class()) } {} } @else { span .swatch {} } }
                                (cell)
                            }
                        }
                    }
                }
            }
        } }
    }
}
