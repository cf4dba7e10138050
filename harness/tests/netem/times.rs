//! When packets come: delay, jitter, queue, changes.
//! Not here: which come.

use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use mplab::case;
use mplab::lab::Lab;
use mplab::plan::{Forwarding, Job, Means};
use mplab::words::shape::Distribution;

use crate::crossing::{Crossing, LENGTH, cross, lab, topology};

/// The cumulative distribution, found from its inverse.
fn below(distribution: Distribution, deviation: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        if distribution.deviation(middle) <= deviation { low = middle } else { high = middle }
    }
    low
}

/// Kolmogorov's and Smirnov's test at 99.9 %, over delays so long that a computer's lateness is nothing to them. An even jitter of half a
/// power of two in nanoseconds is one that netem spreads evenly.
pub(crate) fn jitter_has_its_distribution() -> Result<(), Failed> {
    const EVEN: f64 = (1 << 28) as f64 / 1e9;
    let distributions =
        [(Distribution::Uniform, EVEN), (Distribution::Normal, 0.5), (Distribution::Pareto, 0.5), (Distribution::ParetoNormal, 0.5)];
    for (distribution, amount) in distributions {
        let micros = amount * 1e6;
        let conditions = format!("delay = \"2s\", jitter = {{ amount = \"{micros}us\", distribution = \"{distribution}\" }}");
        let seen = cross(&conditions, 20_000, Duration::from_secs(4))?;
        let deviations: Vec<_> = seen.delays().into_iter().map(|delay| (delay.as_secs_f64() - 2.0) / amount).collect();
        let many = deviations.len() as f64;
        let distance = deviations.iter().enumerate().filter(|(_, deviation)| **deviation < 3.99).map(|(index, &deviation)| {
            let expected = below(distribution, deviation);
            (expected - index as f64 / many).abs().max((expected - (index + 1) as f64 / many).abs())
        });
        let distance = distance.fold(0.0, f64::max);
        assert!(deviations.len() == 20_000 && distance < 1.95 / many.sqrt(), "{distribution}: {distance}");
    }
    Ok(())
}

/// A width that does not divide 32 bits is what mplab leaves to the relay: the shorter half is likelier by the rest of the division.
pub(crate) fn a_large_even_jitter_is_skewed() -> Result<(), Failed> {
    let delays = cross("delay = \"2s\", jitter = \"500ms\"", 20_000, Duration::from_secs(3))?.delays();
    let rest = f64::from(u32::MAX % 1_000_000_000) / 1e9;
    let below = delays.iter().filter(|delay| delay.as_secs_f64() < 1.5 + rest).count() as f64 / 20_000.0;
    assert!(below > rest + 0.03, "{below} in place of {rest}");
    Ok(())
}

/// Whatever was asked for. This is why mplab leaves such a jitter to the relay where it may.
pub(crate) fn jitter_is_not_correlated() -> Result<(), Failed> {
    let mut seen = cross("delay = \"2s\", jitter = { amount = \"500ms\", correlation = \"75%\" }", 20_000, Duration::from_secs(3))?;
    seen.came.sort_unstable_by_key(|(number, _)| *number);
    let deviations: Vec<_> = seen.came.iter().map(|(_, delay)| delay.as_secs_f64() - 2.0).collect();
    let mean = deviations.iter().sum::<f64>() / deviations.len() as f64;
    let variance: f64 = deviations.iter().map(|deviation| (deviation - mean).powi(2)).sum();
    let covariance: f64 = deviations.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum();
    assert!((covariance / variance).abs() < 0.1, "{}", covariance / variance);
    Ok(())
}

pub(crate) fn a_delay_is_kept() -> Result<(), Failed> {
    let delay = Duration::from_millis(20);
    let delays = cross("delay = \"20ms\"", 20_000, 2 * delay)?.delays();
    // Only a lower bound: a busy computer is late.
    assert!(delays.len() == 20_000 && delays[0] >= delay && delays[10_000] < 2 * delay, "{:?} and {:?}", delays[0], delays[10_000]);
    Ok(())
}

