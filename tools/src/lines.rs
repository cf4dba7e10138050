//! A suite's events as lines for a person: the output of `mplab run` unless another form is asked for.
//! Not here: running the suite, and what a verdict looks like.

use mplab::judge::Outcome;
use mplab::kernel::limits;
use mplab::place::PlaceError;
use mplab::report::{self, Style};
use mplab::suite::{CaseResult, Event, Judged, Renderer};

use crate::progress::Progress;
use crate::{capture, place, recordings};

/// Shows events as they come.
pub(crate) struct Lines {
    style: Style,
    /// `None` until the suite begins.
    progress: Option<Progress>,
}

impl Lines {
    pub(crate) const fn new(style: Style) -> Self {
        Self { style, progress: None }
    }
}

/// The lines about a case that has ended.
pub(crate) fn told(case: &CaseResult, judged: Result<&Judged, &PlaceError>, style: Style) -> String {
    let Judged { recording, verdict, attempts } = match judged {
        Ok(judged) => judged,
        Err(error) => return format!("BROKEN  {}   {error}\n", case.file.name),
    };
    let passed = verdict.outcome == Outcome::Passed;
    let mut text =
        if passed { report::headline(recording, verdict, style) + "\n" } else { report::verdict(recording, verdict, &case.again, style) };
    if *attempts > 1 {
        text.extend([format!("        tried {attempts} times: the computer was too busy before\n")]);
    }
    match &case.recorded {
        Some((path, Err(error))) => complain!("{}", limits::told(recordings::not_written(path), error)),
        Some((path, Ok(()))) if !passed => text.extend([format!("        recorded in {}\n", path.display())]),
        _ => {}
    }
    match &case.captured {
        Some((path, Err(error))) => complain!("{}", limits::told(capture::not_written(path), error)),
        Some((path, kept)) => text.extend(capture::told(path, kept).map(|line| format!("        {line}\n"))),
        None => {}
    }
    text
}

/// The line about a case that cannot run.
pub(crate) fn skipped(case: &CaseResult) -> String {
    format!("SKIP  {}   {}\n", case.file.name, case.run.ended.why().concat())
}

impl Renderer for Lines {
    fn show(&mut self, event: &Event<'_>) {
        match (event, &mut self.progress) {
            (Event::Unsupported(case), _) => show!("{}", skipped(case)),
            (Event::Begin(count), progress) => *progress = Some(Progress::new(*count)),
            (Event::Began(task), Some(progress)) => progress.began(task.file.name.clone()),
            (Event::Ended(case, judged), Some(progress)) => {
                progress.ended(&case.file.name);
                show!("{}", told(case, *judged, self.style));
            }
            (Event::Done(results), Some(progress)) => say!("{}{}", progress.told(results.took), place::taken(results.taken)),
            _ => {}
        }
        self.progress.iter().for_each(Progress::draw);
    }
}
