//! Where two runs diverge: the first thing in time that only one of them has, or that differs.
//! Not here: whether that matters, and runs that must be identical, for which there is [`super::differences`].

use std::collections::{BTreeMap, BTreeSet};

use crate::result::recording::{HostRecord, Recording, growth};
use crate::words::Time;

/// Events and steps at most this far apart count as the same.
const NEAR: Time = Time::from_millis(250);
/// Bytes are compared by spans of this length.
const SPAN: Time = Time::from_millis(500);

/// A difference: its time, and what was seen in each run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apart {
    /// When it was seen first.
    pub at: Time,
    /// What it is about: `laptop: sub-established 10.0.2.1 to 10.0.1.2`.
    pub what: String,
    /// In the first run.
    pub one: String,
    /// In the second run.
    pub other: String,
}

/// The first differences of each kind, in the order of time: events, steps, what interfaces carried and, if both runs were in virtual time, single
/// values.
pub fn apart(one: &Recording, other: &Recording) -> Vec<Apart> {
    let exact = (one.place.is_virtual() && other.place.is_virtual()).then(|| first_value(one, other)).flatten();
    let mut found: Vec<Apart> = [exact, first_event(one, other), first_load(one, other)].into_iter().flatten().collect();
    found.sort_by_key(|apart| apart.at);
    found
}

/// What happened, with its times: path-manager events without ports and tokens, which are random, the kernels' notices about
/// links, addresses and routes, and steps.
fn happenings(recording: &Recording) -> BTreeMap<String, Vec<Time>> {
    let mut all: BTreeMap<String, Vec<Time>> = BTreeMap::new();
    for (host, record) in &recording.hosts {
        for event in &record.events {
            let part = |name: &str| event.detail.split(' ').find_map(|field| field.strip_prefix(name)).map(str::to_owned);
            let from = part("saddr4=").or_else(|| part("saddr6="));
            let to = part("daddr4=").or_else(|| part("daddr6="));
            let words: Vec<String> = [Some(event.kind.clone()), from, to.map(|to| format!("to {to}"))].into_iter().flatten().collect();
            all.entry(format!("{host}: {}", words.join(" "))).or_default().push(Time::from_micros(event.at));
        }
        for notice in &record.notices {
            all.entry(format!("{host}: {notice}")).or_default().push(Time::from_micros(notice.at));
        }
    }
    for step in &recording.steps {
        all.entry(format!("step: {}", step.lines.join("; "))).or_default().push(Time::from_micros(step.at));
    }
    all
}

fn first_event(one: &Recording, other: &Recording) -> Option<Apart> {
    let (ours, theirs) = (happenings(one), happenings(other));
    let names: std::collections::BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let told = |at: Option<Time>| at.map_or_else(|| "never".to_owned(), |at| format!("at {at}"));
    let of = |name: &String| {
        let none = Vec::new();
        let (here, there) = (ours.get(name).unwrap_or(&none), theirs.get(name).unwrap_or(&none));
        let mut pairs = (0..here.len().max(there.len())).map(|n| (here.get(n).copied(), there.get(n).copied()));
        let near = |(here, there): &(Option<Time>, Option<Time>)| {
            here.zip(*there).is_some_and(|(here, there)| here.since(there).max(there.since(here)) <= NEAR)
        };
        let (here, there) = pairs.find(|pair| !near(pair))?;
        let at = [here, there].into_iter().flatten().min()?;
        Some(Apart { at, what: name.clone(), one: told(here), other: told(there) })
    };
    names.into_iter().filter_map(of).min_by_key(|apart| apart.at)
}

/// The first span in which an interface carried less than half of what it carried in the other run.
fn first_load(one: &Recording, other: &Recording) -> Option<Apart> {
    let carried = |record: &HostRecord, interface: &str, from: Time| {
        let series = record.interfaces.get(interface)?;
        let to = from.after(SPAN);
        Some(growth(&record.at, &series.rx_bytes, from, to) + growth(&record.at, &series.tx_bytes, from, to))
    };
    let ends = one.end.min(other.end);
    let mut found: Vec<Apart> = Vec::new();
    for (host, here) in &one.hosts {
        let Some(there) = other.hosts.get(host) else { continue };
        let sampled = here.at.iter().chain(&there.at).map(|at| at / SPAN.micros()).filter(|span| *span < ends / SPAN.micros());
        let spans: BTreeSet<Time> = sampled.map(|span| Time::from_micros(span * SPAN.micros())).collect();
        for interface in here.interfaces.keys().filter(|interface| *interface != "lo") {
            let of = |from: &Time| Some((*from, carried(here, interface, *from)?, carried(there, interface, *from)?));
            let loads: Vec<(Time, u64, u64)> = spans.iter().filter_map(of).collect();
            // Small amounts differ by chance.
            let most = loads.iter().map(|(_, here, there)| *here.max(there)).max().unwrap_or(0);
            let differ = |(_, here, there): &&(Time, u64, u64)| *here.max(there) > most / 10 && *here.min(there) < *here.max(there) / 2;
            let Some((at, here, there)) = loads.iter().find(differ) else { continue };
            let told = |bytes: u64| crate::words::Size(bytes).to_string();
            let what = format!("{host}:{interface}: bytes in {at}..{}", at.after(SPAN));
            found.push(Apart { at: *at, what, one: told(*here), other: told(*there) });
        }
    }
    found.into_iter().min_by_key(|apart| apart.at)
}

/// A series by name: its times and its values.
type Columns<'a> = BTreeMap<String, (&'a [u64], &'a [u64])>;

fn columns(recording: &Recording) -> Columns<'_> {
    let mut all = Columns::new();
    for (host, record) in &recording.hosts {
        for (name, series) in &record.interfaces {
            all.insert(format!("{host}:{name}: bytes received"), (&record.at, &series.rx_bytes));
            all.insert(format!("{host}:{name}: bytes sent"), (&record.at, &series.tx_bytes));
        }
        for (name, values) in &record.counters {
            all.insert(format!("{host}: {name}"), (&record.counted, values));
        }
        for (number, subflow) in record.subflows.iter().enumerate() {
            let name = |what: &str| format!("{host}: {what} of subflow {} ({})", number + 1, subflow.local);
            all.insert(name("bytes acknowledged"), (&subflow.at, &subflow.bytes_acked));
            all.insert(name("bytes received"), (&subflow.at, &subflow.bytes_received));
            all.insert(name("retransmits"), (&subflow.at, &subflow.retransmits));
            all.insert(name("cwnd"), (&subflow.at, &subflow.cwnd));
        }
    }
    all
}

fn first_value(one: &Recording, other: &Recording) -> Option<Apart> {
    let (ours, theirs) = (columns(one), columns(other));
    let of = |(name, (at, values)): (&String, &(&[u64], &[u64]))| {
        let (there, others) = theirs.get(name)?;
        let differs = |n: &usize| at.get(*n) != there.get(*n) || values.get(*n) != others.get(*n);
        let first = (0..at.len().max(there.len())).find(differs)?;
        let told = |at: Option<&u64>, value: Option<&u64>| match at.zip(value) {
            Some((at, value)) => format!("{value} at {}", Time::from_micros(*at)),
            None => "no more".to_owned(),
        };
        let when = [at.get(first), there.get(first)].into_iter().flatten().min()?;
        let (here, there) = (told(at.get(first), values.get(first)), told(there.get(first), others.get(first)));
        Some(Apart { at: Time::from_micros(*when), what: name.clone(), one: here, other: there })
    };
    ours.iter().filter_map(of).min_by_key(|apart| apart.at)
}
