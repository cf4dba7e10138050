//! What is sent for a line is what tc sends for it: `captured.txt` has lines with the bytes that iproute2 6.1 sent for them, or 6.15 where
//! there is a seed, got by `strace -e trace=sendmsg -e write=all tc ...`, with the tables of [`Distribution::table`] where it looks for its
//! own (`TC_LIB_DIR`).
//!
//! tc writes times only in ticks and leaves out what was not requested; mplab also writes nanoseconds, and everything.

use std::collections::BTreeMap;

use super::*;
use crate::kernel::{Batch, qdisc};
use crate::words::shape::{Jitter, Reorder, Slot};
use crate::words::{QdiscHandle, Size};

const CAPTURED: &str = include_str!("captured.txt");
/// The loopback interface, for which the lines are.
const LO: i32 = 1;

fn jitter(micros: u64, correlation: f64, distribution: Distribution) -> Jitter {
    Jitter { amount: Time::from_micros(micros), distribution, correlation: Percent(correlation) }
}

fn both(percent: f64, correlation: f64) -> Chance {
    Chance { percent: Percent(percent), correlation: Percent(correlation) }
}

fn bursts(p: f64, [r, bad, good]: [Option<f64>; 3]) -> Loss {
    Loss::Gemodel(Gemodel { p: Percent(p), r: r.map(Percent), bad: bad.map(Percent), good: good.map(Percent) })
}

fn reorder(percent: f64, correlation: f64, gap: u32) -> Reorder {
    Reorder { percent: Percent(percent), correlation: Percent(correlation), gap }
}

/// Up to half as long again.
fn slot(micros: u64, packets: Option<u32>, bytes: Option<u64>) -> Slot {
    Slot { min: Time::from_micros(micros), max: Time::from_micros(micros * 3 / 2), packets, bytes: bytes.map(Size) }
}

/// One of everything, and all at once.
fn told() -> Vec<(QdiscHandle, Netem)> {
    let (root, below) = (QdiscHandle { parent: None, handle: 1 }, QdiscHandle { parent: Some(1), handle: 2 });
    let late = Netem { limit: 100_000, delay: Time::from_millis(10), ..Netem::default() };
    let queue = Netem { limit: 71, ..Netem::default() };
    let everything = Netem {
        limit: 100_000,
        delay: Time::from_millis(30),
        jitter: Some(jitter(3000, 10.0, Distribution::Normal)),
        loss: Some(bursts(2.0, [Some(30.0), Some(90.0), Some(0.1)])),
        duplicate: Some(both(0.5, 5.0)),
        corrupt: Some(both(0.25, 7.0)),
        reorder: Some(reorder(4.0, 50.0, 3)),
        rate: Some(Rate(8_000_000)),
        slot: Some(slot(20_000, Some(5), Some(20_480))),
        ..Netem::default()
    };
    vec![
        (root, queue.clone()),
        (below, late.clone()),
        (root, Netem { delay: Time::from_micros(12_345), jitter: Some(jitter(2000, 0.0, Distribution::Uniform)), ..late.clone() }),
        (root, Netem { jitter: Some(jitter(2000, 25.0, Distribution::Uniform)), ..late.clone() }),
        (root, Netem { loss: Some(Loss::Random(Chance::of(0.1))), ..queue.clone() }),
        (root, Netem { loss: Some(Loss::Random(both(2.5, 25.0))), ..queue.clone() }),
        (root, Netem { loss: Some(bursts(1.0, [None; 3])), ..queue.clone() }),
        (root, Netem { loss: Some(bursts(1.0, [Some(20.0), None, None])), ..queue.clone() }),
        (root, Netem { loss: Some(bursts(1.0, [None, Some(70.0), None])), ..queue.clone() }),
        (root, Netem { loss: Some(bursts(1.0, [Some(20.0), None, Some(0.5)])), ..queue.clone() }),
        (root, Netem { duplicate: Some(both(1.0, 0.0)), ..queue.clone() }),
        (root, Netem { duplicate: Some(both(1.0, 25.0)), ..queue.clone() }),
        (root, Netem { corrupt: Some(both(1.0, 0.0)), ..queue.clone() }),
        (root, Netem { corrupt: Some(both(1.0, 25.0)), ..queue.clone() }),
        (root, Netem { reorder: Some(reorder(25.0, 0.0, 1)), ..late.clone() }),
        (root, Netem { reorder: Some(reorder(25.0, 50.0, 5)), ..late.clone() }),
        (below, Netem { rate: Some(Rate(10_000_000)), ..queue.clone() }),
        (below, Netem { rate: Some(Rate(100_000_000_000)), ..queue.clone() }),
        (root, Netem { slot: Some(slot(800, None, None)), ..queue.clone() }),
        (root, Netem { slot: Some(slot(20_000, Some(5), None)), ..queue.clone() }),
        (below, Netem { slot: Some(slot(20_000, None, Some(3000))), ..queue.clone() }),
        (root, Netem { seed: Some(1), ..queue.clone() }),
        (root, Netem { loss: Some(Loss::Random(Chance::of(0.1))), seed: Some(u64::MAX), ..queue.clone() }),
        (root, Netem { again: true, ..queue }),
        (root, Netem { again: true, ..late }),
        (root, everything),
    ]
}

