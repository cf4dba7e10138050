//! The description of a step's verb, and the value of its key.
//! Not here: the verbs themselves, and the state that a step is checked in (`around`).

use std::fmt;

use super::Action;
use super::around::Surroundings;
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Shape, Spanned, Table, Value};
use crate::words::Time;

/// A verb as documents describe it.
#[derive(Debug)]
pub(in crate::document::case) struct About {
    /// Its key in a case file.
    pub(in crate::document::case) key: &'static str,
    /// The tables of its values, which have sections in the reference document.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test compares the keys with the document"))]
    pub(in crate::document::case) tables: &'static [&'static Shape],
    /// Reads the value of its key.
    pub(in crate::document::case) read: fn(&Value<'_>, &mut Mistakes) -> Option<Box<dyn Written>>,
}

/// The value of a verb's key.
pub(in crate::document::case) trait Written: fmt::Debug {
    /// Checks it in its surroundings, and returns what it does there. It is taken `at` a time, and written at `span`.
    fn check(&self, at: Time, span: &Span, around: &mut Surroundings<'_>, mistakes: &mut Mistakes) -> Option<Action>;

    /// The process that it starts, if it starts one.
    fn starts(&self) -> Option<&Spanned<String>> {
        None
    }
}

/// Reports keys that `key` needs and that are missing, and keys that it does not allow.
pub(super) fn go_together(table: &mut Table<'_, '_>, key: &'static str, needed: &[&'static str], allowed: &[&'static str]) {
    let Some((_, span)) = table.present(&[key]).pop() else { return };
    for needed in needed.iter().filter(|needed| table.present(&[needed]).is_empty()).collect::<Vec<_>>() {
        table.mistakes.absent(&span, format!("`{key}` needs the key `{needed}` beside it")).help(format!("add `{needed} = ...`"));
    }
    for (other, other_span) in table.present(&["flags", "id", "to", "port", "token"]) {
        if !allowed.contains(&other) {
            table
                .mistakes
                .add(&other_span, format!("`{other}` cannot stand beside `{key}`"))
                .beside(&span, "here")
                .help("remove one of the two");
        }
    }
}
