//! Reads cumulative series: their value at a time, and how much they grew in a part of a run.
//! Not here: what they count.

use crate::words::{Time, Window};

/// The value of a cumulative series at a time: linear between samples, flat outside them.
pub fn value_at(at: &[u64], values: &[u64], time: u64) -> u64 {
    let next = at.partition_point(|&sample| sample <= time);
    match (next.checked_sub(1).and_then(|last| Some((at[last], *values.get(last)?))), at.get(next).zip(values.get(next))) {
        (Some((t0, v0)), Some((&t1, &v1))) => v0 + (v1.saturating_sub(v0) as f64 * (time - t0) as f64 / (t1 - t0) as f64) as u64,
        (Some((_, last)), None) => last,
        (None, _) => values.first().copied().unwrap_or(0),
    }
}

/// How much a cumulative series grew in a span of time.
pub fn growth(at: &[u64], values: &[u64], from: Time, to: Time) -> u64 {
    value_at(at, values, to.micros()).saturating_sub(value_at(at, values, from.micros()))
}

/// How much a cumulative series grew in a window. Counts start at 0, so a window without a beginning misses nothing.
pub(crate) fn grown(at: &[u64], values: &[u64], window: Window) -> u64 {
    let before = window.from.map_or(0, |from| value_at(at, values, from.micros()));
    value_at(at, values, window.to.map_or(u64::MAX, Time::micros)).saturating_sub(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_read_between_their_samples() {
        let (at, values) = ([100, 200], [0, 50]);
        assert_eq!(value_at(&at, &values, 0), 0);
        assert_eq!(value_at(&at, &values, 150), 25);
        assert_eq!(value_at(&at, &values, 200), 50);
        assert_eq!(value_at(&at, &values, 900), 50);
        assert_eq!(growth(&at, &values, Time::from_micros(150), Time::from_micros(200)), 25);
        assert_eq!(value_at(&[], &[], 5), 0);
    }
}
