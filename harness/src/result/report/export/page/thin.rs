//! Thins out points without changing the look of a curve: keeps the lowest and the highest of each part of the time.
//! Not here: how they are drawn.

/// At most `most` points, in the order of time. A spike stays a spike, and a gap keeps its ends.
pub(super) fn thin(points: Vec<(u64, f64)>, most: usize) -> Vec<(u64, f64)> {
    if points.len() <= most {
        return points;
    }
    let parts = (most / 2).max(1);
    let size = points.len().div_ceil(parts);
    let ends = |part: &[(u64, f64)]| {
        let by_height = |one: &&(u64, f64), other: &&(u64, f64)| one.1.total_cmp(&other.1);
        let ends = part.iter().min_by(by_height).into_iter().chain(part.iter().max_by(by_height));
        let mut ends: Vec<(u64, f64)> = ends.copied().collect();
        ends.sort_by_key(|point| point.0);
        ends.dedup_by_key(|point| point.0);
        ends
    };
    points.chunks(size).flat_map(ends).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spike_stays_and_so_do_the_ends_of_a_rise() {
        let flat: Vec<_> = (0..10_000).map(|time| (time, if time == 7777 { 9.0 } else { 1.0 })).collect();
        let thinned = thin(flat, 100);
        assert!(thinned.len() <= 100, "{}", thinned.len());
        assert!(thinned.contains(&(7777, 9.0)));
        let rise: Vec<_> = (0..1000).map(|time| (time, time as f64)).collect();
        let thinned = thin(rise, 100);
        assert_eq!((thinned[0], thinned[thinned.len() - 1]), ((0, 0.0), (999, 999.0)));
    }
}
