//! What becomes of packets: how many are lost, doubled, corrupted, reordered, how delays are spread, and that a seed repeats it.

use super::super::shape::{Chance, Distribution, Gemodel, Jitter, Loss, Reorder};
use super::super::*;
use super::cross;
use crate::words::Percent;

const MANY: u64 = 200_000;
const MS: u64 = 1_000_000;

/// Whether so many of so many are within the 99.9 % interval of a binomial distribution.
fn assert_binomial(what: &str, many: u64, of: u64, probability: f64) {
    let (mean, deviation) = (of as f64 * probability, (of as f64 * probability * (1.0 - probability)).sqrt());
    assert!((many as f64 - mean).abs() <= 3.2905 * deviation + 0.5, "{what}: {many} of {of}, expected {mean} ± {:.0}", 3.2905 * deviation);
}

/// Packets a millisecond apart.
fn spaced(shape: Shape, seed: u64) -> (Vec<(u64, u64)>, Counts) {
    let mut model = Model::new(shape, seed);
    let out = cross(&mut model, (0..MANY).map(|number| number * MS), 1514);
    (out, *model.counts())
}

#[test]
fn chances_are_what_was_asked_for() {
    for (seed, percent) in [(1, 0.1), (2, 1.0), (3, 10.0), (4, 50.0)] {
        let chance = Some(Chance::of(percent));
        let shape = Shape { loss: chance.map(Loss::Random), ..Shape::default() };
        let (out, counts) = spaced(shape, seed);
        assert_binomial("loss", counts.dropped.loss, MANY, percent / 100.0);
        assert_eq!(out.len() as u64, MANY - counts.dropped.loss);
        let (out, counts) = spaced(Shape { duplicate: chance, ..Shape::default() }, seed);
        assert_binomial("duplicate", counts.duplicated, MANY, percent / 100.0);
        assert_eq!(out.len() as u64, MANY + counts.duplicated);
        let (_, counts) = spaced(Shape { corrupt: chance, ..Shape::default() }, seed);
        assert_binomial("corrupt", counts.corrupted, MANY, percent / 100.0);
        let reorder = Some(Reorder { percent: Percent(percent), correlation: Percent(0.0), gap: 1 });
        let (out, counts) = spaced(Shape { reorder, delay: Time::from_millis(10), ..Shape::default() }, seed);
        assert_binomial("reorder", counts.reordered, MANY, percent / 100.0);
        let at_once = out.iter().filter(|&&(due, number)| due == (number - 1) * MS).count() as u64;
        assert_eq!(at_once, counts.reordered);
    }
    let (out, _) = spaced(Shape { loss: Some(Loss::Random(Chance::of(100.0))), ..Shape::default() }, 1);
    assert_eq!(out, []);
}

#[test]
fn flipped_bits_are_spread_evenly() {
    let mut model = Model::new(Shape { corrupt: Some(Chance::of(100.0)), ..Shape::default() }, 1);
    let mut bits = [0_u64; 16];
    for number in 0..MANY {
        model.offer(Time(number), 100, ());
        let corrupt = model.take(Time(number)).unwrap().packet.corrupt.unwrap();
        bits[(corrupt % 16) as usize] += 1;
    }
    for many in bits {
        assert_binomial("a bit", many, MANY, 1.0 / 16.0);
    }
}

#[test]
fn gilbert_and_elliott_s_bursts_are_as_long_as_they_should_be() {
    let (p, r) = (0.01, 0.25);
    let model = Gemodel { p: Percent(p * 100.0), r: Some(Percent(r * 100.0)), bad: None, good: None };
    let (out, counts) = spaced(Shape { loss: Some(Loss::Gemodel(model)), ..Shape::default() }, 7);
    let bursts: Vec<u64> = out.windows(2).map(|pair| pair[1].1 - pair[0].1 - 1).filter(|&length| length > 0).collect();
    let many = bursts.len() as u64;
    assert!(many > 1000, "{many} bursts");
    // The length is geometric: each burst goes on with 1 - r after each packet.
    for length in 1..8 {
        let longer = bursts.iter().filter(|&&burst| burst > length).count() as u64;
        assert_binomial("bursts longer", longer, many, (1.0_f64 - r).powi(length as i32));
    }
    let mean = bursts.iter().sum::<u64>() as f64 / many as f64;
    assert!((mean - 1.0 / r).abs() < 3.3 * ((1.0 - r) / r / r / many as f64).sqrt(), "mean burst {mean}");
    // Losses are correlated: the deviation of their number is that of the two-state chain.
    let share = p / (p + r);
    let deviation = (MANY as f64 * share * (1.0 - share) * (2.0 - p - r) / (p + r)).sqrt();
    assert!((counts.dropped.loss as f64 - MANY as f64 * share).abs() < 3.3 * deviation, "{} lost", counts.dropped.loss);
}

