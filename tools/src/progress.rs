//! A progress line for work in many parts, if standard error is a terminal.
//! Not here: the work, and the workers.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use mplab::pool::{self, Event};

use crate::say::overwrite;

/// Does `work` for each of `tasks`, `at_once` at a time, and hands each result to `ended` in this thread. Returns in words how much was done and
/// how long it took.
pub(crate) fn each<T: Sync, R: Send>(
    tasks: &[T],
    at_once: usize,
    name: impl Fn(&T) -> String,
    work: impl Fn(&T) -> R + Sync,
    mut ended: impl FnMut(&T, R),
) -> String {
    let since = Instant::now();
    let mut progress = Progress::new(tasks.len());
    let work = |tasks: &[T], _: &mut dyn FnMut(usize, ())| tasks.iter().map(&work).collect();
    pool::run(tasks, at_once, 1, work, |event| match event {
        Event::Began(number) => {
            progress.began(name(&tasks[number]));
            progress.draw();
        }
        Event::Ended(number, result) => {
            progress.ended(&name(&tasks[number]));
            ended(&tasks[number], result);
            progress.draw();
        }
        Event::News(..) | Event::Waiting => progress.draw(),
    });
    progress.told(since.elapsed())
}

/// The progress so far.
pub(crate) struct Progress {
    total: usize,
    done: usize,
    running: BTreeMap<String, Instant>,
    shown: bool,
}

impl Progress {
    pub(crate) fn new(total: usize) -> Self {
        Self { total, done: 0, running: BTreeMap::new(), shown: std::io::stderr().is_terminal() }
    }

    pub(crate) fn began(&mut self, name: String) {
        self.running.insert(name, Instant::now());
    }

    /// Clears the line, so that others can be printed.
    pub(crate) fn ended(&mut self, name: &str) {
        self.running.remove(name);
        self.done += 1;
        if self.shown {
            overwrite("");
        }
    }

    pub(crate) fn draw(&self) {
        if !self.shown || self.running.is_empty() {
            return;
        }
        let longest = self.running.iter().min_by_key(|(_, since)| **since);
        let longest = longest.map(|(name, since)| format!("{name} for {:.0}s", since.elapsed().as_secs_f64())).unwrap_or_default();
        overwrite(&format!("[{}/{}] {} running, {longest}", self.done, self.total, self.running.len()));
    }

    /// How much was done, and how long it took.
    pub(crate) fn told(&self, took: Duration) -> String {
        format!("{} of {} run in {:.1}s", self.done, self.total, took.as_secs_f64())
    }
}
