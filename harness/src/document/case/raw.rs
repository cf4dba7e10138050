//! A case file as it is written: its keys, their types, and where each stands. The keys are explained in testcases/README.md.
//! Not here: whether the names in it exist and what is said makes sense (`check`).

mod process;

use super::Verb;
use super::measure::{ALL, About, Written};
use super::paths::{RawCommand, RawEndpoint, RawLimits};
use crate::document::diagnostic::Mistakes;
use crate::document::toml::{Named, Read, Shape, Spanned, Table, Value, word};
use crate::document::topology::Family;
use crate::document::topology::conditions::{CONDITIONS, Conditions, Told};
use crate::document::topology::firewall::Rule;
use crate::words::{Direction, Protocol, Rate, Size, Time, Window};
pub(super) use process::{Deed, Process, Ready};

const CASE: Shape = Shape {
    heading: "The file",
    what: "a case",
    keys: &["summary", "topology", "deadline", "sample", "must_fail", "transfer", "process", "step", "expect"],
};
const TRANSFER: Shape = Shape {
    heading: "`[transfer.NAME]`",
    what: "a transfer",
    keys: &[
        "client",
        "server",
        "to",
        "from",
        "family",
        "port",
        "protocol",
        "client_protocol",
        "server_protocol",
        "direction",
        "bytes",
        "duration",
        "rate",
        "connections",
        "start",
    ],
};
const STEP: Shape = Shape {
    heading: "`[[step]]`",
    what: "a step",
    keys: &["at", "cut", "endpoint", "firewall", "limits", "path_manager", "restore", "shape", "start", "stop", "kill", "pause", "resume"],
};
const CUT: Shape = Shape { heading: "`cut`", what: "a cut", keys: &["link", "how", "end", "direction"] };
const SHAPE: Shape = Shape { heading: "`shape`", what: "a change of conditions", keys: &["link", "up", "down", "over"] };
const FIREWALL: Shape = Shape { heading: "`firewall`", what: "a change of a firewall", keys: &["host", "rules"] };
/// The keys of measures come in addition.
const EXPECT: Shape = Shape { heading: "`[[expect]]`", what: "an expectation", keys: &["transfer", "host", "process", "during"] };

/// Every table of a case file but `[[expect]]`, for the test that compares them with the reference document: that one is made of the measures.
#[cfg(test)]
pub(super) const SHAPES: [&Shape; 11] = [
    &CASE,
    &TRANSFER,
    &process::PROCESS,
    &process::READY,
    &STEP,
    &CUT,
    &SHAPE,
    &FIREWALL,
    &super::paths::ENDPOINT,
    &super::paths::LIMITS,
    &super::paths::PATH_MANAGER,
];

#[derive(Debug)]
pub(super) struct Case {
    pub(super) summary: Option<Spanned<String>>,
    pub(super) topology: Option<Spanned<String>>,
    pub(super) deadline: Option<Spanned<Time>>,
    pub(super) sample: Option<Spanned<Time>>,
    pub(super) must_fail: Vec<Spanned<String>>,
    pub(super) transfers: Named<Transfer>,
    pub(super) processes: Named<Process>,
    pub(super) steps: Vec<Spanned<Step>>,
    pub(super) expects: Vec<Spanned<Expect>>,
}

#[derive(Debug)]
pub(super) struct Transfer {
    pub(super) client: Option<Spanned<String>>,
    pub(super) server: Option<Spanned<String>>,
    pub(super) to: Option<Spanned<String>>,
    pub(super) from: Option<Spanned<String>>,
    pub(super) family: Option<Spanned<Family>>,
    pub(super) port: Option<Spanned<u16>>,
    pub(super) protocol: Option<Spanned<Protocol>>,
    pub(super) client_protocol: Option<Spanned<Protocol>>,
    pub(super) server_protocol: Option<Spanned<Protocol>>,
    pub(super) direction: Direction,
    pub(super) bytes: Option<Spanned<Size>>,
    pub(super) duration: Option<Spanned<Time>>,
    pub(super) rate: Option<Spanned<Rate>>,
    pub(super) connections: Option<Spanned<u32>>,
    pub(super) start: Time,
}

#[derive(Debug)]
pub(super) struct Step {
    pub(super) at: Option<Spanned<Time>>,
    pub(super) cut: Option<Spanned<Cut>>,
    pub(super) restore: Option<Spanned<String>>,
    pub(super) shape: Option<Spanned<Reshape>>,
    pub(super) firewall: Option<Spanned<Firewall>>,
    pub(super) process: Option<Deed>,
    pub(super) endpoint: Option<Spanned<RawEndpoint>>,
    pub(super) limits: Option<Spanned<RawLimits>>,
    pub(super) path_manager: Option<Spanned<RawCommand>>,
}

#[derive(Debug)]
pub(super) struct Firewall {
    pub(super) host: Option<Spanned<String>>,
    pub(super) rules: Option<Spanned<Vec<Spanned<Rule>>>>,
}

#[derive(Debug)]
pub(super) struct Reshape {
    pub(super) link: Option<Spanned<String>>,
    pub(super) conditions: Told,
    pub(super) over: Option<Spanned<Time>>,
}

