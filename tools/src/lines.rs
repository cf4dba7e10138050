//! What a suite tells, as lines for a person: the one output format of `mplab run`.
//! Not here: running it, and what a verdict looks like.

use mplab::judge::Outcome;
use mplab::kernel::limits::told;
use mplab::place::PlaceError;
use mplab::report::{self, Style};
use mplab::suite::{CaseResult, Event, Judged, Renderer};

use crate::progress::Progress;
use crate::recordings;

/// Shows events as they come.
pub(crate) struct Lines {
    style: Style,
    /// There is none before anything has begun.
    progress: Option<Progress>,
}

impl Lines {
    pub(crate) const fn new(style: Style) -> Self {
        Self { style, progress: None }
    }

    fn ended(&self, case: &CaseResult, judged: Result<&Judged, &PlaceError>) {
        let Judged { recording, verdict, attempts } = match judged {
            Ok(judged) => judged,
            Err(error) => {
                say!("BROKEN  {}   {error}", case.file.name);
                return;
            }
        };
        let passed = verdict.outcome == Outcome::Passed;
        if passed {
            say!("{}", report::headline(recording, verdict, self.style));
        } else {
            show!("{}", report::verdict(recording, verdict, &case.again, self.style));
        }
        if *attempts > 1 {
            say!("        tried {attempts} times: the computer was too busy before");
        }
        match &case.recorded {
            Some((path, Err(error))) => complain!("{}", told(recordings::not_written(path), error)),
            Some((path, Ok(()))) if !passed => say!("        recorded in {}", path.display()),
            _ => {}
        }
    }
}

impl Renderer for Lines {
    fn show(&mut self, event: &Event<'_>) {
        match (event, &mut self.progress) {
            (Event::Unsupported(case), _) => say!("SKIP  {}   {}", case.file.name, case.run.ended.why().concat()),
            (Event::Begin(count), progress) => *progress = Some(Progress::new(*count)),
            (Event::Began(task), Some(progress)) => progress.began(task.file.name.clone()),
            (Event::Ended(case, judged), Some(progress)) => {
                progress.ended(&case.file.name);
                self.ended(case, *judged);
            }
            (Event::Done(results), Some(progress)) => say!("{}", progress.told(results.took)),
            _ => {}
        }
        self.progress.iter().for_each(Progress::draw);
    }
}
