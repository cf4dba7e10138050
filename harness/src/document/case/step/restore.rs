//! `restore`: undoes every cut of a link.
//! Not here: cutting it.

use super::Action;
use super::about::{About, Written};
use super::around::Surroundings;
use crate::document::case::named;
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Read, Spanned};
use crate::words::Time;

/// Its description.
pub(super) const ABOUT: About =
    About { key: "restore", tables: &[], read: |value, mistakes| Some(Box::new(RawRestore(Spanned::read(value, mistakes)?))) };

#[derive(Debug)]
struct RawRestore(Spanned<String>);

impl Written for RawRestore {
    fn check(&self, at: Time, _: &Span, around: &mut Surroundings<'_>, mistakes: &mut Mistakes) -> Option<Action> {
        let Self(link) = self;
        named::link(around.topology?, link, mistakes)?;
        if around.cuts.remove(&link.value).is_none() {
            mistakes.add(&link.span, format!("link `{}` is not cut at {at}", link.value)).help("write an earlier step that cuts it");
        }
        Some(Action::Restore(link.value.clone()))
    }
}
