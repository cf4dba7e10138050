//! A gradual change of conditions: the shapes between two shapes.
//! Not here: applying them while the change lasts.

use serde::{Deserialize, Serialize};

use super::shape::{Chance, Jitter, Limit, Loss, Reorder, Shape};
use super::units::{Percent, Rate, Size, Time};

/// A change from one shape to another over a time. Numbers in both move evenly; everything else is the second's from the start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ramp {
    /// The shape before.
    pub from: Shape,
    /// The shape after.
    pub to: Shape,
    /// How long it takes.
    pub over: Time,
}

impl Ramp {
    /// The shape at a time since the start.
    pub fn at(&self, elapsed: Time) -> Shape {
        let (from, to) = (&self.from, &self.to);
        if elapsed >= self.over {
            return to.clone();
        }
        let part = Part(elapsed.0 as f64 / self.over.0 as f64);
        Shape {
            rate: both(from.rate, to.rate, |a, b| Rate(part.whole(a.0, b.0))),
            delay: part.time(from.delay, to.delay),
            jitter: both(from.jitter, to.jitter, |a, b| Jitter {
                amount: part.time(a.amount, b.amount),
                correlation: part.percent(a.correlation, b.correlation),
                ..b
            }),
            loss: match (&from.loss, &to.loss) {
                (None, Some(Loss::Random(b))) => Some(Loss::Random(part.chance(Chance { percent: Percent(0.0), ..*b }, *b))),
                (Some(Loss::Random(a)), None) => Some(Loss::Random(part.chance(*a, Chance::default()))),
                (Some(Loss::Random(a)), Some(Loss::Random(b))) => Some(Loss::Random(part.chance(*a, *b))),
                (_, other) => other.clone(),
            },
            duplicate: part.chances(from.duplicate, to.duplicate),
            corrupt: part.chances(from.corrupt, to.corrupt),
            reorder: both(from.reorder, to.reorder, |a, b| Reorder { percent: part.percent(a.percent, b.percent), ..b }),
            limit: both(from.limit, to.limit, |a, b| match (a, b) {
                (Limit::Packets(a), Limit::Packets(b)) => Limit::Packets(part.whole(a, b)),
                (Limit::Bytes(a), Limit::Bytes(b)) => Limit::Bytes(Size(part.whole(a.0, b.0))),
                _ => b,
            }),
            ..to.clone()
        }
    }
}

/// The part of the change that is done.
#[derive(Clone, Copy)]
struct Part(f64);

impl Part {
    fn number(self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.0
    }

    fn whole(self, from: u64, to: u64) -> u64 {
        self.number(from as f64, to as f64).round() as u64
    }

    fn time(self, from: Time, to: Time) -> Time {
        Time(self.whole(from.0, to.0))
    }

    fn percent(self, from: Percent, to: Percent) -> Percent {
        Percent(self.number(from.0, to.0))
    }

    fn chance(self, from: Chance, to: Chance) -> Chance {
        Chance { percent: self.percent(from.percent, to.percent), correlation: self.percent(from.correlation, to.correlation) }
    }

    /// An absent chance counts as 0 %.
    fn chances(self, from: Option<Chance>, to: Option<Chance>) -> Option<Chance> {
        (from.is_some() || to.is_some()).then(|| self.chance(from.unwrap_or_default(), to.unwrap_or_default()))
    }
}

fn both<T>(from: Option<T>, to: Option<T>, between: impl FnOnce(T, T) -> T) -> Option<T> {
    match (from, to) {
        (Some(from), Some(to)) => Some(between(from, to)),
        (_, to) => to,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_move_evenly() {
        let from = Shape { rate: Some(Rate(10_000_000)), delay: Time::from_millis(10), ..Shape::default() };
        let loss = Some(Loss::Random(Chance::of(2.0)));
        let to = Shape { rate: Some(Rate(2_000_000)), delay: Time::from_millis(50), loss: loss.clone(), ..Shape::default() };
        let ramp = Ramp { from: from.clone(), to: to.clone(), over: Time::from_millis(1000) };
        assert_eq!(ramp.at(Time::ZERO), Shape { loss: Some(Loss::Random(Chance::of(0.0))), ..from });
        let middle = ramp.at(Time::from_millis(500));
        assert_eq!((middle.rate, middle.delay), (Some(Rate(6_000_000)), Time::from_millis(30)));
        assert_eq!(middle.loss, Some(Loss::Random(Chance::of(1.0))));
        assert_eq!(ramp.at(Time::from_millis(1000)), to);
        assert_eq!(Ramp { over: Time::ZERO, ..ramp }.at(Time::ZERO), to, "no time is no ramp");
    }
}
