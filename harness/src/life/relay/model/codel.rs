//! CoDel (RFC 8289): decides by how long packets have waited which of those that leave a queue to drop.
//! Not here: the queue.

use super::shape::Codel;
use crate::words::Time;

/// CoDel's state, in the RFC's words.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    dropping: bool,
    first_above_time: Option<Time>,
    drop_next: Time,
    count: u64,
    last_count: u64,
}

/// A packet at the head of a queue.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    /// How long it waited.
    pub(super) sojourn: Time,
    /// The bytes queued after it.
    pub(super) backlog: u64,
}

/// The largest packet (MAXPACKET): a queue that holds at most one is not a standing queue.
const MAX_PACKET: u64 = 1514;

impl State {
    /// Whether to drop a packet that leaves the queue now, and then ask about the next.
    pub(super) fn drops(&mut self, codel: &Codel, now: Time, head: Head) -> bool {
        let ok_to_drop = self.ok_to_drop(codel, now, head);
        if self.dropping {
            if !ok_to_drop {
                self.dropping = false;
            } else if now >= self.drop_next {
                self.count += 1;
                self.drop_next = control_law(codel, self.drop_next, self.count);
                return true;
            }
            return false;
        }
        if !ok_to_drop {
            return false;
        }
        self.dropping = true;
        // If the queue was standing a short while ago, dropping resumes at its earlier pace.
        let delta = self.count - self.last_count;
        let recently = now.since(self.drop_next) < Time(16 * codel.interval.0);
        self.count = if delta > 1 && recently { delta } else { 1 };
        self.drop_next = control_law(codel, now, self.count);
        self.last_count = self.count;
        true
    }

    /// Whether packets have waited for longer than the target for an interval.
    fn ok_to_drop(&mut self, codel: &Codel, now: Time, head: Head) -> bool {
        if head.sojourn < codel.target || head.backlog <= MAX_PACKET {
            self.first_above_time = None;
            return false;
        }
        let first = *self.first_above_time.get_or_insert(now.after(codel.interval));
        now >= first
    }

    /// The queue is empty.
    pub(super) fn ran_dry(&mut self) {
        self.first_above_time = None;
        self.dropping = false;
    }
}

fn control_law(codel: &Codel, time: Time, count: u64) -> Time {
    time.after(Time((codel.interval.0 as f64 / (count as f64).sqrt()) as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A queue in which every packet waits for 10 ms, one leaving each ms.
    fn standing(state: &mut State, from: u64, to: u64) -> Vec<u64> {
        let head = Head { sojourn: Time::from_millis(10), backlog: 100_000 };
        let codel = Codel::default();
        let mut dropped = Vec::new();
        for millis in from..to {
            while state.drops(&codel, Time::from_millis(millis), head) {
                dropped.push(millis);
            }
        }
        dropped
    }

    #[test]
    fn a_standing_queue_loses_packets_as_the_control_law_says() {
        let mut state = State::default();
        let dropped = standing(&mut state, 1000, 1600);
        let mut at = 1100.0;
        let mut expected = vec![1100];
        for count in 1.. {
            at += 100.0 / f64::from(count).sqrt();
            if at > 1599.0 {
                break;
            }
            expected.push(at.ceil() as u64);
        }
        assert_eq!(dropped, expected);
    }

    #[test]
    fn a_queue_below_the_target_or_of_one_packet_loses_none() {
        let mut state = State::default();
        let short = Head { sojourn: Time(4_999_999), backlog: 100_000 };
        let single = Head { sojourn: Time::from_millis(50), backlog: 1514 };
        for head in [short, single] {
            assert!(!(0..1000).any(|millis| state.drops(&Codel::default(), Time::from_millis(millis), head)));
        }
    }

    #[test]
    fn a_queue_that_stands_again_soon_is_dropped_from_faster() {
        let mut state = State::default();
        let first = standing(&mut state, 0, 1000);
        let relief = Head { sojourn: Time::ZERO, backlog: 0 };
        assert!(!state.drops(&Codel::default(), Time::from_millis(1000), relief));
        let second = standing(&mut state, 1001, 1300);
        assert_eq!((first[0], first[1]), (100, 200));
        assert_eq!(second[0], 1101);
        assert!(second[1] - second[0] < 50, "{second:?}");
    }
}
