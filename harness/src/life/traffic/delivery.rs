//! When bytes arrived: a receiver's arrivals, thinned out to pairs that still show every gap as the receiver saw it.
//! Not here: receiving them, or an opinion on gaps.

/// A longer gap between two arrivals gets a pair at each of its ends, in µs.
const STEP: u64 = 10_000;
/// Arrivals nearer than this to the last pair are left out, in µs. Less than a step: a receiver looks every 10 ms, but not to the µs.
const NEAR: u64 = 8_000;

/// The arrivals of one flow.
pub(super) struct Delivery {
    pairs: Vec<(u64, u64)>,
    latest: (u64, u64),
}

impl Delivery {
    /// Nothing has arrived at the time of the connection.
    pub(super) fn since(connected: u64) -> Self {
        Self { pairs: vec![(connected, 0)], latest: (connected, 0) }
    }

    /// At `time`, `total` bytes have arrived.
    pub(super) fn arrived(&mut self, time: u64, total: u64) {
        let gap = time.saturating_sub(self.latest.0) > STEP;
        if gap {
            self.keep_latest();
        }
        self.latest = (time, total);
        if gap || time.saturating_sub(self.pairs[self.pairs.len() - 1].0) >= NEAR {
            self.keep_latest();
        }
    }

    /// The pairs, up to the latest arrival.
    pub(super) fn pairs(mut self) -> Vec<(u64, u64)> {
        self.keep_latest();
        self.pairs
    }

    fn keep_latest(&mut self) {
        if self.pairs.last() != Some(&self.latest) {
            self.pairs.push(self.latest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(arrivals: &[(u64, u64)]) -> Vec<(u64, u64)> {
        let mut delivery = Delivery::since(1_000);
        for &(time, total) in arrivals {
            delivery.arrived(time, total);
        }
        delivery.pairs()
    }

    #[test]
    fn a_steady_flow_has_no_pairs_that_are_near_each_other() {
        let arrivals: Vec<_> = (1..=1000).map(|n| (1_000 + n * 80, n * 50)).collect();
        let pairs = pairs(&arrivals);
        assert_eq!(pairs.len(), 11);
        assert!(pairs.windows(2).all(|pair| pair[1].0 - pair[0].0 == NEAR));
        assert_eq!(pairs.last(), Some(&(81_000, 50_000)));
    }

    #[test]
    fn a_flow_that_is_looked_at_about_every_10_ms_has_a_pair_for_each_look() {
        let looks: Vec<_> = (1..=100).map(|n| (1_000 + n * 10_000 + (n % 3) * 700, n * 50)).collect();
        assert_eq!(pairs(&looks).len(), 101);
    }

    #[test]
    fn both_ends_of_a_stall_are_exact() {
        assert_eq!(pairs(&[(2_000, 10), (4_321, 20), (54_321, 30), (55_000, 40)]), [(1_000, 0), (4_321, 20), (54_321, 30), (55_000, 40)]);
    }

    #[test]
    fn a_flow_that_never_moves_has_its_start_only() {
        assert_eq!(pairs(&[]), [(1_000, 0)]);
        assert_eq!(pairs(&[(90_000, 1)]), [(1_000, 0), (90_000, 1)]);
    }
}