#[derive(Debug)]
pub(super) struct Cut {
    pub(super) link: Option<Spanned<String>>,
    pub(super) how: Means,
    pub(super) end: Option<Spanned<String>>,
    pub(super) direction: Option<Spanned<Way>>,
}

/// How a link is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Means {
    #[default]
    Carrier,
    Admin,
    Blackhole,
}

/// In which direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Up,
    Down,
    Both,
}

#[derive(Debug)]
pub(super) struct Expect {
    pub(super) transfer: Option<Spanned<String>>,
    pub(super) host: Option<Spanned<String>>,
    pub(super) process: Option<Spanned<String>>,
    pub(super) during: Option<Spanned<Window>>,
    /// The measures that are written, readable or not, in the order of the reference document.
    pub(super) measures: Vec<Written>,
}

impl Read for Case {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &CASE, mistakes)?;
        Some(Self {
            summary: table.required("summary"),
            topology: table.required("topology"),
            deadline: table.optional("deadline"),
            sample: table.optional("sample"),
            must_fail: table.or_default("must_fail"),
            transfers: table.or_default("transfer"),
            processes: table.or_default("process"),
            steps: table.or_default("step"),
            expects: table.or_default("expect"),
        })
    }
}

impl Read for Transfer {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &TRANSFER, mistakes)?;
        table.exactly_one(&["bytes", "duration"]);
        Some(Self {
            client: table.required("client"),
            server: table.required("server"),
            to: table.optional("to"),
            from: table.optional("from"),
            family: table.optional("family"),
            port: table.optional("port"),
            protocol: table.optional("protocol"),
            client_protocol: table.optional("client_protocol"),
            server_protocol: table.optional("server_protocol"),
            direction: table.or_default("direction"),
            bytes: table.optional("bytes"),
            duration: table.optional("duration"),
            rate: table.optional("rate"),
            connections: table.optional("connections"),
            start: table.or_default("start"),
        })
    }
}

impl Read for Step {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &STEP, mistakes)?;
        table.exactly_one(&STEP.keys[1..]);
        let process = Verb::ALL.into_iter().find_map(|verb| Some((verb, table.optional(verb.key())?)));
        Some(Self {
            process,
            at: table.required("at"),
            cut: table.optional("cut"),
            restore: table.optional("restore"),
            shape: table.optional("shape"),
            firewall: table.optional("firewall"),
            endpoint: table.optional("endpoint"),
            limits: table.optional("limits"),
            path_manager: table.optional("path_manager"),
        })
    }
}

impl Read for Firewall {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &FIREWALL, mistakes)?;
        Some(Self { host: table.required("host"), rules: table.required("rules") })
    }
}

impl Read for Reshape {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open_with(value, &SHAPE, CONDITIONS.keys, mistakes)?;
        if table.present(&["up", "down"]).is_empty() && table.present(CONDITIONS.keys).is_empty() {
            table
                .mistakes
                .absent(&value.span(), "this changes nothing: a condition is missing")
                .help("write one or more of those of a link, such as rate = \"5mbit\"");
        }
        Some(Self {
            link: table.required("link"),
            conditions: Told { both: Conditions::among(&mut table), up: table.or_default("up"), down: table.or_default("down") },
            over: table.optional("over"),
        })
    }
}

impl Read for Cut {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        if let Some(link) = value.get_ref().as_str() {
            let link = Some(Spanned { value: link.to_owned(), span: value.span() });
            return Some(Self { link, how: Means::default(), end: None, direction: None });
        }
        let mut table = Table::open(value, &CUT, mistakes)?;
        Some(Self {
            link: table.required("link"),
            how: table.or_default("how"),
            end: table.optional("end"),
            direction: table.optional("direction"),
        })
    }
}

impl Read for Means {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let words = [("carrier", Self::Carrier), ("admin", Self::Admin), ("blackhole", Self::Blackhole)];
        word(value, "way to cut a link", &words, mistakes)
    }
}

impl Read for Way {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        word(value, "direction of a link", &[("up", Self::Up), ("down", Self::Down), ("both", Self::Both)], mistakes)
    }
}

impl Read for Expect {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let keys: Vec<_> = ALL.iter().map(|about| about.key).collect();
        let mut table = Table::open_with(value, &EXPECT, &keys, mistakes)?;
        table.exactly_one(&["transfer", "host", "process"]);
        let mut measures = Vec::new();
        for about in ALL {
            if let Some((key, value)) = table.entry(about.key) {
                measures.push(Written::read(about, key, value, table.mistakes));
            }
        }
        if measures.is_empty() {
            let [transfer, host, process] = ["transfer", "host", "process"].map(|of| {
                let had = |about: &&&About| about.of.iter().any(|having| having.key() == of);
                ALL.iter().filter(had).map(|about| about.key).collect::<Vec<_>>().join(", ")
            });
            let help = format!("write one of {transfer} or, of a host, {host} or, of a process, {process}");
            let span = table.span().clone();
            table.mistakes.absent(&span, "this expects nothing: a measure is missing").help(help);
        }
        Some(Self {
            transfer: table.optional("transfer"),
            host: table.optional("host"),
            process: table.optional("process"),
            during: table.optional("during"),
            measures,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_in_the_reference_document() {
        Shape::compare(&SHAPES, include_str!("../../../../testcases/README.md"));
    }
}