#[test]
fn the_states_of_gilbert_and_elliott_have_their_own_losses() {
    let model = Gemodel { p: Percent(5.0), r: Some(Percent(5.0)), bad: Some(Percent(40.0)), good: Some(Percent(2.0)) };
    let (_, counts) = spaced(Shape { loss: Some(Loss::Gemodel(model)), ..Shape::default() }, 3);
    let share = counts.dropped.loss as f64 / MANY as f64;
    assert!((share - 0.21).abs() < 0.01, "{share}");
}

#[test]
fn packets_are_lost_by_number() {
    let lost = |loss| {
        let mut model = Model::new(Shape { loss: Some(loss), ..Shape::default() }, 1);
        let out = cross(&mut model, 0..10, 100);
        (1..=10).filter(|number| !out.iter().any(|pair| pair.1 == *number)).collect::<Vec<u64>>()
    };
    assert_eq!(lost(Loss::Numbers(vec![7, 1, 2])), [1, 2, 7]);
    assert_eq!(lost(Loss::Every(4)), [4, 8]);
    // A loss that comes later counts from there.
    let mut model = Model::new(Shape::default(), 1);
    (1..=5).for_each(|number| model.offer(Time(number), 100, number));
    model.reshape(Time(6), Shape { loss: Some(Loss::Numbers(vec![2])), ..Shape::default() });
    (6..=9).for_each(|number| model.offer(Time(number), 100, number));
    let out: Vec<_> = std::iter::from_fn(|| model.take(Time(9))).map(|delivered| delivered.packet.payload).collect();
    assert_eq!(out, [1, 2, 3, 4, 5, 6, 8, 9]);
}

#[test]
fn every_gap_th_packet_is_sent_at_once() {
    // tc-netem(8): `delay 10ms reorder 100% gap 5` sends every fifth packet immediately.
    let reorder = Some(Reorder { percent: Percent(100.0), correlation: Percent(0.0), gap: 5 });
    let shape = Shape { reorder, delay: Time::from_millis(10), ..Shape::default() };
    let out = cross(&mut Model::new(shape, 1), (0..20).map(|number| number * MS), 100);
    let at_once: Vec<_> = out.iter().filter(|&&(due, number)| due == (number - 1) * MS).map(|pair| pair.1).collect();
    assert_eq!(at_once, [5, 10, 15, 20]);
    // `reorder 25% gap 5`: four are delayed, then each is sent at once with a quarter's chance until one is.
    let reorder = Some(Reorder { percent: Percent(25.0), correlation: Percent(0.0), gap: 5 });
    let (out, _) = spaced(Shape { reorder, delay: Time::from_millis(10), ..Shape::default() }, 5);
    let at_once: Vec<_> = out.iter().filter(|&&(due, number)| due == (number - 1) * MS).map(|pair| pair.1).collect();
    let distances: Vec<_> = at_once.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(distances.iter().all(|&distance| distance >= 5));
    let nearest = distances.iter().filter(|&&distance| distance == 5).count() as u64;
    assert_binomial("sent at once at the first chance", nearest, distances.len() as u64, 0.25);
}

/// The cumulative distribution, found from its inverse.
fn below(distribution: Distribution, deviation: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        if distribution.deviation(middle) <= deviation { low = middle } else { high = middle }
    }
    low
}

