//! A process as it is written.
//! Not here: whether what it names exists (`check`).

use crate::document::diagnostic::Mistakes;
use crate::document::toml::{Named, Read, Shape, Spanned, Table, Value, word};
use crate::words::{Signal, Time};

pub(super) const PROCESS: Shape = Shape {
    heading: "`[process.NAME]`",
    what: "a process",
    keys: &["host", "command", "programs", "env", "files", "input", "mptcpize", "privileged", "start", "after", "ready", "until", "stop"],
};
pub(super) const FILE: Shape = Shape { heading: "`files`", what: "a file of a process", keys: &["path"] };
pub(super) const READY: Shape =
    Shape { heading: "`ready`", what: "what says that a process is ready", keys: &["port", "line", "file", "within"] };

#[derive(Debug)]
pub(in crate::document::case) struct Process {
    pub(in crate::document::case) host: Option<Spanned<String>>,
    pub(in crate::document::case) command: Option<Spanned<Command>>,
    pub(in crate::document::case) programs: Vec<Spanned<String>>,
    pub(in crate::document::case) env: Named<String>,
    pub(in crate::document::case) files: Named<File>,
    pub(in crate::document::case) input: Option<Spanned<String>>,
    pub(in crate::document::case) mptcpize: bool,
    pub(in crate::document::case) privileged: bool,
    pub(in crate::document::case) start: Option<Spanned<Time>>,
    pub(in crate::document::case) after: Vec<Spanned<String>>,
    pub(in crate::document::case) ready: Option<Spanned<Ready>>,
    pub(in crate::document::case) until: Option<Spanned<Until>>,
    pub(in crate::document::case) stop: Option<Spanned<Signal>>,
}

/// A file in a process's directory.
#[derive(Debug)]
pub(in crate::document::case) enum File {
    /// It has this content.
    Content(String),
    /// It is a copy of the file at this path, seen from the case.
    Path(Spanned<String>),
}

/// A program and its arguments.
#[derive(Debug)]
pub(in crate::document::case) struct Command(pub(in crate::document::case) Vec<String>);

#[derive(Debug)]
pub(in crate::document::case) struct Ready {
    pub(in crate::document::case) port: Option<Spanned<u16>>,
    pub(in crate::document::case) line: Option<Spanned<String>>,
    pub(in crate::document::case) file: Option<Spanned<String>>,
    pub(in crate::document::case) within: Option<Spanned<Time>>,
}

/// What ends a process that does not end by itself.
#[derive(Debug, Clone, Copy)]
pub(in crate::document::case) enum Until {
    End,
}

impl Read for Process {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &PROCESS, mistakes)?;
        Some(Self {
            host: table.required("host"),
            command: table.required("command"),
            programs: table.or_default("programs"),
            env: table.or_default("env"),
            files: table.or_default("files"),
            input: table.optional("input"),
            mptcpize: table.or_default("mptcpize"),
            privileged: table.or_default("privileged"),
            start: table.optional("start"),
            after: table.or_default("after"),
            ready: table.optional("ready"),
            until: table.optional("until"),
            stop: table.optional("stop"),
        })
    }
}

impl Read for File {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        if !value.get_ref().is_table() {
            return String::read(value, mistakes).map(Self::Content);
        }
        let mut table = Table::open(value, &FILE, mistakes)?;
        table.required("path").map(Self::Path)
    }
}

impl Read for Ready {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &READY, mistakes)?;
        table.exactly_one(&["port", "line", "file"]);
        Some(Self {
            port: table.optional("port"),
            line: table.optional("line"),
            file: table.optional("file"),
            within: table.optional("within"),
        })
    }
}

impl Read for Command {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let words = if let Some(line) = value.get_ref().as_str() {
            let words = shlex::split(line);
            if words.is_none() {
                mistakes.add(
                    &value.span(),
                    "a quotation mark is not closed, or nothing follows a backslash: write an array of the words, where nothing is quoted",
                );
            }
            words?
        } else {
            Vec::<Spanned<String>>::read(value, mistakes)?.into_iter().map(|word| word.value).collect()
        };
        if words.first().is_none_or(String::is_empty) {
            mistakes.add(&value.span(), "this names no program").help("write one such as [\"iperf3\", \"-s\"] or \"iperf3 -s\"");
        }
        Some(Self(words))
    }
}

impl Read for Until {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        word(value, "moment until which a process runs", &[("end", Self::End)], mistakes)
    }
}

impl Read for Signal {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let name = String::read(value, mistakes)?;
        name.parse().map_err(|error: String| mistakes.add(&value.span(), error)).ok()
    }
}
