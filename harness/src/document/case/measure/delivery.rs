//! What arrived of a transfer, and when: problems, bytes, duration, goodput, stalls.
//! Not here: which way the packets took.

use std::fmt;

use super::run::Run;
use crate::document::case::{Amount, Transfer};
use crate::record::{ConnectionRecord, FlowRecord, HostRecord, TransferRecord, WrongRecord};
use crate::words::{Rate, Size, Time, Window};

/// A transfer as requested and as observed.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// What was requested.
    pub asked: &'a Transfer,
    /// What was observed.
    pub record: &'a TransferRecord,
    /// When the run ended, in µs.
    end: u64,
    pub(super) run: Run<'a>,
}

/// A span of time in which nothing of a flow arrived although more was due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// When the last bytes before it arrived, in µs.
    pub from: u64,
    /// When bytes arrived again, in µs.
    pub to: u64,
    /// The flow: `connection 1 down`.
    pub flow: String,
}

/// One direction of one connection.
struct Flow<'a> {
    name: String,
    up: bool,
    /// When its connection began, in µs.
    since: u64,
    record: Option<&'a FlowRecord>,
}

impl Gap {
    /// How long it was.
    pub const fn length(&self) -> Time {
        Time::from_micros(self.to - self.from)
    }
}

/// `connection 1 down, from 10.02s to 12.4s`
impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, from {} to {}", self.flow, Time::from_micros(self.from), Time::from_micros(self.to))
    }
}

impl<'a> Seen<'a> {
    /// A case's transfer in a run, or why it is not there.
    pub fn find(run: &Run<'a>, name: &str) -> Result<Self, String> {
        let asked = run.case.transfers.get(name).ok_or_else(|| format!("the case has no transfer {name}"))?;
        let record = run.transfers.get(name).ok_or_else(|| format!("nothing was recorded of transfer {name}"))?;
        Ok(Self { asked, record, end: run.end, run: *run })
    }

