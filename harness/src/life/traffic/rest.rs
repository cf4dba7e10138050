//! What a sender still has to send: a number of bytes, or whatever fits in a time. Its waits end with that time, so it need not read the clock.
//! Not here: sending, and how fast.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

use super::stop::{Stop, poll};
use crate::document::case::Amount;
use crate::words::Time;

/// The rest of an amount. A duration begins when this is made.
pub(super) struct Rest {
    amount: Amount,
    /// Readable when the time is over.
    alarm: Option<TimerFd>,
    over: bool,
}

impl Rest {
    pub(super) fn of(amount: Amount) -> io::Result<Self> {
        let Amount::Duration(time) = amount else { return Ok(Self { amount, alarm: None, over: false }) };
        let alarm = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_CLOEXEC)?;
        // A timer set to zero would never expire.
        alarm.set(Expiration::OneShot(TimeSpec::from_duration(time.into())), TimerSetTimeFlags::empty())?;
        Ok(Self { amount, alarm: Some(alarm), over: time == Time::ZERO })
    }

    /// How many bytes may follow those that were sent; 0 if none.
    pub(super) fn left(&self, sent: u64) -> u64 {
        match self.amount {
            Amount::Bytes(size) => size.0.saturating_sub(sent),
            Amount::Duration(_) => u64::from(!self.over) * u64::MAX,
        }
    }

    /// Makes a sender that does not wait check how much time has passed, if that matters.
    pub(super) fn look(&mut self, elapsed: impl FnOnce() -> Time) {
        if let Amount::Duration(time) = self.amount {
            self.over |= elapsed() >= time;
        }
    }

    /// Waits until the socket can be written to, if there is one, this long has passed, the amount's time is over, or the transfer is told to stop; it
    /// may also return for no reason.
    pub(super) fn wait(&mut self, stop: &Stop, socket: Option<BorrowedFd<'_>>, at_most: Duration) -> io::Result<()> {
        let mut fds = vec![stop.line()];
        fds.extend(self.alarm.as_ref().map(|alarm| PollFd::new(alarm.as_fd(), PollFlags::POLLIN)));
        fds.extend(socket.map(|socket| PollFd::new(socket, PollFlags::POLLOUT)));
        poll(&mut fds, Some(at_most))?;
        self.over |= self.alarm.is_some() && fds[1].any().unwrap_or(true);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::stop::Stopper;
    use super::*;
    use crate::words::Size;

    #[test]
    fn bytes_are_left_until_they_are_sent() {
        let mut rest = Rest::of(Amount::Bytes(Size(10))).unwrap();
        rest.look(|| unreachable!("time does not matter"));
        assert_eq!([0, 4, 10, 12].map(|sent| rest.left(sent)), [10, 6, 0, 0]);
    }

    #[test]
    fn a_wait_ends_with_the_time() {
        let (stop, _stopper) = Stopper::new().unwrap();
        let mut rest = Rest::of(Amount::Duration(Time::from_millis(1))).unwrap();
        assert_eq!(rest.left(u64::MAX), u64::MAX);
        while rest.left(0) > 0 {
            rest.wait(&stop, None, Duration::from_secs(3600)).unwrap();
        }
        assert_eq!(Rest::of(Amount::Duration(Time::ZERO)).unwrap().left(0), 0);
    }

    #[test]
    fn the_clock_ends_what_never_waits() {
        let mut rest = Rest::of(Amount::Duration(Time::from_millis(3_600_000))).unwrap();
        rest.look(|| Time::from_millis(3_599_999));
        assert_eq!(rest.left(0), u64::MAX);
        rest.look(|| Time::from_millis(3_600_000));
        assert_eq!(rest.left(0), 0);
    }
}
