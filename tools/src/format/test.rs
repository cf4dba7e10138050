//! A test: how a case ended at a place, from a suite that runs or from merged results.
//! Not here: what formats make of it.

use std::path::Path;

use mplab::compare::{Ended, Run};
use mplab::report::{self, Style};
use mplab::shards::Merged;
use mplab::suite::{CaseResult, Judged};

/// How a case ended.
pub(super) struct Test<'a> {
    /// The place where it ran, or could not.
    pub(super) place: &'a str,
    /// Its name among the tests of that place: that of the case, with the seed if there are several.
    pub(super) name: String,
    /// Its name among all tests.
    pub(super) full_name: String,
    /// How it ended.
    pub(super) ended: &'a Ended,
    /// The command that repeats it.
    pub(super) again: String,
    /// The case file, if it is on this computer.
    pub(super) file: Option<&'a Path>,
    /// The run, if it left a recording on this computer.
    pub(super) judged: Option<&'a Judged>,
    /// The run and the name of its case, if it comes from merged results.
    merged: Option<(&'a Run, &'a str)>,
}

impl<'a> Test<'a> {
    /// A test of a suite at a place.
    pub(super) fn of(place: &'a str, case: &'a CaseResult, judged: Option<&'a Judged>) -> Self {
        let name = &case.file.name;
        Self {
            place,
            name: name.clone(),
            full_name: name.clone(),
            ended: &case.run.ended,
            again: case.again.clone(),
            file: Some(&case.file.path),
            judged,
            merged: None,
        }
    }

    /// The tests of merged results.
    pub(super) fn all(merged: &'a Merged) -> impl Iterator<Item = Self> {
        merged.runs().map(move |(case, kernel, run)| {
            let name = merged.test(case, run.seed);
            Self {
                place: kernel,
                full_name: format!("{kernel}::{name}"),
                name,
                ended: &run.ended,
                again: merged.whole.again(case, kernel, run.seed),
                file: None,
                judged: None,
                merged: Some((run, case)),
            }
        })
    }

    /// The full report, if the run left anything to report.
    pub(super) fn report(&self) -> Option<String> {
        let of_run = |judged: &Judged| report::verdict(&judged.recording, &judged.verdict, &self.again, Style::Plain);
        let of_merged = |(run, case): (&Run, &str)| report::ending(run, case, &self.again, Style::Plain);
        self.judged.map(of_run).or_else(|| self.merged.map(of_merged))
    }
}
