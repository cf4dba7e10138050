//! The relay's thread: waits for frames, for times at which some are due, and for tasks.
//! Not here: what happens to a frame.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::mpsc;

use super::crossing::{Crossing, Desk};
use crate::kernel::wakeup::{Ready, Wakeup};
use crate::words::Time;

/// Something to be done between frames, with one direction.
pub(super) type Task = Box<dyn FnOnce(&mut Crossing, Time) + Send>;

/// How long due packets wait for more, counted from the last transmission: sending neighbours together is cheaper.
const TOGETHER: Time = Time::from_micros(50);
/// The number of the descriptor that signals tasks; those below are directions.
const TASKS: u64 = u64::MAX;

/// What the thread works with.
pub(super) struct Engine {
    pub(super) wakeup: Wakeup,
    pub(super) crossings: Vec<Crossing>,
    pub(super) tasks: mpsc::Receiver<(usize, Task)>,
    /// Readable when there are tasks, closed when the relay must stop.
    pub(super) bell: UnixStream,
    pub(super) desk: Desk,
}

impl Engine {
    /// Works until the bell is closed.
    pub(super) fn run(mut self) -> io::Result<()> {
        let mut ready = Ready::with_capacity(self.crossings.len() + 1);
        let mut sent = Time::ZERO;
        self.wakeup.add(&self.bell, TASKS)?;
        loop {
            let next = self.crossings.iter().filter_map(|crossing| crossing.due).min();
            let now = self.desk.clock.now();
            self.wakeup.wait(&mut ready, next.map(|due| due.max(sent.after(TOGETHER)).since(now).into()))?;
            let now = self.desk.clock.now();
            for number in ready.iter() {
                if number == TASKS {
                    if !self.asked()? {
                        return Ok(());
                    }
                } else if !self.crossings[number as usize].take_in(&mut self.desk, now) {
                    // The interface that it comes from is the one that its other direction leaves by.
                    self.crossings[number as usize ^ 1].cut();
                }
            }
            if now >= sent.after(TOGETHER) {
                for crossing in self.crossings.iter_mut().filter(|crossing| crossing.due.is_some_and(|due| due <= now)) {
                    crossing.give_out(&mut self.desk, now);
                    sent = now;
                }
            }
        }
    }

    /// Does the tasks. Returns whether to go on.
    fn asked(&mut self) -> io::Result<bool> {
        match self.bell.read(&mut [0; 64]) {
            Ok(0) => return Ok(false),
            Ok(_) => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(error) => return Err(error),
        }
        while let Ok((number, task)) = self.tasks.try_recv() {
            task(&mut self.crossings[number], self.desk.clock.now());
        }
        Ok(true)
    }
}
