//! A quantity of any kind, for code that compares measures without knowing what they measure.
//! Not here: the kinds.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::units::{Count, Percent, Quantity, Rate, Size, Time};

/// A measured quantity. Its exact text shows its kind: `94123456bit`, `12m`, `250ms`, `33.3%`, `3`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// Bits per time.
    Rate(Rate),
    /// Bytes.
    Size(Size),
    /// A span of time.
    Time(Time),
    /// A part of a whole.
    Percent(Percent),
    /// Things.
    Count(Count),
}

macro_rules! from_quantity {
    ($($kind:ident),*) => {
        $(impl From<$kind> for Amount {
            fn from(quantity: $kind) -> Self {
                Self::$kind(quantity)
            }
        })*
    };
}
from_quantity!(Rate, Size, Time, Percent, Count);

/// Text that is not a quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither a rate, a size, a time, a percentage nor a count")]
pub struct AmountError(String);

impl Amount {
    /// As a plain number in the kind's smallest unit: bits per second, bytes, nanoseconds, percent, things.
    pub fn number(self) -> f64 {
        match self {
            Self::Rate(Rate(bits)) => bits as f64,
            Self::Size(Size(bytes)) => bytes as f64,
            Self::Time(Time(nanos)) => nanos as f64,
            Self::Percent(Percent(percent)) => percent,
            Self::Count(Count(count)) => count as f64,
        }
    }

    /// Its text without loss.
    pub fn exact(self) -> String {
        match self {
            Self::Rate(rate) => rate.exact(),
            Self::Size(size) => size.exact(),
            Self::Time(time) => time.exact(),
            Self::Percent(percent) => percent.exact(),
            Self::Count(count) => count.exact(),
        }
    }
}

/// Rounded for reading.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rate(rate) => rate.fmt(f),
            Self::Size(size) => size.fmt(f),
            Self::Time(time) => time.fmt(f),
            Self::Percent(percent) => percent.fmt(f),
            Self::Count(count) => count.fmt(f),
        }
    }
}

/// A bare number is a count: sizes are written with their unit.
impl FromStr for Amount {
    type Err = AmountError;
    fn from_str(text: &str) -> Result<Self, AmountError> {
        let count = text.parse().map(Self::Count);
        let percent = || text.parse().map(Self::Percent);
        let rate = || text.parse().map(Self::Rate);
        let time = || text.parse().map(Self::Time);
        let size = || text.parse().map(Self::Size);
        let amount = count.or_else(|_| percent()).or_else(|_| rate()).or_else(|_| time()).or_else(|_| size());
        amount.map_err(|_| AmountError(text.to_owned()))
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.exact())
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_text_tells_the_kind() {
        let amounts = [
            Amount::Rate(Rate(94_123_456)),
            Amount::Rate(Rate(0)),
            Amount::Size(Size(10 << 20)),
            Amount::Size(Size(0)),
            Amount::Size(Size(512)),
            Amount::Time(Time(0)),
            Amount::Time(Time::from_millis(90_001)),
            Amount::Percent(Percent(100.0 / 3.0)),
            Amount::Count(Count(0)),
            Amount::Count(Count(512)),
        ];
        for amount in amounts {
            assert_eq!(amount.exact().parse(), Ok(amount));
        }
        assert!("much".parse::<Amount>().is_err());
    }
}