/// The attributes of a request for a qdisc: the fixed header, the kind, netem's fixed part, and what follows it. Zeros mean what absence
/// means, and nanoseconds are left out if they say what the ticks say.
fn meaning(message: &[u8]) -> (Vec<u8>, BTreeMap<u16, Vec<u8>>) {
    fn attributes(mut bytes: &[u8]) -> BTreeMap<u16, Vec<u8>> {
        let mut found = BTreeMap::new();
        while let [length, more, kind, flags, ..] = *bytes {
            let length = usize::from(u16::from_le_bytes([length, more]));
            // The flag of what is nested says nothing more.
            found.insert(u16::from_le_bytes([kind, flags & 0x3f]), bytes[4..length].to_vec());
            bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
        found
    }
    let (flags, header) = (&message[4..8], &message[16..36]);
    let outer = attributes(&message[36..]);
    let (fixed, rest) = outer[&2].split_at(24);
    let mut options = attributes(rest);
    for (kind, ticks) in [(10, &fixed[..4]), (11, &fixed[20..])] {
        let nanos = options.remove(&kind).map(|nanos| i64::from_le_bytes(nanos.try_into().unwrap()));
        let ticks = u32::from_le_bytes(ticks.try_into().unwrap());
        assert!(nanos.is_none_or(|nanos| nanos as u64 / TICK == u64::from(ticks)));
    }
    options.retain(|_, value| value.iter().any(|byte| *byte != 0));
    ([flags, header, &outer[&1], fixed].concat(), options)
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn a_line_s_bytes_mean_what_tc_s_mean() {
    let told = told();
    let captured: Vec<&str> = CAPTURED.lines().collect();
    let lines: Vec<_> = told.iter().map(|(place, netem)| format!("tc qdisc replace dev lo {place} netem {netem}")).collect();
    assert_eq!(lines, captured.iter().step_by(2).copied().collect::<Vec<_>>(), "capture them again");
    for ((line, theirs), (place, netem)) in lines.iter().zip(captured.iter().skip(1).step_by(2)).zip(&told) {
        let mut batch = Batch::default();
        qdisc::netem(&mut batch, LO, *place, netem);
        assert_eq!(meaning(batch.bytes()), meaning(&unhex(theirs)), "{line}");
    }
}

#[test]
fn what_is_told_again_differs_in_what_is_left_out_alone() {
    for (_, netem) in told() {
        assert_eq!(Settings::from(&netem), Settings::from(&Netem { again: true, ..netem.clone() }));
    }
}
