//! `when`: what a step without a fixed time waits for.
//! Not here: watching for it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use toml::de::DeTable;

use crate::document::case::measure::{EVENT_KINDS, named_counter};
use crate::document::case::named;
use crate::document::case::{Subject, Transfer};
use crate::document::diagnostic::Mistakes;
use crate::document::toml::{Entry, Named, Read, Shape, Spanned, Table, Value};
use crate::document::topology::Topology;
use crate::words::{Constraint, Count, Protocol, Size, Time};

pub(in crate::document::case) const WHEN: Shape = Shape {
    heading: "`when`",
    what: "what a step waits for",
    keys: &["transfer", "host", "process", "subflows", "bytes", "counters", "events", "after", "within"],
};

/// The default time to wait.
const WITHIN: Time = Time::from_millis(10_000);

/// What a step waits for once the steps before it are done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct When {
    /// The conditions, which must all hold at one look. If empty, the step waits only for those before it.
    pub all: Vec<Condition>,
    /// How long after that the step is taken.
    pub after: Time,
    /// How long to wait for it.
    pub within: Time,
}

/// A condition on a run while it lasts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Each connection of a transfer has this many established subflows.
    Subflows(String, Constraint<Count>),
    /// This many bytes of a transfer have arrived, all connections and directions together.
    Bytes(String, Constraint<Size>),
    /// A counter of a host has grown by this much.
    Counter(String, String, Constraint<Count>),
    /// A host has had this many path-manager events of a kind.
    Event(String, String, Constraint<Count>),
    /// A process is ready.
    Ready(String),
}

impl Condition {
    /// The subject of the condition.
    pub fn subject(&self) -> Subject {
        match self {
            Self::Subflows(transfer, _) | Self::Bytes(transfer, _) => Subject::Transfer(transfer.clone()),
            Self::Counter(host, ..) | Self::Event(host, ..) => Subject::Host(host.clone()),
            Self::Ready(process) => Subject::Process(process.clone()),
        }
    }

    /// Whether it holds for an amount, and the amount in words.
    pub fn seen(&self, amount: u64) -> (bool, String) {
        match self {
            Self::Subflows(_, constraint) => (constraint.holds(Count(amount)), format!("subflows {amount}")),
            Self::Bytes(_, constraint) => (constraint.holds(Size(amount)), format!("bytes {}", Size(amount))),
            Self::Counter(_, name, constraint) => (constraint.holds(Count(amount)), format!("{name} {amount}")),
            Self::Event(_, kind, constraint) => (constraint.holds(Count(amount)), format!("{kind} {amount}")),
            Self::Ready(_) => (amount > 0, if amount > 0 { "ready" } else { "not ready" }.to_owned()),
        }
    }
}

/// `subflows >= 2`
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subflows(_, constraint) => write!(f, "subflows {constraint}"),
            Self::Bytes(_, constraint) => write!(f, "bytes {constraint}"),
            Self::Counter(_, name, constraint) | Self::Event(_, name, constraint) => write!(f, "{name} {constraint}"),
            Self::Ready(_) => f.write_str("ready"),
        }
    }
}

/// `download has subflows >= 2, and 100ms later`
impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.all.iter().map(ToString::to_string).collect();
        match self.all.first().map(Condition::subject) {
            Some(Subject::Process(of)) => write!(f, "{of} is ready")?,
            Some(Subject::Transfer(of) | Subject::Host(of)) => write!(f, "{of} has {}", all.join(" and "))?,
            None => f.write_str("the steps before it are done")?,
        }
        if self.after > Time::ZERO { write!(f, ", and {} later", self.after) } else { Ok(()) }
    }
}

/// What a step waits for as it is written.
#[derive(Debug)]
pub(in crate::document::case) struct RawWhen {
    transfer: Option<Spanned<String>>,
    host: Option<Spanned<String>>,
    process: Option<Spanned<String>>,
    subflows: Option<Spanned<Constraint<Count>>>,
    bytes: Option<Spanned<Constraint<Size>>>,
    counters: Named<Constraint<Count>>,
    events: Named<Constraint<Count>>,
    after: Time,
    within: Option<Spanned<Time>>,
}

