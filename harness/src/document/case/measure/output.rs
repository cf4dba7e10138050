//! `output`: whether a process printed something.
//! Not here: what else it printed.

use serde::{Deserialize, Serialize};

use super::about::{About, Of, Scope, Topic, one, sound};
use super::measured::{Measured, Measuring};
use super::run::{ProcessSeen, printed};
use crate::words::{Time, Window};

/// Its description.
pub(super) const ABOUT: About = About {
    key: "output",
    value: "string",
    of: &[Of::Process],
    scope: Scope::Run,
    topic: Topic::Other,
    meaning: "The process printed a line that contains this.",
    read: |key, value, mistakes| one(key, value, mistakes, Output),
    check: sound,
};

/// The process printed a line that contains this.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output(pub String);

impl Measuring for Output {
    fn wanted(&self) -> String {
        format!("contains {:?}", self.0)
    }

    fn of_process(&self, seen: &ProcessSeen<'_>, _: Window) -> Result<Measured, String> {
        let record = seen.record()?;
        let line = record.output.iter().find(|line| line.text.contains(&self.0));
        let measured = line.map_or_else(|| "not printed".to_owned(), |line| format!("printed at {}", Time::from_micros(line.at)));
        Ok(Measured::plain(measured, line.is_some()).because(printed(record, line.is_none())))
    }
}
