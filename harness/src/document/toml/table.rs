//! Reads a table with known keys: each by its type. Other keys are mistakes.
//! Not here: tables whose keys are names ([`Named`]).

use toml::de::{DeTable, DeValue};

use super::outline::form;
use super::value::{kind, table_of};
use super::{Entry, Named, Read, Spanned, Value};
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::form::{Fields, Keys};
use crate::words::names::nearest;

/// A kind of table: its name in the reference document and in error messages, and the keys it may have.
#[derive(Debug)]
pub(crate) struct Shape {
    /// Its heading in the reference document.
    pub(crate) heading: &'static str,
    /// What an error message calls it.
    pub(crate) what: &'static str,
    /// The keys it may have.
    pub(crate) keys: &'static [&'static str],
}

impl Shape {
    /// Its form while only the names of its keys are known.
    fn form(&self, keys: &[&'static str]) -> Keys {
        let (heading, what) = (self.heading, self.what);
        let all = keys.iter().map(|key| (*key, None)).collect();
        Keys { heading, what, all, required: Vec::new(), one_of: Vec::new(), any_of: Vec::new() }
    }
}

/// A table that is being read.
pub(crate) struct Table<'t, 'm> {
    shape: &'static Shape,
    /// All keys it may have.
    keys: Vec<&'static str>,
    entries: &'t DeTable<'t>,
    span: Span,
    pub(crate) mistakes: &'m mut Mistakes,
}

impl<'t, 'm> Table<'t, 'm> {
    /// Begins to read a table; keys it may not have are mistakes.
    pub(crate) fn open(value: &'t Value<'_>, shape: &'static Shape, mistakes: &'m mut Mistakes) -> Option<Self> {
        Self::open_with(value, shape, &[], mistakes)
    }

