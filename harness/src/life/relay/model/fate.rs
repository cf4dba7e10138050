//! The fate of each packet: lost, duplicated, corrupted, sent at once, or delayed. It depends only on the seed and the packet's number.
//! Not here: queues and rates, where time comes in.

use super::chance::{Correlated, Draws, Purpose, threshold};
use super::loss::Losing;
use super::shape::{Chance, Jitter, Shape};
use crate::words::{Percent, Time};

/// The fate of a packet, or of the duplicate of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    /// It is lost.
    pub lost: bool,
    /// A bit is flipped: the one at this number modulo the number of bits.
    pub corrupt: Option<u64>,
    /// It overtakes all others.
    pub at_once: bool,
    /// The deviation from the link's delay, in nanoseconds.
    pub deviation: i64,
}

/// The fates of the packets of one direction, one after the other.
#[derive(Debug, Clone)]
pub(super) struct Fates {
    seed: u64,
    number: u64,
    losing: Losing,
    duplicate: Draw,
    corrupt: Draw,
    reorder: Draw,
    gap: u32,
    /// Packets since the last that was sent at once.
    counter: u32,
    jitter: Option<(Jitter, Correlated)>,
}

/// A chance at work.
#[derive(Debug, Clone)]
struct Draw {
    threshold: u64,
    draws: Correlated,
}

impl Draw {
    fn new(percent: Percent, correlation: Percent, start: u32) -> Self {
        Self { threshold: threshold(percent), draws: Correlated::new(correlation, start) }
    }

    fn comes(&mut self, fresh: impl FnOnce() -> u32) -> bool {
        self.threshold > 0 && u64::from(self.draws.next(fresh())) < self.threshold
    }
}

impl Fates {
    pub(super) fn new(shape: &Shape, seed: u64) -> Self {
        Self::from(shape, seed, 0)
    }

    fn from(shape: &Shape, seed: u64, number: u64) -> Self {
        let start = Draws::new(seed, number, false).short(Purpose::Start);
        let draw = |chance: Option<Chance>| {
            chance.map_or(Draw::new(Percent(0.0), Percent(0.0), start), |c| Draw::new(c.percent, c.correlation, start))
        };
        let reorder = shape.reorder.map(|reorder| Chance { percent: reorder.percent, correlation: reorder.correlation });
        Self {
            seed,
            number,
            losing: Losing::new(shape.loss.as_ref(), number, start),
            duplicate: draw(shape.duplicate),
            corrupt: draw(shape.corrupt),
            reorder: draw(reorder),
            gap: shape.reorder.map_or(0, |reorder| reorder.gap.max(1)),
            counter: 0,
            jitter: shape
                .jitter
                .filter(|jitter| jitter.amount > Time::ZERO)
                .map(|jitter| (jitter, Correlated::new(jitter.correlation, start))),
        }
    }

    /// Changes the conditions. Packet numbers go on, and so does every state that both have, since a ramp is many small changes. An unchanged list or
    /// period of losses counts on; a new one counts from here.
    pub(super) fn reshape(&mut self, old: &Shape, new: &Shape) {
        let mut fates = Self::from(new, self.seed, self.number);
        if old.loss == new.loss {
            fates.losing = self.losing.clone();
        }
        fates.losing.go_on_from(&self.losing);
        fates.duplicate.draws.go_on_from(&self.duplicate.draws);
        fates.corrupt.draws.go_on_from(&self.corrupt.draws);
        fates.reorder.draws.go_on_from(&self.reorder.draws);
        if let (Some((_, draws)), Some((_, others))) = (&mut fates.jitter, &self.jitter) {
            draws.go_on_from(others);
        }
        if fates.gap == self.gap {
            fates.counter = self.counter;
        }
        *self = fates;
    }

    /// The next packet's number, from 1, its fate, and its duplicate's if it has one.
    pub(super) fn next(&mut self) -> (u64, Fate, Option<Fate>) {
        self.number += 1;
        let draws = Draws::new(self.seed, self.number, false);
        let doubled = self.duplicate.comes(|| draws.short(Purpose::Duplicate));
        let mut fate = self.decide(false);
        let mut copy = doubled.then(|| self.decide(true));
        if fate.lost && copy.is_some() {
            // As in netem: if a packet is both duplicated and lost, one copy is left, which meets no second fate.
            copy = None;
            fate.lost = false;
        }
        (self.number, fate, copy)
    }

    fn decide(&mut self, copy: bool) -> Fate {
        let draws = Draws::new(self.seed, self.number, copy);
        let lost = self.losing.loses(self.number, copy, draws);
        let corrupt = self.corrupt.comes(|| draws.short(Purpose::Corrupt)).then(|| draws.long(Purpose::Bit));
        let deviation = self.jitter.as_mut().map_or(0, |(jitter, correlated)| {
            let even = correlated.next(draws.short(Purpose::Delay));
            let u = (f64::from(even) + 0.5) / 4_294_967_296.0;
            (jitter.distribution.deviation(u) * jitter.amount.0 as f64).round() as i64
        });
        let at_once = !lost && self.overtakes(draws);
        Fate { lost, corrupt, at_once, deviation }
    }

    /// Drawn for every candidate, and only for those, as in netem.
    fn overtakes(&mut self, draws: Draws) -> bool {
        let at_once = self.gap > 0 && self.counter >= self.gap - 1 && self.reorder.comes(|| draws.short(Purpose::Reorder));
        self.counter = if at_once { 0 } else { self.counter.saturating_add(1) };
        at_once
    }
}
