//! From a measure to what was measured, in words, and whether that satisfies its constraint.
//! Not here: how deliveries, paths and shares are computed.

use std::collections::BTreeSet;

use crate::document::case::{Case, Measure, Subject};
use crate::result::recording::{HostRecord, Recording};
use crate::words::{Count, Protocol, Time, Window};

use super::delivery::Seen;
use super::measured::{Measured, grown};
use super::{paths, process, share};

/// How many of a transfer's problems are told.
const TOLD: usize = 3;

/// A measure's constraint as text, and which of several it is.
pub(super) fn described(measure: &Measure) -> (String, Option<String>) {
    match measure {
        Measure::Intact(wanted) | Measure::Ready(wanted) => (format!("= {wanted}"), None),
        Measure::Bytes(constraint) => (constraint.to_string(), None),
        Measure::Duration(constraint) | Measure::Stall(constraint) => (constraint.to_string(), None),
        Measure::Goodput(constraint) => (constraint.to_string(), None),
        Measure::Subflows(constraint) | Measure::Retransmits(constraint) => (constraint.to_string(), None),
        Measure::Protocol(protocol) | Measure::Listener(protocol) => (format!("= {protocol}"), None),
        Measure::Listening(port, protocol) => (format!("= {protocol}"), Some(port.to_string())),
        Measure::Exit(wanted) => (wanted.map_or_else(|| "in any way".to_owned(), |exit| format!("= {exit}")), None),
        Measure::Output(text) => (format!("contains {text:?}"), None),
        Measure::Share(item, constraint) => (constraint.to_string(), Some(item.clone())),
        Measure::Counter(item, constraint) | Measure::Event(item, constraint) => (constraint.to_string(), Some(item.clone())),
    }
}

/// Measures.
pub(super) fn measure(recording: &Recording, case: &Case, subject: &Subject, window: Window, measure: &Measure) -> Measured {
    let ended = Time::from_micros(recording.end);
    if window.from.is_some_and(|from| from >= ended) {
        return Measured::missing(format!("the run ended at {ended}, before this window"));
    }
    let measured = match (subject, measure) {
        (Subject::Host(host), Measure::Share(of, constraint)) => share::of_host(recording, host, of, window, constraint),
        (Subject::Process(name), Measure::Share(of, constraint)) => match case.processes.get(name) {
            Some(asked) => share::of_host(recording, &asked.host, of, window, constraint),
            None => Err(format!("the case has no process {name}")),
        },
        (Subject::Process(name), _) => process::of_process(recording, case, name, window, measure),
        (Subject::Host(name), _) => match recording.hosts.get(name) {
            Some(host) => of_host(host, window, measure),
            None => Err(format!("nothing was recorded of host {name}")),
        },
        (Subject::Transfer(name), _) => Seen::find(recording, case, name).and_then(|seen| of_transfer(recording, &seen, window, measure)),
    };
    let measured = measured.unwrap_or_else(Measured::missing);
    let cut_short = !measured.held && window.to.is_some_and(|to| to > ended);
    measured.because(cut_short.then(|| format!("the run ended at {ended}, within this window")))
}

fn of_host(host: &HostRecord, window: Window, measure: &Measure) -> Result<Measured, String> {
    match measure {
        Measure::Counter(..) if host.counted.is_empty() => Err("the host was never sampled".to_owned()),
        Measure::Counter(name, constraint) => {
            let grown = host.counters.get(name).map_or(0, |values| grown(&host.counted, values, window));
            Ok(Measured::of(constraint, Count(grown)))
        }
        Measure::Event(kind, constraint) => {
            let came = host.events.iter().filter(|event| event.kind == *kind && window.contains(event.at)).count();
            Ok(Measured::of(constraint, Count(came as u64)))
        }
        Measure::Listening(port, wanted) => {
            let spoken = host.listeners.iter().filter(|(address, _)| address.port() == *port).map(|(_, protocol)| *protocol);
            let spoken: BTreeSet<_> = spoken.collect();
            let text: Vec<_> = spoken.iter().map(Protocol::to_string).collect();
            if spoken.is_empty() {
                Err(format!("no socket was seen to listen at port {port}"))
            } else {
                Ok(Measured::plain(text.join(" and "), spoken.iter().all(|protocol| protocol == wanted)))
            }
        }
        _ => Err(format!("{} is not measured of a host", measure.key())),
    }
}

fn of_transfer(recording: &Recording, seen: &Seen, window: Window, measure: &Measure) -> Result<Measured, String> {
    let client = || recording.hosts.get(&seen.asked.client).ok_or_else(|| format!("nothing was recorded of host {}", seen.asked.client));
    Ok(match measure {
        Measure::Intact(wanted) => intact(recording, seen, *wanted),
        Measure::Bytes(constraint) => Measured::of(constraint, seen.bytes(window)),
        Measure::Duration(constraint) => match seen.duration() {
            Ok(duration) => Measured::of(constraint, duration),
            Err(why) => Measured::plain("never ended".to_owned(), false).because([why]),
        },
        Measure::Goodput(constraint) => Measured::of(constraint, seen.goodput(window)),
        Measure::Stall(constraint) => {
            let stall = seen.longest_stall(window)?;
            let measured = Measured::of(constraint, stall.as_ref().map_or(Time::ZERO, super::Stall::length));
            let told = stall.filter(|_| !measured.held).map(|stall| stall.to_string());
            measured.because(told)
        }
        Measure::Subflows(constraint) => paths::subflows(seen, client()?, window, constraint)?,
        Measure::Share(of, constraint) => share::share(recording, seen, of, window, constraint)?,
        Measure::Protocol(wanted) => protocol(seen, *wanted)?,
        Measure::Listener(wanted) => {
            let listener = seen.record.listener.ok_or("the listening socket was not seen")?;
            Measured::plain(listener.to_string(), listener == *wanted)
        }
        _ => Err(format!("{} is not measured of a transfer", measure.key()))?,
    })
}

fn intact(recording: &Recording, seen: &Seen, wanted: bool) -> Measured {
    let mut why = seen.problems();
    let intact = why.is_empty();
    if why.len() > TOLD {
        let more = why.split_off(TOLD).len();
        why.push(format!("and {more} more"));
    }
    if !intact && recording.timed_out {
        why.push(format!("the deadline ended the run at {}", Time::from_micros(recording.end)));
    }
    Measured::plain(intact.to_string(), intact == wanted).because(why)
}

fn protocol(seen: &Seen, wanted: Protocol) -> Result<Measured, String> {
    let spoken: Option<Vec<Protocol>> = seen.record.connections.iter().map(|connection| connection.protocol).collect();
    let mut spoken = spoken.filter(|spoken| !spoken.is_empty()).ok_or("a connection was never asked what it speaks")?;
    spoken.sort();
    spoken.dedup();
    let text: Vec<String> = spoken.iter().map(Protocol::to_string).collect();
    Ok(Measured::plain(text.join(" and "), spoken == [wanted]))
}
