//! Reads single values: strings, numbers, and words written as strings.
//! Not here: tables and arrays.

use std::fmt::Display;
use std::net::IpAddr;
use std::str::FromStr;

use toml::de::{DeTable, DeValue};

use super::{Read, Value};
use crate::document::diagnostic::Mistakes;
use crate::words::{
    Constraint, End, Endpoint, EndpointFlag, Errno, Network, Percent, Protocol, Quantity, Rate, Size, Time, TransferDirection, Window,
};

/// The kind of a value, for an error message.
pub(super) fn kind(value: &Value<'_>) -> &'static str {
    match value.get_ref() {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time of day",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

/// Reports a value of a kind that is not accepted here, with what to write.
fn refuse(value: &Value<'_>, wanted: &str, help: impl Into<String>, mistakes: &mut Mistakes) {
    mistakes.refused();
    mistakes.add(&value.span(), format!("this is {}, but {wanted} is needed", kind(value))).help(help);
}

/// The entries of a table.
pub(super) fn table_of<'t>(
    value: &'t Value<'_>,
    wanted: &str,
    help: impl FnOnce() -> String,
    mistakes: &mut Mistakes,
) -> Option<&'t DeTable<'t>> {
    let table = value.get_ref().as_table();
    if table.is_none() {
        let table = if wanted.contains("table") { wanted.to_owned() } else { format!("{wanted} (a table)") };
        refuse(value, &table, help(), mistakes);
    }
    table
}

/// What to write in place of an array where there is one value, or of something in quotes where there are none.
fn instead(value: &Value<'_>, wanted: &str) -> String {
    let parses = |text: &str| text.parse::<i64>().is_ok() || text.parse::<bool>().is_ok();
    match value.get_ref() {
        DeValue::Array(_) => format!("write {wanted}, without [ ]"),
        DeValue::Table(_) => format!("write {wanted}, without {{ }}"),
        DeValue::String(text) if parses(text) => "remove the quotes".to_owned(),
        _ => format!("write {wanted}"),
    }
}

fn string<'t>(value: &'t Value<'_>, wanted: &str, mistakes: &mut Mistakes) -> Option<&'t str> {
    mistakes.note(|trace| trace.text = true);
    quoted(value, wanted, mistakes)
}

/// A string that must be one of a few.
fn quoted<'t>(value: &'t Value<'_>, wanted: &str, mistakes: &mut Mistakes) -> Option<&'t str> {
    let string = value.get_ref().as_str();
    if string.is_none() {
        refuse(value, wanted, instead(value, wanted), mistakes);
    }
    string
}

fn parsed<T: FromStr<Err: Display>>(value: &Value<'_>, wanted: &str, mistakes: &mut Mistakes) -> Option<T> {
    let text = string(value, wanted, mistakes)?;
    text.parse().map_err(|error: T::Err| mistakes.add(&value.span(), error.to_string())).ok()
}

/// Like [`parsed`] for quantities, which may be written without quotes if they have no unit.
fn quantity<T: FromStr<Err: Display>>(value: &Value<'_>, wanted: &str, mistakes: &mut Mistakes) -> Option<T> {
    let number = match value.get_ref() {
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        _ => return parsed(value, wanted, mistakes),
    };
    number.parse().map_err(|error: T::Err| mistakes.add(&value.span(), error.to_string())).ok()
}

/// Reads one of a few words.
pub(crate) fn word<T: Copy>(value: &Value<'_>, what: &str, words: &[(&str, T)], mistakes: &mut Mistakes) -> Option<T> {
    mistakes.note(|trace| trace.words.extend(words.iter().map(|(word, _)| (*word).to_owned())));
    let known = || words.iter().map(|&(word, _)| word);
    let a = if what.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    let Some(text) = value.get_ref().as_str() else {
        let help = format!("write {}", known().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" or "));
        refuse(value, &format!("{a} {what} in quotes"), help, mistakes);
        return None;
    };
    let found = words.iter().find(|(word, _)| *word == text).map(|&(_, meaning)| meaning);
    if found.is_none() {
        mistakes.unknown(&value.span(), format!("`{text}` is not {a} {what}"), text, known());
    }
    found
}

impl Read for Errno {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let text = string(value, "an error's name in quotes such as \"ECONNRESET\"", mistakes)?;
        let found = text.parse().ok();
        if found.is_none() {
            mistakes.unknown(&value.span(), format!("`{text}` is not the name of an error"), text, Self::names());
        }
        found
    }
}

/// Whether a value is a certain word, if other values are possible too.
pub(crate) fn is_word(value: &Value<'_>, word: &str, mistakes: &mut Mistakes) -> bool {
    if value.get_ref().is_str() {
        mistakes.note(|trace| trace.words.push(word.to_owned()));
    }
    value.get_ref().as_str() == Some(word)
}

impl Read for String {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        string(value, "a string in quotes", mistakes).map(str::to_owned)
    }
}

impl Read for bool {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let read = value.get_ref().as_bool();
        if read.is_none() {
            refuse(value, "true or false", instead(value, "true or false, without quotes"), mistakes);
        }
        read
    }
}

macro_rules! read_integer {
    ($($integer:ty),*) => {$(
        impl Read for $integer {
            fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
                let DeValue::Integer(number) = value.get_ref() else {
                    refuse(value, "a whole number", instead(value, "a whole number, without quotes"), mistakes);
                    return None;
                };
                mistakes.note(|trace| trace.largest = Some(Self::MAX.into()));
                let read = Self::from_str_radix(number.as_str(), number.radix()).ok();
                if read.is_none() {
                    mistakes.add(&value.span(), format!("`{number}` is out of range: write 0 to {}", Self::MAX));
                }
                read
            }
        }
    )*};
}
read_integer!(u8, u16, u32, u64);

macro_rules! read_text {
    ($read:ident: $($type:ty => $wanted:literal),* $(,)?) => {$(
        impl Read for $type {
            fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
                $read(value, $wanted, mistakes)
            }
        }
    )*};
}
read_text!(quantity:
    Rate => "a rate such as \"100mbit\"",
    Size => "a size such as \"64k\"",
    Time => "a time such as \"250ms\"",
    Percent => "a percentage such as \"0.1%\"",
);
read_text!(parsed:
    End => "an interface of a host such as \"laptop:eth0\"",
    Network => "an address with its prefix length such as \"10.0.1.2/24\"",
    Endpoint => "an endpoint such as \"10.0.1.2 id 2 subflow\"",
    Window => "a window of the run such as \"2s..10s\"",
);

impl<Q: Quantity> Read for Constraint<Q> {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        quantity(value, "a constraint in quotes such as \">= 3\"", mistakes)
    }
}

impl Read for IpAddr {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let text = string(value, "an IP address in quotes", mistakes)?;
        let read = text.parse().ok();
        if read.is_none() {
            let help = if text.contains('/') { "remove the prefix length" } else { "write one such as \"10.0.1.2\" or \"fd00::2\"" };
            mistakes.add(&value.span(), format!("`{text}` is not an IP address")).help(help);
        }
        read
    }
}

impl Read for EndpointFlag {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        word(value, "flag of an endpoint", &Self::ALL.map(|flag| (flag.word(), flag)), mistakes)
    }
}

impl Read for Protocol {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        word(value, "protocol", &[("mptcp", Self::Mptcp), ("tcp", Self::Tcp)], mistakes)
    }
}

impl Read for TransferDirection {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        word(value, "direction", &[("upload", Self::Upload), ("download", Self::Download), ("both", Self::Both)], mistakes)
    }
}
