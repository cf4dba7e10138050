//! How late packets were sent, against when they were due: a histogram of fixed size.
//! Not here: how late is too late.

use serde::{Deserialize, Serialize};

use crate::words::Time;

/// Buckets to each power of two: a value is known to within a sixteenth.
const PARTS: u32 = 16;
/// Enough powers of two for a minute in nanoseconds.
const BUCKETS: usize = 36 * PARTS as usize;

/// Packets by how late they were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    buckets: Box<[u64; BUCKETS]>,
    total: u64,
    worst: Time,
}

/// A summary of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Late {
    /// How many packets were due at a time.
    pub packets: u64,
    /// Half of them were at most this late.
    pub median: Time,
    /// 99 % of them were at most this late.
    pub p99: Time,
    /// All of them were at most this late.
    pub worst: Time,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: Box::new([0; BUCKETS]), total: 0, worst: Time::ZERO }
    }
}

/// Values below 16 have a bucket each; from there on, each power of two has sixteen.
fn bucket(nanos: u64) -> usize {
    let power = nanos.max(1).ilog2();
    let index = if nanos < u64::from(PARTS) { nanos } else { u64::from((power - 3) * PARTS) + (nanos >> (power - 4)) - u64::from(PARTS) };
    (index as usize).min(BUCKETS - 1)
}

/// The largest value of a bucket.
fn upper(bucket: usize) -> u64 {
    let (power, part) = (bucket as u64 / u64::from(PARTS), bucket as u64 % u64::from(PARTS));
    if power == 0 { part } else { ((u64::from(PARTS) + part + 1) << (power - 1)) - 1 }
}

impl Histogram {
    /// Adds packets that were this late.
    pub fn add(&mut self, late: Time, packets: u64) {
        self.buckets[bucket(late.0)] += packets;
        self.total += packets;
        self.worst = self.worst.max(late);
    }

    /// The lateness that a part of the packets did not exceed, to the precision of the buckets.
    pub(crate) fn quantile(&self, part: f64) -> Time {
        let rank = (self.total as f64 * part).ceil() as u64;
        let mut seen = 0;
        let found = self.buckets.iter().position(|&packets| {
            seen += packets;
            seen >= rank.max(1)
        });
        found.map_or(Time::ZERO, |bucket| Time(upper(bucket)).min(self.worst))
    }

    /// Median, p99 and worst.
    pub fn late(&self) -> Late {
        Late { packets: self.total, median: self.quantile(0.5), p99: self.quantile(0.99), worst: self.worst }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_in_a_bucket_that_is_near_it() {
        for nanos in (0..4096).chain([100_000, 1_234_567, 59_000_000_000]) {
            let upper = upper(bucket(nanos));
            assert!(upper >= nanos && upper - nanos <= nanos / 16, "{nanos} is taken for {upper}");
        }
    }

    #[test]
    fn quantiles_are_those_of_the_values() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.late(), Late::default());
        (1..=1000).for_each(|micros| histogram.add(Time::from_micros(micros), 2));
        let Late { packets, median, p99, worst } = histogram.late();
        assert_eq!((packets, worst), (2000, Time::from_micros(1000)));
        assert!((500..=535).contains(&median.micros()) && (990..=1000).contains(&p99.micros()), "{median}, {p99}");
    }
}
