//! Two recordings side by side: how they ended, where they diverge, measures, counters, events and subflows.
//! Not here: what is compared, and how.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::columns;
use super::style::{Colour, Style};
use super::verdict::headline;
use crate::result::compare::apart;
use crate::result::judge::counters::{Grown, growth};
use crate::result::judge::{judge, readings};
use crate::result::recording::{Recording, SubflowSeries};
use crate::words::{Size, Time, Window};

/// Two recordings with their names. Rows that differ are marked.
pub fn beside(names: [&str; 2], [one, other]: [&Recording; 2], style: Style) -> String {
    let head =
        |name: &str, recording: &Recording| format!("{name}\n  {}\n", headline(recording, &judge(recording, &recording.job.case), style));
    let mut parts = vec![head(names[0], one) + &head(names[1], other), moments(one, other)];
    let title = |text: &str| style.paint(Colour::Bold, text);
    let measures = [one, other].map(|recording| {
        let measured = readings(recording, &recording.job.case).into_iter();
        measured.map(|(name, reading)| (name, reading.amount.to_string())).collect()
    });
    parts.push(section(&title("measures"), measures, true));
    let counted = [one, other].map(|recording| growth(recording, Window::default()).iter().flat_map(counts).collect());
    parts.push(section(&title("counters that differ"), counted, false));
    parts.push(section(&title("events"), [one, other].map(events), true));
    parts.push(section(&title("subflows"), [one, other].map(subflows), true));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

fn moments(one: &Recording, other: &Recording) -> String {
    let apart = apart(one, other);
    if apart.is_empty() {
        return "no difference in time was found\n".to_owned();
    }
    let row = |apart: &crate::result::compare::Apart| [apart.at.to_string(), apart.what.clone(), apart.one.clone(), apart.other.clone()];
    let head = ["first differences", "of what", "the one", "the other"].map(str::to_owned);
    columns(&[head].into_iter().chain(apart.iter().map(row)).collect::<Vec<_>>(), &[0, 1, 2, 3])
}

/// Rows of both, those that are the same included or not.
fn section(title: &str, [one, other]: [BTreeMap<String, String>; 2], alike: bool) -> String {
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let cell = |of: &BTreeMap<String, String>, name: &String| of.get(name).cloned().unwrap_or_else(|| "-".to_owned());
    let rows = names.into_iter().map(|name| {
        let (here, there) = (cell(&one, name), cell(&other, name));
        [if here == there { " " } else { "*" }.to_owned(), name.clone(), here, there]
    });
    let rows: Vec<_> = rows.filter(|row| alike || row[0] == "*").collect();
    if rows.is_empty() { String::new() } else { format!("{title}\n{}", columns(&rows, &[0, 1, 2])) }
}

fn counts(counter: &Grown) -> Vec<(String, String)> {
    counter.by.iter().map(|(host, count)| (format!("{host}: {}", counter.name), count.to_string())).collect()
}

fn events(recording: &Recording) -> BTreeMap<String, String> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for (host, record) in &recording.hosts {
        for event in &record.events {
            *counts.entry(format!("{host}: {}", event.kind)).or_default() += 1;
        }
        for notice in &record.notices {
            *counts.entry(format!("{host}: {notice}")).or_default() += 1;
        }
    }
    counts.into_iter().map(|(name, count)| (name, count.to_string())).collect()
}

/// The subflows between two addresses, all connections together: ports and their order are random.
fn subflows(recording: &Recording) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, Vec<&SubflowSeries>> = BTreeMap::new();
    let address = |text: &str| text.rsplit_once(':').map_or(text, |(address, _)| address).to_owned();
    for (host, record) in &recording.hosts {
        for subflow in &record.subflows {
            all.entry(format!("{host}: {} to {}", address(&subflow.local), address(&subflow.remote))).or_default().push(subflow);
        }
    }
    let told = |subflows: Vec<&SubflowSeries>| {
        let sum = |of: fn(&SubflowSeries) -> &Vec<u64>| subflows.iter().filter_map(|subflow| of(subflow).last()).sum::<u64>();
        let up: Vec<u64> = subflows.iter().flat_map(|subflow| subflow.up()).collect();
        let seconds = |at: u64| format!("{:.1}s", Time::from_micros(at).seconds());
        let span = up.iter().min().zip(up.iter().max());
        let span = span.map_or_else(|| "never up".to_owned(), |(from, to)| format!("{}..{}", seconds(*from), seconds(*to)));
        let (sent, received) = (Size(sum(|subflow| &subflow.bytes_acked)), Size(sum(|subflow| &subflow.bytes_received)));
        format!("{} of them, {sent} sent, {received} received, {} retrans, {span}", subflows.len(), sum(|subflow| &subflow.retransmits))
    };
    all.into_iter().map(|(name, subflows)| (name, told(subflows))).collect()
}
