//! How long runs took, by case and kernel, to balance the next shards.
//! Not here: measuring it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::words::Time;

/// How long runs of a case on a kernel took, by the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Took {
    /// How many there were.
    pub runs: u64,
    /// All of them together, in microseconds.
    pub micros: u64,
}

impl Took {
    /// Adds others.
    pub fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.micros = self.micros.saturating_add(other.micros);
    }
}

/// How long a run takes, by case and kernel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Durations(pub BTreeMap<String, BTreeMap<String, Time>>);

impl Durations {
    /// The means of what was measured.
    pub fn of(took: &BTreeMap<String, BTreeMap<String, Took>>) -> Self {
        let mean = |took: &Took| Time::from_micros(took.micros / took.runs.max(1));
        let row = |row: &BTreeMap<String, Took>| row.iter().map(|(kernel, took)| (kernel.clone(), mean(took))).collect();
        Self(took.iter().map(|(case, kernels)| (case.clone(), row(kernels))).collect())
    }

    /// How long a run of each case on each kernel is expected to take: the known duration, or for others the duration that the case declares,
    /// scaled as the known ones are.
    pub fn expected(&self, planned: &BTreeMap<String, BTreeMap<String, Time>>) -> BTreeMap<String, BTreeMap<String, Time>> {
        let known = |case: &str, kernel: &str| self.0.get(case)?.get(kernel).copied();
        let all = || planned.iter().flat_map(|(case, row)| row.iter().map(move |(kernel, says)| (case, kernel, *says)));
        let both = all().filter_map(|(case, kernel, says)| Some((known(case, kernel)?, says)));
        let (took, said) = both.fold((0, 0), |(took, said), (known, says)| (took + u128::from(known.0), said + u128::from(says.0)));
        let scaled = |says: Time| (u128::from(says.0) * took).checked_div(said).map_or(says, |nanos| Time(nanos as u64));
        let mut expected: BTreeMap<String, BTreeMap<String, Time>> = BTreeMap::new();
        for (case, kernel, says) in all() {
            let takes = known(case, kernel).unwrap_or_else(|| scaled(says));
            expected.entry(case.clone()).or_default().insert(kernel.clone(), takes);
        }
        expected
    }

    /// Reads the JSON of durations.
    pub fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// The JSON that [`Self::from_json`] reads.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("durations have string keys only") + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_expected_by_what_it_says_of_itself() {
        let row = |of: &[(&str, u64)]| of.iter().map(|(kernel, millis)| ((*kernel).to_owned(), Time::from_millis(*millis))).collect();
        let known = Durations([("a".to_owned(), row(&[("k", 500)]))].into());
        let planned: BTreeMap<String, BTreeMap<String, Time>> =
            [("a".to_owned(), row(&[("k", 10_000)])), ("b".to_owned(), row(&[("k", 4000)]))].into();
        let expected: BTreeMap<_, _> = [("a".to_owned(), row(&[("k", 500)])), ("b".to_owned(), row(&[("k", 200)]))].into();
        assert_eq!(known.expected(&planned), expected);
        assert_eq!(Durations::default().expected(&planned), planned);
        assert_eq!(Durations::from_json(&known.to_json()).unwrap(), known);
    }
}
