//! What must hold: `= 3`, `>= 99%`, `30%..37%`, and the window in which it must.
//! Not here: what is measured.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::units::{Quantity, Time, UnitError};

/// A condition on one measured quantity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Constraint<Q> {
    /// `= 3`, or the bare value.
    Equal(Q),
    /// `!= 3`
    NotEqual(Q),
    /// `< 3`
    Below(Q),
    /// `<= 3`
    AtMost(Q),
    /// `> 3`
    Above(Q),
    /// `>= 3`
    AtLeast(Q),
    /// `3..5`, both ends included.
    Between(Q, Q),
}

/// Whether a measure is better when higher or lower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// More is.
    Higher,
    /// Less is.
    Lower,
    /// Neither: it should not change.
    Neither,
}

impl<Q: Quantity> Constraint<Q> {
    /// The direction in which a measured value satisfies it better.
    pub const fn better(&self) -> Better {
        match self {
            Self::Above(_) | Self::AtLeast(_) => Better::Higher,
            Self::Below(_) | Self::AtMost(_) => Better::Lower,
            Self::Equal(_) | Self::NotEqual(_) | Self::Between(..) => Better::Neither,
        }
    }

    /// Whether `measured` satisfies it.
    pub fn holds(&self, measured: Q) -> bool {
        match *self {
            Self::Equal(value) => measured == value,
            Self::NotEqual(value) => measured != value,
            Self::Below(value) => measured < value,
            Self::AtMost(value) => measured <= value,
            Self::Above(value) => measured > value,
            Self::AtLeast(value) => measured >= value,
            Self::Between(low, high) => low <= measured && measured <= high,
        }
    }
}

/// What was wrong with a constraint's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConstraintError {
    /// The quantity in it does not parse.
    #[error(transparent)]
    Unit(#[from] UnitError),
    /// It is more than an operator and a quantity.
    #[error("`{0}` is not a constraint: write one of =, !=, <, <=, > and >= and a value, or a range of values such as \"2..3\"")]
    Form(String),
    /// The range is empty.
    #[error("`{0}` can never be met: write the smaller value first")]
    Empty(String),
}

/// Makes a constraint from the value after an operator.
type Operator<Q> = fn(Q) -> Constraint<Q>;

impl<Q: Quantity> FromStr for Constraint<Q> {
    type Err = ConstraintError;
    fn from_str(text: &str) -> Result<Self, ConstraintError> {
        let trimmed = text.trim();
        // Two-character operators first: `<=` also starts with `<`.
        let operators: [(&str, Operator<Q>); 7] = [
            (">=", Self::AtLeast),
            ("<=", Self::AtMost),
            ("!=", Self::NotEqual),
            ("==", Self::Equal),
            (">", Self::Above),
            ("<", Self::Below),
            ("=", Self::Equal),
        ];
        let behind = operators.iter().find_map(|(operator, _)| trimmed.strip_prefix(operator)).unwrap_or(trimmed);
        if behind.contains(['<', '>', '=', '!', ',']) {
            return Err(ConstraintError::Form(text.to_owned()));
        }
        for (operator, make) in operators {
            if let Some(value) = trimmed.strip_prefix(operator) {
                return Ok(make(value.trim().parse()?));
            }
        }
        if let Some((low, high)) = trimmed.split_once("..") {
            let (low, high) = (low.parse::<Q>()?, high.parse::<Q>()?);
            return if low <= high { Ok(Self::Between(low, high)) } else { Err(ConstraintError::Empty(text.to_owned())) };
        }
        Ok(Self::Equal(trimmed.parse()?))
    }
}

impl<Q: Quantity> Constraint<Q> {
    /// Its text, with values formatted by `show`.
    fn text(&self, show: impl Fn(Q) -> String) -> String {
        match *self {
            Self::Equal(value) => format!("= {}", show(value)),
            Self::NotEqual(value) => format!("!= {}", show(value)),
            Self::Below(value) => format!("< {}", show(value)),
            Self::AtMost(value) => format!("<= {}", show(value)),
            Self::Above(value) => format!("> {}", show(value)),
            Self::AtLeast(value) => format!(">= {}", show(value)),
            Self::Between(low, high) => format!("{}..{}", show(low), show(high)),
        }
    }
}

impl<Q: Quantity> fmt::Display for Constraint<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(|value| value.to_string()))
    }
}

/// Without loss, since files are read again.
impl<Q: Quantity> Serialize for Constraint<Q> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text(Q::exact))
    }
}

impl<'de, Q: Quantity> Deserialize<'de> for Constraint<Q> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A part of the timeline, `2s..10s`; either end may be left out. Both ends may be one: `3s` is a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// From here, included; the start of the run if absent.
    pub from: Option<Time>,
    /// Up to here; the end of the run if absent.
    pub to: Option<Time>,
}

