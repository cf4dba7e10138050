//! `exit`: how a process ended, and how it must end if the case does not say.
//! Not here: ending it.

use serde::{Deserialize, Serialize};

use super::about::{About, Of, Scope, Topic, one, sound};
use super::measured::{Measured, Measuring};
use super::run::{ProcessSeen, printed};
use super::{Measure, Ready};
use crate::document::case::{Action, Case, Process, Verb};
use crate::document::diagnostic::Mistakes;
use crate::document::toml::{Read, Value};
use crate::record::ProcessRecord;
use crate::words::{self, Window};

/// Its description.
pub(super) const ABOUT: About = About {
    key: "exit",
    value: r#"a number, a signal such as `"TERM"`, or `"any"`"#,
    of: &[Of::Process],
    scope: Scope::Run,
    topic: Topic::Other,
    meaning: "How the process ended.",
    read: |key, value, mistakes| one(key, value, mistakes, |exit: Exit| exit),
    check: sound,
};

/// How the process must end; in any way if absent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Exit(pub Option<words::Exit>);

impl Read for Exit {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let text = match value.get_ref().as_integer() {
            Some(number) => number.to_string(),
            None => String::read(value, mistakes)?,
        };
        if text == "any" {
            return Some(Self(None));
        }
        text.parse().map(|exit| Self(Some(exit))).map_err(|error: String| mistakes.add(&value.span(), error)).ok()
    }
}

/// What must hold for a process unless the case says otherwise: that it was ready, and that it ended as it should.
pub(crate) fn implied(case: &Case, name: &str) -> Vec<Measure> {
    let Some(asked) = case.processes.get(name) else { return Vec::new() };
    let exit = if asked.serves || ended_by_step(case, name) { None } else { Some(words::Exit::Code(0)) };
    asked.ready.iter().map(|_| Ready(true).into()).chain([Exit(exit).into()]).collect()
}

fn ended_by_step(case: &Case, name: &str) -> bool {
    case.steps.iter().any(|step| {
        let verb = if let Action::Process(verb, whom) = &step.action { Some((verb, whom)) } else { None };
        verb.is_some_and(|(verb, whom)| whom == name && matches!(verb, Verb::Stop | Verb::Kill))
    })
}

impl Measuring for Exit {
    fn wanted(&self) -> String {
        self.0.map_or_else(|| "in any way".to_owned(), |exit| format!("= {exit}"))
    }

    fn of_process(&self, seen: &ProcessSeen<'_>, _: Window) -> Result<Measured, String> {
        let record = seen.record()?;
        let measured = exit(seen.asked, record, ended_by_step(seen.run.case, seen.name), self.0);
        let failed = !measured.held;
        Ok(measured.because(seen.run.cut_off().filter(|_| failed)).because(printed(record, failed)))
    }
}

fn exit(asked: &Process, record: &ProcessRecord, by_step: bool, wanted: Option<words::Exit>) -> Measured {
    let text = match (record.exit, &record.error, record.started) {
        (Some(exit), ..) => exit.to_string(),
        (None, Some(_), _) => "not executed".to_owned(),
        (None, None, Some(_)) => "never".to_owned(),
        (None, None, None) => "never started".to_owned(),
    };
    let early = asked.serves && !by_step && record.exit.is_some() && record.asked.is_none();
    let ended = !asked.serves && !by_step && record.asked.is_some();
    let (held, why) = match wanted {
        None if early => (false, Some("it ended by itself, but should have run until the end of the run")),
        _ if ended => (false, Some("it did not end by itself")),
        None => (record.exit.is_some(), None),
        Some(_) => (record.exit == wanted, None),
    };
    Measured::plain(text, held).because(why.map(str::to_owned))
}
