//! Converts arrival times of packets to the run's clock: the kernel stamps them with the computer's clock, which may be set meanwhile.
//! Not here: what has arrived.

use std::time::SystemTime;

use crate::words::Time;

/// How long a measured difference between the two clocks stays valid. Both run alike, but the computer's may be set (adjtimex(2)).
const RELIED_ON: Time = Time::from_millis(1_000);

/// What the computer's clock read at the run's zero, and until when that stays valid.
#[derive(Default)]
pub(super) struct Arrivals(Option<(SystemTime, Time)>);

impl Arrivals {
    /// When a packet with a timestamp arrived. The run's clock reads `now`, and the computer's is read once in a while. If that is set in between, the
    /// answers are wrong until then, by as much as it was set.
    pub(super) fn at(&mut self, stamp: SystemTime, now: Time, computer: impl FnOnce() -> SystemTime) -> Time {
        let (zero, _) = match self.0.filter(|(_, until)| now < *until) {
            Some(known) => known,
            None => *self.0.insert((computer() - now.into(), now.after(RELIED_ON))),
        };
        stamp.duration_since(zero).map(Time::from).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NEVER: fn() -> SystemTime = || unreachable!("it is known");

    #[test]
    fn the_computers_clock_is_read_once_in_a_while() {
        let computer = |seconds: u64, ms| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_millis(ms);
        let mut arrivals = Arrivals::default();
        let mut at = |stamp, now, clock: &dyn Fn() -> SystemTime| arrivals.at(stamp, Time::from_millis(now), clock);
        assert_eq!(at(computer(500, 95), 100, &|| computer(500, 100)), Time::from_millis(95));
        assert_eq!(at(computer(501, 98), 1_099, &NEVER), Time::from_millis(1_098));
        // It was set an hour forward.
        assert_eq!(at(computer(4_101, 190), 1_200, &|| computer(4_101, 200)), Time::from_millis(1_190));
        // It was set back beyond the run's beginning.
        assert_eq!(at(computer(1, 0), 1_300, &NEVER), Time::ZERO);
        assert_eq!(at(computer(2, 0), 2_300, &|| computer(2, 10)), Time::from_millis(2_290));
    }
}
