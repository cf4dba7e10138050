//! The model against what it promises: statistics of fates, and the times of packets.
//! Not here: its parts, which have tests of their own.

mod any;
mod fates;
mod times;

use super::*;

/// Offers packets of a length at times, and returns when each came out, by number.
fn cross(model: &mut Model<u64>, arrivals: impl IntoIterator<Item = u64>, len: u32) -> Vec<(u64, u64)> {
    let mut out = Vec::new();
    for (number, at) in arrivals.into_iter().enumerate() {
        model.offer(Time(at), len, number as u64 + 1);
        out.extend(std::iter::from_fn(|| model.take(Time(at))).map(|delivered| (delivered.due.0, delivered.packet.payload)));
    }
    out.extend(finish(model));
    out
}

/// Takes what is left, each packet when it is said to be due.
fn finish(model: &mut Model<u64>) -> Vec<(u64, u64)> {
    let mut out = Vec::new();
    while let Some(due) = model.due() {
        while let Some(delivered) = model.take(due) {
            assert!(delivered.due <= due);
            out.push((delivered.due.0, delivered.packet.payload));
        }
    }
    out
}
