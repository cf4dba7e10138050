//! Suites: the case files below a directory, by name, planned for a place and run to a verdict.
//! Not here: how a run or a verdict is shown.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::case::check;
use crate::compare::Run;
use crate::diagnostic::LoadError;
use crate::execute::News;
use crate::judge::{Outcome, Verdict, judge};
use crate::kernel::program;
use crate::place::{PlaceError, Somewhere};
use crate::plan::{Job, Means};
use crate::recording::{Place, Recording};
use crate::words::Feature;

/// What a job needs that is absent, in the kernel of a place or among the programs of this computer.
pub fn missing<'a>(job: &'a Job, place: &'a Place) -> Vec<&'a Feature> {
    let installed = |feature: &Feature| matches!(feature, Feature::Program(name) if program::find(name).is_some());
    job.missing(&place.features).into_iter().filter(|feature| !installed(feature)).collect()
}

/// How often a disturbed run is tried: the computer was too busy then and may not be now.
pub const ATTEMPTS: u32 = 3;

/// A case file with its name: its path below the directory `cases`, `survival::ethernet_unplugged`; where there is no such directory, below
/// the one that was named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CaseFile {
    /// The name.
    pub name: String,
    /// The file.
    pub path: PathBuf,
}

impl CaseFile {
    /// That of a path which is a file.
    pub fn named(path: &Path) -> Self {
        Self::new(path.to_owned(), path)
    }

    fn new(path: PathBuf, root: &Path) -> Self {
        let parts: Vec<String> = path.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
        let above = match parts.iter().rposition(|part| part == "cases") {
            Some(cases) => cases + 1,
            None => root.iter().count().min(parts.len() - 1),
        };
        Self { name: parts[above..].join("::"), path }
    }
}

/// The case files that a path stands for: itself, or all below it if it is a directory, in the order of their names.
pub fn find(path: &Path) -> io::Result<Vec<CaseFile>> {
    let mut found = Vec::new();
    if fs::metadata(path)?.is_dir() {
        search(path, path, &mut found)?;
    } else {
        found.push(CaseFile::named(path));
    }
    found.sort();
    Ok(found)
}

fn search(directory: &Path, root: &Path, found: &mut Vec<CaseFile>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            search(&path, root, found)?;
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(CaseFile::new(path, root));
        }
    }
    Ok(())
}

/// Reads a case file with its topology and plans it for a place.
pub fn plan(file: &CaseFile, seed: u64, place: &Place) -> Result<Job, LoadError> {
    let (case, topology) = check::load(&file.path)?;
    Ok(Job::plan(&file.name, topology, case, Means::of(&place.features, seed)))
}

/// A run and what is to be thought of it.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The run, the last one if it was tried again.
    pub recording: Recording,
    /// The judgement.
    pub verdict: Verdict,
    /// How often it was tried.
    pub attempts: u32,
}

/// Runs a job somewhere and judges it; again if the computer was too busy for a verdict.
pub fn run(job: &Job, at: &Somewhere, news: &mut dyn FnMut(News)) -> Result<Judged, PlaceError> {
    settle(at.run(job, news)?, job, at, news)
}

/// Runs jobs somewhere, one after the other and in a guest in one boot, and judges them; those again, and alone, for which the computer was
/// too busy. There is a result for each.
pub fn run_all(jobs: &[Job], at: &Somewhere, news: &mut dyn FnMut(usize, News)) -> Vec<Result<Judged, PlaceError>> {
    let results = at.run_all(jobs, news);
    let numbered = results.into_iter().zip(jobs).enumerate();
    numbered.map(|(number, (result, job))| settle(result?, job, at, &mut |fresh| news(number, fresh))).collect()
}

fn settle(mut recording: Recording, job: &Job, at: &Somewhere, news: &mut dyn FnMut(News)) -> Result<Judged, PlaceError> {
    let mut attempts = 1;
    loop {
        let verdict = judge(&recording, &recording.job.case);
        if verdict.outcome != Outcome::Disturbed || attempts == ATTEMPTS {
            return Ok(Judged { recording, verdict, attempts });
        }
        attempts += 1;
        recording = at.run(job, news)?;
    }
}

/// A run in the few words that matter beside others.
pub fn compared(seed: u64, judged: &Result<Judged, PlaceError>) -> Run {
    match judged {
        Ok(Judged { recording, verdict, .. }) => Run::of(recording, verdict),
        Err(error) => Run::broken(seed, error),
    }
}

/// The seed of a run that names none.
pub const SEED: u64 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_has_one_name_however_it_is_found() {
        let name = |path: &str, root: &str| CaseFile::new(path.into(), Path::new(root)).name;
        assert_eq!(name("testcases/cases/survival/a.toml", "testcases"), "survival::a");
        assert_eq!(name("testcases/cases/survival/a.toml", "testcases/cases/survival"), "survival::a");
        assert_eq!(name("cases/a.toml", "cases/a.toml"), "a");
        assert_eq!(name("mine/survival/a.toml", "mine"), "survival::a");
        assert_eq!(name("mine/a.toml", "mine/a.toml"), "a");
    }
}
