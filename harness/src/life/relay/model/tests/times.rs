//! When packets come out: rate, delay, queue, steps, changes.

use super::super::shape::{Chance, Codel, Discipline, Jitter, Limit, Loss, Reorder, Step};
use super::super::*;
use super::{cross, finish};
use crate::words::{Percent, Size};

const MS: u64 = 1_000_000;

fn rate(bits: u64) -> Shape {
    Shape { rate: Some(Rate(bits)), ..Shape::default() }
}

#[test]
fn a_full_queue_leaves_at_exactly_the_rate() {
    let shape = Shape { delay: Time::from_millis(10), limit: Some(Limit::Packets(1_000_001)), ..rate(7_000_003) };
    let out = cross(&mut Model::new(shape, 1), std::iter::repeat_n(0, 1_000_000), 1514);
    let expected = 10 * MS + (1_000_000 * 1514 * 8_000_000_000_u128 / 7_000_003) as u64;
    assert_eq!(out.len(), 1_000_000);
    assert_eq!(out[999_999], (expected, 1_000_000));
}

#[test]
fn looking_late_changes_no_time() {
    let shape = || Shape { delay: Time::from_millis(3), limit: Some(Limit::Packets(20)), ..rate(100_000_000) };
    let arrivals: Vec<u64> = (0..10_000).map(|number| number * 90_000 + number * number % 7 * 13_000).collect();
    let prompt = cross(&mut Model::new(shape(), 1), arrivals.iter().copied(), 1514);
    let mut model = Model::new(shape(), 1);
    for (number, &at) in arrivals.iter().enumerate() {
        model.offer(Time(at), 1514, number as u64 + 1);
    }
    assert_eq!(finish(&mut model), prompt);
    assert!(model.counts().dropped.queue > 0 && prompt.len() > 5_000, "{:?}", model.counts());
}

#[test]
fn a_delay_is_a_delay() {
    let shape = Shape { delay: Time(12_345_678), ..Shape::default() };
    let out = cross(&mut Model::new(shape, 1), (0..1000).map(|number| number * 77_777), 60);
    let expected: Vec<_> = (0..1000).map(|number| (number * 77_777 + 12_345_678, number + 1)).collect();
    assert_eq!(out, expected);
}

#[test]
fn a_queue_holds_exactly_its_limit() {
    let cases = [
        (Limit::Packets(10), 1000, 10),
        (Limit::Bytes(Size(10_000)), 1000, 10),
        (Limit::Bytes(Size(10_999)), 1000, 10),
        (Limit::Bytes(Size(64)), 64, 1),
    ];
    for (limit, len, fit) in cases {
        let shape = Shape { limit: Some(limit), delay: Time::from_millis(5), ..rate(8_000_000) };
        let mut model = Model::new(shape, 1);
        let out = cross(&mut model, std::iter::repeat_n(0, 100), len);
        assert_eq!((out.len(), model.counts().dropped.queue), (fit, 100 - fit as u64), "{limit:?}");
    }
    // One more fits each time one is gone.
    let mut model = Model::new(Shape { limit: Some(Limit::Packets(2)), ..rate(8_000_000) }, 1);
    let numbers: Vec<_> = cross(&mut model, [0, 0, 0, MS - 1, MS, MS, 2 * MS], 1000).into_iter().map(|(_, number)| number).collect();
    assert_eq!(numbers, [1, 2, 5, 7]);
}

#[test]
fn a_link_without_a_rate_holds_what_is_on_its_way() {
    let shape = Shape { limit: Some(Limit::Packets(3)), delay: Time::from_millis(5), ..Shape::default() };
    let out = cross(&mut Model::new(shape, 1), [0, 1, 2, 3, 5 * MS], 1000);
    assert_eq!(out.iter().map(|pair| pair.1).collect::<Vec<_>>(), [1, 2, 3, 5]);
}

#[test]
fn jitter_reorders_only_where_there_is_no_rate() {
    let jitter = Some(Jitter { amount: Time::from_millis(4), ..Jitter::default() });
    let delayed = Shape { delay: Time::from_millis(10), jitter, ..Shape::default() };
    let ordered = |out: Vec<(u64, u64)>| out.windows(2).all(|pair| pair[0].1 < pair[1].1);
    let arrivals = || (0..1000).map(|number| number * MS);
    assert!(!ordered(cross(&mut Model::new(delayed.clone(), 1), arrivals(), 100)));
    assert!(ordered(cross(&mut Model::new(Shape { rate: Some(Rate(100_000_000)), ..delayed }, 1), arrivals(), 100)));
}

#[test]
fn what_is_sent_at_once_meets_neither_delay_nor_queue_nor_rate() {
    let reorder = Some(Reorder { percent: Percent(100.0), correlation: Percent(0.0), gap: 3 });
    let shape = Shape { delay: Time::from_millis(10), reorder, limit: Some(Limit::Packets(2)), ..rate(8_000_000) };
    let mut model = Model::new(shape, 1);
    let out = cross(&mut model, [0, 0, 0, 11 * MS, 11 * MS, 11 * MS], 1000);
    let due: Vec<_> = out.into_iter().map(|(due, number)| (due / MS, number)).collect();
    assert_eq!(due, [(0, 3), (11, 1), (11, 6), (12, 2), (22, 4), (23, 5)], "the sixth overtakes the second, which is being sent");
    assert_eq!(model.counts().reordered, 2);
}

