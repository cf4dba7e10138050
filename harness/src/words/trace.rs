//! A rate over time, in mahimahi's format: a line for each 1500 bytes that may pass, with the millisecond at which they may. Or in that of
//! Pensieve's simulator: a line for each span of time, with the second at which it ends and its rate in Mbit/s.
//! Not here: which packets they are spent on.

use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::units::{Rate, Time};

/// What may pass at one time.
pub const OPPORTUNITY: u64 = 1500;

/// The most opportunities that a trace may have.
const MOST: usize = 1 << 22;

/// Delivery opportunities in order; after the last they repeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<u64>", into = "Vec<u64>")]
pub struct Trace {
    /// Milliseconds. Shared: a trace is long, and a shape is copied.
    millis: Arc<[u64]>,
}

/// Why a text is not a trace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// A line is not a number.
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
        /// Its time.
        millis: u64,
    },
    /// A line has neither one nor two columns, or not as many as those above it.
    #[error("line {line}: `{text}` is neither a time in milliseconds nor a time in seconds and a rate in Mbit/s, as the lines above it")]
    Columns {
        /// Which line, from 1.
        line: usize,
        /// The line.
        text: String,
    },
    /// It has too many opportunities to fit in memory.
    #[error("more than {MOST} packets pass before the trace repeats: shorten it")]
    Large,
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

/// The text of a file: one or two numbers per line; empty lines and what follows a `#` are ignored.
impl FromStr for Trace {
    type Err = TraceError;
    fn from_str(text: &str) -> Result<Self, TraceError> {
        let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.split('#').next().unwrap_or_default().trim()));
        let mut lines = lines.filter(|(_, text)| !text.is_empty()).peekable();
        if lines.peek().is_some_and(|(_, text)| text.contains(char::is_whitespace)) {
            return rates(lines);
        }
        let number = |(line, text): (usize, &str)| text.parse().map_err(|_| TraceError::Number { line, text: text.to_owned() });
        lines.map(number).collect::<Result<Vec<u64>, _>>()?.try_into()
    }
}

/// A trace of lines with the end of a span in seconds and its rate in Mbit/s. The first line's rate holds until its time.
fn rates<'a>(lines: impl Iterator<Item = (usize, &'a str)>) -> Result<Trace, TraceError> {
    let (mut millis, mut now, mut bits) = (Vec::new(), 0_u64, 0.0);
    for (line, text) in lines {
        let wrong = || TraceError::Columns { line, text: text.to_owned() };
        let numbers: Vec<f64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>().map_err(|_| wrong())?;
        let [end, rate] = numbers[..] else { return Err(wrong()) };
        if ![end, rate].iter().all(|number| (0.0..1e9).contains(number)) {
            return Err(wrong());
        }
        let end = (end * 1000.0).round() as u64;
        if end < now {
            return Err(TraceError::Backwards { line, millis: end });
        }
        let per_milli = rate * 1000.0;
        if (end - now) as f64 * per_milli / (OPPORTUNITY * 8) as f64 > MOST as f64 {
            return Err(TraceError::Large);
        }
        if per_milli > 0.0 {
            for milli in now + 1..=end {
                bits += per_milli;
                while bits >= (OPPORTUNITY * 8) as f64 {
                    bits -= (OPPORTUNITY * 8) as f64;
                    millis.push(milli);
                }
            }
        }
        now = end;
        if millis.len() > MOST {
            return Err(TraceError::Large);
        }
    }
    millis.try_into()
}

impl Trace {
    /// How long it lasts before it repeats.
    pub fn period(&self) -> Time {
        Time::from_millis(self.millis[self.millis.len() - 1])
    }

    /// The mean rate over its period.
    pub fn mean(&self) -> Rate {
        Rate((self.millis.len() as f64 * OPPORTUNITY as f64 * 8.0 / self.period().seconds()) as u64)
    }

    /// The time of an opportunity, numbered from the first of the first round.
    pub fn time(&self, opportunity: u64) -> Time {
        let (round, index) = (opportunity / self.millis.len() as u64, opportunity % self.millis.len() as u64);
        Time(round * self.period().0).after(Time::from_millis(self.millis[index as usize]))
    }

    /// The first opportunity at or after a time.
    pub fn first_from(&self, time: Time) -> u64 {
        // The last opportunity of a round is where the next begins: exactly that time may belong to the round before.
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
    fn rates_by_the_second_are_read_as_pensieve_s_simulator_does() {
        let trace: Trace = "0.0 99\n1.0 12\n2.0 0.0\n3.0 1.2\n".parse().unwrap();
        let millis = Vec::from(trace.clone());
        let within = |from: u64, to: u64| millis.iter().filter(|&&milli| (from + 1..=to).contains(&milli)).count();
        assert_eq!([within(0, 1000), within(1000, 2000), within(2000, 3000)], [1000, 0, 100]);
        assert_eq!(trace.period(), Time::from_millis(3000));
        assert_eq!("1.0\t8\n0.5 8".parse::<Trace>(), Err(TraceError::Backwards { line: 2, millis: 500 }));
        assert_eq!("1.0 8\n2\n".parse::<Trace>().unwrap_err(), TraceError::Columns { line: 2, text: "2".to_owned() });
        assert_eq!("900000 100000\n".parse::<Trace>(), Err(TraceError::Large));
        assert!("1 x\n".parse::<Trace>().is_err() && "1 -8\n".parse::<Trace>().is_err() && "1 NaN".parse::<Trace>().is_err());
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
