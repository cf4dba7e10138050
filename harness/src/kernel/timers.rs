//! The resolution of this kernel's timers: a nanosecond, or only its tick.
//! Not here: the effect on a link.
//!
//! High resolution is switched on a few ticks after boot, if at all (kernel/time/hrtimer.c, `hrtimer_switch_to_hres`). Until then, or forever
//! if the CPU's timer stops when idle without a replacement, every timer is rounded up to a tick, including those of netem and tbf.

use std::thread;
use std::time::Duration;

use nix::time::{ClockId, clock_getres};

/// How often to check. Each wait is two ticks at most, 8 ms at 250 Hz.
const LOOKS: u32 = 20;
/// The pause between two checks.
const BETWEEN: Duration = Duration::from_millis(1);

/// The resolution, once it is high or has had time to become high. `None` if the kernel does not report it.
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

/// Whether timers expire exactly when set to. The kernel then reports 1 ns, otherwise the length of a tick: at least a millisecond.
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
