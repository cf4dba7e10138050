//! How a program ends: by itself with a status, or by a signal.
//! Not here: sending signals.

use std::fmt;
use std::str::FromStr;

use nix::sys::signal::Signal as Kind;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A signal (signal(7)), written `TERM` or `SIGTERM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal(pub Kind);

impl Signal {
    /// Asks a program to end.
    pub const TERM: Self = Self(Kind::SIGTERM);
    /// Ends a program that is not asked.
    pub const KILL: Self = Self(Kind::SIGKILL);
    /// Stops a program where it is.
    pub const STOP: Self = Self(Kind::SIGSTOP);
    /// Lets a stopped program go on.
    pub const CONT: Self = Self(Kind::SIGCONT);
}

impl FromStr for Signal {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let name = if text.starts_with("SIG") { text.to_owned() } else { format!("SIG{text}") };
        name.parse().map(Self).map_err(|_| format!("`{text}` is not a signal: write one such as \"TERM\" or \"INT\""))
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_start_matches("SIG"))
    }
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this status.
    Code(i32),
    /// By a signal.
    Signal(Signal),
}

impl FromStr for Exit {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(code) if (0..=255).contains(&code) => Ok(Self::Code(code)),
            Ok(code) => Err(format!("{code} is not an exit status: write 0 to 255")),
            Err(_) => text.parse().map(Self::Signal),
        }
    }
}

/// `0`, `TERM`
impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => code.fmt(f),
            Self::Signal(signal) => signal.fmt(f),
        }
    }
}

macro_rules! as_text {
    ($($word:ty),*) => {$(
        impl Serialize for $word {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $word {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    )*};
}
as_text!(Signal, Exit);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_read_and_written_alike() {
        assert_eq!("SIGTERM".parse::<Signal>().unwrap().to_string(), "TERM");
        assert_eq!("INT".parse::<Exit>().unwrap().to_string(), "INT");
        assert_eq!("3".parse::<Exit>().unwrap(), Exit::Code(3));
        assert!("256".parse::<Exit>().unwrap_err().contains("0 to 255"));
        assert!("TREM".parse::<Exit>().unwrap_err().contains("not a signal"));
    }
}
