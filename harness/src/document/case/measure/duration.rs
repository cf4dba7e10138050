//! `duration`: how long a transfer or a process took.
//! Not here: when it ended.

use serde::{Deserialize, Serialize};

use super::about::{About, Of, Topic, one, sound};
use super::delivery::Seen;
use super::measured::{Measured, Measuring};
use super::run::ProcessSeen;
use crate::words::{Constraint, Time, Window};

/// What there is to say of it.
pub(super) const ABOUT: About = About {
    key: "duration",
    value: "constraint of a time",
    of: &[Of::Transfer, Of::Process],
    whole_run: true,
    topic: Topic::Carriage,
    meaning: "From the start to the last byte's arrival, or to the process's end.",
    read: |key, value, mistakes| one(key, value, mistakes, Duration),
    check: sound,
};

/// From the start to the last byte's arrival, or to the process's end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Duration(pub Constraint<Time>);

impl Measuring for Duration {
    fn wanted(&self) -> String {
        self.0.to_string()
    }

    fn of_transfer(&self, seen: &Seen<'_>, _: Window) -> Result<Measured, String> {
        Ok(match seen.duration() {
            Ok(duration) => Measured::of(&self.0, duration),
            Err(why) => Measured::plain("never ended".to_owned(), false).because([why]),
        })
    }

    fn of_process(&self, seen: &ProcessSeen<'_>, _: Window) -> Result<Measured, String> {
        let record = seen.record()?;
        let (started, ended) = record.started.zip(record.ended).ok_or("it never ended")?;
        Ok(Measured::of(&self.0, Time::from_micros(ended - started)))
    }
}
