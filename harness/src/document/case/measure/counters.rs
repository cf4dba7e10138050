//! `counters`: how much the kernel's counters grew.
//! Not here: what they mean.

use serde::{Deserialize, Serialize};

use super::Measure;
use super::about::{About, Of, Scope, Topic, Written, several};
use super::measured::{Measured, Measuring};
use super::run::HostSeen;
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Read, Value};
use crate::document::topology::Topology;
use crate::record::grown;
use crate::words::{Constraint, Count, Feature, Window};

/// Its description.
pub(super) const ABOUT: About = About {
    key: "counters",
    value: "table of counters",
    of: &[Of::Host],
    scope: Scope::Window,
    topic: Topic::Counters,
    meaning: "How much each counter grew, in the kernel's spelling (`nstat`): a constraint of a number for each, or a comparison with a counter \
              of any host: `\"= server:MPTcpExtMPJoinSynRx\"` means as much as that one grew.",
    read: |_, value, mistakes| several(value, mistakes, Bound::measure),
    check,
};

/// A counter of the host, in the kernel's spelling (`nstat`): how much it grew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counter(pub String, pub Constraint<Count>);

/// A counter of the host beside another host's: how much it grew against how much that did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CounterBeside {
    /// The counter, in the kernel's spelling.
    pub counter: String,
    /// How it compares, as a constraint is written: `=`, `>=`.
    pub operator: String,
    /// The other host.
    pub host: String,
    /// That one's counter.
    pub other: String,
}

/// The value of a counter's key.
#[derive(Debug)]
enum Bound {
    Number(Constraint<Count>),
    Beside { operator: String, host: String, other: String },
}

impl Bound {
    fn measure(counter: String, bound: Self) -> Measure {
        match bound {
            Self::Number(constraint) => Counter(counter, constraint).into(),
            Self::Beside { operator, host, other } => CounterBeside { counter, operator, host, other }.into(),
        }
    }
}

impl Read for Bound {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let Some((host, other)) = value.get_ref().as_str().and_then(|text| text.split_once(':')) else {
            return Constraint::read(value, mistakes).map(Self::Number);
        };
        let name = host.trim_start_matches(['<', '>', '=', '!']);
        let operator = if name == host { "=" } else { &host[..host.len() - name.len()] };
        if against(operator, 0).is_none() {
            let help = format!("write one such as \"= {}:{}\"", name.trim(), other.trim());
            mistakes.add(&value.span(), format!("`{operator}` is not a comparison")).help(help);
            return None;
        }
        Some(Self::Beside { operator: operator.to_owned(), host: name.trim().to_owned(), other: other.trim().to_owned() })
    }
}

/// The constraint of an operator and a number.
fn against(operator: &str, number: u64) -> Option<Constraint<Count>> {
    format!("{operator} {number}").parse().ok()
}

/// The prefixes of the kernel's counters: the lines of `/proc/net/netstat` and `/proc/net/snmp`.
const GROUPS: [&str; 7] = ["MPTcpExt", "TcpExt", "IpExt", "Tcp", "Ip", "Icmp", "Udp"];

/// Reports a name that is not a counter's, which would never grow.
pub(in crate::document::case) fn named(name: &str, at: &Span, mistakes: &mut Mistakes) {
    let of_a_group = GROUPS.iter().any(|group| name.starts_with(group) && name.len() > group.len());
    if !of_a_group || !name.chars().all(|c| c.is_ascii_alphanumeric()) {
        let help = if name.starts_with("MP") && !name.starts_with("MPTcpExt") {
            format!("write MPTcpExt{name}")
        } else {
            "write one as `nstat` shows it, such as MPTcpExtMPJoinSynRx".to_owned()
        };
        mistakes.add(at, format!("`{name}` is not a counter of the kernel")).help(help);
    }
}

fn check(written: &Written, _: Option<Of>, topology: Option<&Topology>, mistakes: &mut Mistakes) {
    for found in &written.found {
        named(&found.measure.item().unwrap_or_default(), &found.name, mistakes);
        if let (Measure::CounterBeside(CounterBeside { host, other, .. }), Some(topology)) = (&found.measure, topology) {
            named(other, &found.value, mistakes);
            if !topology.hosts.contains_key(host) {
                let known = topology.hosts.keys().map(String::as_str);
                mistakes.undefined(&found.value, format!("the topology has no host `{host}`"), host, known);
            }
        }
    }
}

/// The feature that a kernel needs for a counter. A missing counter would look like one that stayed 0.
fn needed(counter: &str) -> Option<Feature> {
    counter.starts_with("MPTcpExt").then(|| Feature::Counter(counter.to_owned()))
}

/// How much a host's counter grew.
fn growth(seen: &HostSeen<'_>, counter: &str, window: Window) -> Result<u64, String> {
    let host = seen.record()?;
    if host.counted.is_empty() {
        return Err(format!("{} was never sampled", seen.name));
    }
    Ok(host.counters.get(counter).map_or(0, |values| grown(&host.counted, values, window)))
}

impl Measuring for Counter {
    fn wanted(&self) -> String {
        self.1.to_string()
    }

    fn item(&self) -> Option<String> {
        Some(self.0.clone())
    }

    fn needs(&self) -> Vec<Feature> {
        needed(&self.0).into_iter().collect()
    }

    fn of_host(&self, seen: &HostSeen<'_>, window: Window) -> Result<Measured, String> {
        Ok(Measured::of(&self.1, Count(growth(seen, &self.0, window)?)))
    }
}

impl Measuring for CounterBeside {
    fn wanted(&self) -> String {
        format!("{} {}:{}", self.operator, self.host, self.other)
    }

    fn item(&self) -> Option<String> {
        Some(self.counter.clone())
    }

    fn needs(&self) -> Vec<Feature> {
        [&self.counter, &self.other].into_iter().filter_map(|counter| needed(counter)).collect()
    }

    fn of_host(&self, seen: &HostSeen<'_>, window: Window) -> Result<Measured, String> {
        let here = growth(seen, &self.counter, window)?;
        let there = growth(&seen.run.host(&self.host), &self.other, window)?;
        let constraint = against(&self.operator, there).ok_or_else(|| format!("`{}` is not a comparison", self.operator))?;
        let measured = Measured::of(&constraint, Count(here));
        Ok(Measured { text: format!("{here}, there {there}"), ..measured })
    }
}
