//! The network emulator over rtnetlink: the attributes that are sent, and those that the kernel reports back.
//! Not here: where its qdisc hangs.

use netlink_bindings::tc::{
    IterableNetemAttrs, PushNetemAttrs, TcNetemCorr, TcNetemCorrupt, TcNetemGemodel, TcNetemQopt, TcNetemRate, TcNetemReorder, TcNetemSlot,
};
use netlink_bindings::traits::Pusher;

use crate::words::shape::{Chance, Distribution, Gemodel, Loss};
use crate::words::{Netem, Percent, Rate, Time};

/// Nanoseconds to a tick of the packet scheduler (`PSCHED_SHIFT`, include/net/pkt_sched.h).
pub(super) const TICK: u64 = 64;

/// What netem keeps, in its own units. Probabilities and correlations are of 32 bits, times in nanoseconds, the rate in bytes per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settings {
    limit: u32,
    delay: i64,
    jitter: i64,
    loss: u32,
    /// p, r, h and 1-k in place of a random loss (`struct tc_netem_gemodel`).
    gemodel: Option<[u32; 4]>,
    gap: u32,
    duplicate: u32,
    /// Of the delay, the loss and duplicates (`struct tc_netem_corr`).
    correlations: [u32; 3],
    reorder: [u32; 2],
    corrupt: [u32; 2],
    rate: u64,
    /// The shortest and the longest time to the next slot, and how many packets and bytes fit: 0 for any number (`struct tc_netem_slot`).
    slot: [i64; 4],
    /// Absent on kernels without seeds.
    seed: Option<u64>,
}

/// As tc rounds it.
fn probability(part: Percent) -> u32 {
    (part.0 / 100.0 * f64::from(u32::MAX)).round_ties_even() as u32
}

fn chance(chance: Option<Chance>) -> [u32; 2] {
    chance.map_or([0; 2], |chance| [probability(chance.percent), probability(chance.correlation)])
}

impl From<&Netem> for Settings {
    fn from(netem: &Netem) -> Self {
        let jitter = netem.jitter.unwrap_or_default();
        let (loss, gemodel) = match &netem.loss {
            Some(Loss::Random(random)) => (chance(Some(*random)), None),
            Some(Loss::Gemodel(Gemodel { p, r, bad, good })) => {
                let p = probability(*p);
                let r = r.map_or(u32::MAX - p, probability);
                let h = bad.map_or(0, |bad| u32::MAX - probability(bad));
                ([0; 2], Some([p, r, h, good.map_or(0, probability)]))
            }
            _ => ([0; 2], None),
        };
        let duplicate = chance(netem.duplicate);
        let reorder = netem.reorder.map(|reorder| Chance { percent: reorder.percent, correlation: reorder.correlation });
        Self {
            limit: netem.limit,
            delay: netem.delay.0 as i64,
            jitter: jitter.amount.0 as i64,
            loss: loss[0],
            gemodel,
            gap: netem.reorder.filter(|reorder| reorder.percent > Percent(0.0)).map_or(0, |reorder| reorder.gap),
            duplicate: duplicate[0],
            correlations: [probability(jitter.correlation), loss[1], duplicate[1]],
            reorder: chance(reorder),
            corrupt: chance(netem.corrupt),
            rate: netem.rate.map_or(0, Rate::bytes_per_second),
            slot: netem.slot.map_or([0; 4], |slot| {
                let bytes = slot.bytes.map_or(0, |bytes| bytes.0 as i64);
                [slot.min.0 as i64, slot.max.0 as i64, slot.packets.map_or(0, i64::from), bytes]
            }),
            seed: netem.seed,
        }
    }
}

impl Settings {
    /// Whether these settings match what was requested. A seed that was left to the kernel may be any.
    pub(crate) fn obey(&self, told: &Netem) -> bool {
        let seed = told.seed.or(self.seed);
        *self == Self { seed, ..Self::from(told) }
    }

    /// The seed of its random numbers, if the kernel reports it.
    pub(crate) fn seed(&self) -> Option<u64> {
        self.seed
    }

