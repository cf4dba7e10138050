//! How one measure spreads over the seeds of a case, and how far two spreads are apart.
//! Not here: how a spread is drawn.

use std::collections::BTreeMap;
use std::fmt;

use super::run::Run;
use crate::words::{Amount, Better};

/// One measure over several seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    /// Whether higher or lower is better.
    pub better: Better,
    /// The seeds and the values measured with them, from low to high. There is at least one.
    measured: Vec<(u64, Amount)>,
}

/// How far one measure is from another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Distance {
    /// Percentage points, between two shares.
    Points(f64),
    /// The ratio of the second to the first; infinite if the first is 0.
    Times(f64),
}

/// Shares closer than this count as the same, in percentage points.
const POINTS: f64 = 5.0;
/// Other measures count as the same if one is larger by less than this part.
const PART: f64 = 0.1;
/// Times closer than this count as the same, in ns: deliveries are seen every 10 ms.
const MOMENT: f64 = 2e7;

/// The measures of runs by name, each over the runs that have it.
pub fn spreads<'a>(runs: impl IntoIterator<Item = &'a Run>) -> BTreeMap<String, Spread> {
    let mut spreads: BTreeMap<String, Spread> = BTreeMap::new();
    for run in runs {
        for (name, reading) in &run.measures {
            let empty = || Spread { better: reading.better, measured: Vec::new() };
            spreads.entry(name.clone()).or_insert_with(empty).measured.push((run.seed, reading.amount));
        }
    }
    for spread in spreads.values_mut() {
        spread.measured.sort_by(|(seed, one), (other, two)| one.number().total_cmp(&two.number()).then(seed.cmp(other)));
    }
    spreads
}

impl Spread {
    /// The lowest.
    pub fn least(&self) -> Amount {
        self.measured[0].1
    }

    /// The highest.
    pub fn most(&self) -> Amount {
        self.measured[self.measured.len() - 1].1
    }

    /// The one in the middle, the lower of two.
    pub fn median(&self) -> Amount {
        self.measured[(self.measured.len() - 1) / 2].1
    }

    /// How many seeds there are.
    pub fn count(&self) -> usize {
        self.measured.len()
    }

    /// The worst value with its seed; if neither direction is better, the one farthest from the median. Of several, the lowest seed.
    pub fn worst(&self) -> (u64, Amount) {
        let middle = self.median().number();
        let badness = |amount: Amount| match self.better {
            Better::Higher => -amount.number(),
            Better::Lower => amount.number(),
            Better::Neither => (amount.number() - middle).abs(),
        };
        let worse = |one: &(u64, Amount), other: &(u64, Amount)| badness(one.1).total_cmp(&badness(other.1)).then(other.0.cmp(&one.0));
        *self.measured.iter().max_by(|one, other| worse(one, other)).expect("there is one at least")
    }

    /// How many seeds are in each of `count` parts of equal width, from the lowest to the highest.
    pub fn histogram(&self, count: usize) -> Vec<usize> {
        let (low, high) = (self.least().number(), self.most().number());
        let mut parts = vec![0; count];
        for (_, amount) in &self.measured {
            let place = if high > low { (amount.number() - low) / (high - low) * count as f64 } else { 0.0 };
            parts[(place as usize).min(count - 1)] += 1;
        }
        parts
    }

    /// How far the other's median is from this one's, if the two have moved apart: their seeds do not overlap, and the difference is large enough to
    /// matter.
    pub fn distance(&self, other: &Self) -> Option<Distance> {
        let apart = self.most().number() < other.least().number() || other.most().number() < self.least().number();
        let (here, there) = (self.median(), other.median());
        let (before, after) = (here.number(), there.number());
        let distance = if let Amount::Percent(_) = here { Distance::Points(after - before) } else { Distance::Times(after / before) };
        let matters = match distance {
            Distance::Points(points) => points.abs() >= POINTS,
            Distance::Times(_) => (after - before).abs() > before.min(after) * PART,
        };
        let noticed = !matches!(here, Amount::Time(_)) || (after - before).abs() >= MOMENT;
        (apart && matters && noticed).then_some(distance)
    }
}

impl Distance {
    /// For sorting: the absolute distance. A share that moved by 50 points counts as much as a measure that doubled.
    pub fn size(self) -> f64 {
        match self {
            Self::Points(points) => points.abs() / 50.0,
            Self::Times(times) => times.log2().abs(),
        }
    }

    /// How much worse it is, in percent (for a share, in points); negative if it is better, 0 if neither direction is.
    pub fn worse(self, better: Better) -> f64 {
        let more = match self {
            Self::Points(points) => points,
            Self::Times(times) => (times - 1.0) * 100.0,
        };
        match better {
            Better::Higher => -more,
            Better::Lower => more,
            Better::Neither => 0.0,
        }
    }
}

/// `+12.3 points`, `-35%`, `x7.2`
impl fmt::Display for Distance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Points(points) => write!(f, "{points:+.1} points"),
            Self::Times(times) if times.is_infinite() => f.write_str("from nothing"),
            Self::Times(times) if times >= 2.0 => write!(f, "x{times:.1}"),
            Self::Times(times) => write!(f, "{:+.0}%", (times - 1.0) * 100.0),
        }
    }
}
