//! `intact`: whether a transfer arrived completely and as it was sent.
//! Not here: how much arrived.

use serde::{Deserialize, Serialize};

use super::about::{About, Of, Scope, Topic, one, sound};
use super::delivery::Seen;
use super::measured::{Measured, Measuring};
use crate::words::Window;

/// Its description.
pub(super) const ABOUT: About = About {
    key: "intact",
    value: "true or false",
    of: &[Of::Transfer],
    scope: Scope::Run,
    topic: Topic::Delivery,
    meaning: "Every byte sent arrived, in order and unchanged, on every connection.",
    read: |key, value, mistakes| one(key, value, mistakes, Intact),
    check: sound,
};

/// How many of a transfer's problems are reported.
const TOLD: usize = 3;

/// Whether every byte sent arrived, in order and unchanged, on every connection.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Intact(pub bool);

impl Measuring for Intact {
    fn wanted(&self) -> String {
        format!("= {}", self.0)
    }

    fn of_transfer(&self, seen: &Seen<'_>, _: Window) -> Result<Measured, String> {
        let mut why = seen.problems();
        let intact = why.is_empty();
        if why.len() > TOLD {
            let more = why.split_off(TOLD).len();
            why.push(format!("and {more} more"));
        }
        if !intact {
            why.extend(seen.run.cut_off());
        }
        Ok(Measured::plain(intact.to_string(), intact == self.0).because(why))
    }
}
