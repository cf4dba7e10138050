//! `mplab run --junit FILE`: how a suite ended, as JUnit's XML, which CI systems read.
//! Not here: the format, which is quick-junit's.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mplab::compare::Ended;
use mplab::disk;
use mplab::report::{self, Style};
use mplab::suite::{CaseResult, Event, Judged, Renderer};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::Failure;
use crate::recordings::not_written;

/// Collects what ends. It is written at the end.
pub(crate) struct Junit {
    file: PathBuf,
    suite: TestSuite,
}

impl Junit {
    pub(crate) fn new(file: &Path, place: &str) -> Self {
        Self { file: file.to_owned(), suite: TestSuite::new(place) }
    }

    pub(crate) fn write(self) -> Result<(), Failure> {
        let mut report = Report::new("mplab");
        report.add_test_suite(self.suite);
        let text = report.to_string().map_err(Failure::broken)?;
        disk::write(&self.file, &text).map_err(|error| Failure::system(not_written(&self.file), &error))
    }

    fn add(&mut self, case: &CaseResult, judged: Option<&Judged>) {
        let mut status = match &case.run.ended {
            Ended::Passed => TestCaseStatus::success(),
            // Neither has a verdict.
            Ended::Unsupported(_) | Ended::Disturbed(_) => TestCaseStatus::skipped(),
            Ended::Failed(_) | Ended::Kernel(_) => TestCaseStatus::non_success(NonSuccessKind::Failure),
            Ended::Missing(_) | Ended::Broken(_) => TestCaseStatus::non_success(NonSuccessKind::Error),
        };
        let why = case.run.ended.why();
        if let Some(first) = why.first() {
            status.set_message(first.as_str());
        }
        let whole = judged.filter(|_| case.run.ended != Ended::Passed);
        if let Some(Judged { recording, verdict, .. }) = whole {
            status.set_description(report::verdict(recording, verdict, &case.again, Style::Plain));
        }
        let (class, name) = case.file.name.rsplit_once("::").unwrap_or(("", &case.file.name));
        let mut test = TestCase::new(name, status);
        test.set_classname(class);
        if let Some(judged) = judged {
            test.set_time(Duration::from_micros(judged.recording.end));
        }
        self.suite.add_test_case(test);
    }
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