    /// The fixed part of a request.
    pub(super) fn fixed(&self) -> TcNetemQopt {
        // In ticks as well: a kernel that knows no nanoseconds ignores them.
        let ticks = |nanos: i64| u32::try_from(nanos as u64 / TICK).unwrap_or(u32::MAX);
        let mut fixed = TcNetemQopt::new();
        fixed.latency = ticks(self.delay);
        fixed.limit = self.limit;
        fixed.loss = self.loss;
        fixed.gap = self.gap;
        fixed.duplicate = self.duplicate;
        fixed.jitter = ticks(self.jitter);
        fixed
    }

    /// Everything else. netem keeps what a request leaves out, so everything is sent.
    pub(super) fn push<P: Pusher>(&self, attributes: PushNetemAttrs<P>) -> PushNetemAttrs<P> {
        let [delay_corr, loss_corr, dup_corr] = self.correlations;
        let mut correlations = TcNetemCorr::new();
        (correlations.delay_corr, correlations.loss_corr, correlations.dup_corr) = (delay_corr, loss_corr, dup_corr);
        let mut reorder = TcNetemReorder::new();
        [reorder.probability, reorder.correlation] = self.reorder;
        let mut corrupt = TcNetemCorrupt::new();
        [corrupt.probability, corrupt.correlation] = self.corrupt;
        let mut rate = TcNetemRate::new();
        rate.rate = u32::try_from(self.rate).unwrap_or(u32::MAX);
        let mut slot = TcNetemSlot::new();
        [slot.min_delay, slot.max_delay, ..] = self.slot;
        [slot.max_packets, slot.max_bytes] = [self.slot[2], self.slot[3]].map(|most| i32::try_from(most).unwrap_or(i32::MAX));
        let mut attributes = attributes
            .push_latency64(self.delay)
            .push_jitter64(self.jitter)
            .push_corr(correlations)
            .push_reorder(reorder)
            .push_corrupt(corrupt)
            .push_rate(rate)
            .push_slot(slot);
        if self.rate > u64::from(u32::MAX) {
            attributes = attributes.push_rate64(self.rate);
        }
        if let Some([p, r, h, k1]) = self.gemodel {
            let mut model = TcNetemGemodel::new();
            (model.p, model.r, model.h, model.k1) = (p, r, h, k1);
            attributes = attributes.nested_loss().push_ge(model).end_nested();
        }
        if let Some(seed) = self.seed { attributes.push_prng_seed(seed) } else { attributes }
    }

    /// Reads the settings that a kernel reports.
    pub(super) fn read(fixed: &TcNetemQopt, said: &IterableNetemAttrs<'_>) -> Self {
        let correlations = said.get_corr().unwrap_or_default();
        let reorder = said.get_reorder().unwrap_or_default();
        let corrupt = said.get_corrupt().unwrap_or_default();
        let slot = said.get_slot().unwrap_or_default();
        let gemodel = said.get_loss().and_then(|loss| loss.get_ge()).ok();
        Self {
            limit: fixed.limit,
            delay: said.get_latency64().unwrap_or(i64::from(fixed.latency) * TICK as i64),
            jitter: said.get_jitter64().unwrap_or(i64::from(fixed.jitter) * TICK as i64),
            loss: fixed.loss,
            gemodel: gemodel.map(|model| [model.p, model.r, model.h, model.k1]),
            gap: fixed.gap,
            duplicate: fixed.duplicate,
            correlations: [correlations.delay_corr, correlations.loss_corr, correlations.dup_corr],
            reorder: [reorder.probability, reorder.correlation],
            corrupt: [corrupt.probability, corrupt.correlation],
            rate: said.get_rate64().unwrap_or_else(|_| said.get_rate().map_or(0, |rate| u64::from(rate.rate))),
            slot: [slot.min_delay, slot.max_delay, slot.max_packets.into(), slot.max_bytes.into()],
            seed: said.get_prng_seed().ok(),
        }
    }
}

/// The table of delays that it needs, if any: without one, a new netem spreads delays evenly, but one that has had a table keeps it.
pub(super) fn table(netem: &Netem) -> Option<Vec<u8>> {
    let jitter = netem.jitter.filter(|jitter| jitter.amount > Time::ZERO)?;
    let needed = netem.again || jitter.distribution != Distribution::Uniform;
    needed.then(|| jitter.distribution.table().flat_map(i16::to_ne_bytes).collect())
}

#[cfg(test)]
mod tests;
