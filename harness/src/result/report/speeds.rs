//! Turns counted bytes into throughput, over equal parts of the time.
//! Not here: which bytes are counted.

use crate::result::recording::value_at;
use crate::words::Time;

/// Equal parts of a run's time.
pub(super) struct Bins {
    /// The length of each, in µs.
    width: u64,
    /// Where they begin and end, in µs.
    edges: Vec<u64>,
}

impl Bins {
    /// Parts up to `end` in µs, each of whole samples, at most `most`.
    pub(super) fn of(end: u64, sample: Time, most: u64) -> Self {
        let sample = sample.micros().max(1);
        let width = sample * end.div_ceil(sample.saturating_mul(most.max(1))).max(1);
        Self { width, edges: (0..=end / width).map(|index| index * width).collect() }
    }

    /// The value of each part as a point in its middle; the first and the last also at the edges.
    pub(super) fn points(&self, values: Vec<f64>) -> Vec<(u64, f64)> {
        let middles = self.edges.iter().map(|edge| edge + self.width / 2);
        let ends = [self.edges.first().zip(values.first()), self.edges.last().zip(values.last())];
        let [first, last] = ends.map(|end| end.map(|(edge, value)| (*edge, *value)));
        first.into_iter().chain(middles.zip(values.iter().copied())).chain(last).collect()
    }
}

/// How fast a count of bytes grew in each part, in Mbit/s.
pub(super) fn speeds(bins: &Bins, at: &[u64], bytes: &[u64]) -> Vec<f64> {
    let counts: Vec<u64> = bins.edges.iter().map(|&edge| value_at(at, bytes, edge)).collect();
    counts.windows(2).map(|pair| pair[1].saturating_sub(pair[0]) as f64 * 8.0 / bins.width as f64).collect()
}
