//! Reads a TOML document into values that remember where they were written, and finds all its mistakes at once.
//! Not here: which keys a topology or a case has, and whether their values make sense.

mod outline;
mod table;
mod value;

use std::collections::BTreeMap;
use std::path::Path;

use toml::de::{DeTable, DeValue};

pub(crate) use outline::form;
pub(crate) use table::{Shape, Table};
pub(crate) use value::{is_word, word};

use crate::document::diagnostic::{LoadError, Mistakes, Span};
use crate::document::disk;

/// A TOML value and where it is.
pub(crate) type Value<'t> = toml::Spanned<DeValue<'t>>;

/// What can be read from a TOML value.
pub(crate) trait Read: Sized {
    /// Reads it, or reports why it cannot be read.
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self>;
}

/// Something read and where it is written.
#[derive(Debug, Clone)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// A table whose keys are names that the author chose.
pub(crate) type Named<T> = BTreeMap<String, Entry<T>>;

/// The value of such a name, and where the name is written.
#[derive(Debug, Clone)]
pub(crate) struct Entry<T> {
    pub(crate) name: Span,
    pub(crate) value: T,
}

/// Reads a document's text; there is a value only if its syntax is right.
pub(crate) fn read<T: Read>(text: &str, mistakes: &mut Mistakes) -> Option<T> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let document = Value::new(document.span(), DeValue::Table(document.into_inner()));
    if errors.is_empty() {
        return T::read(&document, mistakes);
    }
    let mut unreadable: Vec<Span> = Vec::new();
    for error in errors {
        let span = error.span().unwrap_or(text.len()..text.len());
        let at = floor(text, span.start);
        // One slip causes several errors in a row: only the first is worth reading.
        if !unreadable.iter().any(|part| part.contains(&at)) {
            mistakes
                .add(&(at..floor(text, span.end).max(at)), format!("this is not TOML: {}", error.message()))
                .help(syntax(error.message()));
            unreadable.push(spoilt(text, at));
        }
    }
    // What could not be read is missing from the value: report further mistakes, but no absences, and none there.
    let mut further = Mistakes::default();
    T::read(&document, &mut further);
    mistakes.append(further, |mistake| !mistake.absence && !unreadable.iter().any(|part| part.contains(&mistake.span.start)));
    None
}

/// The help for a syntax error, by parts of the parser's message.
const SYNTAX: [(&[&str], &str); 11] = [
    (&["string values must be quoted"], "write strings in quotes: `rate = \"10mbit\"`"),
    (&["key with no value", "missing assignment"], "write `key = value`, and what must hold in quotes: `goodput = \">= 1mbit\"`"),
    (&["unexpected key or value"], "write one value, in quotes if it has more than one word, and comments after `#`"),
    (&["duplicate key"], "write each key once, and repeated tables below a heading with two brackets: `[[step]]`"),
    (&["cannot extend"], "write all of it in one place: it already has a value"),
    (&["missing comma"], "write a comma between the two"),
    (&["leading zero"], "remove the leading zeros"),
    (&["missing escaped value", "unicode"], "write two backslashes for one, or '...' instead of \"...\""),
    (&["extra `=`", "extra assignment"], "write one `=`, and what must hold in quotes: `goodput = \">= 1mbit\"`"),
    (
        &["invalid unquoted key", "keys cannot be empty"],
        "write a name in quotes if it has characters other than letters, digits, `-` and `_`",
    ),
    (&["unclosed", "expected `"], "close what was opened before: each `\"`, `[` and `{` on its line"),
];

/// The help for a syntax error.
fn syntax(message: &str) -> &'static str {
    let known = SYNTAX.iter().find(|(parts, _)| parts.iter().any(|part| message.contains(part)));
    known.map_or("write `key = value` on a line of its own, below a heading such as `[link.wlan]` or `[[step]]`", |(_, help)| help)
}

/// What a syntax error makes unreadable: its line and, if that is the heading of a table, everything up to the next heading.
fn spoilt(text: &str, at: usize) -> Span {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = if text[start..].starts_with('[') { "\n[" } else { "\n" };
    // The end of the text belongs to its last line.
    start..text[at..].find(end).map_or(text.len() + 1, |newline| at + newline + 1)
}

/// The nearest start of a character at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// The text of a file.
pub(crate) fn text_of(path: &Path) -> Result<String, LoadError> {
    let bytes = disk::read(path, disk::DOCUMENT).map_err(|source| LoadError::File { path: path.to_owned(), source })?;
    String::from_utf8(bytes).map_err(|error| {
        let before = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
        let column = before.chars().rev().take_while(|character| *character != '\n').count() + 1;
        LoadError::Text { path: path.to_owned(), line: before.matches('\n').count() + 1, column }
    })
}

/// The text of a file that a document names at `span`, seen from the document's directory; a mistake if it cannot be read. A document that is no file
/// has no directory and must have something `instead`.
pub(crate) fn text_beside(directory: Option<&Path>, name: &str, span: &Span, instead: &str, mistakes: &mut Mistakes) -> Option<String> {
    let Some(directory) = directory else {
        mistakes.add(span, format!("this document is not a file, so it cannot name one: write {instead}"));
        return None;
    };
    text_of(&directory.join(name))
        .map_err(|error| mistakes.add(span, error.to_string()).help("paths are relative to the directory of this file"))
        .ok()
}

impl<T: Read> Read for Spanned<T> {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        Some(Self { value: T::read(value, mistakes)?, span: value.span() })
    }
}
