//! Finding out the form of what a reader takes, by letting it read: a value of each kind, with what it looks for being taken down. So nothing says
//! a second time what a document may hold, and the form is that of the parser.
//! Not here: what the form is used for.

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::Value;
use crate::document::diagnostic::Mistakes;
use crate::document::form::{Fields, Form, Text, Trace};

/// The form of what a reader takes.
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
    /// Takes down what is looked for, and finds mistakes in what is not there.
    fn tracing() -> Self {
        let mut mistakes = Self::default();
        mistakes.trace = Some(Box::default());
        mistakes
    }

    /// Takes down that a value is of a kind that is not taken.
    pub(crate) fn refused(&mut self) {
        self.note(|trace| trace.refused = true);
    }

    /// Does something to what is taken down, if it is.
    pub(super) fn note(&mut self, note: impl FnOnce(&mut Trace)) -> bool {
        self.trace.as_deref_mut().map(note).is_some()
    }
}
