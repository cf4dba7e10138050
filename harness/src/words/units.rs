//! Quantities with their units, in iproute2's and tc's spelling: `100mbit`, `10ms`, `64kb`, `0.1%`.
//! Not here: what is measured in them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What was wrong with a quantity's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {what}: write {write}")]
pub struct UnitError {
    text: String,
    what: &'static str,
    write: String,
}

/// A quantity that can be written in a file, measured, and compared.
pub trait Quantity: Copy + PartialOrd + fmt::Display + FromStr<Err = UnitError> {
    /// What it is called in an error message.
    const WHAT: &'static str;
    /// How it is written, for an error message.
    const EXAMPLE: &'static str;

    /// Its text without loss, where what is shown (`Display`) is rounded.
    fn exact(self) -> String;
}

fn error<T: Quantity>(text: &str) -> UnitError {
    UnitError { text: text.to_owned(), what: T::WHAT, write: T::EXAMPLE.to_owned() }
}

/// The error for an ambiguous text: each of its meanings is written with another unit.
fn ambiguous<T: Quantity>(text: &str, meanings: [(f64, &str, &str); 2]) -> Option<UnitError> {
    let number: f64 = text.trim().trim_end_matches(|c: char| !c.is_ascii_digit()).parse().ok()?;
    let [one, other] = meanings.map(|(factor, unit, meaning)| format!("`{}{unit}` if {meaning} are meant", number * factor));
    Some(UnitError { text: text.to_owned(), what: T::WHAT, write: format!("{one}, or {other}") })
}

/// What is wrong with a number that has no unit: each of two is likely.
fn bare<T: Quantity>(text: &str, units: [(f64, &str, &str); 2]) -> Option<UnitError> {
    let is_bare = text.trim().parse::<f64>().is_ok_and(|number| number >= 0.0);
    if is_bare { ambiguous::<T>(text, units) } else { None }
}

/// Splits `12.5mbit` into its number and its suffix, and scales by the suffix.
fn scaled<T: Quantity>(text: &str, scale: impl Fn(&str) -> Option<f64>) -> Result<f64, UnitError> {
    let trimmed = text.trim();
    let end = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
    let (number, suffix) = trimmed.split_at(end);
    let number: f64 = number.parse().map_err(|_| error::<T>(text))?;
    let scale = scale(&suffix.trim().to_ascii_lowercase()).ok_or_else(|| error::<T>(text))?;
    let value = number * scale;
    if value.is_finite() && value <= u64::MAX as f64 { Ok(value) } else { Err(error::<T>(text)) }
}

/// The largest unit that divides the value evenly, else the value in the largest unit below it with up to two decimals.
fn in_units(f: &mut fmt::Formatter<'_>, value: u64, units: &[(u64, &str)]) -> fmt::Result {
    let (least, least_name) = units[units.len() - 1];
    for &(size, name) in units {
        if value >= size {
            let scaled = value as f64 / size as f64;
            let text = format!("{scaled:.2}");
            let text = text.trim_end_matches('0').trim_end_matches('.');
            return write!(f, "{text}{name}");
        }
    }
    write!(f, "{}{least_name}", value / least)
}

macro_rules! text_serde {
    ($type:ty) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.exact())
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

/// A rate in bits per second, as tc writes it: `20mbit`, `1gbit`. tc's `mbps` for megabytes per second (tc(8), UNITS) is refused, since most
/// people mean megabits by it, and so is everything else that is ambiguous.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Rate(
    /// Bits per second.
    pub u64,
);

impl Quantity for Rate {
    const WHAT: &'static str = "rate";
    const EXAMPLE: &'static str = "a number with bit, kbit, mbit or gbit, such as \"100mbit\"";

    fn exact(self) -> String {
        let shown = self.to_string();
        if shown.parse() == Ok(self) { shown } else { format!("{}bit", self.0) }
    }
}

impl Rate {
    /// The rate at which `bytes` pass in `time`.
    pub fn of(bytes: u64, time: Time) -> Self {
        if time.0 == 0 { Self(0) } else { Self((bytes as f64 * 8e9 / time.0 as f64) as u64) }
    }

    /// The error for `20mbps`, `20 MB/s` and `20mb`: a `b` may be a bit or a byte.
    fn bits_or_bytes(text: &str) -> Option<UnitError> {
        let lower = text.trim().to_ascii_lowercase();
        let suffix = lower.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').trim_start();
        let prefixes = ["ki", "mi", "gi", "ti", "k", "m", "g", "t", ""];
        let (prefix, rest) = prefixes.iter().find_map(|prefix| Some((prefix, suffix.strip_prefix(prefix)?)))?;
        let unit = format!("{prefix}bit");
        let either = ["b", "bps", "b/s"].contains(&rest);
        if either { ambiguous::<Self>(text, [(1.0, unit.as_str(), "bits"), (8.0, unit.as_str(), "bytes")]) } else { None }
    }

