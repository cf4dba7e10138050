//! How much one call of a receiver waits for: about as much as arrives in 10 ms, so that it makes few calls and still knows when bytes arrived.
//! Not here: the calls, and the use of the times.

use crate::words::Time;

/// The size of a receiver's next call, from its last.
pub(super) struct Gulp {
    size: usize,
    /// When the last call returned.
    last: Time,
}

impl Gulp {
    /// How long a call should last. The kernel ends a call that gets less than it wants after this time, rounded up to its ticks.
    pub(super) const SPAN: Time = Time::from_millis(10);
    /// The least to wait for: less than a packet.
    const LEAST: usize = 1 << 10;
    /// The most, which arrives sooner on a fast link: the bytes must still be in a near cache when they are compared.
    pub(super) const MOST: usize = 256 << 10;

    /// The first call's.
    pub(super) fn since(connected: Time) -> Self {
        Self { size: 16 << 10, last: connected }
    }

    /// How many bytes to wait for.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// A call has returned `now` with `length` bytes, the last of which `came` earlier. Returns when that was: at the earliest at the previous call,
    /// which did not get it, and at the latest now.
    pub(super) fn took(&mut self, length: usize, now: Time, came: Time) -> Time {
        let elapsed = now.since(self.last);
        let fitting = (length as u64).saturating_mul(Self::SPAN.0) / elapsed.0.max(1);
        // Not at once: bytes that have waited for others arrive together.
        let fitting = fitting.clamp(self.size as u64 / 2, self.size as u64 * 2) as usize;
        self.size = fitting.clamp(Self::LEAST, Self::MOST);
        let at = came.max(self.last).min(now);
        self.last = now;
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Receives at a steady rate for a second and tells how many calls that takes.
    fn calls(bytes_per_ms: u64) -> usize {
        let mut gulp = Gulp::since(Time::ZERO);
        let (mut now, mut calls) = (Time::ZERO, 0);
        while now < Time::from_millis(1000) {
            let size = gulp.size();
            now = now.after(Time(size as u64 * 1_000_000 / bytes_per_ms));
            assert_eq!(gulp.took(size, now, now), now);
            calls += 1;
        }
        calls
    }

    #[test]
    fn a_steady_flow_is_taken_a_hundred_times_a_second() {
        for bytes_per_ms in [1_000, 3_750, 12_500] {
            let calls = calls(bytes_per_ms);
            assert!((95..=110).contains(&calls), "{bytes_per_ms} bytes a ms: {calls}");
        }
    }

    #[test]
    fn a_fast_flow_is_taken_in_pieces_that_fit_into_a_cache() {
        assert!((4_700..4_900).contains(&calls(1_250_000)));
    }

    #[test]
    fn the_last_byte_did_not_come_before_the_last_call() {
        let mut gulp = Gulp::since(Time::from_millis(5));
        assert_eq!(gulp.took(10, Time::from_millis(15), Time::from_millis(11)), Time::from_millis(11));
        assert_eq!(gulp.took(10, Time::from_millis(25), Time::from_millis(3)), Time::from_millis(15));
    }

    #[test]
    fn the_last_byte_has_come() {
        let mut gulp = Gulp::since(Time::ZERO);
        assert_eq!(gulp.took(10, Time::from_millis(15), Time::from_millis(400)), Time::from_millis(15));
    }
}