    /// The record of the client's host.
    pub(super) fn client(&self) -> Result<&'a HostRecord, String> {
        let client = &self.asked.client;
        self.run.hosts.get(client).ok_or_else(|| format!("nothing was recorded of host {client}"))
    }

    /// What went wrong, in words; the transfer is intact if nothing did.
    pub fn problems(&self) -> Vec<String> {
        let (made, asked) = (self.record.connections.len(), self.asked.in_all());
        let mut problems = Vec::new();
        if made < asked as usize {
            problems.push(format!("{made} of {asked} connections were made"));
        }
        for (index, connection) in self.record.connections.iter().enumerate() {
            if let Some(error) = &connection.error {
                problems.push(format!("connection {}: {error}", index + 1));
            }
            for flow in self.flows_of(index, connection) {
                match flow.record {
                    Some(record) => problems.extend(self.flaw(connection, flow.up, record).map(|flaw| format!("{}: {flaw}", flow.name))),
                    None if connection.error.is_some() => {}
                    None => problems.push(format!("{}: nothing was recorded", flow.name)),
                }
            }
        }
        problems
    }

    fn flaw(&self, connection: &ConnectionRecord, up: bool, flow: &FlowRecord) -> Option<String> {
        let expected = match self.asked.amount_of(!up) {
            Amount::Bytes(size) => size.0,
            Amount::Duration(_) => flow.sent,
        };
        if let Some(offset) = flow.corrupt_at {
            Some(self.wrong(connection, up, offset, flow.wrong.as_ref()))
        } else if flow.received < expected {
            Some(part_of(flow.received, expected))
        } else if flow.ended.is_none() {
            Some(format!("{} arrived, but never the end of the stream", Size(flow.received)))
        } else if self.asked.peek && flow.peeked < flow.received {
            Some(format!("only {} of {} could be looked at before they were taken", Size(flow.peeked), Size(flow.received)))
        } else if self.asked.inq && !(flow.received..=flow.sent + 1).contains(&flow.told) {
            Some(format!("the kernel told of bytes up to {} of {}", flow.told, flow.sent))
        } else if !flow.intact() {
            Some(format!("{} arrived of {} sent", Size(flow.received), Size(flow.sent)))
        } else {
            None
        }
    }

    /// What was wrong at an offset, and over which subflows it may have come: `the byte at 4096 is wrong: wanted 3fa2, got 0000, ...`
    fn wrong(&self, connection: &ConnectionRecord, up: bool, offset: u64, wrong: Option<&WrongRecord>) -> String {
        let Some(WrongRecord { at, wanted, got, belongs }) = wrong else { return format!("the byte at {offset} is wrong") };
        let host = if up { &self.asked.server } else { &self.asked.client };
        let subflows = self.carriers(connection, up, *at).into_iter().map(|subflow| format!("{} to {}", subflow.remote, subflow.local));
        let subflows: Vec<String> = subflows.collect();
        let by =
            if subflows.is_empty() { "a subflow that was not seen".to_owned() } else { format!("the subflow {}", subflows.join(" or ")) };
        let of = belongs.map_or_else(String::new, |position| format!(" (the bytes at {position})"));
        format!("the byte at {offset} is wrong: wanted {wanted}, got {got}{of}, read by {host} at {} from {by}", Time::from_micros(*at))
    }

    /// Bytes that arrived in a window, all connections and directions together.
    pub fn bytes(&self, window: Window) -> Size {
        let arrived = |flow: &FlowRecord| {
            let before = window.from.map_or(0, |from| arrived_by(flow, from.micros()));
            window.to.map_or(flow.received, |to| arrived_by(flow, to.micros())).saturating_sub(before)
        };
        Size(self.recorded().map(arrived).sum())
    }

    /// The time from its start to the last byte's arrival, or which flow never ended.
    pub fn duration(&self) -> Result<Time, String> {
        let ended = |flow: &Flow| flow.record.and_then(|record| record.ended).ok_or_else(|| format!("{} never ended", flow.name));
        let ends: Vec<u64> = self.flows().iter().map(ended).collect::<Result<_, _>>()?;
        let last = ends.into_iter().max().ok_or("no connection was made")?;
        Ok(Time::from_micros(last.saturating_sub(self.record.started)))
    }

    /// Bytes per time in a window. At an open end, the window begins with the transfer or ends with its last byte.
    pub fn goodput(&self, window: Window) -> Rate {
        let from = window.from.unwrap_or(Time::from_micros(self.record.started));
        let last = self.recorded().filter_map(|flow| flow.ended.or(flow.progress.last().map(|pair| pair.0))).max();
        let to = window.to.unwrap_or(Time::from_micros(last.unwrap_or(self.end)));
        Rate::of(self.bytes(window).0, to.since(from))
    }

    /// The longest stall in a window, or why the transfer was not under way in it.
    pub fn longest_stall(&self, window: Window) -> Result<Option<Gap>, String> {
        let ended = self.flows().iter().map(|flow| self.end_of(flow)).max().unwrap_or(self.end);
        if window.from.is_some_and(|from| from.micros() >= ended) {
            return Err(format!("the transfer had ended at {}, before this window", Time::from_micros(ended)));
        }
        if window.to.is_some_and(|to| to.micros() <= self.record.started) {
            return Err(format!("the transfer started at {}, after this window", Time::from_micros(self.record.started)));
        }
        // The first of several of equal length.
        Ok(self.stalls(window).into_iter().reduce(|longest, stall| if stall.length() > longest.length() { stall } else { longest }))
    }

    /// The times between arrivals of each flow in a window, clipped to it, in the order of flows and time.
    pub fn stalls(&self, window: Window) -> Vec<Gap> {
        let (first, last) = (window.from.map_or(0, Time::micros), window.to.map_or(self.end, Time::micros));
        let clipped = |flow: &Flow| {
            let name = flow.name.clone();
            let gaps = self.gaps(flow).into_iter().map(move |(from, to)| (from.max(first), to.min(last)));
            gaps.filter(|(from, to)| from < to).map(move |(from, to)| Gap { from, to, flow: name.clone() })
        };
        self.flows().iter().flat_map(clipped).collect()
    }

    fn gaps(&self, flow: &Flow) -> Vec<(u64, u64)> {
        let (mut last, mut arrived, mut gaps) = (flow.since, 0, Vec::new());
        for (time, bytes) in flow.record.into_iter().flat_map(curve) {
            if bytes > arrived {
                gaps.push((last, time));
                (last, arrived) = (time, bytes);
            }
        }
        if !flow.record.is_some_and(|record| record.ended.is_some() && (record.received >= record.sent || record.corrupt_at.is_some())) {
            gaps.push((last, self.end_of(flow)));
        }
        gaps
    }

    fn end_of(&self, flow: &Flow) -> u64 {
        flow.record.and_then(|record| record.ended).unwrap_or(self.end)
    }

    /// Every requested flow, even if nothing was recorded of it.
    fn flows(&self) -> Vec<Flow<'a>> {
        let none = ConnectionRecord { up: None, down: None, ..ConnectionRecord::default() };
        let absent = (self.record.connections.len()..self.asked.in_all() as usize).flat_map(|index| {
            let flows = self.flows_of(index, &none);
            flows.into_iter().map(|flow| Flow { record: None, ..flow }).collect::<Vec<_>>()
        });
        let made = self.record.connections.iter().enumerate().flat_map(|(index, connection)| self.flows_of(index, connection));
        made.chain(absent).collect()
    }

    fn flows_of<'b>(&self, index: usize, connection: &'b ConnectionRecord) -> Vec<Flow<'b>> {
        let up = (self.asked.direction.uploads(), "up", &connection.up);
        let down = (self.asked.direction.downloads(), "down", &connection.down);
        let asked = [up, down].into_iter().filter(|(asked, ..)| *asked);
        let since = connection.begun.unwrap_or(self.record.started);
        asked
            .map(|(_, way, record)| Flow {
                name: format!("connection {} {way}", index + 1),
                up: way == "up",
                since,
                record: record.as_ref(),
            })
            .collect()
    }

    fn recorded(&self) -> impl Iterator<Item = &'a FlowRecord> {
        self.record.connections.iter().flat_map(ConnectionRecord::flows)
    }
}

/// `12m of 30m arrived`, in exact bytes if rounding would make it look complete.
fn part_of(received: u64, expected: u64) -> String {
    let (part, whole) = (Size(received).to_string(), Size(expected).to_string());
    if part == whole { format!("all but {} bytes of {whole} arrived", expected - received) } else { format!("{part} of {whole} arrived") }
}

/// A flow's delivery curve, including its end.
fn curve(flow: &FlowRecord) -> impl Iterator<Item = (u64, u64)> {
    flow.progress.iter().copied().chain(flow.ended.map(|ended| (ended, flow.received)))
}

/// Bytes that had arrived by a time: none before the first pair, linear between pairs.
fn arrived_by(flow: &FlowRecord, time: u64) -> u64 {
    let mut last = None;
    for (at, bytes) in curve(flow) {
        match last {
            None if at > time => return 0,
            Some((from, before)) if at > time => {
                return before + (bytes.saturating_sub(before) as f64 * (time - from) as f64 / (at - from) as f64) as u64;
            }
            _ => last = Some((at, bytes)),
        }
    }
    last.map_or(0, |(_, bytes)| bytes)
}
