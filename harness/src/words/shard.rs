//! A shard: one of several parts of some work, such as `3/8`, counted from 1.
//! Not here: which work is in it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// One of several parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    number: u32,
    of: u32,
}

/// Text that is not a shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShardError {
    /// It is something else.
    #[error("`{0}` is not a shard: write its number and how many there are, such as `1/8`")]
    Wrong(String),
    /// There are 0 shards.
    #[error("`{0}`: there must be at least one shard: write `1/1`, or more, such as `1/8`")]
    None(String),
    /// The number is not from 1 to that of the last.
    #[error("`{text}`: shards are counted from 1: write `1/{of}` to `{of}/{of}`")]
    Beyond {
        /// What was written.
        text: String,
        /// How many shards there are.
        of: u32,
    },
}

impl Shard {
    /// All of the work.
    pub const WHOLE: Self = Self { number: 1, of: 1 };

    /// Its number, counted from 1.
    pub const fn number(self) -> u32 {
        self.number
    }

    /// How many shards there are.
    pub const fn of(self) -> u32 {
        self.of
    }
}

impl FromStr for Shard {
    type Err = ShardError;
    fn from_str(text: &str) -> Result<Self, ShardError> {
        let wrong = || ShardError::Wrong(text.to_owned());
        let number = |text: &str| text.parse::<u32>().map_err(|_| wrong());
        let (which, many) = text.split_once('/').ok_or_else(wrong)?;
        let (which, many) = (number(which)?, number(many)?);
        match (which, many) {
            (_, 0) => Err(ShardError::None(text.to_owned())),
            (1.., _) if which <= many => Ok(Self { number: which, of: many }),
            _ => Err(ShardError::Beyond { text: text.to_owned(), of: many }),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl Serialize for Shard {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Shard {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_shard_is_told_with_what_to_write() {
        let said = |text: &str| text.parse::<Shard>().map(|shard| shard.to_string()).map_err(|error| error.to_string());
        for right in ["1/1", "1/8", "8/8"] {
            assert_eq!(said(right), Ok(right.to_owned()));
        }
        for beyond in ["0/3", "4/3"] {
            assert_eq!(said(beyond).unwrap_err(), format!("`{beyond}`: shards are counted from 1: write `1/3` to `3/3`"));
        }
        assert_eq!(said("1/0").unwrap_err(), "`1/0`: there must be at least one shard: write `1/1`, or more, such as `1/8`");
        for wrong in ["x/y", "", "3", "1/", "/3", "-1/3", "1/2/3", "1/99999999999"] {
            assert_eq!(
                said(wrong).unwrap_err(),
                format!("`{wrong}` is not a shard: write its number and how many there are, such as `1/8`")
            );
        }
    }
}
