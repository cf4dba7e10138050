//! `--junit FILE`: how runs ended, as JUnit's XML, which CI systems read.
//! Not here: the format, which is quick-junit's.

use std::path::PathBuf;
use std::time::Duration;

use mplab::compare::Ended;
use mplab::disk;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{About, Described, Format, Test};
use crate::Failure;
use crate::recordings::not_written;

/// Its option.
pub(super) const ABOUT: About = About::Written {
    option: Described {
        name: "junit",
        help: "Write the results to this file, as JUnit XML with one suite per kernel",
        writes: "JUnit XML, which GitLab, Jenkins and others display. The text of a failure is its verdict.",
    },
    new: |file| Box::new(Junit { file, suites: Vec::new() }),
};

/// Collects results, one suite per place, to be written at the end.
struct Junit {
    file: PathBuf,
    suites: Vec<TestSuite>,
}

impl Format for Junit {
    fn begin(&mut self, places: &[&str], _: usize) {
        self.suites = places.iter().map(|place| TestSuite::new(*place)).collect();
    }

    fn add(&mut self, test: &Test<'_>) {
        let suite = self.suites.iter_mut().find(|suite| suite.name.as_str() == test.place);
        suite.expect("each place has a suite").add_test_case(case(test));
    }

    fn end(&mut self) -> Result<(), Failure> {
        let mut report = Report::new("mplab");
        report.add_test_suites(std::mem::take(&mut self.suites));
        let text = report.to_string().map_err(Failure::broken)?;
        disk::write(&self.file, &text).map_err(|error| Failure::system(not_written(&self.file), &error))
    }
}

/// A test by its name, with the full report if it did not pass.
fn case(test: &Test<'_>) -> TestCase {
    let mut status = match test.ended {
        Ended::Passed => TestCaseStatus::success(),
        // Neither is a verdict.
        Ended::Unsupported(_) | Ended::Disturbed(_) => TestCaseStatus::skipped(),
        Ended::Failed(_) | Ended::Kernel(_) => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Ended::Missing(_) | Ended::Broken(_) => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    if let Some(first) = test.ended.why().first() {
        status.set_message(first.as_str());
    }
    if *test.ended != Ended::Passed
        && let Some(report) = test.report()
    {
        status.set_description(report);
    }
    let (class, name) = test.name.rsplit_once("::").unwrap_or(("", &test.name));
    let mut case = TestCase::new(name, status);
    case.set_classname(class);
    if let Some(judged) = test.judged {
        case.set_time(Duration::from_micros(judged.recording.end));
    }
    case
}
