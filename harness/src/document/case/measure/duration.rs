//! `duration`: how long a transfer or a process took.
//! Not here: when it ended, and how long it could take at best (`ideal`).

use serde::{Deserialize, Serialize};

use super::Measure;
use super::about::{About, Of, Scope, Topic, Written, one};
use super::delivery::Seen;
use super::ideal;
use super::measured::{Measured, Measuring};
use super::run::ProcessSeen;
use crate::document::diagnostic::Mistakes;
use crate::document::toml::{Read, Value};
use crate::document::topology::Topology;
use crate::words::{Constraint, Percent, Quantity, Time, Window};

/// Its description.
pub(super) const ABOUT: About = About {
    key: "duration",
    value: "constraint of a time",
    of: &[Of::Transfer, Of::Process],
    scope: Scope::Run,
    topic: Topic::Carriage,
    meaning: "The time from the start to the arrival of the last byte, or to the end of the process. For a transfer by `bytes` it can be \
              compared with what its links allow, `\"<= ideal + 10%\"`: the time that the bytes take at the rate of all paths together (for \
              TCP: of the fastest path) or at the transfer's own rate, plus the handshake and the delay of the last byte, all from the \
              topology. Headers, some 5%, and slow start are not included.",
    read: |key, value, mistakes| one(key, value, mistakes, Bound::measure),
    check,
};

/// From the start to the last byte's arrival, or to the process's end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Duration(pub Constraint<Time>);

/// The duration of a transfer compared with its ideal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IdealDuration {
    /// How it compares, as a constraint is written: `<=`.
    pub operator: String,
    /// The allowance above the ideal.
    pub more: Percent,
}

/// The value of the key.
#[derive(Debug)]
enum Bound {
    Time(Constraint<Time>),
    Ideal(IdealDuration),
}

impl Bound {
    fn measure(self) -> Measure {
        match self {
            Self::Time(constraint) => Duration(constraint).into(),
            Self::Ideal(ideal) => ideal.into(),
        }
    }
}

impl Read for Bound {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let Some((operator, more)) = value.get_ref().as_str().and_then(|text| text.split_once("ideal")) else {
            return Constraint::read(value, mistakes).map(Self::Time);
        };
        let more =
            if more.trim().is_empty() { Some(Percent(0.0)) } else { more.trim().strip_prefix('+').and_then(|more| more.parse().ok()) };
        let operator = operator.trim();
        let (Some(more), Some(_)) = (more, against(operator, Time::ZERO)) else {
            mistakes.add(&value.span(), "this does not compare with the ideal duration").help("write one such as \"<= ideal + 10%\"");
            return None;
        };
        Some(Self::Ideal(IdealDuration { operator: operator.to_owned(), more }))
    }
}

/// The constraint of an operator and a time.
fn against(operator: &str, time: Time) -> Option<Constraint<Time>> {
    ["<", "<=", ">", ">="].contains(&operator).then(|| format!("{operator} {}", time.exact()).parse().ok()).flatten()
}

fn check(written: &Written, of: Option<Of>, _: Option<&Topology>, mistakes: &mut Mistakes) {
    if of == Some(Of::Process) && written.found.iter().any(|found| matches!(found.measure, Measure::IdealDuration(_))) {
        mistakes.add(&written.value, "a process has no ideal duration: what it sends is not known").help("write a time");
    }
}

impl Measuring for IdealDuration {
    fn wanted(&self) -> String {
        format!("{} ideal + {}", self.operator, self.more)
    }

    fn of_transfer(&self, seen: &Seen<'_>, _: Window) -> Result<Measured, String> {
        let ideal = ideal::of(seen.run.topology, seen.asked)?;
        let bound = Time((ideal.time.0 as f64 * (1.0 + self.more.0 / 100.0)) as u64);
        let constraint = against(&self.operator, bound).ok_or_else(|| format!("`{}` is not a comparison", self.operator))?;
        let measured = match seen.duration() {
            Ok(duration) => Measured::of(&constraint, duration),
            Err(why) => Measured::plain("never ended".to_owned(), false).because([why]),
        };
        Ok(Measured { text: format!("{} ({ideal})", measured.text), ..measured })
    }
}

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
