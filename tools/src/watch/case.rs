//! `mplab run --watch`: shows cases live on a screen, one after the other, or as plain rows without a terminal.
//! Not here: running them. The result of a case is printed as without `--watch`.

use std::mem;
use std::time::Duration;

use mplab::case::Step;
use mplab::execute::News;
use mplab::plan;
use mplab::report::Style;
use mplab::suite::{Event, Renderer, Task};
use mplab::words::Time;
use ratatui::crossterm::event::KeyCode;

use super::draw::{Around, draw};
use super::picture::{Picture, StepView};
use super::screen::{self, Screen};
use super::table::Rows;
use crate::lines;

/// Shows what runs.
pub(crate) struct Watch {
    style: Style,
    interval: Time,
    /// `None` without a terminal, and after the user has left the screen.
    screen: Option<Screen>,
    picture: Option<Picture>,
    rows: Option<Rows>,
    around: Around,
    /// Text to print once the screen is closed.
    kept: Vec<String>,
    /// The number of cases, and how many have ended.
    cases: (usize, usize),
    /// Whether the case's lab has been built.
    begun: bool,
}

/// The lines above the rows of a run.
fn heading(task: &Task, interval: Time) -> Rows {
    let rows = Rows::new(&task.job.topology, interval);
    say!("{}: {}\n{}", task.file.name, task.job.case.summary, rows.header());
    rows
}

impl Watch {
    /// Measures throughput over this interval.
    pub(crate) fn new(style: Style, interval: Option<Time>) -> Self {
        // Without a screen only the picture is lost.
        let screen = screen::there_is().then(|| Screen::open().ok()).flatten();
        let interval = interval.unwrap_or(if screen.is_some() { super::FAST } else { super::SLOW });
        let foot = "q: leave the screen; the run goes on".to_owned();
        let around = Around { colours: style == Style::Ansi, foot, ..Around::default() };
        Self { style, interval, screen, picture: None, rows: None, around, kept: Vec::new(), cases: (0, 0), begun: false }
    }

    fn began(&mut self, task: &Task) {
        let job = &task.job;
        let due = |step: &Step| step.when.as_ref().map_or_else(|| format!("{:.2}s", step.at.seconds()), |_| "waits".to_owned());
        let steps = job.case.steps.iter().map(|step| StepView { taken: None, due: due(step), words: step.action.to_string() });
        let title = format!("{}: {}", task.file.name, job.case.summary);
        let mut picture = Picture::new(title, &job.topology, self.interval);
        picture.steps = steps.collect();
        self.picture = Some(picture);
        self.begun = false;
        self.around.state = format!("{} of {}, building", self.cases.1 + 1, self.cases.0);
        if self.screen.is_none() {
            self.rows = Some(heading(task, self.interval));
        }
    }

    fn news(&mut self, task: &Task, news: &News) {
        let (Some(picture), job) = (&mut self.picture, &task.job) else { return };
        match news {
            News::Built { .. } => {
                // A run that is tried again begins anew.
                if mem::take(&mut self.begun) && self.screen.is_none() {
                    self.rows = Some(heading(task, self.interval));
                }
                self.begun = true;
                picture.steps.iter_mut().for_each(|step| step.taken = None);
                picture.set(&plan::links(&job.topology, &[]));
                self.around.state = format!("{} of {}, running", self.cases.1 + 1, self.cases.0);
            }
            News::Step { at, number } => {
                let Some(step) = picture.steps.get_mut(*number) else { return };
                step.taken = Some(*at);
                let taken: Vec<_> = job
                    .case
                    .steps
                    .iter()
                    .zip(&picture.steps)
                    .filter(|(_, seen)| seen.taken.is_some())
                    .map(|(step, _)| step.clone())
                    .collect();
                picture.set(&plan::links(&job.topology, &taken));
            }
            News::Sample(moment) => {
                picture.see(moment);
                let rows = self.rows.as_mut().map(|rows| rows.see(moment, &picture.happened()));
                rows.into_iter().flatten().for_each(|row| say!("{row}"));
            }
            _ => {}
        }
    }

    /// Prints a text, or keeps it until the screen is closed.
    fn tell(&mut self, text: String) {
        if self.screen.is_some() { self.kept.push(text) } else { show!("{text}") }
    }

    /// Gives the terminal back, and prints what was kept.
    fn leave(&mut self) {
        drop(self.screen.take());
        for text in mem::take(&mut self.kept) {
            show!("{text}");
        }
    }

    /// Draws, and handles keys. Leaves a terminal that is gone.
    fn draw(&mut self, at_once: bool) {
        let (Some(screen), Some(picture)) = (&mut self.screen, &self.picture) else { return };
        let drawn = screen.draw(at_once, |frame| draw(frame, picture, &self.around));
        let done = drawn.and_then(|()| screen.key(Duration::ZERO));
        if !matches!(done, Ok(key) if key != Some(KeyCode::Char('q'))) {
            self.leave();
        }
    }

    /// Shows the result until a key is pressed.
    fn rest(&mut self) {
        "any key: leave the screen".clone_into(&mut self.around.foot);
        while let (Some(screen), Some(picture)) = (&mut self.screen, &self.picture) {
            let drawn = screen.draw(true, |frame| draw(frame, picture, &self.around));
            let key = drawn.and_then(|()| screen.key(Duration::from_secs(60)));
            if !matches!(key, Ok(None)) {
                break;
            }
        }
        self.leave();
    }
}

impl Drop for Watch {
    /// What has ended is told, even if an error or a panic ends this.
    fn drop(&mut self) {
        self.leave();
    }
}

impl Renderer for Watch {
    fn show(&mut self, event: &Event<'_>) {
        let ends = matches!(event, Event::Ended(..));
        match event {
            Event::Unsupported(case) => self.tell(lines::skipped(case)),
            Event::Begin(count) => self.cases.0 = *count,
            Event::Began(task) => self.began(task),
            Event::News(task, news) => self.news(task, news),
            Event::Ended(case, judged) => {
                self.cases.1 += 1;
                let how = if judged.is_ok() { "ended" } else { "could not be run" };
                self.around.state = format!("{} of {}, {how}", self.cases.1, self.cases.0);
                let happened = self.picture.as_ref().map(Picture::happened).unwrap_or_default();
                let left = self.rows.take().map(|rows| rows.finish(&happened));
                left.into_iter().flatten().for_each(|row| say!("{row}"));
                if let (Some(picture), Ok(judged)) = (&mut self.picture, judged) {
                    picture.verdict = Some(judged.verdict.clone());
                }
                self.tell(lines::told(case, *judged, self.style));
            }
            Event::Done(_) => self.rest(),
            _ => {}
        }
        self.draw(ends);
    }
}
