//! Ranges of seeds: `7`, or `1..200`, both ends included.
//! Not here: what a seed changes.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A range of seeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seeds(RangeInclusive<u64>);

/// The largest range. A run is planned for each seed before the first begins.
pub const MOST: u64 = 10_000;

/// Text that is not a range of seeds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SeedsError {
    /// It is something else.
    #[error("`{0}` is not a range of seeds: write a number, or the first and the last, such as \"1..200\"")]
    Wrong(String),
    /// The range is too large.
    #[error("`{0}` has more than {MOST} seeds: run them in parts")]
    Many(String),
}

impl Seeds {
    /// The first.
    pub const fn first(&self) -> u64 {
        *self.0.start()
    }

    /// All of them, in their order.
    pub fn all(&self) -> RangeInclusive<u64> {
        self.0.clone()
    }
}

/// A single one.
impl From<u64> for Seeds {
    fn from(seed: u64) -> Self {
        Self(seed..=seed)
    }
}

impl FromStr for Seeds {
    type Err = SeedsError;
    fn from_str(text: &str) -> Result<Self, SeedsError> {
        let wrong = || SeedsError::Wrong(text.to_owned());
        let seed = |text: &str| text.trim().parse::<u64>().map_err(|_| wrong());
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let seeds = seed(first)?..=seed(last)?;
        if seeds.is_empty() {
            return Err(wrong());
        }
        if seeds.end() - seeds.start() >= MOST { Err(SeedsError::Many(text.to_owned())) } else { Ok(Self(seeds)) }
    }
}

impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.start() == self.0.end() { self.0.start().fmt(f) } else { write!(f, "{}..{}", self.0.start(), self.0.end()) }
    }
}

impl Serialize for Seeds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Seeds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_included() {
        assert_eq!("1..3".parse::<Seeds>().unwrap().all().collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!("7".parse::<Seeds>().unwrap().all().collect::<Vec<_>>(), [7]);
        assert_eq!("1..3".parse::<Seeds>().unwrap().to_string(), "1..3");
        assert_eq!("1..10000".parse::<Seeds>().unwrap().all().count() as u64, MOST);
        for wrong in ["1..10001", "0..18446744073709551615", "", "3..1", "1..", "-1", "one"] {
            assert!(wrong.parse::<Seeds>().is_err(), "{wrong}");
        }
    }
}