    /// Bytes per second.
    pub fn bytes_per_second(self) -> u64 {
        self.0 / 8
    }

    /// What passes at this rate in `time`, in bytes.
    pub fn bytes_in(self, time: Time) -> u64 {
        (self.0 as f64 / 8.0 * time.seconds()) as u64
    }
}

impl FromStr for Rate {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Self, UnitError> {
        scaled::<Self>(text, |suffix| {
            Some(match suffix {
                "bit" => 1.0,
                "kbit" => 1e3,
                "mbit" => 1e6,
                "gbit" => 1e9,
                "tbit" => 1e12,
                "kibit" => 1024.0,
                "mibit" => 1024.0 * 1024.0,
                "gibit" => 1024.0 * 1024.0 * 1024.0,
                "tibit" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
                _ => return None,
            })
        })
        .map(|bits| Self(bits.round() as u64))
        .map_err(|error| {
            let bare = || bare::<Self>(text, [(1.0, "kbit", "kilobits"), (1.0, "mbit", "megabits")]);
            Self::bits_or_bytes(text).or_else(bare).unwrap_or(error)
        })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        in_units(f, self.0, &[(1_000_000_000, "gbit"), (1_000_000, "mbit"), (1_000, "kbit"), (1, "bit")])
    }
}

/// A number of bytes. As in tc and iperf3, `k`, `m` and `g` (with or without `b` or `ib`, in any case) are powers of 1024.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Size(
    /// Bytes.
    pub u64,
);

impl Quantity for Size {
    const WHAT: &'static str = "size";
    const EXAMPLE: &'static str = "a number of bytes, or one with k, m or g (powers of 1024), such as \"64k\" or \"10m\"";

    fn exact(self) -> String {
        let shown = self.to_string();
        if shown.parse() == Ok(self) { shown } else { format!("{}b", self.0) }
    }
}

impl FromStr for Size {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Self, UnitError> {
        scaled::<Self>(text, |suffix| {
            Some(match suffix {
                "" | "b" => 1.0,
                "k" | "kb" | "kib" => 1024.0,
                "m" | "mb" | "mib" => 1024.0 * 1024.0,
                "g" | "gb" | "gib" => 1024.0 * 1024.0 * 1024.0,
                _ => return None,
            })
        })
        .map(|bytes| Self(bytes.round() as u64))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        in_units(f, self.0, &[(1 << 30, "g"), (1 << 20, "m"), (1 << 10, "k"), (1, "b")])
    }
}

/// A span of time, or a point on a run's timeline counted from its start, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Time(
    /// Nanoseconds.
    pub u64,
);

impl Quantity for Time {
    const WHAT: &'static str = "time";
    const EXAMPLE: &'static str = "a number with us, ms, s or min, such as \"250ms\"";

    fn exact(self) -> String {
        let shown = self.to_string();
        if shown.parse() == Ok(self) { shown } else { format!("{}ns", self.0) }
    }
}

impl Time {
    /// The error for `5m`: minutes or milliseconds.
    fn minutes_or_millis(text: &str) -> Option<UnitError> {
        let is_m = text.trim().strip_suffix(['m', 'M']).is_some_and(|number| number.trim_end().ends_with(|c: char| c.is_ascii_digit()));
        if is_m { ambiguous::<Self>(text, [(1.0, "ms", "milliseconds"), (1.0, "min", "minutes")]) } else { None }
    }

    /// The start of the timeline.
    pub const ZERO: Self = Self(0);

    /// This many milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000_000)
    }

    /// This many microseconds.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros * 1_000)
    }

    /// In seconds.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// In whole microseconds.
    pub const fn micros(self) -> u64 {
        self.0 / 1_000
    }

    /// In whole milliseconds, rounded down.
    pub const fn millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// The time since `earlier`, zero if that is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }

    /// This much later.
    #[must_use]
    pub const fn after(self, span: Self) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl From<Time> for std::time::Duration {
    fn from(time: Time) -> Self {
        Self::from_nanos(time.0)
    }
}

impl From<std::time::Duration> for Time {
    fn from(duration: std::time::Duration) -> Self {
        Self(duration.as_nanos().min(u128::from(u64::MAX)) as u64)
    }
}

impl FromStr for Time {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Self, UnitError> {
        scaled::<Self>(text, |suffix| {
            Some(match suffix {
                "ns" => 1.0,
                "us" | "usec" => 1e3,
                "ms" | "msec" => 1e6,
                "s" | "sec" => 1e9,
                "min" => 60e9,
                _ => return None,
            })
        })
        .map(|nanos| Self(nanos.round() as u64))
        .map_err(|error| {
            let bare = || bare::<Self>(text, [(1.0, "ms", "milliseconds"), (1.0, "s", "seconds")]);
            Self::minutes_or_millis(text).or_else(bare).unwrap_or(error)
        })
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        in_units(f, self.0, &[(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"), (1, "ns")])
    }
}

/// A part of a whole, written in percent: `0.1%`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Percent(
    /// In percent: 100 is the whole.
    pub f64,
);

impl Quantity for Percent {
    const WHAT: &'static str = "percentage";
    const EXAMPLE: &'static str = "a number with %, such as \"0.1%\"";

