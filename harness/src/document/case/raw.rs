//! A case file as it is written: its keys, their types, and their places. testcases/README.md explains the keys.
//! Not here: whether the names in it exist and the values make sense (`check`).

mod process;

use super::measure::{ALL, About, Written};
use super::step;
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Named, Read, Shape, Spanned, Table, Value};
use crate::document::topology::Family;
use crate::words::{Errno, Protocol, Rate, Size, Time, TransferDirection, Window};
pub(super) use process::{File, Process, Ready};

const CASE: Shape = Shape {
    heading: "The file",
    what: "a case",
    keys: &["summary", "topology", "deadline", "sample", "must_fail", "transfer", "process", "step", "expect", "variant"],
};
/// What is different in the topology that it extends is read where that is extended.
pub(super) const TOPOLOGY: Shape =
    Shape { heading: "`topology`", what: "a case's topology", keys: &["extends", "summary", "ipv6", "host", "link"] };
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
        "exchanges",
        "rate",
        "connections",
        "reconnects",
        "start",
        "listen",
        "v4_mapped",
        "device",
        "congestion",
        "mark",
        "fast_open",
        "peek",
        "inq",
        "abort",
    ],
};
const BYTES: Shape = Shape { heading: "`bytes`", what: "a table of bytes", keys: &["up", "down"] };
const EXCHANGES: Shape =
    Shape { heading: "`exchanges`", what: "a table of exchanges", keys: &["request", "response", "count", "duration"] };
const ABORT: Shape = Shape { heading: "`abort`", what: "an end that gives up", keys: &["host", "after"] };
const VARIANT: Shape = Shape { heading: "`[[variant]]`", what: "a variant", keys: &["name", "case", "topology"] };
/// The keys of verbs come in addition.
const STEP: Shape = Shape { heading: "`[[step]]`", what: "a step", keys: &["at", "when", "refused"] };
/// The keys of measures come in addition.
const EXPECT: Shape = Shape { heading: "`[[expect]]`", what: "an expectation", keys: &["transfer", "host", "process", "during"] };

#[derive(Debug)]
pub(super) struct Case {
    /// Whether transfers or processes are written, readable or not.
    pub(super) has_traffic: bool,
    pub(super) summary: Option<Spanned<String>>,
    pub(super) topology: Option<Based>,
    pub(super) deadline: Option<Spanned<Time>>,
    pub(super) sample: Option<Spanned<Time>>,
    pub(super) must_fail: Vec<Spanned<String>>,
    pub(super) transfers: Named<Transfer>,
    pub(super) processes: Named<Process>,
    pub(super) steps: Vec<Spanned<Step>>,
    pub(super) expects: Vec<Spanned<Expect>>,
    pub(super) variants: Vec<Spanned<Variant>>,
}

/// The topology that a case runs on.
#[derive(Debug)]
pub(super) struct Based {
    /// The one that it names.
    pub(super) name: Spanned<String>,
    /// Whether the case has something different from that.
    pub(super) changed: bool,
}

impl Read for Based {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        if !value.get_ref().is_table() {
            return Some(Self { name: Spanned::read(value, mistakes)?, changed: false });
        }
        let mut table = Table::open(value, &TOPOLOGY, mistakes)?;
        Some(Self { name: table.required("extends")?, changed: true })
    }
}

/// A variant: what it changes is read where it is applied.
#[derive(Debug)]
pub(super) struct Variant {
    pub(super) name: Option<Spanned<String>>,
}

impl Read for Variant {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &VARIANT, mistakes)?;
        let changes: Vec<_> = ["case", "topology"].into_iter().filter_map(|key| table.entry(key)).collect();
        if table.lacks(&["case", "topology"]) {
            let help = "write what is different: `case.KEY = ...` or `topology.KEY = ...`";
            table.mistakes.absent(&value.span(), "this variant changes nothing").help(help);
        }
        for (key, change) in changes {
            if !change.get_ref().is_table() {
                table
                    .mistakes
                    .add(&key, "a variant says what is different key by key")
                    .help("write `case.KEY = ...` or `topology.KEY = ...`");
            }
        }
        Some(Self { name: table.required("name") })
    }
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
    pub(super) server_protocol: Option<Spanned<Spoken>>,
    pub(super) direction: Option<Spanned<TransferDirection>>,
    pub(super) bytes: Option<Spanned<Bytes>>,
    pub(super) duration: Option<Spanned<Time>>,
    pub(super) exchanges: Option<Spanned<Exchanges>>,
    pub(super) rate: Option<Spanned<Rate>>,
    pub(super) connections: Option<Spanned<u32>>,
    pub(super) reconnects: Option<Spanned<u32>>,
    pub(super) start: Time,
    pub(super) listen: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) v4_mapped: Option<Spanned<bool>>,
    pub(super) device: Option<Spanned<String>>,
    pub(super) congestion: Option<Spanned<String>>,
    pub(super) mark: Option<Spanned<u32>>,
    pub(super) fast_open: Option<Spanned<bool>>,
    pub(super) peek: bool,
    pub(super) inq: bool,
    pub(super) abort: Option<Spanned<Abort>>,
}

/// What the sockets speak that a server has at its port: one, or a first and a second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spoken(pub(super) Protocol, pub(super) Option<Protocol>);

impl Read for Spoken {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        if !value.get_ref().is_array() {
            return Protocol::read(value, mistakes).map(|protocol| Self(protocol, None));
        }
        let all = Vec::<Spanned<Protocol>>::read(value, mistakes)?;
        let [first, second] = all.as_slice() else {
            if value.get_ref().as_array().is_some_and(|written| written.len() == all.len()) {
                let help = "write [\"mptcp\", \"tcp\"] for one of each, or one protocol without [ ]";
                mistakes.add(&value.span(), "a port has two sockets at the most").help(help);
            }
            return None;
        };
        Some(Self(first.value, Some(second.value)))
    }
}

