//! How finely this kernel's timers can be set: to the nanosecond, or only to its next tick.
//! Not here: what that does to a link.
//!
//! High resolution comes on a few ticks after the boot, if it does (kernel/time/hrtimer.c, `hrtimer_switch_to_hres`). Until then, or for ever
//! where the CPU's timer stops when it is idle and nothing stands in for it, every timer is rounded up to a tick: a netem or tbf too.

use std::thread;
use std::time::Duration;

use nix::time::{ClockId, clock_getres};

/// How often it is looked for. Each wait is two ticks at most, 8 ms at 250 Hz.
const LOOKS: u32 = 20;
/// How long a kernel is left to itself between two looks.
const BETWEEN: Duration = Duration::from_millis(1);

/// The resolution, once it is high or has had the time to become so. Nothing if the kernel does not tell it.
pub(crate) fn settled() -> Option<Duration> {
    settle(|| clock_getres(ClockId::CLOCK_MONOTONIC).ok().map(Duration::from), || thread::sleep(BETWEEN))
}

fn settle(mut look: impl FnMut() -> Option<Duration>, mut wait: impl FnMut()) -> Option<Duration> {
    let mut resolution = look();
    for _ in 1..LOOKS {
        if resolution.is_none_or(is_high) {
            break;
        }
        wait();
        resolution = look();
    }
    resolution
}

/// Whether timers come when they are set to. The kernel says 1 ns then, and else the length of a tick: a millisecond at least.
fn is_high(resolution: Duration) -> bool {
    resolution < Duration::from_micros(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(4);
    const FINE: Duration = Duration::from_nanos(1);

    #[test]
    fn a_kernel_is_given_the_time_to_switch() {
        let (mut looks, mut waits) = ([TICK, TICK, FINE, TICK].into_iter(), 0);
        assert_eq!(settle(|| looks.next(), || waits += 1), Some(FINE));
        assert_eq!(waits, 2);
    }

    #[test]
    fn a_kernel_that_never_does_is_known() {
        assert_eq!(settle(|| Some(TICK), || ()), Some(TICK));
        assert_eq!(settle(|| None, || unreachable!("nothing will be told")), None);
    }
}
