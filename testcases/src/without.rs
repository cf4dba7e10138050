//! What every case must notice: the tables in `without/`, one file per directory of cases. An entry takes away what a case is about, and names
//! the expectations that must then fail.
//! Not here: the runs, and the judge that decides what failed.
//!
//! An entry changes the case, its topology or both, as variants do (`mplab::change`).
//! Expectations that an entry does not name must hold: they do not depend on what was taken away.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use mplab::case::check::{self, Beside};
use mplab::change::{self, Change};
use mplab::diagnostic::LoadError;
use mplab::judge::{Finding, Verdict};
use mplab::plan::{Job, Means};
use mplab::recording::PlaceRecord;
use mplab::suite::CaseFile;
use serde::Deserialize;
use toml::Table;

/// A case without what it is about.
#[derive(Debug, Clone)]
pub(crate) struct Without {
    /// The whole case.
    pub(crate) file: CaseFile,
    entry: Entry,
}

/// An entry as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// What is taken away: `"the cut"`.
    without: String,
    /// The changes to the case.
    #[serde(default)]
    case: Table,
    /// The changes to its topology.
    #[serde(default)]
    topology: Table,
    /// The expectations that must fail.
    fails: Vec<Expectation>,
    /// Others that may fail with some kernels and seeds.
    #[serde(default)]
    may_fail: Vec<Expectation>,
}

/// One or more expectations of a case: `share`, `share.wlan`, `laptop: counters`, `download: share.wlan in 2s..4s`.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "String")]
struct Expectation {
    written: String,
    subject: Option<String>,
    key: String,
    item: Option<String>,
    window: Option<String>,
}

impl From<String> for Expectation {
    fn from(written: String) -> Self {
        let owned = |part: &str| part.to_owned();
        let (rest, window) = written.split_once(" in ").map_or((&*written, None), |(rest, window)| (rest, Some(owned(window))));
        let (subject, measure) = rest.split_once(": ").map_or((None, rest), |(subject, measure)| (Some(owned(subject)), measure));
        let (key, item) = measure.split_once('.').map_or((measure, None), |(key, item)| (key, Some(owned(item))));
        Self { subject, key: owned(key), item, window, written }
    }
}

impl Expectation {
    fn names(&self, finding: &Finding) -> bool {
        let claim = finding.to_string();
        let subject = claim.split_once(": ").map(|(subject, _)| subject);
        let agrees = |named: &Option<String>, found: Option<&str>| named.is_none() || named.as_deref() == found;
        self.key == finding.key
            && agrees(&self.subject, subject)
            && agrees(&self.item, finding.item.as_deref())
            && agrees(&self.window, Some(&finding.window.to_string()))
    }
}

/// All entries about these cases, in the order of the cases.
///
/// # Panics
/// If a table cannot be read, or has an entry for a case that does not exist.
pub(crate) fn entries(files: &[CaseFile]) -> Vec<Without> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("without");
    let mut tables: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    for found in directory.read_dir().expect("the tables are beside this crate") {
        let path = found.expect("the directory can be read").path();
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("failed to read {}: {error}", path.display()));
        let table: BTreeMap<String, Vec<Entry>> = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let cases = path.file_stem().unwrap_or_default().to_string_lossy();
        tables.extend(table.into_iter().map(|(case, entries)| (format!("{cases}::{case}"), entries)));
    }
    let mut used = BTreeSet::new();
    let of_case = |file: &CaseFile| {
        // A variant without entries of its own has those of its case.
        let case = file.variant.as_ref().and_then(|variant| file.name.strip_suffix(&format!("::{variant}")));
        used.extend([file.name.clone()]);
        let entries = tables.get(&file.name).or_else(|| case.and_then(|case| tables.get(case))).cloned().unwrap_or_default();
        let file = file.clone();
        entries.into_iter().map(move |entry| Without { file: file.clone(), entry })
    };
    let found = files.iter().flat_map(of_case).collect();
    let unused: Vec<&str> = tables.keys().filter(|name| !used.contains(*name)).map(String::as_str).collect();
    assert!(unused.is_empty(), "{}: no such case", unused.join(", "));
    found
}

impl Without {
    /// The changed case, planned for a place.
    pub(crate) fn plan(&self, seed: u64, place: &PlaceRecord) -> Result<Job, LoadError> {
        let path = &self.file.path;
        let text = std::fs::read_to_string(path).map_err(|source| LoadError::File { path: path.clone(), source })?;
        let of_variant = |variant: &String| change::variants(&text).into_iter().find(|(name, _)| name == variant);
        let variant = self.file.variant.as_ref().and_then(of_variant).map(|(_, change)| change).unwrap_or_default();
        let name = format!("{} without {}", self.file, self.entry.without);
        let left = Change { case: self.entry.case.clone(), topology: self.entry.topology.clone() };
        let parsed = check::parse_changed(&name, &change::changed(text, &variant), &Beside(path), &left);
        let (mut case, topology) = parsed.map_err(LoadError::Mistakes)?;
        // The run passes if these fail, so that a run as it should be is not tried again as disturbed.
        case.must_fail = self.entry.fails.iter().map(|expectation| expectation.key.clone()).collect();
        Ok(Job::plan(&self.to_string(), topology, case, Means::of(&place.features, seed)))
    }

    /// Expectations that had to fail but held, and others that failed.
    pub(crate) fn mistakes(&self, verdict: &Verdict) -> Vec<String> {
        let Entry { fails, may_fail, .. } = &self.entry;
        let failed: Vec<_> = verdict.findings.iter().filter(|finding| !finding.held).collect();
        let held = fails.iter().filter(|named| !failed.iter().any(|finding| named.names(finding)));
        let others = failed.iter().filter(|finding| !fails.iter().chain(may_fail).any(|named| named.names(finding)));
        let held = held.map(|named| format!("{} had to fail, but held", named.written));
        held.chain(others.map(|finding| format!("{finding} in {} failed, but the table does not name it", finding.window))).collect()
    }
}

/// Its name as a trial: `survival::cut_enp1s0::without_the_cut`.
impl fmt::Display for Without {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::without_{}", self.file.name, self.entry.without.replace(' ', "_"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files;

    /// Cases that must fail are without what they are about already.
    #[test]
    fn every_case_has_an_entry() {
        let files = files();
        let entries = entries(&files);
        let has_none = |file: &&CaseFile| !file.name.starts_with("must_fail::") && !entries.iter().any(|entry| entry.file == **file);
        let missing: Vec<_> = files.iter().filter(has_none).map(|file| file.name.as_str()).collect();
        assert_eq!(missing, [""; 0]);
    }
}