#[test]
fn codel_keeps_a_queue_short_that_drop_tail_fills() {
    // Twelve packets arrive while ten can leave; the time of the last ones tells how long they waited.
    let waited = |discipline| {
        let shape = Shape { discipline, limit: Some(Limit::Packets(1000)), ..rate(12_000_000) };
        let mut model = Model::new(shape, 1);
        let arrivals = |number: u64| number * MS * 10 / 12;
        let out = cross(&mut model, (0..60_000).map(arrivals), 1500);
        let mut waits: Vec<_> = out.iter().skip(30_000).map(|&(due, number)| due - arrivals(number - 1)).collect();
        waits.sort_unstable();
        (waits[waits.len() / 2] / MS, model.counts().dropped)
    };
    let (full, dropped) = waited(Discipline::DropTail);
    assert!((990..=1001).contains(&full) && dropped.codel == 0, "{full} ms, {dropped:?}");
    let (short, dropped) = waited(Discipline::CoDel(Codel::default()));
    assert!(short < 150 && dropped.queue == 0 && dropped.codel > 5_000, "{short} ms, {dropped:?}");
}

#[test]
fn codel_drops_its_first_packets_when_the_control_law_says() {
    let shape = Shape { discipline: Discipline::CoDel(Codel::default()), limit: Some(Limit::Packets(100_000)), ..rate(12_000_000) };
    let mut model = Model::new(shape, 1);
    for number in 0..1000 {
        model.offer(Time::ZERO, 1500, number);
    }
    let (mut last, mut drops) = (0, Vec::new());
    for (due, number) in finish(&mut model) {
        (last + 1..number).for_each(|_| drops.push(due / MS - 1));
        last = number;
    }
    // The sixth packet is the first to have waited for 5 ms, at 5 ms: 100 ms later the first is dropped; then after 100, 71, 58 ms.
    assert_eq!(drops[..4], [105, 205, 276, 334]);
}

#[test]
fn a_trace_is_followed() {
    let trace: Trace = "0\n10\n10\n20\n".parse().unwrap();
    let out = cross(&mut Model::new(Shape { trace: Some(trace), ..Shape::default() }, 1), [0, 0, 0, 0, 0, 0, 35 * MS], 1514);
    let times: Vec<_> = out.into_iter().map(|(due, _)| due / MS).collect();
    assert_eq!(times, [0, 10, 10, 20, 20, 30, 40], "the second at 30 is not used by anybody");
}

#[test]
fn steps_change_rate_and_delay() {
    let steps = vec![
        Step { at: Time::from_millis(10), rate: Some(Rate(0)), delay: None },
        Step { at: Time::from_millis(50), rate: Some(Rate(800_000)), delay: Some(Time::from_millis(100)) },
    ];
    let mut model = Model::new(Shape { steps, ..rate(8_000_000) }, 1);
    let out = cross(&mut model, [0, 9 * MS + MS / 2, 11 * MS, 12 * MS, 60 * MS], 1000);
    let micros: Vec<_> = out.into_iter().map(|(due, _)| due / 1000).collect();
    assert_eq!(micros, [1_000, 10_500, 60_000, 70_000, 170_000], "what is being sent is sent, nothing passes at 0");
}

#[test]
fn steps_go_on_while_something_else_changes() {
    let steps = vec![
        Step { at: Time::from_millis(10), rate: Some(Rate(800_000)), delay: Some(Time::from_millis(30)) },
        Step { at: Time::from_millis(100), rate: Some(Rate(8_000_000)), delay: None },
    ];
    let first = Shape { steps, ..rate(4_000_000) };
    let mut model = Model::new(first.clone(), 1);
    let ramp = Ramp { from: first.clone(), to: Shape { loss: Some(Loss::Random(Chance::of(0.0))), ..first }, over: Time::from_millis(80) };
    let mut due = |at: u64| {
        model.reshape(Time(at * MS), ramp.at(Time(at * MS)));
        model.offer(Time(at * MS), 1000, at);
        finish(&mut model).into_iter().map(|(due, _)| due / MS).collect::<Vec<_>>()
    };
    assert_eq!([due(0), due(20), due(70)], [vec![2], vec![60], vec![101]], "the last is sent as the second step comes");
    model.reshape(Time(110 * MS), Shape { delay: Time::from_millis(5), ..ramp.to.clone() });
    model.offer(Time(110 * MS), 1000, 110);
    assert_eq!(finish(&mut model), [(116 * MS, 110)], "what changes has changed");
    model.reshape(Time(200 * MS), Shape { steps: Vec::new(), ..ramp.to });
    model.offer(Time(200 * MS), 1000, 200);
    assert_eq!(finish(&mut model), [(202 * MS, 200)], "without them all is as the shape says");
}

#[test]
fn a_change_takes_effect_at_once_for_what_waits() {
    let mut model = Model::new(rate(8_000_000), 1);
    for number in 0..6 {
        model.offer(Time::ZERO, 1000, number);
    }
    model.reshape(Time(2 * MS + MS / 2), rate(800_000));
    assert_eq!(
        [0; 4].map(|_| model.take(Time(13 * MS))).map(|delivered| delivered.map_or(0, |delivered| delivered.due.0 / MS)),
        [1, 2, 3, 13]
    );
    model.reshape(Time(20 * MS), Shape::default());
    let due: Vec<_> = finish(&mut model).into_iter().map(|(due, _)| due / MS).collect();
    assert_eq!(due, [23, 23], "the one being sent keeps its time, the rest follows it");
}
