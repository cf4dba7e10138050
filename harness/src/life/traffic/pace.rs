//! How fast a paced sender writes: a schedule that is a straight line from its start.
//! Not here: waiting.

use std::time::Duration;

use crate::words::{Rate, Time};

/// The longest wait of a sender.
const LOOK_UP: Time = Time::from_millis(10);
/// How much of the rate goes into a chunk, at most and at least: smaller chunks cost more calls, larger ones make bursts.
const CHUNK: (Time, Time) = (Time::from_millis(5), Time::from_millis(2));
/// A burst no larger than a connection's first: ten packets (RFC 6928). A chunk that would be larger covers less time instead.
const BURST: u64 = 10 * 1448;

/// A schedule. A delayed sender catches up: after a time t it has written what belongs to t, even on a busy computer.
pub(super) struct Pace {
    rate: Rate,
    chunk: u64,
}

impl Pace {
    pub(super) fn new(rate: Rate) -> Self {
        let [most, least] = [CHUNK.0, CHUNK.1].map(|time| rate.bytes_in(time));
        Self { rate, chunk: most.min(BURST).max(least).clamp(256, 64 << 10) }
    }

    /// How many of the `left` bytes are due `elapsed` after the start if `sent` have been sent, or how long to wait before asking again.
    pub(super) fn due(&self, elapsed: Time, sent: u64, left: u64) -> Result<u64, Duration> {
        let scheduled = self.rate.bytes_in(elapsed).saturating_sub(sent);
        let wanted = self.chunk.min(left);
        if scheduled >= wanted {
            return Ok(scheduled.min(left));
        }
        let at = Time(((sent + wanted) as f64 * 8e9 / self.rate.0.max(1) as f64).ceil() as u64);
        // At least a microsecond: rounding must not make this a busy loop.
        Err(at.since(elapsed).clamp(Time::from_micros(1), LOOK_UP).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends for a second of made-up time and tells what was sent, in how many chunks, and the longest wait.
    fn second_of(rate: &str) -> (u64, u64, Duration) {
        let pace = Pace::new(rate.parse().unwrap());
        let (mut now, mut sent, mut chunks, mut longest) = (Time::ZERO, 0, 0, Duration::ZERO);
        while now <= Time::from_millis(1000) {
            match pace.due(now, sent, u64::MAX) {
                Ok(bytes) => (sent, chunks) = (sent + bytes, chunks + 1),
                Err(wait) => (now, longest) = (now.after(wait.into()), longest.max(wait)),
            }
        }
        (sent, chunks, longest)
    }

    #[test]
    fn a_second_carries_the_rate_in_small_chunks() {
        for (rate, bytes) in [("100kbit", 12_500), ("1mbit", 125_000), ("100mbit", 12_500_000)] {
            let (sent, chunks, longest) = second_of(rate);
            assert!(sent.abs_diff(bytes) <= bytes / 50, "{rate}: {sent}");
            assert!(chunks >= 40, "{rate}: {chunks}");
            assert!(longest <= Duration::from_millis(10), "{rate}: {longest:?}");
        }
    }

    #[test]
    fn the_last_bytes_do_not_wait_for_a_whole_chunk() {
        let pace = Pace::new(Rate(8_000));
        assert_eq!(pace.due(Time::from_millis(10), 0, 3), Ok(3));
        assert!(pace.due(Time::from_millis(1), 0, 3).is_err());
    }
}
