//! `start`, `stop`, `kill`, `pause` and `resume`: controls a process.
//! Not here: the process.

use super::Action;
use super::about::{About, Written};
use super::around::Surroundings;
use crate::document::case::named;
use crate::document::case::process::Verb;
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Read, Spanned, Value};
use crate::words::Time;

/// The description of `start`.
pub(super) const START: About = About { key: Verb::Start.key(), tables: &[], read: |value, mistakes| read(Verb::Start, value, mistakes) };
/// The description of `stop`.
pub(super) const STOP: About = About { key: Verb::Stop.key(), tables: &[], read: |value, mistakes| read(Verb::Stop, value, mistakes) };
/// The description of `kill`.
pub(super) const KILL: About = About { key: Verb::Kill.key(), tables: &[], read: |value, mistakes| read(Verb::Kill, value, mistakes) };
/// The description of `pause`.
pub(super) const PAUSE: About = About { key: Verb::Pause.key(), tables: &[], read: |value, mistakes| read(Verb::Pause, value, mistakes) };
/// The description of `resume`.
pub(super) const RESUME: About =
    About { key: Verb::Resume.key(), tables: &[], read: |value, mistakes| read(Verb::Resume, value, mistakes) };

fn read(verb: Verb, value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Box<dyn Written>> {
    Some(Box::new(RawProcess { verb, name: Spanned::read(value, mistakes)? }))
}

#[derive(Debug)]
struct RawProcess {
    verb: Verb,
    name: Spanned<String>,
}

impl Written for RawProcess {
    fn starts(&self) -> Option<&Spanned<String>> {
        (self.verb == Verb::Start).then_some(&self.name)
    }

    fn check(&self, at: Time, _: &Span, around: &mut Surroundings<'_>, mistakes: &mut Mistakes) -> Option<Action> {
        let Self { verb, name } = self;
        if !named::known_among(name, &around.processes, mistakes) {
            return None;
        }
        if let Some(span) = self.starts().and_then(|name| around.started.insert(name.value.clone(), name.span.clone())) {
            let message = format!("`{}` is already started", name.value);
            mistakes.add(&name.span, message).beside(&span, "by this step").help("write a second process");
        }
        match verb {
            Verb::Pause => {
                if let Some(span) = around.paused.insert(name.value.clone(), name.span.clone()) {
                    let message = format!("`{}` is paused already", name.value);
                    mistakes
                        .add(&name.span, message)
                        .beside(&span, "by this step")
                        .help("let it resume in between, or remove one of the steps");
                }
            }
            Verb::Resume if around.paused.remove(&name.value).is_none() => {
                mistakes.add(&name.span, format!("`{}` is not paused at {at}", name.value)).help("write an earlier step that pauses it");
            }
            _ => {}
        }
        Some(Action::Process(*verb, name.value.clone()))
    }
}
