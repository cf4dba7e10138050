//! What `mplab run` tells the CI runner of a forge (GitHub, Gitea, Forgejo), if the runner's environment asks for it: annotations of the cases that
//! did not pass, and a summary of the step. Not here: what a workflow looks like, which the documents show.

use std::fs::OpenOptions;
use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::path::PathBuf;

use mplab::compare::Ended;
use mplab::kernel::limits;
use mplab::report;
use mplab::words::Time;

use super::{About, Format, Test, Variables};
use crate::Failure;
use crate::recordings::not_written;

/// What asks for it.
pub(super) const ABOUT: About = About::Asked(|variable| Some(Box::new(Github::of(variable)?)));

/// A step's summary may have 1 MiB at most. Full reports are added only up to this size.
const ROOM: usize = 700 << 10;

/// What is reported to a runner.
struct Github {
    /// The token that makes the runner obey commands again, or `None` for a runner without commands.
    resume: Option<String>,
    annotations: Vec<String>,
    summary: Option<PathBuf>,
    rows: String,
    details: String,
}

impl Github {
    /// From an environment, or `None` if it is not a runner's.
    fn of(variable: &Variables<'_>) -> Option<Self> {
        let annotates = variable("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        let summary = variable("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()).map(PathBuf::from);
        let resume = annotates.then(|| format!("mplab-{:016x}", RandomState::new().hash_one("resume")));
        let github = Self { resume, annotations: Vec::new(), summary, rows: String::new(), details: String::new() };
        (github.resume.is_some() || github.summary.is_some()).then_some(github)
    }

    /// Prints the annotations, when no more text of others follows.
    fn annotate(&mut self) {
        if let Some(resume) = &self.resume {
            say!("::{resume}::");
        }
        for annotation in std::mem::take(&mut self.annotations) {
            say!("{annotation}");
        }
    }

    /// Adds the summary of the step.
    fn summarise(&self) {
        let Some(path) = &self.summary else { return };
        let text = format!("## mplab\n\n| case | | |\n|---|---|---|\n{}{}\n", self.rows, self.details);
        let written = OpenOptions::new().append(true).create(true).open(path).and_then(|mut file| file.write_all(text.as_bytes()));
        if let Err(error) = written {
            complain!("{}", limits::told(not_written(path), &error));
        }
    }
}

impl Format for Github {
    fn runs(&mut self) {
        if let Some(resume) = &self.resume {
            say!("::stop-commands::{resume}");
        }
    }

    fn add(&mut self, test: &Test<'_>) {
        let why = test.ended.why();
        let level = match test.ended {
            Ended::Passed => None,
            Ended::Unsupported(_) => Some("notice"),
            Ended::Disturbed(_) => Some("warning"),
            Ended::Missing(_) | Ended::Failed(_) | Ended::Kernel(_) | Ended::Broken(_) => Some("error"),
        };
        if let Some(level) = level {
            let file = test.file.map(|file| format!("file={},line=1,", property(&file.display().to_string()))).unwrap_or_default();
            let title = property(&format!("{} {}", test.full_name, test.ended.word()));
            let message = data(&format!("{}\nagain: {}", why.join("\n"), test.again));
            self.annotations.push(format!("::{level} {file}title={title}::{message}"));
        }
        let cells = [test.full_name.as_str(), test.ended.word(), why.first().map_or("", String::as_str)];
        let [name, word, why] = cells.map(report::escaped);
        let bold = if level == Some("error") { "**" } else { "" };
        self.rows.extend([format!("| {name} | {bold}{word}{bold} | {why} |\n")]);
        if let (Some("error"), Some(judged)) = (level, test.judged) {
            let whole = report::markdown(&judged.recording, &judged.verdict, Time::from_millis(1000));
            if self.details.len() + whole.len() <= ROOM {
                self.details.extend([format!("\n{whole}\n`{}`\n", test.again.replace('`', "'"))]);
            }
        }
    }

    fn end(&mut self) -> Result<(), Failure> {
        self.annotate();
        self.summarise();
        Ok(())
    }
}

/// The text of a workflow command, escaped to fit in one line.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command, escaped.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    #[test]
    fn only_an_environment_that_says_so_is_a_runners() {
        let of = |known: &'static [(&str, &str)]| {
            Github::of(&move |name| known.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value)))
        };
        assert!(of(&[]).is_none() && of(&[("GITHUB_ACTIONS", "false"), ("GITHUB_STEP_SUMMARY", "")]).is_none());
        assert!(of(&[("GITHUB_ACTIONS", "true")]).is_some_and(|github| github.resume.is_some() && github.summary.is_none()));
        assert!(of(&[("GITHUB_STEP_SUMMARY", "/s")]).is_some_and(|github| github.resume.is_none() && github.summary.is_some()));
    }

    #[test]
    fn a_command_is_one_line() {
        assert_eq!(data("50%\r\n::x"), "50%25%0D%0A::x");
        assert_eq!(property("a::b,c"), "a%3A%3Ab%2Cc");
    }
}
