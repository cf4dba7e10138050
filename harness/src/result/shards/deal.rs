//! Which shard has which runs: about the same amount of work for each, dealt out alike wherever that is done.
//! Not here: how long a run takes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::whole::{Unit, Whole};
use crate::words::Time;

/// Deals all runs out to so many shards: each run with the number of its shard, from 1.
///
/// The longest goes first, to the shard that has the least to do; of equal ones, by name and seed, to the shard that has the fewest, and then to
/// the first. So no shard has more than the longest run more to do than another, and runs of the same length take turns.
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
