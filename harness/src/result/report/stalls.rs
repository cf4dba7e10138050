//! When one transfer, or all of them, stalled for long enough to be drawn.
//! Not here: measuring.

use crate::result::judge::Seen;
use crate::result::recording::{ConnectionRecord, FlowRecord, Recording};
use crate::words::{Time, Window};

/// Shorter stalls are not shown.
pub(super) const STALL: Time = Time::from_millis(200);

/// The spans in which some flow of a transfer stalled for long, joined where they overlap.
pub(super) fn stalls(recording: &Recording, transfer: &str) -> Vec<(u64, u64)> {
    let seen = Seen::find(&recording.run(&recording.job.case), transfer);
    let stalls = seen.map(|seen| seen.stalls(Window::default())).unwrap_or_default();
    let mut spans: Vec<(u64, u64)> = stalls.iter().filter(|stall| stall.length() > STALL).map(|stall| (stall.from, stall.to)).collect();
    spans.sort_unstable();
    let mut joined: Vec<(u64, u64)> = Vec::new();
    for (from, to) in spans {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

/// The spans in which nothing arrived of any transfer although more was due.
pub(super) fn silences(recording: &Recording) -> Vec<(u64, u64)> {
    let flows = recording.transfers.values().flat_map(|transfer| {
        let flows = transfer.connections.iter().flat_map(ConnectionRecord::flows);
        flows.map(move |flow: &FlowRecord| (transfer.started, flow.ended.unwrap_or(recording.end), &flow.progress))
    });
    let flows: Vec<_> = flows.collect();
    let arrivals = flows.iter().flat_map(|(started, ended, progress)| {
        let mut arrived = 0;
        let grew = progress.iter().filter(move |(_, bytes)| std::mem::replace(&mut arrived, *bytes) < *bytes);
        grew.map(|(at, _)| *at).chain([*started, *ended])
    });
    let mut arrivals: Vec<u64> = arrivals.collect();
    arrivals.sort_unstable();
    let gaps = arrivals.windows(2).map(|pair| (pair[0], pair[1]));
    let waited = |(from, to): &(u64, u64)| flows.iter().any(|(started, ended, _)| started <= from && to <= ended);
    gaps.filter(|(from, to)| to - from > STALL.micros()).filter(waited).collect()
}