/// What was wrong with a window's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a window of the run: write two times, the earlier first, such as \"2s..10s\", \"2s..\" or \"..10s\", or \
         a moment such as \"3s\""
)]
pub struct WindowError(String);

impl Window {
    /// Whether a time of the run, in µs, is in it, the end included.
    pub fn contains(self, micros: u64) -> bool {
        (self.from.map_or(0, Time::micros)..=self.to.map_or(u64::MAX, Time::micros)).contains(&micros)
    }

    /// The moment, if it is one.
    pub fn moment(self) -> Option<Time> {
        self.from.filter(|_| self.from == self.to)
    }
}

impl FromStr for Window {
    type Err = WindowError;
    fn from_str(text: &str) -> Result<Self, WindowError> {
        let wrong = || WindowError(text.to_owned());
        let end = |text: &str| match text.trim() {
            "" => Ok(None),
            time => time.parse::<Time>().map(Some).map_err(|_| wrong()),
        };
        let Some((from, to)) = text.split_once("..") else {
            let moment = end(text)?.ok_or_else(wrong)?;
            return Ok(Self { from: Some(moment), to: Some(moment) });
        };
        let window = Self { from: end(from)?, to: end(to)? };
        match (window.from, window.to) {
            (Some(from), Some(to)) if from >= to => Err(wrong()),
            _ => Ok(window),
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(from) = self.from {
            from.fmt(f)?;
        }
        if self.moment().is_some() {
            return Ok(());
        }
        f.write_str("..")?;
        if let Some(to) = self.to {
            to.fmt(f)?;
        }
        Ok(())
    }
}

/// Without loss, since files are read again.
impl Serialize for Window {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let end = |time: Option<Time>| time.map(Time::exact).unwrap_or_default();
        if let Some(moment) = self.moment() {
            return serializer.serialize_str(&moment.exact());
        }
        serializer.serialize_str(&format!("{}..{}", end(self.from), end(self.to)))
    }
}

impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::super::units::{Count, Percent, Rate};
    use super::*;

    #[test]
    fn every_form_holds_where_it_should() {
        let holds = |text: &str, measured| text.parse::<Constraint<Count>>().unwrap().holds(Count(measured));
        for (text, yes, no) in
            [("= 3", 3, 4), ("3", 3, 2), ("!= 3", 4, 3), ("< 3", 2, 3), ("<= 3", 3, 4), ("> 3", 4, 3), (">= 3", 3, 2), ("3..5", 5, 6)]
        {
            assert!(holds(text, yes), "{text} holds for {yes}");
            assert!(!holds(text, no), "{text} does not hold for {no}");
        }
    }

    #[test]
    fn what_is_printed_can_be_read_again() {
        for text in ["30%..37%", ">= 99%", "= 0%"] {
            assert_eq!(text.parse::<Constraint<Percent>>().unwrap().to_string(), text);
        }
        assert_eq!(">=100mbit".parse::<Constraint<Rate>>().unwrap().to_string(), ">= 100mbit");
    }

    #[test]
    fn what_is_stored_loses_nothing() {
        let constraint: Constraint<Percent> = ">= 99.95%".parse().unwrap();
        assert_eq!(constraint.to_string(), ">= 100%", "what is shown is rounded");
        assert_eq!(serde_json::from_str::<Constraint<Percent>>(&serde_json::to_string(&constraint).unwrap()).unwrap(), constraint);
        let window: Window = "1234567us..".parse().unwrap();
        assert_eq!(serde_json::from_str::<Window>(&serde_json::to_string(&window).unwrap()).unwrap(), window);
    }

    #[test]
    fn an_empty_range_is_refused() {
        assert!("37%..30%".parse::<Constraint<Percent>>().is_err());
        assert!(">= many".parse::<Constraint<Count>>().unwrap_err().to_string().contains("a whole number"));
    }

    #[test]
    fn windows_may_be_open() {
        assert_eq!("2s..10s".parse::<Window>().unwrap().to_string(), "2s..10s");
        assert_eq!("2s..".parse::<Window>().unwrap(), Window { from: Some(Time(2_000_000_000)), to: None });
        assert!("10s..2s".parse::<Window>().is_err());
        let moment: Window = "2s".parse().unwrap();
        assert_eq!((moment.to_string(), serde_json::to_string(&moment).unwrap()), ("2s".to_owned(), "\"2s\"".to_owned()));
        assert_eq!(moment.moment(), Some(Time(2_000_000_000)));
        assert!("".parse::<Window>().is_err());
    }
}
