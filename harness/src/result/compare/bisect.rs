//! The search for the first bad kernel in a list whose first is good and whose last is bad.
//! Not here: judging a kernel.

use super::run::{Ended, Run};

/// The result of judging a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// Every run passed.
    Good,
    /// A run failed, or the kernel did.
    Bad,
    /// Neither can be said.
    Unknown,
}

/// A search under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    known: Vec<Option<Worth>>,
}

impl Worth {
    /// From all runs of a kernel. One failure makes it bad.
    pub fn of<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Self {
        let mut worth = None;
        for run in runs {
            match run.ended {
                Ended::Failed(_) | Ended::Kernel(_) => return Self::Bad,
                Ended::Passed => worth = worth.or(Some(Self::Good)),
                Ended::Unsupported(_) | Ended::Disturbed(_) | Ended::Missing(_) | Ended::Broken(_) => worth = Some(Self::Unknown),
            }
        }
        worth.unwrap_or(Self::Unknown)
    }
}

impl Search {
    /// A search among this many kernels, at least two.
    pub fn among(count: usize) -> Self {
        let mut known = vec![None; count.max(2)];
        known[0] = Some(Worth::Good);
        *known.last_mut().expect("there are two") = Some(Worth::Bad);
        Self { known }
    }

    /// The last good one, and the first bad one after it.
    fn bounds(&self) -> (usize, usize) {
        let bad = self.known.iter().position(|worth| *worth == Some(Worth::Bad)).expect("the last is bad");
        let good = self.known[..bad].iter().rposition(|worth| *worth == Some(Worth::Good)).expect("the first is good");
        (good, bad)
    }

    /// The next to judge: the one nearest to the middle, or `None` if the search is over.
    pub fn next(&self) -> Option<usize> {
        let (good, bad) = self.bounds();
        let middle = usize::midpoint(good, bad);
        (good + 1..bad).filter(|&one| self.known[one].is_none()).min_by_key(|one| one.abs_diff(middle))
    }

    /// Records the result for one of them.
    pub fn found(&mut self, one: usize, worth: Worth) {
        self.known[one] = Some(worth);
    }

    /// The candidates for the first bad one: it alone, or together with the undecided ones before it.
    pub fn suspects(&self) -> std::ops::RangeInclusive<usize> {
        let (good, bad) = self.bounds();
        good + 1..=bad
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The suspects, and what was asked about, where `first` is the first bad one and there is no telling of some.
    fn search(count: usize, first: usize, unknown: &[usize]) -> (Vec<usize>, Vec<usize>) {
        let (mut search, mut asked) = (Search::among(count), Vec::new());
        while let Some(one) = search.next() {
            asked.push(one);
            let worth = if one < first { Worth::Good } else { Worth::Bad };
            search.found(one, if unknown.contains(&one) { Worth::Unknown } else { worth });
        }
        (search.suspects().collect(), asked)
    }

    #[test]
    fn the_first_bad_one_is_found_in_few_steps() {
        for count in 2..40 {
            for first in 1..count {
                let (suspects, asked) = search(count, first, &[]);
                assert_eq!(suspects, [first]);
                assert!(asked.len() <= count.ilog2() as usize + 1, "{} steps among {count}", asked.len());
            }
        }
    }

    #[test]
    fn what_cannot_be_told_is_stepped_over() {
        let (suspects, asked) = search(9, 3, &[4]);
        assert_eq!((suspects, asked[0]), (vec![3], 4));
        assert_eq!(search(9, 5, &[3, 4]).0, [3, 4, 5], "one of these");
        assert_eq!(search(3, 1, &[1]).0, [1, 2]);
    }

    #[test]
    fn one_failure_makes_a_kernel_bad_and_no_run_makes_it_nothing() {
        let run = |ended| Run { seed: 1, ended, measures: [].into() };
        let failed = || run(Ended::Failed([].into()));
        let late = || run(Ended::Disturbed(String::new()));
        assert_eq!(Worth::of(&[run(Ended::Passed), late(), failed()]), Worth::Bad);
        assert_eq!(Worth::of(&[run(Ended::Passed), late(), run(Ended::Passed)]), Worth::Unknown);
        assert_eq!(Worth::of(&[run(Ended::Passed)]), Worth::Good);
        assert_eq!(Worth::of(&[]), Worth::Unknown);
    }
}
