//! What is worse and what is better in a matrix than in an earlier one.
//! Not here: differences between the kernels of one matrix.

use super::matrix::{Cell, Matrix};
use super::run::Ended;
use crate::words::Percent;

/// Something that changed for a case on a kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The case.
    pub case: String,
    /// The kernel's name.
    pub kernel: String,
    /// What.
    pub what: String,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// What held before and no longer does.
    pub regressions: Vec<Change>,
    /// What did not hold before and now does.
    pub mended: Vec<Change>,
    /// What cannot be compared because one of the two has no verdict.
    pub unknown: Vec<Change>,
    /// How many cells the earlier matrix lacks.
    pub new: usize,
}

/// Compares with an earlier matrix, case by case and kernel by kernel. With a tolerance, a measure that got worse by more than that is also a
/// regression, provided that the seeds of the two do not overlap. The tolerance is in percent of the old value, or in points for a share.
pub fn changes(before: &Matrix, now: &Matrix, tolerance: Option<Percent>) -> Changes {
    let mut changes = Changes::default();
    for (case, kernel, cell) in now.cells() {
        let Some(earlier) = before.cases.get(case).and_then(|row| row.get(kernel)) else {
            changes.new += 1;
            continue;
        };
        let change = |what: String| Change { case: case.to_owned(), kernel: kernel.to_owned(), what };
        let (Some(was), Some(is)) = (earlier.worst(), cell.worst()) else { continue };
        match compared(earlier, was, cell, is) {
            Compared::Alike => {}
            Compared::Worse(what) => changes.regressions.extend(what.into_iter().map(change)),
            Compared::Better => changes.mended.push(change(format!("{}, was {}", is.word(), was.word()))),
            Compared::Unknown(what) => changes.unknown.push(change(what)),
        }
        if let Some(tolerance) = tolerance {
            changes.regressions.extend(slower(earlier, cell, tolerance).into_iter().map(change));
        }
    }
    changes
}

enum Compared {
    Alike,
    Worse(Vec<String>),
    Better,
    Unknown(String),
}

fn compared(earlier: &Cell, was: &Ended, cell: &Cell, is: &Ended) -> Compared {
    use Ended::{Broken, Disturbed, Failed, Kernel, Missing, Passed, Unsupported};
    match (was, is) {
        (_, Broken(_) | Disturbed(_) | Missing(_)) => Compared::Unknown(format!("{} now: {}", is.word(), is.why().join("; "))),
        (Broken(_) | Disturbed(_) | Missing(_), _) => Compared::Unknown(format!("{} now, was {}", is.word(), was.word())),
        (Passed, Passed) | (Unsupported(_), Unsupported(_)) | (Kernel(_), Kernel(_)) => Compared::Alike,
        (Passed, Unsupported(why)) => Compared::Worse(vec![format!("cannot run any more: {why}")]),
        (Failed(_) | Kernel(_), Unsupported(why)) => Compared::Unknown(format!("cannot run any more: {why}")),
        (Unsupported(_), Failed(_) | Kernel(_)) => {
            Compared::Unknown(format!("could not run before, {} now: {}", is.word(), is.why().join("; ")))
        }
        (_, Passed) | (Kernel(_), Failed(_)) => Compared::Better,
        (Passed | Failed(_), Kernel(title)) => Compared::Worse(vec![format!("the kernel: {title}")]),
        (Passed | Failed(_), Failed(_)) => {
            let before = earlier.failures();
            let fresh = cell.failures().into_iter().filter(|(claim, _)| !before.contains_key(claim));
            let fresh: Vec<String> = fresh.map(|(claim, measured)| format!("{claim}: {measured}")).collect();
            if fresh.is_empty() { Compared::Alike } else { Compared::Worse(fresh) }
        }
    }
}

fn slower(earlier: &Cell, cell: &Cell, Percent(tolerance): Percent) -> Vec<String> {
    let (before, now) = (earlier.spreads(), cell.spreads());
    let worse = before.iter().filter_map(|(name, was)| {
        let is = now.get(name)?;
        let distance = was.distance(is).filter(|distance| distance.worse(is.better) > tolerance)?;
        Some(format!("{name}: {}, was {} ({distance})", is.median(), was.median()))
    });
    worse.collect()
}
