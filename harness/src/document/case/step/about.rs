//! What there is to say of a step's verb, and what is written behind its key.
//! Not here: any one of them, and what it is checked among (`around`).

use std::fmt;

use super::Action;
use super::around::Surroundings;
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Shape, Spanned, Table, Value};
use crate::words::Time;

/// A verb, as documents speak of it.
#[derive(Debug)]
pub(in crate::document::case) struct About {
    /// Its key in a case file.
    pub(in crate::document::case) key: &'static str,
    /// The tables that it is written as, which have sections in the reference document.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test compares the keys with the document"))]
    pub(in crate::document::case) tables: &'static [&'static Shape],
    /// Reads what is written behind its key.
    pub(in crate::document::case) read: fn(&Value<'_>, &mut Mistakes) -> Option<Box<dyn Written>>,
}

/// What is written behind a verb's key.
pub(in crate::document::case) trait Written: fmt::Debug {
    /// Checks it among what is around it, and says what it does there. It comes at a time, and is written there.
    fn check(&self, at: Time, span: &Span, around: &mut Surroundings<'_>, mistakes: &mut Mistakes) -> Option<Action>;

    /// The process that it starts, if it starts one.
    fn starts(&self) -> Option<&Spanned<String>> {
        None
    }
}

/// Says so where `key` lacks one of the keys that it needs, or has one that it does not allow.
pub(super) fn go_together(table: &mut Table<'_, '_>, key: &'static str, needed: &[&'static str], allowed: &[&'static str]) {
    let Some((_, span)) = table.present(&[key]).pop() else { return };
    for needed in needed.iter().filter(|needed| table.present(&[needed]).is_empty()).collect::<Vec<_>>() {
        table.mistakes.absent(&span, format!("`{key}` needs the key `{needed}` beside it")).help(format!("add `{needed} = ...`"));
    }
    for (other, other_span) in table.present(&["flags", "id", "to", "port"]) {
        if !allowed.contains(&other) {
            table
                .mistakes
                .add(&other_span, format!("`{other}` does not go with `{key}`"))
                .beside(&span, "here")
                .help("remove one of the two");
        }
    }
}
