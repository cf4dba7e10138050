//! Which packets are lost: the state of a loss model.
//! Not here: losses by a full queue.

use super::chance::{Correlated, Draws, Purpose, threshold};
use super::shape::{Gemodel, Loss};
use crate::words::Percent;

/// A loss model at work.
#[derive(Debug, Clone)]
pub(super) enum Losing {
    Never,
    Random { threshold: u64, draws: Correlated },
    Gemodel(Gilbert),
    Numbers { numbers: Vec<u64>, before: u64 },
    Every { every: u64, before: u64 },
}

/// The Gilbert-Elliott model at work.
#[derive(Debug, Clone)]
pub(super) struct Gilbert {
    bad: bool,
    to_bad: u64,
    to_good: u64,
    loss_in_bad: u64,
    loss_in_good: u64,
}

impl Losing {
    /// From the packet after the one with number `before` on.
    pub(super) fn new(loss: Option<&Loss>, before: u64, start: u32) -> Self {
        match loss {
            None => Self::Never,
            Some(Loss::Random(chance)) => {
                Self::Random { threshold: threshold(chance.percent), draws: Correlated::new(chance.correlation, start) }
            }
            Some(Loss::Gemodel(Gemodel { p, r, bad, good })) => Self::Gemodel(Gilbert {
                bad: false,
                to_bad: threshold(*p),
                to_good: threshold(r.unwrap_or(Percent(100.0 - p.0))),
                loss_in_bad: threshold(bad.unwrap_or(Percent(100.0))),
                loss_in_good: threshold(good.unwrap_or_default()),
            }),
            Some(Loss::Numbers(numbers)) => {
                let mut numbers = numbers.clone();
                numbers.sort_unstable();
                Self::Numbers { numbers, before }
            }
            Some(Loss::Every(every)) => Self::Every { every: (*every).max(1), before },
        }
    }

    /// Continues from another one's state, as far as both are of a kind.
    pub(super) fn go_on_from(&mut self, other: &Self) {
        match (self, other) {
            (Self::Random { draws, .. }, Self::Random { draws: others, .. }) => draws.go_on_from(others),
            (Self::Gemodel(model), Self::Gemodel(other)) => model.bad = other.bad,
            _ => {}
        }
    }

    /// Whether a packet, or the duplicate of one, is lost. Must be called for every packet, in order.
    pub(super) fn loses(&mut self, number: u64, copy: bool, draws: Draws) -> bool {
        let below = |purpose, threshold| u64::from(draws.short(purpose)) < threshold;
        match self {
            Self::Never => false,
            Self::Random { threshold, draws: correlated } => u64::from(correlated.next(draws.short(Purpose::Loss))) < *threshold,
            Self::Gemodel(model) => {
                // As in netem, the loss is that of the state in which the packet arrived.
                let (leave, loss) = if model.bad { (model.to_good, model.loss_in_bad) } else { (model.to_bad, model.loss_in_good) };
                model.bad ^= below(Purpose::Transition, leave);
                below(Purpose::Loss, loss)
            }
            Self::Numbers { numbers, before } => !copy && numbers.binary_search(&(number - *before)).is_ok(),
            Self::Every { every, before } => !copy && (number - *before).is_multiple_of(*every),
        }
    }
}
