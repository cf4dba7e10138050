//! A pool of workers for many tasks, and the events it reports meanwhile.
//! Not here: the work itself, and showing its progress.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// The longest time without an event, after which [`Event::Waiting`] comes.
const PULSE: Duration = Duration::from_millis(200);

/// What the pool reports. Tasks are named by their number in the slice.
#[derive(Debug)]
pub enum Event<R, N> {
    /// A worker began a task.
    Began(usize),
    /// News of a task before it is done.
    News(usize, N),
    /// A task is done, with its result.
    Ended(usize, R),
    /// Nothing happened for a moment.
    Waiting,
}

/// Does `work` for `tasks` with this many workers. Each takes several tasks at a time and returns a result for each; meanwhile it may report news
/// of them by their number among those it took. Events are reported in the calling thread.
pub fn run<T: Sync, R: Send, N: Send>(
    tasks: &[T],
    at_once: usize,
    at_a_time: usize,
    work: impl Fn(&[T], &mut dyn FnMut(usize, N)) -> Vec<R> + Sync,
    mut tell: impl FnMut(Event<R, N>),
) {
    // Workers beyond the number of tasks would be idle.
    let workers = at_once.min(tasks.len().div_ceil(at_a_time));
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    let worker = |sender: mpsc::Sender<_>| {
        loop {
            let first = next.fetch_add(at_a_time, Ordering::Relaxed).min(tasks.len());
            let taken = first..(first + at_a_time).min(tasks.len());
            if taken.is_empty() {
                break;
            }
            for number in taken.clone() {
                // The receiver is gone only when the program ends.
                sender.send(Event::Began(number)).ok();
            }
            let mut news = |number, news| drop(sender.send(Event::News(taken.start + number, news)));
            let results = work(&tasks[taken.clone()], &mut news);
            for (number, result) in taken.zip(results) {
                sender.send(Event::Ended(number, result)).ok();
            }
        }
    };
    thread::scope(|scope| {
        let started = |_: &usize| {
            let (sender, worker) = (sender.clone(), &worker);
            thread::Builder::new().spawn_scoped(scope, move || worker(sender)).is_ok()
        };
        // Fewer threads do, too. If none can be started, this thread does the work and reports the results at the end.
        if (0..workers).filter(started).count() == 0 {
            worker(sender.clone());
        }
        drop(sender);
        loop {
            match receiver.recv_timeout(PULSE) {
                Ok(event) => tell(event),
                Err(mpsc::RecvTimeoutError::Timeout) => tell(Event::Waiting),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::{Barrier, Mutex};

    use super::*;

    #[test]
    fn no_more_workers_are_started_than_there_is_work_for() {
        // Each worker has one task, and none is done before all have one.
        let (all_have_one, threads) = (Barrier::new(3), Mutex::new(BTreeSet::new()));
        let work = |tasks: &[u32], news: &mut dyn FnMut(usize, u32)| {
            all_have_one.wait();
            threads.lock().unwrap().insert(format!("{:?}", thread::current().id()));
            tasks.iter().enumerate().for_each(|(number, task)| news(number, *task));
            tasks.to_vec()
        };
        let (mut began, mut done, mut told) = (Vec::new(), Vec::new(), Vec::new());
        run(&[0, 1, 2, 3, 4, 5], usize::MAX, 2, work, |event| match event {
            Event::Began(number) => began.push(number),
            Event::News(number, news) => told.push((number, news)),
            Event::Ended(number, result) => done.push((number, result)),
            Event::Waiting => {}
        });
        began.sort_unstable();
        done.sort_unstable();
        told.sort_unstable();
        assert_eq!((began, threads.lock().unwrap().len()), ((0..6).collect(), 3));
        assert_eq!(done, (0..6).map(|number| (number, number as u32)).collect::<Vec<_>>());
        assert_eq!(told, done);
        let nothing = |_: &[u32], _: &mut dyn FnMut(usize, ())| Vec::<u32>::new();
        run(&[] as &[u32], usize::MAX, 1, nothing, |_| unreachable!("there is nothing to do"));
    }
}
