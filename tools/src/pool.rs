//! Much work at once: some workers, and a line that says how far they are.
//! Not here: what the work is.

use std::collections::{BTreeMap, VecDeque};
use std::io::IsTerminal;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::say::overwrite;

/// What a worker tells.
enum Told<T, R> {
    Began(String),
    Ended(String, T, R),
}

/// Does `work` for each of `tasks`, so many at once, and hands what came of it to `ended` in this thread. Returns how long that took, in
/// words.
pub(crate) fn each<T: Send, R: Send>(
    tasks: VecDeque<T>,
    at_once: usize,
    name: impl Fn(&T) -> String + Sync,
    work: impl Fn(&T) -> R + Sync,
    ended: impl FnMut(T, R),
) -> String {
    together(tasks, at_once, 1, name, |tasks| tasks.iter().map(&work).collect(), ended)
}

/// As [`each`], with so many tasks at a time given to one worker, whose `work` has a result for each of them.
pub(crate) fn together<T: Send, R: Send>(
    tasks: VecDeque<T>,
    at_once: usize,
    at_a_time: usize,
    name: impl Fn(&T) -> String + Sync,
    work: impl Fn(&[T]) -> Vec<R> + Sync,
    mut ended: impl FnMut(T, R),
) -> String {
    let mut progress = Progress::new(tasks.len());
    // A worker more than there is work for would only be started.
    let workers = at_once.min(tasks.len().div_ceil(at_a_time));
    let queue = Mutex::new(tasks);
    let (tell, told) = mpsc::channel();
    let next = || {
        let mut queue = queue.lock().expect("no worker panics with the queue");
        let count = at_a_time.min(queue.len());
        queue.drain(..count).collect::<Vec<T>>()
    };
    let worker = |tell: mpsc::Sender<_>| {
        loop {
            let tasks = next();
            if tasks.is_empty() {
                break;
            }
            for task in &tasks {
                // Nobody listens any more only when the program ends.
                tell.send(Told::Began(name(task))).ok();
            }
            let done = work(&tasks);
            for (task, done) in tasks.into_iter().zip(done) {
                tell.send(Told::Ended(name(&task), task, done)).ok();
            }
        }
    };
    thread::scope(|scope| {
        let started = |_: &usize| {
            let tell = tell.clone();
            thread::Builder::new().spawn_scoped(scope, move || worker(tell)).is_ok()
        };
        // Fewer threads do it, too. Where none can be had this one does, and tells what ended when all has.
        if (0..workers).filter(started).count() == 0 {
            worker(tell.clone());
        }
        drop(tell);
        loop {
            match told.recv_timeout(Duration::from_millis(200)) {
                Ok(Told::Began(name)) => progress.began(name),
                Ok(Told::Ended(name, task, done)) => {
                    progress.ended(&name);
                    ended(task, done);
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
            progress.draw();
        }
    });
    progress.summary()
}

/// A line that says how far it is, where a person sees it.
struct Progress {
    total: usize,
    done: usize,
    running: BTreeMap<String, Instant>,
    began: Instant,
    shown: bool,
}

impl Progress {
    fn new(total: usize) -> Self {
        Self { total, done: 0, running: BTreeMap::new(), began: Instant::now(), shown: std::io::stderr().is_terminal() }
    }

    fn began(&mut self, name: String) {
        self.running.insert(name, Instant::now());
    }

    fn ended(&mut self, name: &str) {
        self.running.remove(name);
        self.done += 1;
        self.clear();
    }

    fn clear(&self) {
        if self.shown {
            overwrite("");
        }
    }

    fn draw(&self) {
        if !self.shown || self.running.is_empty() {
            return;
        }
        let longest = self.running.iter().min_by_key(|(_, since)| **since);
        let longest = longest.map(|(name, since)| format!("{name} for {:.0}s", since.elapsed().as_secs_f64())).unwrap_or_default();
        overwrite(&format!("[{}/{}] {} running, {longest}", self.done, self.total, self.running.len()));
    }

    fn summary(&self) -> String {
        format!("{} of {} run in {:.1}s", self.done, self.total, self.began.elapsed().as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn no_more_workers_are_started_than_there_is_work_for() {
        // Each worker has one task, and none is done before all have one.
        let (all_have_one, threads) = (Barrier::new(3), Mutex::new(BTreeSet::new()));
        let work = |tasks: &[u32]| {
            all_have_one.wait();
            threads.lock().unwrap().insert(format!("{:?}", thread::current().id()));
            tasks.to_vec()
        };
        let mut done = Vec::new();
        together((0..6).collect(), usize::MAX, 2, u32::to_string, work, |_, result| done.push(result));
        done.sort_unstable();
        assert_eq!((done, threads.lock().unwrap().len()), ((0..6).collect(), 3));
        together(VecDeque::<u32>::new(), usize::MAX, 1, u32::to_string, <[u32]>::to_vec, |_, _| unreachable!("there is nothing to do"));
    }
}