    /// Begins to read a table that may have the keys of another kind too.
    pub(crate) fn open_with(
        value: &'t Value<'_>,
        shape: &'static Shape,
        others: &[&'static str],
        mistakes: &'m mut Mistakes,
    ) -> Option<Self> {
        let keys: Vec<&'static str> = shape.keys.iter().chain(others).copied().collect();
        let named = std::mem::take(&mut mistakes.named);
        let path = mistakes.path.clone();
        let help = || match path.as_slice() {
            // The name was left out: this is one of the keys below it.
            [above @ .., key] if named && keys.contains(&key.as_str()) => format!("write [{}.NAME] above it", above.join(".")),
            _ => format!("write a table with some of the keys {}", keys.join(", ")),
        };
        let entries = table_of(value, shape.what, help, mistakes)?;
        mistakes.note(|trace| trace.fields = Some(Fields::Keys(shape.form(&keys))));
        for key in entries.keys() {
            let name = key.get_ref().as_ref();
            if !keys.contains(&name) {
                let message = format!("{} has no key `{name}`", shape.what);
                let mistake = mistakes.unknown(&key.span(), message, name, keys.iter().copied());
                if let Some(above) = path.last().filter(|_| named && name.starts_with(|c: char| c.is_ascii_digit())) {
                    mistake.help(format!("write a name that has a dot in quotes: \"{above}.{name}\""));
                }
            }
        }
        Some(Self { shape, keys, entries, span: value.span(), mistakes })
    }

    /// Where the table begins.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// Which of these keys the table has, and where.
    pub(crate) fn present(&self, keys: &[&'static str]) -> Vec<(&'static str, Span)> {
        keys.iter().filter_map(|&key| Some((key, self.entries.get_key_value(key)?.0.span()))).collect()
    }

    /// Where a key is, and its value.
    pub(crate) fn entry(&self, key: &str) -> Option<(Span, &'t Value<'t>)> {
        self.entries.get_key_value(key).map(|(key, value)| (key.span(), value))
    }

    /// Reads an optional key by a function of the caller, which gets the place of the key.
    pub(crate) fn with<T>(&mut self, key: &'static str, read: impl Fn(&Span, &Value<'_>, &mut Mistakes) -> T) -> Option<T> {
        self.note(|keys| {
            let found = form(|value, mistakes| drop(read(&(0..0), value, mistakes)));
            keys.all.iter_mut().filter(|(other, _)| *other == key).for_each(|(_, form)| *form = Some(found.clone()));
        });
        let (span, value) = self.entry(key)?;
        self.mistakes.path.push(key.to_owned());
        let read = read(&span, value, self.mistakes);
        self.mistakes.path.pop();
        Some(read)
    }

    /// Whether it has none of these keys, of which it needs at least one.
    pub(crate) fn lacks(&mut self, keys: &[&'static str]) -> bool {
        self.note(|form| form.any_of.push(keys.to_vec()));
        !self.seems_to_have(keys)
    }

    /// Whether it has one of these keys, or an unknown one that was probably meant to be one.
    pub(crate) fn seems_to_have(&self, keys: &[&'static str]) -> bool {
        keys.iter().any(|key| self.entries.contains_key(*key) || self.misspelt(key))
    }

    /// Whether there is something behind one of these keys or behind one that was probably meant to be one, readable or not.
    pub(crate) fn fills(&self, keys: &[&'static str]) -> bool {
        let filled = |value: &Value<'_>| !value.get_ref().as_table().is_some_and(DeTable::is_empty);
        keys.iter().any(|key| self.entries.get(*key).map_or_else(|| self.misspelt(key), filled))
    }

    /// Adds to the form, if one is being recorded.
    fn note(&mut self, note: impl FnOnce(&mut Keys)) {
        self.mistakes.note(|trace| {
            if let Some(Fields::Keys(keys)) = &mut trace.fields {
                note(keys);
            }
        });
    }

    /// Reports it unless the table has exactly one of these keys.
    pub(crate) fn exactly_one(&mut self, keys: &[&'static str]) {
        self.note(|form| form.one_of.push(keys.to_vec()));
        match self.present(keys).as_slice() {
            [] if keys.iter().any(|key| self.misspelt(key)) => {}
            [] => {
                let message = format!("{} needs one of the keys {}", self.shape.what, keys.join(", "));
                self.mistakes.absent(&self.span, message).help("add the one that you mean");
            }
            [_] => {}
            [(first, first_span), others @ ..] => {
                for (key, span) in others {
                    let message = format!("{} has `{first}` already and cannot have `{key}` too", self.shape.what);
                    self.mistakes.add(span, message).beside(first_span, "the other one").help("remove one of the two");
                }
            }
        }
    }

    /// Reads an optional key.
    pub(crate) fn optional<T: Read>(&mut self, key: &'static str) -> Option<Spanned<T>> {
        debug_assert!(self.keys.contains(&key), "`{key}` is not in the list of keys of {}", self.shape.what);
        self.with(key, |_, value, mistakes| Spanned::<T>::read(value, mistakes))?
    }

    /// Reads a required key.
    pub(crate) fn required<T: Read>(&mut self, key: &'static str) -> Option<Spanned<T>> {
        self.note(|form| form.required.push(key));
        if !self.entries.contains_key(key) && !self.misspelt(key) {
            self.mistakes.absent(&self.span, format!("{} needs the key `{key}`", self.shape.what)).help(format!("add `{key} = ...`"));
        }
        self.optional(key)
    }

    /// Whether an unknown key, which was already reported, was probably meant to be this one.
    fn misspelt(&self, key: &str) -> bool {
        let mut unknown = self.entries.keys().map(|name| name.get_ref().as_ref()).filter(|name| !self.keys.contains(name));
        unknown.any(|name| nearest(name, self.keys.iter().copied()) == Some(key))
    }

    /// Reads an optional key, whose default is its type's.
    pub(crate) fn or_default<T: Read + Default>(&mut self, key: &'static str) -> T {
        self.optional(key).map(|read| read.value).unwrap_or_default()
    }
}

impl<T: Read> Read for Named<T> {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut named = Self::new();
        mistakes.note(|trace| trace.fields = Some(Fields::Names(Box::new(form(|value, mistakes| drop(T::read(value, mistakes)))))));
        let help = match mistakes.path.as_slice() {
            [key] => format!("write [{key}.NAME], with a name of your own"),
            path => format!("write {} = {{ NAME = ... }}", path.last().map_or("", String::as_str)),
        };
        for (key, value) in table_of(value, "a table of names", || help, mistakes)? {
            mistakes.path.push(key.get_ref().to_string());
            mistakes.named = true;
            if let Some(read) = T::read(value, mistakes) {
                named.insert(key.get_ref().to_string(), Entry { name: key.span(), value: read });
            }
            mistakes.named = false;
            mistakes.path.pop();
        }
        Some(named)
    }
}

impl<T: Read> Read for Vec<Spanned<T>> {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let Some(elements) = value.get_ref().as_array() else {
            mistakes.refused();
            let help = match value.get_ref() {
                DeValue::Table(table) if !is_inline(table, &value.span()) => {
                    format!("write [[{}]] with two brackets, and so each of them", mistakes.path.join("."))
                }
                _ => "write [ ] around it".to_owned(),
            };
            let message = format!("this is {}, but there can be several: an array is needed", kind(value));
            mistakes.add(&value.span(), message).help(help);
            return None;
        };
        mistakes.note(|trace| trace.elements = Some(form(|value, mistakes| drop(T::read(value, mistakes)))));
        let read = |element: &Value<'_>| Some(Spanned { value: T::read(element, mistakes)?, span: element.span() });
        Some(elements.iter().filter_map(read).collect())
    }
}

/// Whether a table is written between braces, and not below a heading of its own.
fn is_inline(table: &DeTable<'_>, span: &Span) -> bool {
    table.keys().next().is_none_or(|key| span.contains(&key.span().start))
}

#[cfg(test)]
impl Shape {
    /// Panics unless the reference document has a section for each table with a row for each of its keys and no others.
    pub(crate) fn compare(shapes: &[&Self], document: &str) {
        for shape in shapes {
            shape.compare_with(&[], document);
        }
    }

    /// The same of one that may have the keys of another kind too.
    pub(crate) fn compare_with(&self, others: &[&str], document: &str) {
        let heading = format!("\n## {}\n", self.heading);
        let (_, section) = document.split_once(&heading).unwrap_or_else(|| panic!("no section `## {}`", self.heading));
        let section = section.split("\n## ").next().unwrap_or_default();
        let key = |line: &str| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned());
        let mut documented: Vec<String> = section.lines().filter_map(key).collect();
        let mut known: Vec<&str> = self.keys.iter().chain(others).copied().collect();
        documented.sort_unstable();
        known.sort_unstable();
        assert_eq!(documented, known, "the keys of `## {}`", self.heading);
    }
}
