//! Random numbers that belong to a packet: drawn from the seed, the packet's number and the purpose, never from the time.
//! Not here: what is decided with them.

use crate::words::Percent;

/// What a number is drawn for. A duplicate draws for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub(super) enum Purpose {
    Duplicate,
    Loss,
    Transition,
    Corrupt,
    Bit,
    Reorder,
    Delay,
    Start,
}

/// The most purposes, for a packet and for its duplicate each.
const PURPOSES: u64 = 8;

/// The draws for one packet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draws {
    seed: u64,
    first: u64,
}

impl Draws {
    pub(super) fn new(seed: u64, number: u64, copy: bool) -> Self {
        Self { seed: mix(seed), first: (number * 2 + u64::from(copy)) * PURPOSES }
    }

    /// A uniform 64-bit number: splitmix64 at the position that belongs to the packet and the purpose.
    pub(super) fn long(self, purpose: Purpose) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        mix(self.seed.wrapping_add((self.first + purpose as u64).wrapping_mul(STEP)))
    }

    /// A uniform 32-bit number.
    pub(super) fn short(self, purpose: Purpose) -> u32 {
        (self.long(purpose) >> 32) as u32
    }
}

/// The output function of splitmix64.
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A percentage as a share of all 32-bit numbers.
pub(super) fn threshold(percent: Percent) -> u64 {
    (percent.0.clamp(0.0, 100.0) / 100.0 * 4_294_967_296.0).round() as u64
}

/// netem's correlated numbers: each is a weighted mean of a new number and the last one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Correlated {
    rho: u64,
    last: u64,
}

impl Correlated {
    pub(super) fn new(correlation: Percent, start: u32) -> Self {
        Self { rho: threshold(correlation), last: u64::from(start) }
    }

    /// Continues from another one's state.
    pub(super) fn go_on_from(&mut self, other: &Self) {
        self.last = other.last;
    }

    /// The next number, from a fresh one.
    pub(super) fn next(&mut self, fresh: u32) -> u32 {
        if self.rho == 0 {
            return fresh;
        }
        self.last = (u64::from(fresh) * ((1 << 32) - self.rho) + self.last * self.rho) >> 32;
        self.last as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_belongs_to_its_packet() {
        let draw = |seed, number, copy| Draws::new(seed, number, copy).long(Purpose::Loss);
        assert_eq!(draw(1, 7, false), draw(1, 7, false));
        let others = [draw(2, 7, false), draw(1, 8, false), draw(1, 7, true), Draws::new(1, 7, false).long(Purpose::Bit)];
        assert!(!others.contains(&draw(1, 7, false)));
    }

    #[test]
    fn correlation_is_what_was_asked_for() {
        for asked in [0.0, 25.0, 75.0] {
            let mut correlated = Correlated::new(Percent(asked), 1 << 31);
            let mut next = |number| f64::from(correlated.next(Draws::new(5, number, false).short(Purpose::Delay)));
            let drawn: Vec<f64> = (0..200_000).map(&mut next).collect();
            let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
            let variance: f64 = drawn.iter().map(|x| (x - mean).powi(2)).sum();
            let covariance: f64 = drawn.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum();
            assert!((covariance / variance * 100.0 - asked).abs() < 1.0, "{} in place of {asked}", covariance / variance);
        }
    }
}