impl Read for RawWhen {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &WHEN, mistakes)?;
        for (subject, conditions) in [("transfer", ["subflows", "bytes"]), ("host", ["counters", "events"])] {
            let had = table.present(&conditions);
            match table.present(&[subject]).as_slice() {
                [(_, span)] if had.is_empty() => {
                    let help = format!("write `{}` or `{}` beside it", conditions[0], conditions[1]);
                    table.mistakes.absent(span, format!("this step names a {subject}, but not what to wait for")).help(help);
                }
                [] => {
                    for (key, span) in had {
                        let help = format!("add `{subject} = ...`");
                        table.mistakes.add(&span, format!("`{key}` belongs to a {subject}, and none is named")).help(help);
                    }
                }
                _ => {}
            }
        }
        for (_, value) in ["counters", "events"].map(|key| table.entry(key)).into_iter().flatten() {
            if value.get_ref().as_table().is_some_and(DeTable::is_empty) {
                table.mistakes.add(&value.span(), "this waits for nothing").help("write a name and how much, such as { NAME = 1 }");
            }
        }
        let both = table.present(&["transfer", "host", "process"]);
        if let [(_, first), (_, second), ..] = both.as_slice() {
            let help = "write a step for each that waits for one of them, or leave one out";
            table.mistakes.add(second, "a step waits for a transfer, a host or a process").beside(first, "the other one").help(help);
        }
        if both.is_empty() && table.present(&["after", "subflows", "bytes", "counters", "events"]).is_empty() {
            let help = "write what it waits for, such as { transfer = \"NAME\", subflows = 2 }, or `after` for a time after the step above";
            table.mistakes.absent(&value.span(), "this waits for nothing").help(help);
        }
        Some(Self {
            transfer: table.optional("transfer"),
            host: table.optional("host"),
            process: table.optional("process"),
            subflows: table.optional("subflows"),
            bytes: table.optional("bytes"),
            counters: table.or_default("counters"),
            events: table.or_default("events"),
            after: table.or_default("after"),
            within: table.optional("within"),
        })
    }
}

impl RawWhen {
    /// The process that must become ready.
    pub(in crate::document::case) fn process(&self) -> Option<&Spanned<String>> {
        self.process.as_ref()
    }

    /// Checks what a step waits for.
    pub(in crate::document::case) fn check(
        &self,
        topology: Option<&Topology>,
        transfers: &BTreeMap<String, Transfer>,
        known: &[&str],
        processes: &[&str],
        mistakes: &mut Mistakes,
    ) -> When {
        let mut all = Vec::new();
        if let Some(transfer) = &self.transfer {
            if !known.contains(&transfer.value.as_str()) {
                let message = format!("the case has no transfer `{}`", transfer.value);
                mistakes.undefined(&transfer.span, message, &transfer.value, known.iter().copied());
            }
            let plain = transfers.get(&transfer.value).filter(|transfer| transfer.client_protocol == Protocol::Tcp);
            if let (Some(subflows), Some(_)) = (&self.subflows, plain) {
                mistakes.add(&subflows.span, "this transfer speaks TCP, which has no subflows").help("wait for `bytes`");
            }
            all.extend(self.subflows.as_ref().map(|subflows| Condition::Subflows(transfer.value.clone(), subflows.value)));
            all.extend(self.bytes.as_ref().map(|bytes| Condition::Bytes(transfer.value.clone(), bytes.value)));
        }
        if let Some(host) = &self.host {
            if let Some(topology) = topology {
                named::host(topology, host, mistakes);
            }
            for (kind, entry) in self.events.iter().filter(|(kind, _)| !EVENT_KINDS.contains(&kind.as_str())) {
                mistakes.unknown(&entry.name, format!("`{kind}` is not a path-manager event"), kind, EVENT_KINDS);
            }
            for (name, entry) in &self.counters {
                named_counter(name, &entry.name, mistakes);
            }
            let of = |(name, entry): (&String, &Entry<Constraint<Count>>)| (host.value.clone(), name.clone(), entry.value);
            all.extend(self.counters.iter().map(of).map(|(host, name, constraint)| Condition::Counter(host, name, constraint)));
            all.extend(self.events.iter().map(of).map(|(host, name, constraint)| Condition::Event(host, name, constraint)));
        }
        if let Some(process) = &self.process {
            if !processes.contains(&process.value.as_str()) {
                let message = format!("the case has no process `{}`", process.value);
                mistakes.undefined(&process.span, message, &process.value, processes.iter().copied());
            }
            all.push(Condition::Ready(process.value.clone()));
        }
        if let Some(within) = self.within.as_ref().filter(|_| all.is_empty()) {
            mistakes.add(&within.span, "there is nothing to wait for within this time").help("remove it, or write what is waited for");
        }
        When { all, after: self.after, within: self.within.as_ref().map_or(WITHIN, |within| within.value) }
    }
}