pub(crate) fn a_queue_holds_its_limit_whatever_is_delayed() -> Result<(), Failed> {
    const LIMIT: usize = 20;
    const SENDING: Duration = Duration::from_millis(LENGTH as u64 * 8 / 8);
    let lab = lab("rate = \"8kbit\", limit = 20, delay = \"500ms\"", 0)?;
    let mut crossing = Crossing::new(&lab)?;
    let begun = Instant::now();
    crossing.send(100)?;
    let meanwhile = (begun.elapsed().as_millis() / SENDING.as_millis()) as usize + 1;
    let came = crossing.end(Duration::from_secs(4))?.came;
    assert!((LIMIT..=LIMIT + meanwhile).contains(&came.len()), "{} of a queue of {LIMIT}, {meanwhile} left meanwhile", came.len());
    Ok(())
}

/// Ten packets leave every 20 ms, or as many as there is room for.
pub(crate) fn slots_are_kept() -> Result<(), Failed> {
    const BETWEEN: Duration = Duration::from_millis(20);
    for room in ["packets = 10".to_owned(), format!("bytes = \"{}\"", 10 * LENGTH)] {
        let lab = lab(&format!("delay = \"5ms\", slot = {{ min = \"20ms\", {room} }}"), 0)?;
        let mut crossing = Crossing::new(&lab)?;
        let begun = Instant::now();
        crossing.send(200)?;
        let meanwhile = begun.elapsed();
        let seen = crossing.end(Duration::from_secs(2))?;
        assert!(seen.came.len() == 200 && seen.came.is_sorted_by_key(|(number, _)| *number));
        // A computer that is late waits longer: there is a lower bound only.
        let last = seen.came[199].1;
        assert!(last + meanwhile >= 19 * BETWEEN, "{room}: {last:?} behind 19 slots, sent within {meanwhile:?}");
    }
    Ok(())
}

pub(crate) fn a_rate_with_jitter_keeps_the_order() -> Result<(), Failed> {
    let seen = cross("rate = \"100mbit\", limit = 30000, delay = \"50ms\", jitter = \"40ms\"", 5_000, Duration::from_millis(200))?;
    assert!(seen.came.len() == 5_000 && seen.came.is_sorted_by_key(|(number, _)| *number));
    let seen = cross("delay = \"50ms\", jitter = \"40ms\"", 5_000, Duration::from_millis(200))?;
    assert!(seen.came.len() == 5_000 && !seen.came.is_sorted_by_key(|(number, _)| *number), "without a rate it does not");
    Ok(())
}

pub(crate) fn a_change_keeps_what_is_on_its_way() -> Result<(), Failed> {
    let case = r#"
        summary = "a change"
        topology = "test"
        transfer.t = { client = "a", server = "b", duration = "9s" }
        step = [{ at = "1s", shape = { link = "x", over = "200ms", up = { delay = "10ms", loss = "none", jitter = "none", rate = "none", limit = "none" } } }]
        expect = [{ transfer = "t", intact = true }]
    "#;
    let before = topology(
        "rate = \"100mbit\", limit = 1000, delay = \"1s\", jitter = { amount = \"10ms\", distribution = \"normal\" }, duplicate = \"none\"",
    );
    let (case, topology) =
        case::check::parse("case.toml", case, [("test", before.as_str())].as_slice()).map_err(|wrong| wrong[0].to_string())?;
    let job = Job::plan("change", topology, case, Means { seeds: false, ..Means::from(Forwarding::Redirect) });
    let mut lab = Lab::build(&job.setup)?;
    let mut crossing = Crossing::new(&lab)?;
    crossing.send(500)?;
    let step = &job.steps[0];
    for ops in std::iter::once(&step.ops).chain(step.later.iter().map(|change| &change.ops)) {
        lab.apply(ops)?;
        lab.verify(ops)?;
    }
    crossing.send(500)?;
    let seen = crossing.end(Duration::from_secs(2))?;
    let took = |number| seen.came.iter().find(|(came, _)| *came == number).map(|(_, took)| *took);
    assert_eq!(seen.came.len(), 1000);
    assert!(took(0) >= Some(Duration::from_millis(900)) && took(999) < Some(Duration::from_millis(900)), "{:?}, {:?}", took(0), took(999));
    Ok(())
}
