//! The run's clock: monotonic time from the start of the timeline.
//! Not here: waiting.

use std::time::Instant;

use crate::words::Time;

/// A clock that reads zero at the start of the run. Copies agree.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    zero: Instant,
}

impl Clock {
    /// A clock that reads zero now.
    pub fn start() -> Self {
        Self { zero: Instant::now() }
    }

    /// Time since the start.
    pub fn now(&self) -> Time {
        self.zero.elapsed().into()
    }

    /// Time from the start to a moment; zero for an earlier one.
    pub fn at(&self, moment: Instant) -> Time {
        moment.saturating_duration_since(self.zero).into()
    }

    /// The moment at which the clock reads `time`.
    pub fn instant(&self, time: Time) -> Instant {
        self.zero + time.into()
    }
}
