//! What each link carried over time, stacked, as seen by a transfer's client or a program's host.
//! Not here: what each subflow carried.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::paint::Palette;
use super::plot::{Curve, Plot};
use super::timeline::Timeline;
use crate::result::recording::Recording;
use crate::result::report::speeds::{Bins, speeds};
use crate::result::report::traffic::Traffic;
use crate::words::{Percent, Rate, Size};

/// How many points a curve has at most.
const POINTS: u64 = 240;

/// A plot and a table for each host from which traffic is shown.
pub(super) fn section(recording: &Recording, palette: &Palette, timeline: &Timeline) -> Markup {
    let views = views(recording);
    html! {
        section {
            h2 { "Links over time" }
            (timeline.legend())
            @for (number, traffic) in views.iter().enumerate() { (view(recording, palette, timeline, &format!("traffic{number}"), traffic)) }
            @if views.is_empty() { p { "Nothing was recorded of a host that has traffic." } }
        }
    }
}

/// The views of transfers' clients and of programs' hosts, each once.
fn views(recording: &Recording) -> Vec<Traffic<'_>> {
    let case = &recording.job.case;
    let transfers = case.transfers.keys().filter_map(|name| Traffic::of(recording, name).ok());
    let hosts: BTreeSet<&String> = case.processes.values().map(|process| &process.host).collect();
    let mut views: Vec<Traffic> = Vec::new();
    for traffic in transfers.chain(hosts.into_iter().filter_map(|host| Traffic::of_host(recording, host).ok())) {
        if !views.iter().any(|other| other.origin() == traffic.origin()) {
            views.push(traffic);
        }
    }
    views
}

fn view(recording: &Recording, palette: &Palette, timeline: &Timeline, group: &str, traffic: &Traffic) -> Markup {
    let topology = &recording.job.topology;
    let link = |interface: &str| {
        topology.hosts.get(traffic.client).and_then(|host| host.interfaces.get(interface)).map(|interface| interface.link.as_str())
    };
    let bins = Bins::of(traffic.end(), recording.job.case.sample, POINTS);
    let curve = |(name, bytes): &(&str, Vec<u64>)| {
        let speeds = speeds(&bins, traffic.at, bytes);
        Curve { name: link(name).unwrap_or(name).to_owned(), paint: palette.dashed(link(name), 0), points: bins.points(speeds) }
    };
    let curves: Vec<Curve> = traffic.interfaces.iter().map(curve).collect();
    let totals = traffic.totals();
    let whole: u64 = totals.iter().sum();
    let note = format!("bytes {}, headers included", traffic.origin());
    let plot = Plot { id: group, group, title: "Throughput by link", unit: "Mbit/s", note: &note, stacked: true, curves: &curves };
    let most = |curve: &Curve| Rate((curve.points.iter().map(|point| point.1).fold(0.0, f64::max) * 1e6) as u64);
    html! {
        (plot.figure(timeline))
        div .scroll { table .series {
            thead { tr { th { "link" } th { "interface" } th .num { "bytes" } th .num { "share" } th .num { "highest" } th { "conditions" } } }
            tbody {
                @for (index, ((name, _), curve)) in traffic.interfaces.iter().zip(&curves).enumerate() {
                    tr data-group=(group) data-curve=(index) {
                        td { span class={ "swatch " (curve.paint.class()) } {} (curve.name) }
                        td { (traffic.client) ":" (name) }
                        td .num { (Size(totals[index])) }
                        td .num { (format!("{:.1}%", Percent::of(totals[index], whole).0)) }
                        td .num { (most(curve)) }
                        td .note { @if let Some(link) = link(name).and_then(|link| topology.links.get(link)) { (conditions(link)) } }
                    }
                }
            }
        } }
    }
}

/// What a link does to packets, in a line.
pub(super) fn conditions(link: &crate::document::topology::Link) -> String {
    if link.up == link.down { link.up.to_string() } else { format!("up {}; down {}", link.up, link.down) }
}