    fn exact(self) -> String {
        format!("{}%", self.0)
    }
}

impl Percent {
    /// `part` of `whole`; nothing of nothing is 0 %.
    pub fn of(part: u64, whole: u64) -> Self {
        if whole == 0 { Self(0.0) } else { Self(part as f64 * 100.0 / whole as f64) }
    }
}

impl FromStr for Percent {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Self, UnitError> {
        scaled::<Self>(text, |suffix| (suffix == "%").then_some(1.0)).map(Self).map_err(|error| {
            let part_of_one = |number: &f64| (0.0..=1.0).contains(number);
            let number = text.trim().parse().ok().filter(part_of_one);
            number.and_then(|_| bare::<Self>(text, [(1.0, "%", "percent"), (100.0, "%", "parts of 1")])).unwrap_or(error)
        })
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", (self.0 * 10.0).round() / 10.0)
    }
}

/// A plain number of things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Count(
    /// How many.
    pub u64,
);

impl Quantity for Count {
    const WHAT: &'static str = "count";
    const EXAMPLE: &'static str = "a whole number, such as 3";

    fn exact(self) -> String {
        self.to_string()
    }
}

impl FromStr for Count {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Self, UnitError> {
        text.trim().parse().map(Self).map_err(|_| error::<Self>(text))
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

text_serde!(Rate);
text_serde!(Size);
text_serde!(Time);
text_serde!(Percent);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_tc_s() {
        assert_eq!("20mbit".parse(), Ok(Rate(20_000_000)));
        assert_eq!("1.5Gbit".parse(), Ok(Rate(1_500_000_000)));
        assert!("20".parse::<Rate>().is_err());
        assert_eq!(
            "20 mb".parse::<Rate>().unwrap_err().to_string(),
            "`20 mb` is not a rate: write `20mbit` if bits are meant, or `160mbit` if bytes are meant"
        );
        assert_eq!(
            "20mbyte".parse::<Rate>().unwrap_err().to_string(),
            "`20mbyte` is not a rate: write a number with bit, kbit, mbit or gbit, such as \"100mbit\""
        );
    }

    #[test]
    fn what_means_two_things_is_refused_with_both() {
        for (text, bits, bytes) in [
            ("20 mbps", "20mbit", "160mbit"),
            ("1.5GB/s", "1.5gbit", "12gbit"),
            ("8kb", "8kbit", "64kbit"),
            ("9bps", "9bit", "72bit"),
            ("2mibps", "2mibit", "16mibit"),
        ] {
            let said = text.parse::<Rate>().unwrap_err().to_string();
            assert!(said.contains(&format!("write `{bits}` if bits are meant, or `{bytes}` if bytes are meant")), "{said}");
        }
        let said = "5m".parse::<Time>().unwrap_err().to_string();
        assert_eq!(said, "`5m` is not a time: write `5ms` if milliseconds are meant, or `5min` if minutes are meant");
        assert!("0.1".parse::<Percent>().is_err() && "20".parse::<Rate>().is_err() && "5".parse::<Time>().is_err());
    }

    #[test]
    fn what_is_shown_is_short_and_what_is_stored_is_exact() {
        assert_eq!(Rate(100_000_000).to_string(), "100mbit");
        assert_eq!(Rate(94_123_456).to_string(), "94.12mbit");
        assert_eq!(Rate(94_123_456).exact(), "94123456bit");
        assert_eq!(Size(10 << 20).to_string(), "10m");
        assert_eq!(Time::from_millis(1500).to_string(), "1.5s");
        assert_eq!(Time(1).exact(), "1ns");
        for exact in [0, 1, 999, 1000, 1024, 123_456_789, 90_000_000_000] {
            assert_eq!(Time(exact).exact().parse(), Ok(Time(exact)));
            assert_eq!(Size(exact).exact().parse(), Ok(Size(exact)));
            assert_eq!(Rate(exact).exact().parse(), Ok(Rate(exact)));
        }
    }

    #[test]
    fn sizes_are_powers_of_1024_as_in_tc_and_iperf3() {
        assert_eq!("64k".parse(), Ok(Size(65_536)));
        assert_eq!("1MiB".parse(), Ok(Size(1 << 20)));
        assert_eq!("512".parse(), Ok(Size(512)));
    }

    #[test]
    fn nothing_of_nothing_is_no_share() {
        assert_eq!(Percent::of(0, 0), Percent(0.0));
        assert_eq!(Percent::of(1, 3).to_string(), "33.3%");
    }
}
