//! Divides runs among shards: about the same amount of work for each, and the same division on every computer.
//! Not here: how long a run takes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::whole::{Unit, Whole};
use crate::words::Time;

/// Divides all runs among this many shards. Returns each run with the number of its shard, counted from 1.
///
/// The longest run goes first, to the shard with the least work. Equally long runs go in the order of name and seed; of shards with equal work the
/// one with the fewest runs gets it, then the first. So no two shards differ by more than the longest run, and runs of the same length take turns.
pub fn deal(whole: &Whole, shards: u32) -> BTreeMap<Unit<'_>, u32> {
    let mut units: Vec<(Unit<'_>, Time)> = whole.units().collect();
    units.sort_by_key(|&(unit, takes)| (Reverse(takes), unit));
    let mut least: BinaryHeap<Reverse<(Time, usize, u32)>> = (1..=shards).map(|shard| Reverse((Time::ZERO, 0, shard))).collect();
    let mut dealt = BTreeMap::new();
    for (unit, takes) in units {
        let Some(mut first) = least.peek_mut() else { break };
        let Reverse((load, count, shard)) = *first;
        *first = Reverse((load.after(takes), count + 1, shard));
        dealt.insert(unit, shard);
    }
    dealt
}