/// How many bytes a transfer has.
#[derive(Debug)]
pub(super) enum Bytes {
    /// This many in each of its directions.
    EachWay(Size),
    /// From the client to the server, and back.
    BothWays { up: Option<Spanned<Size>>, down: Option<Spanned<Size>> },
}

impl Read for Bytes {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        if !value.get_ref().is_table() {
            return Size::read(value, mistakes).map(Self::EachWay);
        }
        let mut table = Table::open(value, &BYTES, mistakes)?;
        Some(Self::BothWays { up: table.required("up"), down: table.required("down") })
    }
}

/// What the two ends say in turn, and for how long.
#[derive(Debug)]
pub(super) struct Exchanges {
    pub(super) request: Option<Spanned<Size>>,
    pub(super) response: Option<Spanned<Size>>,
    pub(super) count: Option<Spanned<u32>>,
    pub(super) duration: Option<Spanned<Time>>,
}

impl Read for Exchanges {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &EXCHANGES, mistakes)?;
        table.exactly_one(&["count", "duration"]);
        Some(Self {
            request: table.required("request"),
            response: table.required("response"),
            count: table.optional("count"),
            duration: table.optional("duration"),
        })
    }
}

/// Which end gives a connection up.
#[derive(Debug)]
pub(super) struct Abort {
    pub(super) host: Option<Spanned<String>>,
    pub(super) after: Option<Spanned<Size>>,
}

impl Read for Abort {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &ABORT, mistakes)?;
        Some(Self { host: table.required("host"), after: table.required("after") })
    }
}

#[derive(Debug)]
pub(super) struct Step {
    pub(super) at: Option<Spanned<Time>>,
    pub(super) when: Option<Spanned<step::RawWhen>>,
    pub(super) refused: Option<Spanned<Errno>>,
    /// The value of the first verb that could be read, and its place.
    pub(super) written: Option<Box<dyn step::Written>>,
    pub(super) span: Span,
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
            has_traffic: table.fills(&["transfer", "process"]),
            summary: table.required("summary"),
            topology: table.required("topology").map(|topology| topology.value),
            deadline: table.optional("deadline"),
            sample: table.optional("sample"),
            must_fail: table.or_default("must_fail"),
            transfers: table.or_default("transfer"),
            processes: table.or_default("process"),
            steps: table.or_default("step"),
            expects: table.or_default("expect"),
            variants: table.or_default("variant"),
        })
    }
}

impl Read for Transfer {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &TRANSFER, mistakes)?;
        table.exactly_one(&["bytes", "duration", "exchanges"]);
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
            direction: table.optional("direction"),
            bytes: table.optional("bytes"),
            duration: table.optional("duration"),
            exchanges: table.optional("exchanges"),
            rate: table.optional("rate"),
            connections: table.optional("connections"),
            reconnects: table.optional("reconnects"),
            start: table.or_default("start"),
            listen: table.optional("listen"),
            v4_mapped: table.optional("v4_mapped"),
            device: table.optional("device"),
            congestion: table.optional("congestion"),
            mark: table.optional("mark"),
            fast_open: table.optional("fast_open"),
            peek: table.or_default("peek"),
            inq: table.or_default("inq"),
            abort: table.optional("abort"),
        })
    }
}

impl Read for Step {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let verbs: Vec<_> = step::ALL.iter().map(|about| about.key).collect();
        let mut table = Table::open_with(value, &STEP, &verbs, mistakes)?;
        table.exactly_one(&verbs);
        table.exactly_one(&["at", "when"]);
        let (at, when, refused) = (table.optional("at"), table.optional("when"), table.optional("refused"));
        let mut read = Vec::new();
        for about in step::ALL {
            let written = table.with(about.key, |_, value, mistakes| (about.read)(value, mistakes).map(|written| (written, value.span())));
            read.extend(written.flatten());
        }
        let (written, span) = read.into_iter().next().map_or_else(|| (None, value.span()), |(written, span)| (Some(written), span));
        Some(Self { at, when, refused, written, span })
    }
}

impl Read for Expect {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let keys: Vec<_> = ALL.iter().map(|about| about.key).collect();
        let mut table = Table::open_with(value, &EXPECT, &keys, mistakes)?;
        table.exactly_one(&["transfer", "host", "process"]);
        let mut measures = Vec::new();
        for about in ALL {
            measures.extend(table.with(about.key, |key, value, mistakes| Written::read(about, key.clone(), value, mistakes)));
        }
        if table.lacks(&keys) {
            let [transfer, host, process] = ["transfer", "host", "process"].map(|of| {
                let had = |about: &&&About| about.of.iter().any(|having| having.key() == of);
                ALL.iter().filter(had).map(|about| about.key).collect::<Vec<_>>().join(", ")
            });
            let help = format!("write one of {transfer} or, for a host, {host} or, for a process, {process}");
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

    /// `[[expect]]` is made of the measures.
    #[test]
    fn every_key_is_in_the_reference_document() {
        let document = include_str!("../../../../testcases/README.md");
        let tables = [
            &CASE,
            &TOPOLOGY,
            &TRANSFER,
            &BYTES,
            &EXCHANGES,
            &ABORT,
            &VARIANT,
            &process::PROCESS,
            &process::FILE,
            &process::READY,
            &step::WHEN,
        ]
        .into_iter()
        .chain(step::ALL.iter().flat_map(|about| about.tables).copied());
        for table in tables {
            Shape::compare(&[table], document);
        }
        STEP.compare_with(&step::ALL.iter().map(|about| about.key).collect::<Vec<_>>(), document);
    }
}
