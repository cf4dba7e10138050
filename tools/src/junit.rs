//! `--junit FILE` of `mplab run` and `mplab merge`: how runs ended, as JUnit's XML, which CI systems read.
//! Not here: the format, which is quick-junit's.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mplab::compare::Ended;
use mplab::disk;
use mplab::report::{self, Style};
use mplab::shards::Merged;
use mplab::suite::{CaseResult, Event, Judged, Renderer};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::Failure;
use crate::recordings::not_written;

/// Collects results, one suite per place, to be written at the end.
pub(crate) struct Junit {
    file: PathBuf,
    suites: Vec<TestSuite>,
}

impl Junit {
    /// For runs at one place.
    pub(crate) fn new(file: &Path, place: &str) -> Self {
        Self { file: file.to_owned(), suites: vec![TestSuite::new(place)] }
    }

    /// For runs on several kernels, one suite per kernel. If a case ran with several seeds, each seed is a test.
    pub(crate) fn merged(file: &Path, merged: &Merged) -> Self {
        let of_kernel = |name: &str| {
            let mut suite = TestSuite::new(name);
            for (case, _, run) in merged.runs().filter(|(_, kernel, _)| *kernel == name) {
                let why = report::ending(run, case, &merged.whole.again(case, name, run.seed), Style::Plain);
                suite.add_test_case(test(&merged.test(case, run.seed), &run.ended, Some(why)));
            }
            suite
        };
        let suites = merged.matrix.kernels.iter().map(|kernel| of_kernel(&kernel.name)).collect();
        Self { file: file.to_owned(), suites }
    }

    pub(crate) fn write(self) -> Result<(), Failure> {
        let mut report = Report::new("mplab");
        report.add_test_suites(self.suites);
        let text = report.to_string().map_err(Failure::broken)?;
        disk::write(&self.file, &text).map_err(|error| Failure::system(not_written(&self.file), &error))
    }

    fn add(&mut self, case: &CaseResult, judged: Option<&Judged>) {
        let whole = judged.map(|Judged { recording, verdict, .. }| report::verdict(recording, verdict, &case.again, Style::Plain));
        let mut test = test(&case.file.name, &case.run.ended, whole);
        if let Some(judged) = judged {
            test.set_time(Duration::from_micros(judged.recording.end));
        }
        self.suites[0].add_test_case(test);
    }
}

/// A test by its name, with the full report if it did not pass.
fn test(name: &str, ended: &Ended, whole: Option<String>) -> TestCase {
    let mut status = match ended {
        Ended::Passed => TestCaseStatus::success(),
        // Neither is a verdict.
        Ended::Unsupported(_) | Ended::Disturbed(_) => TestCaseStatus::skipped(),
        Ended::Failed(_) | Ended::Kernel(_) => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Ended::Missing(_) | Ended::Broken(_) => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    if let Some(first) = ended.why().first() {
        status.set_message(first.as_str());
    }
    if let Some(whole) = whole.filter(|_| *ended != Ended::Passed) {
        status.set_description(whole);
    }
    let (class, name) = name.rsplit_once("::").unwrap_or(("", name));
    let mut test = TestCase::new(name, status);
    test.set_classname(class);
    test
}

impl Renderer for Junit {
    fn show(&mut self, event: &Event<'_>) {
        match event {
            Event::Unsupported(case) => self.add(case, None),
            Event::Ended(case, judged) => self.add(case, judged.ok()),
            _ => {}
        }
    }
}
