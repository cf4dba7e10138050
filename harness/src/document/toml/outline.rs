//! Finds out what a reader accepts by letting it read a value of each kind and recording what it looks for. So the format of documents is not
//! described a second time: the form is the parser's own.
//! Not here: what the form is used for.

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::Value;
use crate::document::diagnostic::Mistakes;
use crate::document::form::{Fields, Form, Text, Trace};

/// The form that a reader accepts.
pub(crate) fn form(read: impl Fn(&Value<'_>, &mut Mistakes)) -> Form {
    let trace = |value: DeValue<'_>| {
        let mut mistakes = Mistakes::tracing();
        read(&Spanned::new(0..0, value), &mut mistakes);
        mistakes.trace.map(|trace| *trace).filter(|trace| !trace.refused || !trace.words.is_empty())
    };
    let whole = DeTable::parse("n = 1").expect("it is TOML").into_inner().remove("n").expect("it is there").into_inner();
    let fraction = DeTable::parse("n = 1.5").expect("it is TOML").into_inner().remove("n").expect("it is there").into_inner();
    Form {
        text: trace(DeValue::String("".into())).map(|trace| {
            let any = trace.words.is_empty() || trace.text;
            if any { Text::Any } else { Text::Words(trace.words) }
        }),
        integer: trace(whole).map(|trace| trace.largest),
        fraction: trace(fraction).is_some(),
        truth: trace(DeValue::Boolean(true)).is_some(),
        array: trace(DeValue::Array(DeArray::new())).map(|trace| trace.elements.map(Box::new)),
        table: trace(DeValue::Table(DeTable::new())).map(|trace| trace.fields.unwrap_or(Fields::Any)),
    }
}

impl Mistakes {
    /// Records what is looked for, besides mistakes.
    fn tracing() -> Self {
        let mut mistakes = Self::default();
        mistakes.trace = Some(Box::default());
        mistakes
    }

    /// Records that the reader does not accept this kind of value.
    pub(crate) fn refused(&mut self) {
        self.note(|trace| trace.refused = true);
    }

    /// Adds to the record, if one is being made. Returns whether it is.
    pub(super) fn note(&mut self, note: impl FnOnce(&mut Trace)) -> bool {
        self.trace.as_deref_mut().map(note).is_some()
    }
}
