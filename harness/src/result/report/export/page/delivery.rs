//! How much of each connection had arrived over time.
//! Not here: which way it took.

use maud::{Markup, html};

use super::paint::Paint;
use super::plot::{Curve, Plot};
use super::thin::thin;
use super::timeline::Timeline;
use crate::result::judge::Seen;
use crate::result::recording::{FlowRecord, Recording, TransferRecord};
use crate::words::Window;

/// How many points all curves have together, at most.
const POINTS: usize = 12_000;
/// How many points a curve has at most.
const MOST: usize = 1000;

/// The curves of all transfers; empty if there are none.
pub(super) fn section(recording: &Recording, timeline: &Timeline) -> Markup {
    let flows: Vec<Flow> = recording.transfers.iter().flat_map(|(name, transfer)| flows(name, transfer)).collect();
    let most = (POINTS / flows.len().max(1)).clamp(40, MOST);
    let curve = |(index, Flow { transfer, started, name, record }): (usize, &Flow)| {
        let arrived = record.progress.iter().copied().chain(record.ended.map(|ended| (ended, record.received)));
        let points = std::iter::once((*started, 0)).chain(arrived).map(|(time, bytes)| (time, bytes as f64 / 1e6)).collect();
        Curve { name: format!("{transfer}: {name}"), paint: Paint::Ink { dash: index }, points: thin(points, most) }
    };
    let curves: Vec<Curve> = flows.iter().enumerate().map(curve).collect();
    let plot = Plot {
        id: "delivery",
        group: "delivery",
        title: "Delivered",
        unit: "MB",
        note: "bytes in order, as the receiving program read them",
        stacked: false,
        curves: &curves,
    };
    html! {
        @if !recording.transfers.is_empty() {
            section {
                h2 { "Delivery" }
                @if !curves.is_empty() { (plot.figure(timeline)) }
                (summaries(recording, &flows))
            }
        }
    }
}

/// One direction of a connection.
struct Flow<'a> {
    transfer: &'a str,
    /// When the transfer started, in µs.
    started: u64,
    /// `connection 1 up`
    name: String,
    record: &'a FlowRecord,
}

fn flows<'a>(name: &'a str, transfer: &'a TransferRecord) -> impl Iterator<Item = Flow<'a>> {
    let started = transfer.started;
    transfer.connections.iter().enumerate().flat_map(move |(index, connection)| {
        let ways = [("up", connection.up.as_ref()), ("down", connection.down.as_ref())];
        let flow =
            move |(way, record)| Some(Flow { transfer: name, started, name: format!("connection {} {way}", index + 1), record: record? });
        ways.into_iter().filter_map(flow)
    })
}

/// A line for each transfer, which highlights its curves.
fn summaries(recording: &Recording, flows: &[Flow]) -> Markup {
    let whole = Window::default();
    let curves = |name: &str| {
        let of_it = flows.iter().enumerate().filter(|(_, flow)| flow.transfer == name);
        of_it.map(|(index, _)| index.to_string()).collect::<Vec<_>>().join(" ")
    };
    html! {
        div .scroll { table .series {
            thead { tr { th { "transfer" } th { "from, to" } th .num { "bytes" } th .num { "took" } th .num { "goodput" } th .num { "longest stall" } th { "intact" } } }
            tbody {
                @for name in recording.job.case.transfers.keys() {
                    @match Seen::find(&recording.run(&recording.job.case), name) {
                        Ok(seen) => tr data-group="delivery" data-curve=(curves(name)) {
                            td { (name) }
                            td { (seen.asked.client) " " (arrow(seen.asked.direction.uploads(), seen.asked.direction.downloads())) " " (seen.asked.server) }
                            td .num { (seen.bytes(whole)) }
                            td .num { @match seen.duration() { Ok(time) => (time), Err(why) => (why) } }
                            td .num { (seen.goodput(whole)) }
                            td .num { @if let Ok(Some(stall)) = seen.longest_stall(whole) { (stall.length()) } @else { "none" } }
                            td { @if let Some(problem) = seen.problems().first() { b { "no: " (problem) } } @else { "yes" } }
                        },
                        Err(why) => tr { td { (name) } td colspan="6" { (why) } },
                    }
                }
            }
        } }
    }
}

const fn arrow(up: bool, down: bool) -> &'static str {
    match (up, down) {
        (true, false) => "→",
        (false, true) => "←",
        _ => "↔",
    }
}
