//! Merges parts into the matrix that the command would have made without shards, or says why they are not all of it.
//! Not here: reading parts, or what the matrix says.

use std::collections::BTreeMap;

use super::deal::deal;
use super::durations::Took;
use super::part::Part;
use super::whole::{Unit, Whole};
use crate::result::compare::{Ended, Matrix, Run};

/// How many differences of a foreign part are reported.
const TOLD: usize = 3;

/// All parts together.
#[derive(Debug, Clone)]
pub struct Merged {
    /// The whole that they are parts of.
    pub whole: Whole,
    /// Their results.
    pub matrix: Matrix,
    /// How long the runs took, by case and kernel.
    pub took: BTreeMap<String, BTreeMap<String, Took>>,
    /// What is missing, a line each. The matrix marks each missing run.
    pub missing: Vec<String>,
}

impl Merged {
    /// All runs, by case and kernel.
    pub fn runs(&self) -> impl Iterator<Item = (&str, &str, &Run)> {
        self.matrix.cells().flat_map(|(case, kernel, cell)| cell.runs.iter().map(move |run| (case, kernel, run)))
    }

    /// The name of a run as a test of its kernel: its case, and its seed if there are several.
    pub fn test(&self, case: &str, seed: u64) -> String {
        if self.whole.seeds.all().nth(1).is_some() { format!("{case}::seed-{seed}") } else { case.to_owned() }
    }
}

/// Merges parts that belong together, each with the name of its file. Reports by these names what is wrong: parts that are missing (unless
/// that is allowed), given twice, or made from something else than most.
pub fn merge(parts: Vec<(String, Part)>, allow_missing: bool) -> Result<Merged, Vec<String>> {
    let Some(reference) = most_alike(&parts) else { return Err(vec!["no part was given".to_owned()]) };
    let (whole, shards) = (reference.whole.clone(), reference.shard.of());
    let mut wrong = Vec::new();
    for (name, part) in &parts {
        let mut differences = belong_together(reference, part);
        let more = differences.len().saturating_sub(TOLD);
        differences.truncate(TOLD);
        differences.extend((more > 0).then(|| format!("and {more} more")));
        if !differences.is_empty() {
            wrong.push(format!("{name}: a foreign part: {}", differences.join("; ")));
        }
    }
    let mut files: BTreeMap<u32, &str> = BTreeMap::new();
    for (name, part) in parts.iter().filter(|(_, part)| belong_together(reference, part).is_empty()) {
        if let Some(first) = files.insert(part.shard.number(), name) {
            wrong.push(format!("{name}: part {} was given twice: it is also in {first}", part.shard));
        }
    }
    let absent: Vec<u32> = (1..=shards).filter(|number| !files.contains_key(number)).collect();
    let mut missing: Vec<String> = absent.iter().map(|number| format!("part {number}/{shards} is missing")).collect();
    let dealt = deal(&whole, shards);
    for (name, part) in parts.iter().filter(|(name, part)| files.get(&part.shard.number()) == Some(&name.as_str())) {
        wrong.extend(strange(part, &dealt).map(|what| format!("{name}: {what}")));
    }
    if !allow_missing {
        wrong.append(&mut missing);
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let mut matrix = Matrix::new(whole.kernels.iter().map(|kernel| kernel.column.clone()).collect());
    let mut took: BTreeMap<String, BTreeMap<String, Took>> = BTreeMap::new();
    for (_, part) in parts {
        for (case, row) in part.cases {
            for (kernel, cell) in row {
                matrix.extend(&case, &kernel, cell.runs);
            }
        }
        for (case, row) in part.took {
            let all = took.entry(case).or_default();
            for (kernel, more) in row {
                all.entry(kernel).or_default().add(more);
            }
        }
    }
    for (unit, shard) in dealt.iter().filter(|(_, shard)| absent.binary_search(shard).is_ok()) {
        let ended = Ended::Missing(format!("part {shard}/{shards} is missing"));
        matrix.extend(unit.case, unit.kernel, vec![Run { seed: unit.seed, ended, measures: [].into() }]);
    }
    matrix.sort();
    Ok(Merged { whole, matrix, took, missing })
}

/// A part to which most others belong; of several such groups, that of the first.
fn most_alike(parts: &[(String, Part)]) -> Option<&Part> {
    let mut groups: Vec<(&Part, usize)> = Vec::new();
    for (_, part) in parts {
        match groups.iter_mut().find(|(first, _)| belong_together(first, part).is_empty()) {
            Some((_, count)) => *count += 1,
            None => groups.push((part, 1)),
        }
    }
    let largest = groups.iter().map(|(_, count)| *count).max()?;
    groups.into_iter().find(|(_, count)| *count == largest).map(|(first, _)| first)
}

/// Why two parts do not belong together; empty if they do.
fn belong_together(one: &Part, other: &Part) -> Vec<String> {
    let mut differences = one.whole.differences(&other.whole);
    if one.shard.of() != other.shard.of() {
        differences.insert(0, format!("it is {}, the others are of {}", other.shard, one.shard.of()));
    }
    differences
}

/// Runs in a part that belong to another, or are missing from it. Only the first of each is reported.
fn strange(part: &Part, dealt: &BTreeMap<Unit<'_>, u32>) -> impl Iterator<Item = String> {
    let mine = part.shard.number();
    let cells = part.cases.iter().flat_map(|(case, row)| row.iter().map(move |(kernel, cell)| (case.as_str(), kernel.as_str(), cell)));
    let mut has: Vec<Unit<'_>> =
        cells.flat_map(|(case, kernel, cell)| cell.runs.iter().map(move |run| Unit { case, kernel, seed: run.seed })).collect();
    has.sort_unstable();
    let twice = has.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| format!("it has {} twice", pair[0]));
    let others =
        has.iter().find(|unit| dealt.get(unit) != Some(&mine)).map(|unit| format!("{unit} does not belong to part {}", part.shard));
    let lacks = dealt.iter().find(|(unit, shard)| **shard == mine && has.binary_search(unit).is_err());
    let lacks = lacks.map(|(unit, _)| format!("{unit} is missing from part {}", part.shard));
    [twice, others, lacks].into_iter().flatten()
}
