//! Traces mistakes in a changed document back to the files in which they were written.
//! Not here: changing it (`change`), and finding mistakes.
//!
//! A document with a change is a text of its own that the user has never seen. Each of its values has a path of keys, and the value at this path
//! is written in the change, or else in the original document.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::diagnostic::{Diagnostics, Mistake, Span};

/// A part of a written document: all of it, or the change to another document in it.
#[derive(Debug, Clone)]
pub(super) struct Written<'a> {
    /// What messages call the document.
    pub(super) name: &'a str,
    /// Its text.
    pub(super) text: &'a str,
    /// The path of the part.
    pub(super) part: Vec<String>,
}

/// Where a path's key, if it has one, and its value are written.
#[derive(Debug, Clone)]
struct Place {
    key: Option<Span>,
    value: Span,
}

type Places = BTreeMap<Vec<String>, Place>;

/// Moves the mistakes of a changed document to where they were written: the first of these parts that has them. A mistake without a place there
/// gets that of the nearest value around it.
pub(super) fn traced(wrong: Diagnostics, written: &[Written<'_>]) -> Vec<Diagnostics> {
    let merged = places(&wrong.text);
    let parts: Vec<(&Written<'_>, Places)> = written.iter().map(|part| (part, places(part.text))).collect();
    let mut found: BTreeMap<(&str, &str), Vec<Mistake>> = BTreeMap::new();
    for mistake in wrong.mistakes {
        let Some((part, span)) = home(&merged, &mistake.span, &parts) else {
            // No mistake is lost: without one of them the document would pass.
            found.entry((&wrong.name, &wrong.text)).or_default().push(mistake);
            continue;
        };
        let beside = mistake.beside.and_then(|(span, label)| Some((home(&merged, &span, &parts)?, label)));
        let beside = beside.filter(|((of, _), _)| of.text == part.text).map(|((_, span), label)| (span, label));
        found.entry((part.name, part.text)).or_default().push(Mistake { span, beside, ..mistake });
    }
    let told = |((name, text), mut mistakes): ((&str, &str), Vec<Mistake>)| {
        mistakes.sort_by_key(|mistake| (mistake.span.start, mistake.span.end));
        Diagnostics { name: name.to_owned(), text: text.to_owned(), mistakes }
    };
    found.into_iter().map(told).collect()
}

/// The part that contains the value at a span of the merged document, and its place there.
fn home<'a, 'b>(merged: &Places, span: &Span, parts: &'b [(&'b Written<'a>, Places)]) -> Option<(&'b Written<'a>, Span)> {
    let within = |outer: &Span| outer.start <= span.start && span.start < outer.end.max(outer.start + 1);
    let named = |place: &Place| place.key.as_ref().is_some_and(within);
    let holding = merged.iter().filter(|(_, place)| named(place) || within(&place.value));
    let around = holding.min_by_key(|(path, place)| {
        let length = |span: &Span| span.end - span.start;
        (place.key.as_ref().filter(|key| within(key)).map_or_else(|| length(&place.value), length), usize::MAX - path.len())
    });
    let (path, on_key) = around.map_or((&[][..], false), |(path, place)| (path.as_slice(), named(place)));
    // A value without a place of its own is in what surrounds it.
    (0..=path.len()).rev().find_map(|length| {
        parts.iter().find_map(|(part, places)| {
            let place = places.get(&[&part.part, &path[..length]].concat())?;
            let key = place.key.clone().filter(|_| on_key || length < path.len());
            Some((*part, key.unwrap_or_else(|| place.value.clone())))
        })
    })
}

/// All paths of a document. A text that is not TOML has none.
fn places(text: &str) -> Places {
    let mut places = Places::from([(Vec::new(), Place { key: None, value: 0..0 })]);
    if let Ok(table) = DeTable::parse(text) {
        add(&mut places, &[], table.get_ref());
    }
    places
}

fn add(places: &mut Places, path: &[String], table: &DeTable<'_>) {
    for (key, value) in table {
        let path = [path, &[key.get_ref().to_string()]].concat();
        add_value(places, path, Some(key.span()), value.span(), value.get_ref());
    }
}

fn add_value(places: &mut Places, path: Vec<String>, key: Option<Span>, span: Span, value: &DeValue<'_>) {
    match value {
        DeValue::Table(table) => add(places, &path, table),
        DeValue::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                let path = [path.as_slice(), &[index.to_string()]].concat();
                add_value(places, path, None, value.span(), value.get_ref());
            }
        }
        _ => {}
    }
    places.insert(path, Place { key, value: span });
}

#[cfg(test)]
mod tests {
    use super::super::change::{changed, variants};
    use super::super::diagnostic::Mistakes;
    use super::*;

    const CASE: &str = "summary = \"x\"\n\n[transfer.t]\nclient = \"a\"\nserver = \"b\"\n\n[[variant]]\nname = \"v\"\ncase.transfer.t.server = \"c\"\ncase.transfer.t.rate = \"1\"\n";

    /// What of the written document a mistake about a part of the changed one is at.
    fn shown(of: &str) -> String {
        let change = variants(CASE).remove(0).1;
        let merged = changed(CASE.to_owned(), &change);
        let at = merged.find(of).unwrap_or_else(|| panic!("{of} is not in {merged}"));
        let mut mistakes = Mistakes::default();
        mistakes.add(&(at..at + of.len()), "wrong");
        let wrong = mistakes.of("case (v)", &merged).unwrap();
        let part = |part: &[&str]| Written { name: "case", text: CASE, part: part.iter().map(|&key| key.to_owned()).collect() };
        let told = traced(wrong, &[part(&["variant", "0", "case"]), part(&[])]);
        assert_eq!((told.len(), told[0].name.as_str()), (1, "case"));
        CASE[told[0].mistakes[0].span.clone()].to_owned()
    }

    #[test]
    fn a_mistake_that_stands_in_no_part_stays_where_it_is() {
        let mut mistakes = Mistakes::default();
        mistakes.add(&(0..7), "wrong");
        let told = traced(mistakes.of("case (v)", CASE).unwrap(), &[]);
        assert_eq!((told.len(), told[0].name.as_str(), &told[0].mistakes[0].span), (1, "case (v)", &(0..7)));
    }

    #[test]
    fn a_mistake_is_where_its_value_was_written() {
        assert_eq!(shown("\"c\""), "\"c\"", "the variant has it");
        assert_eq!(shown("rate"), "rate");
        assert_eq!(shown("\"a\""), "\"a\"", "the case has it");
        assert_eq!(shown("client"), "client");
    }
}
