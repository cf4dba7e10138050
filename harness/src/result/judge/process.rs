//! Measures of processes: whether they were ready, how they ended, what they printed, and what iperf3 says of its traffic.
//! Not here: the bytes on their hosts' interfaces.

use crate::document::case::{Case, Measure, Process, Verb};
use crate::result::recording::{Iperf3Record, ProcessRecord, Recording};
use crate::words::{Count, Exit, Rate, Size, Time, Window};

use super::measured::Measured;

/// How many of the last lines that a process printed are told.
const TOLD: usize = 5;

/// What must hold of a process if the case says nothing else of it: that it was ready, and that it ended as it should.
pub(super) fn implied(case: &Case, name: &str) -> Vec<Measure> {
    let Some(asked) = case.processes.get(name) else { return Vec::new() };
    let exit = if asked.serves || ended_by_step(case, name) { None } else { Some(Exit::Code(0)) };
    asked.ready.iter().map(|_| Measure::Ready(true)).chain([Measure::Exit(exit)]).collect()
}

fn ended_by_step(case: &Case, name: &str) -> bool {
    case.steps.iter().any(|step| {
        let deed = if let crate::document::case::Action::Process(verb, whom) = &step.action { Some((verb, whom)) } else { None };
        deed.is_some_and(|(verb, whom)| whom == name && matches!(verb, Verb::Stop | Verb::Kill))
    })
}

pub(super) fn of_process(recording: &Recording, case: &Case, name: &str, window: Window, measure: &Measure) -> Result<Measured, String> {
    let asked = case.processes.get(name).ok_or_else(|| format!("the case has no process {name}"))?;
    let record = recording.processes.get(name).ok_or_else(|| format!("nothing was recorded of process {name}"))?;
    Ok(match measure {
        Measure::Ready(wanted) => {
            let ready = record.ready.is_some();
            Measured::plain(ready.to_string(), ready == *wanted).because(printed(record, ready != *wanted))
        }
        Measure::Exit(wanted) => {
            let measured = exit(asked, record, ended_by_step(case, name), *wanted);
            let failed = !measured.held;
            let late = recording.timed_out.then(|| format!("the deadline ended the run at {}", Time::from_micros(recording.end)));
            measured.because(late.filter(|_| failed)).because(printed(record, failed))
        }
        Measure::Output(text) => {
            let line = record.output.iter().find(|line| line.text.contains(text));
            let measured = line.map_or_else(|| "not printed".to_owned(), |line| format!("printed at {}", Time::from_micros(line.at)));
            Measured::plain(measured, line.is_some()).because(printed(record, line.is_none()))
        }
        Measure::Duration(constraint) => {
            let (started, ended) = record.started.zip(record.ended).ok_or("it never ended")?;
            Measured::of(constraint, Time::from_micros(ended - started))
        }
        Measure::Bytes(constraint) => Measured::of(constraint, Size(numbers(record)?.bytes(window)?)),
        Measure::Goodput(constraint) => Measured::of(constraint, numbers(record)?.goodput(window)?),
        Measure::Retransmits(constraint) => Measured::of(constraint, Count(numbers(record)?.retransmits(window)?)),
        _ => Err(format!("{} is not measured of a process", measure.key()))?,
    })
}

fn exit(asked: &Process, record: &ProcessRecord, by_step: bool, wanted: Option<Exit>) -> Measured {
    let text = match (record.exit, &record.error, record.started) {
        (Some(exit), ..) => exit.to_string(),
        (None, Some(_), _) => "not executed".to_owned(),
        (None, None, Some(_)) => "never".to_owned(),
        (None, None, None) => "never started".to_owned(),
    };
    let early = asked.serves && !by_step && record.exit.is_some() && record.asked.is_none();
    let ended = !asked.serves && !by_step && record.asked.is_some();
    let (held, why) = match wanted {
        None if early => (false, Some("it ended by itself, and was to run until the run ended")),
        _ if ended => (false, Some("it did not end by itself")),
        None => (record.exit.is_some(), None),
        Some(_) => (record.exit == wanted, None),
    };
    Measured::plain(text, held).because(why.map(str::to_owned))
}

/// What a process said last, where something is amiss.
fn printed(record: &ProcessRecord, amiss: bool) -> Vec<String> {
    if !amiss {
        return Vec::new();
    }
    let last = &record.output[record.output.len().saturating_sub(TOLD)..];
    let lines = last.iter().map(|line| format!("{} {}", Time::from_micros(line.at), line.text));
    let silent = (last.is_empty() && record.error.is_none()).then(|| "it printed nothing".to_owned());
    record.error.iter().cloned().chain(silent).chain(lines).collect()
}

fn numbers(record: &ProcessRecord) -> Result<&Iperf3Record, String> {
    let numbers = record.iperf3.as_ref().ok_or("it printed no JSON of iperf3")?;
    numbers.error.as_ref().map_or(Ok(numbers), |error| Err(format!("iperf3: {error}")))
}

impl Iperf3Record {
    /// The part of each interval that is in the window, from 0 to 1.
    fn parts(&self, window: Window) -> impl Iterator<Item = (&crate::result::recording::Iperf3Interval, f64)> {
        let (from, to) = (window.from.map_or(0, Time::micros), window.to.map_or(u64::MAX, Time::micros));
        let within = move |start: u64, end: u64| end.min(to).saturating_sub(start.max(from));
        self.intervals.iter().map(move |interval| {
            let whole = (interval.to - interval.from).max(1);
            (interval, within(interval.from, interval.to) as f64 / whole as f64)
        })
    }

    fn bytes(&self, window: Window) -> Result<u64, String> {
        if window == Window::default() {
            return self.received.ok_or_else(|| "iperf3 does not say what arrived".to_owned());
        }
        Ok(self.parts(window).map(|(interval, part)| interval.bytes as f64 * part).sum::<f64>() as u64)
    }

    fn goodput(&self, window: Window) -> Result<Rate, String> {
        let bytes = self.bytes(window)?;
        let seen: f64 = self.parts(window).map(|(interval, part)| (interval.to - interval.from) as f64 * part).sum();
        let took = if window == Window::default() { self.took } else { seen as u64 };
        if took == 0 { Err("iperf3 has no interval in this window".to_owned()) } else { Ok(Rate::of(bytes, Time::from_micros(took))) }
    }

    fn retransmits(&self, window: Window) -> Result<u64, String> {
        let unknown = || "iperf3 does not know of retransmissions here: they are the sender's".to_owned();
        if window == Window::default() {
            return self.retransmits.ok_or_else(unknown);
        }
        let parts = self.parts(window).map(|(interval, part)| Some(interval.retransmits? as f64 * part));
        parts.sum::<Option<f64>>().map(|sum| sum as u64).ok_or_else(unknown)
    }
}
