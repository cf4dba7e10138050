//! A rate over time as mahimahi writes it: a line for each 1500 bytes that may pass, with the millisecond at which they may.
//! Not here: which packets they are spent on.

use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::units::{Rate, Time};

/// What may pass at one time.
pub const OPPORTUNITY: u64 = 1500;

/// Delivery opportunities, in order; they repeat from the last on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<u64>", into = "Vec<u64>")]
pub struct Trace {
    /// Milliseconds. Shared: a trace is long, and a shape is copied.
    millis: Arc<[u64]>,
}

/// Why a text is not a trace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TraceError {
    /// A line is no number.
    #[error("line {line}: `{text}` is not a number of milliseconds")]
    Number {
        /// Which line, from 1.
        line: usize,
        /// The line.
        text: String,
    },
    /// Time goes backwards.
    #[error("line {line}: {millis} ms is before the line above it")]
    Backwards {
        /// Which line of those that are not empty, from 1.
        line: usize,
        /// What it says.
        millis: u64,
    },
    /// No time passes.
    #[error("a trace must last longer than 0 ms")]
    Empty,
}

impl TryFrom<Vec<u64>> for Trace {
    type Error = TraceError;
    fn try_from(millis: Vec<u64>) -> Result<Self, TraceError> {
        if let Some(at) = millis.windows(2).position(|pair| pair[1] < pair[0]) {
            return Err(TraceError::Backwards { line: at + 2, millis: millis[at + 1] });
        }
        if millis.last().is_none_or(|&last| last == 0) { Err(TraceError::Empty) } else { Ok(Self { millis: millis.into() }) }
    }
}

impl From<Trace> for Vec<u64> {
    fn from(trace: Trace) -> Self {
        trace.millis.to_vec()
    }
}

/// A file's text: one number a line; empty lines and what follows a `#` do not count.
impl FromStr for Trace {
    type Err = TraceError;
    fn from_str(text: &str) -> Result<Self, TraceError> {
        let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.split('#').next().unwrap_or_default().trim()));
        let number = |(line, text): (usize, &str)| text.parse().map_err(|_| TraceError::Number { line, text: text.to_owned() });
        lines.filter(|(_, text)| !text.is_empty()).map(number).collect::<Result<Vec<u64>, _>>()?.try_into()
    }
}

impl Trace {
    /// How long it lasts before it repeats.
    pub fn period(&self) -> Time {
        Time::from_millis(self.millis[self.millis.len() - 1])
    }

    /// The rate that it has over its whole time.
    pub fn mean(&self) -> Rate {
        Rate((self.millis.len() as f64 * OPPORTUNITY as f64 * 8.0 / self.period().seconds()) as u64)
    }

    /// When an opportunity is, counted from the first of the first round.
    pub fn time(&self, opportunity: u64) -> Time {
        let (round, index) = (opportunity / self.millis.len() as u64, opportunity % self.millis.len() as u64);
        Time(round * self.period().0).after(Time::from_millis(self.millis[index as usize]))
    }

    /// The first opportunity at or after a time.
    pub fn first_from(&self, time: Time) -> u64 {
        // The last opportunity of a round is where the next begins: a time that is just there may belong to the round before.
        let round = (time.0 / self.period().0).saturating_sub(1);
        let mut opportunity = round * self.millis.len() as u64;
        let within = |round: u64| Time(time.0 - round * self.period().0);
        for round in [round, round + 1] {
            let since = within(round);
            let index = self.millis.partition_point(|&millis| Time::from_millis(millis) < since);
            opportunity = round * self.millis.len() as u64 + index as u64;
            if index < self.millis.len() || within(round) < self.period() {
                break;
            }
        }
        opportunity
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_as_people_have_them() {
        let trace: Trace = "# LTE, driving\r\n0\r\n2\r\n2\n\n5\n".parse().unwrap();
        assert_eq!(Vec::from(trace.clone()), [0, 2, 2, 5]);
        assert_eq!((trace.period(), trace.mean()), (Time::from_millis(5), Rate(9_600_000)));
        assert_eq!("5\n3\n".parse::<Trace>(), Err(TraceError::Backwards { line: 2, millis: 3 }));
        assert_eq!("1\nx\n".parse::<Trace>().unwrap_err().to_string(), "line 2: `x` is not a number of milliseconds");
        assert_eq!("0\n".parse::<Trace>(), Err(TraceError::Empty));
        assert_eq!("".parse::<Trace>(), Err(TraceError::Empty));
    }

    #[test]
    fn opportunities_repeat() {
        let trace: Trace = "0\n2\n2\n5\n".parse().unwrap();
        let times: Vec<u64> = (0..9).map(|number| trace.time(number).0 / 1_000_000).collect();
        assert_eq!(times, [0, 2, 2, 5, 5, 7, 7, 10, 10]);
        for time in 0..40 {
            let time = Time(time * 500_000);
            let expected = (0..1000).find(|&number| trace.time(number) >= time).unwrap();
            assert_eq!(trace.first_from(time), expected, "at {time}");
        }
    }
}