/// The cumulative distributions as they are written in books, to hold the inverses to.
#[test]
fn the_distributions_are_the_books_ones() {
    for (deviation, expected) in [(-2.0, 0.022_750_131_9), (0.0, 0.5), (1.0, 0.841_344_746_1), (3.5, 0.999_767_370_9)] {
        assert!((below(Distribution::Normal, deviation) - expected).abs() < 1e-8);
    }
    for deviation in [-0.6, -0.5, 0.0, 1.0, 3.9_f64] {
        let expected = 1.0 - (deviation * 0.75 + 1.5).powi(-3);
        assert!((below(Distribution::Pareto, deviation) - expected).abs() < 1e-9);
    }
    for u in [0.01, 0.3, 0.5, 0.9, 0.999] {
        let mixed = Distribution::Normal.deviation(u) / 4.0 + Distribution::Pareto.deviation(u) * 0.75;
        assert!((Distribution::ParetoNormal.deviation(u) - mixed).abs() < 1e-12);
    }
}

#[test]
fn jitter_has_its_distribution() {
    let (delay, amount) = (100 * MS, 10 * MS);
    for distribution in [Distribution::Uniform, Distribution::Normal, Distribution::Pareto, Distribution::ParetoNormal] {
        let jitter = Some(Jitter { amount: Time(amount), distribution, correlation: Percent(0.0) });
        let (out, _) = spaced(Shape { delay: Time(delay), jitter, ..Shape::default() }, 11);
        let mut deviations: Vec<_> =
            out.iter().map(|&(due, number)| (due as f64 - ((number - 1) * MS + delay) as f64) / amount as f64).collect();
        deviations.sort_by(f64::total_cmp);
        let many = deviations.len() as f64;
        // Kolmogorov and Smirnov: the largest distance between the two cumulative distributions, at 99.9 %.
        let distance = deviations.iter().enumerate().step_by(7).filter(|(_, deviation)| **deviation < 3.999).map(|(index, &deviation)| {
            let expected = below(distribution, deviation);
            (expected - index as f64 / many).abs().max((expected - (index + 1) as f64 / many).abs())
        });
        let distance = distance.fold(0.0, f64::max);
        assert!(distance < 1.95 / many.sqrt(), "{distribution:?}: {distance}");
    }
}

#[test]
fn no_delay_is_negative() {
    let jitter = Some(Jitter { amount: Time::from_millis(10), ..Jitter::default() });
    let (out, _) = spaced(Shape { delay: Time::from_millis(2), jitter, ..Shape::default() }, 1);
    assert!(out.iter().all(|&(due, number)| due >= (number - 1) * MS));
}

#[test]
fn the_same_seed_is_the_same_fate_whatever_the_time() {
    let shape = Shape {
        rate: Some(Rate(1_000_000_000)),
        delay: Time::from_millis(1),
        jitter: Some(Jitter { amount: Time::from_micros(500), correlation: Percent(25.0), ..Jitter::default() }),
        loss: Some(Loss::Gemodel(Gemodel { p: Percent(2.0), r: Some(Percent(30.0)), bad: None, good: None })),
        duplicate: Some(Chance { percent: Percent(3.0), correlation: Percent(10.0) }),
        corrupt: Some(Chance::of(2.0)),
        reorder: Some(Reorder { percent: Percent(5.0), correlation: Percent(0.0), gap: 3 }),
        ..Shape::default()
    };
    let fates = |seed, spacing: u64| {
        let mut model = Model::new(shape.clone(), seed);
        let mut out = Vec::new();
        for number in 0..20_000 {
            let now = Time(number * spacing + number * number % 1009);
            model.offer(now, 100 + (number % 1400) as u32, number);
            out.extend(std::iter::from_fn(|| model.take(now)).map(|delivered| (delivered.packet.payload, delivered.packet.corrupt)));
        }
        out.extend(std::iter::from_fn(|| model.take(Time(u64::MAX))).map(|delivered| (delivered.packet.payload, delivered.packet.corrupt)));
        out.sort_unstable();
        (out, *model.counts())
    };
    let (out, counts) = fates(42, 20_000);
    assert_eq!((&out, &counts), (&fates(42, 55_555).0, &fates(42, 55_555).1));
    assert!(counts.dropped.loss > 0 && counts.duplicated > 0 && counts.corrupted > 0 && counts.reordered > 0 && counts.dropped.queue == 0);
    assert_ne!(out, fates(43, 20_000).0);
}
