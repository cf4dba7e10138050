//! How a program ends: by itself with a status, or by a signal.
//! Not here: sending signals.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A signal of Linux (signal(7)), written `TERM` or `SIGTERM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal(i32);

/// The signals, the first having the number 1 (include/uapi/asm-generic/signal.h). Recordings are read on systems that number them otherwise.
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD",
    "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

impl Signal {
    /// Asks a program to end.
    pub const TERM: Self = Self(15);
    /// Ends a program without asking it.
    pub const KILL: Self = Self(9);
    /// Stops a program where it is.
    pub const STOP: Self = Self(19);
    /// Lets a stopped program go on.
    pub const CONT: Self = Self(18);

    /// The signal of a number, from 1 to 31.
    pub fn of_number(number: i32) -> Option<Self> {
        (1..=NAMES.len() as i32).contains(&number).then_some(Self(number))
    }

    /// Its number.
    pub const fn number(self) -> i32 {
        self.0
    }

    fn name(self) -> &'static str {
        NAMES[self.0 as usize - 1]
    }
}

impl FromStr for Signal {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.strip_prefix("SIG").unwrap_or(text);
        let signal = (1..).zip(NAMES).find(|(_, known)| *known == name).map(|(number, _)| Self(number));
        signal.ok_or_else(|| format!("`{text}` is not a signal: write one such as \"TERM\" or \"INT\""))
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
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
        for (number, signal) in [(9, Signal::KILL), (15, Signal::TERM), (18, Signal::CONT), (19, Signal::STOP)] {
            assert_eq!(Signal::of_number(number), Some(signal));
            assert_eq!(signal.to_string().parse(), Ok(signal));
        }
        assert_eq!((Signal::of_number(0), Signal::of_number(32)), (None, None));
        assert_eq!("INT".parse::<Exit>().unwrap().to_string(), "INT");
        assert_eq!("3".parse::<Exit>().unwrap(), Exit::Code(3));
        assert!("256".parse::<Exit>().unwrap_err().contains("0 to 255"));
        assert!("TREM".parse::<Exit>().unwrap_err().contains("not a signal"));
    }
}
