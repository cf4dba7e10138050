//! How fast packets are sent one after the other: without limit, at a rate, or by a trace. It is exact: remainders are carried over.
//! Not here: which packet is next.

use super::trace::{OPPORTUNITY, Trace};
use crate::words::{Rate, Time};

/// The Ethernet header, which a trace does not count.
const ETHERNET: u64 = 14;

/// A sender of packets at work.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    kind: Kind,
    /// When it finished the last packet.
    free: Time,
}

#[derive(Debug, Clone)]
enum Kind {
    Unlimited,
    /// The carry is in units of a nanosecond divided by the rate.
    Rate {
        rate: Rate,
        carry: u64,
    },
    /// The opportunity in use and the bytes that may still pass at it.
    Trace {
        trace: Trace,
        origin: Time,
        opportunity: u64,
        left: u64,
    },
}

impl Pace {
    pub(super) fn new(rate: Option<Rate>, trace: Option<&Trace>, origin: Time) -> Self {
        let kind = match (rate, trace) {
            (_, Some(trace)) => Kind::Trace { trace: trace.clone(), origin, opportunity: 0, left: OPPORTUNITY },
            (Some(rate), None) => Kind::Rate { rate, carry: 0 },
            (None, None) => Kind::Unlimited,
        };
        Self { kind, free: Time::ZERO }
    }

    /// When a packet that is ready now would be sent completely; never at a rate of 0.
    pub(super) fn finish(&self, ready: Time, len: u32) -> Option<Time> {
        self.clone().send(ready, len)
    }

    /// Sends a packet as soon as the one before it is sent, and returns when that is done.
    pub(super) fn send(&mut self, ready: Time, len: u32) -> Option<Time> {
        let start = ready.max(self.free);
        let finish = match &mut self.kind {
            Kind::Unlimited => start,
            Kind::Rate { rate: Rate(0), .. } => return None,
            Kind::Rate { rate, carry } => {
                if start > self.free {
                    *carry = 0;
                }
                let work = u64::from(len) * 8_000_000_000 + *carry;
                *carry = work % rate.0;
                start.after(Time(work / rate.0))
            }
            Kind::Trace { trace, origin, opportunity, left } => {
                let since = start.since(*origin);
                if trace.time(*opportunity) < since {
                    (*opportunity, *left) = (trace.first_from(since), OPPORTUNITY);
                }
                let mut len = u64::from(len).saturating_sub(ETHERNET).max(1);
                while len > *left {
                    len -= *left;
                    (*opportunity, *left) = (*opportunity + 1, OPPORTUNITY);
                }
                *left -= len;
                origin.after(trace.time(*opportunity))
            }
        };
        self.free = finish.max(self.free);
        Some(finish)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_exact_over_a_million_packets() {
        for rate in [Rate(999_983), Rate(7_000_000), Rate(1_000_000_007)] {
            let mut pace = Pace::new(Some(rate), None, Time::ZERO);
            let lengths = (0..1_000_000_u64).map(|number| (number * 7919 % 1455 + 60) as u32);
            let (mut bytes, mut last) = (0, Time::ZERO);
            for len in lengths {
                last = pace.send(Time::ZERO, len).unwrap();
                bytes += u128::from(len);
            }
            assert_eq!(u128::from(last.0), bytes * 8_000_000_000 / u128::from(rate.0), "to the nanosecond");
        }
    }

    #[test]
    fn a_packet_that_comes_late_begins_when_it_comes() {
        let mut pace = Pace::new(Some(Rate(8_000_000)), None, Time::ZERO);
        assert_eq!(pace.send(Time(500), 1000), Some(Time(1_000_500)));
        assert_eq!(pace.send(Time(2_000_000), 1000), Some(Time(3_000_000)));
        assert_eq!(pace.send(Time(2_000_000), 500), Some(Time(3_500_000)));
        assert_eq!(Pace::new(Some(Rate(0)), None, Time::ZERO).send(Time::ZERO, 1), None);
    }

    #[test]
    fn a_trace_delivers_at_its_times() {
        let trace: Trace = "0\n2\n2\n5\n".parse().unwrap();
        let mut pace = Pace::new(None, Some(&trace), Time::from_millis(100));
        let mut send = |ready, len| pace.send(Time::from_millis(ready), len).unwrap().0 / 1_000_000;
        assert_eq!(send(100, 1514), 100);
        assert_eq!(send(100, 1514), 102);
        assert_eq!(send(100, 764), 102, "half an opportunity");
        assert_eq!(send(102, 764), 102, "and the other half");
        assert_eq!(send(102, 3014), 105, "two opportunities at once");
        assert_eq!(send(106, 764), 107);
        assert_eq!(send(108, 764), 110, "what nobody used at 107 is gone");
        assert_eq!(send(108, 764), 110);
        assert_eq!(send(108, 64), 110, "the same moment is the end of one round and the start of the next");
        assert_eq!(send(1_000_003, 64), 1_000_005);
    }
}
