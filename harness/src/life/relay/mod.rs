//! The relay: links in user space, for kernels without netem, whose decisions a seed reproduces.
//! Not here: which links a lab has, and when their conditions change.
//!
//! A relay sits between the two ends of each link's wire, in the namespace of the wires, and has one thread for all of them. It cannot carry
//! tags that the kernel has removed from a frame (802.1Q).

mod crossing;
mod engine;
mod frame;
mod lateness;
pub mod model;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use serde::{Deserialize, Serialize};

pub use lateness::{Histogram, Late};
pub use model::{Counts, Dropped, Ramp, Shape};

use crate::kernel::packet::PacketSocket;
use crate::kernel::{Namespace, wakeup};
use crate::life::clock::Clock;
pub use crate::words::Direction;
use crate::words::Time;
use crossing::{Crossing, Desk};
use engine::{Engine, Task};

/// A link to be relayed.
#[derive(Debug, Clone)]
pub struct RelayLink {
    /// Its name.
    pub name: String,
    /// The index of the wire's interface towards the first end.
    pub a: i32,
    /// The index of the wire's interface towards the second end.
    pub b: i32,
    /// The conditions from the first end to the second.
    pub up: Shape,
    /// The conditions from the second end to the first.
    pub down: Shape,
    /// The seed of its decisions.
    pub seed: u64,
}

/// What a direction of a link has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Seen {
    /// The numbers of packets, by what happened to them.
    pub counts: Counts,
    /// How late they were sent.
    pub late: Late,
}

/// Why a relay cannot do what it is asked to.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// It could not begin.
    #[error("failed to start the relay: {operation}: {source}")]
    Start {
        /// What the relay tried to do.
        operation: String,
        /// The kernel's error.
        source: io::Error,
    },
    /// It has no such link.
    #[error("the relay has no link `{0}`")]
    NoLink(String),
    /// Its thread has ended, which it does by itself only if the kernel refuses to let it wait.
    #[error("the relay has stopped")]
    Stopped,
}

/// A relay at work. Dropping it ends it.
#[derive(Debug)]
pub struct Relay {
    links: BTreeMap<String, usize>,
    tasks: mpsc::Sender<(usize, Task)>,
    bell: Option<UnixStream>,
    thread: Option<JoinHandle<io::Result<()>>>,
    not_realtime: Option<String>,
}

/// splitmix64's step: gives the two directions of a link unrelated seeds.
const OTHER_WAY: u64 = 0x9e37_79b9_7f4a_7c15;

impl Relay {
    /// Starts to carry packets over links whose interfaces are in `namespace`. Times are read from `clock`.
    pub fn start(namespace: &Namespace, links: Vec<RelayLink>, clock: Clock) -> Result<Self, RelayError> {
        let failed = |operation: String| move |source| RelayError::Start { operation, source };
        let wakeup = wakeup::Wakeup::new().map_err(failed("making its epoll".into()))?;
        let mut sockets = Vec::new();
        namespace
            .enter(|| {
                for link in &links {
                    for index in [link.a, link.b] {
                        let open = || {
                            let socket = Arc::new(PacketSocket::open(index)?);
                            wakeup.add(&*socket, sockets.len() as u64)?;
                            Ok(socket)
                        };
                        sockets.push(open().map_err(failed(format!("opening interface {index} of link `{}`", link.name)))?);
                    }
                }
                Ok(())
            })
            .map_err(failed("entering its namespace".into()))??;
        let (bell, other_end) = UnixStream::pair().map_err(failed("making its bell".into()))?;
        other_end.set_nonblocking(true).map_err(failed("making its bell".into()))?;
        let names = links.iter().enumerate().map(|(number, link)| (link.name.clone(), number)).collect();
        let (tasks, asked) = mpsc::channel();
        let (told, tells) = mpsc::channel();
        let work = move || {
            // The relay works all the same, but this is reported.
            told.send(wakeup::hurry().err().map(|error| error.to_string())).ok();
            let ways = links.into_iter().zip(sockets.chunks_exact(2)).flat_map(|(link, ends)| {
                let crossing = |from: usize, shape, seed| Crossing::new(Arc::clone(&ends[from]), Arc::clone(&ends[1 - from]), shape, seed);
                [crossing(0, link.up, link.seed), crossing(1, link.down, link.seed.wrapping_add(OTHER_WAY))]
            });
            Engine { wakeup, crossings: ways.collect(), tasks: asked, bell: other_end, desk: Desk::new(clock) }.run()
        };
        let thread = thread::Builder::new().name("relay".into()).spawn(work).map_err(failed("starting its thread".into()))?;
        let not_realtime = tells.recv().map_err(|_| RelayError::Stopped)?;
        Ok(Self { links: names, tasks, bell: Some(bell), thread: Some(thread), not_realtime })
    }

    /// Why its thread has no real-time priority, if it has none.
    pub fn not_realtime(&self) -> Option<&str> {
        self.not_realtime.as_deref()
    }

    /// Changes the conditions of a direction, and returns when that was done.
    pub fn reshape(&self, link: &str, way: Direction, shape: Shape) -> Result<Time, RelayError> {
        self.ask(link, way, move |crossing, now| {
            crossing.reshape(now, shape);
            now
        })
    }

    /// Makes a direction swallow all that comes in, or ends that, and returns when that was done. Packets in transit still arrive.
    pub fn blackhole(&self, link: &str, way: Direction, on: bool) -> Result<Time, RelayError> {
        self.ask(link, way, move |crossing, now| {
            crossing.blackhole(on);
            now
        })
    }

    /// What a direction has done so far.
    pub fn seen(&self, link: &str, way: Direction) -> Result<Seen, RelayError> {
        self.ask(link, way, |crossing, _| crossing.seen())
    }

    /// Makes the thread do something between two frames, and waits for the answer.
    fn ask<T: Send + 'static>(
        &self,
        link: &str,
        way: Direction,
        what: impl FnOnce(&mut Crossing, Time) -> T + Send + 'static,
    ) -> Result<T, RelayError> {
        let link = self.links.get(link).ok_or_else(|| RelayError::NoLink(link.to_owned()))?;
        let (answer, answered) = mpsc::sync_channel(1);
        let task = Box::new(move |crossing: &mut Crossing, now| drop(answer.send(what(crossing, now))));
        self.tasks.send((link * 2 + way as usize, task)).map_err(|_| RelayError::Stopped)?;
        let ring = self.bell.as_ref().map(|mut bell| bell.write_all(&[1]));
        ring.and_then(Result::ok).ok_or(RelayError::Stopped)?;
        answered.recv().map_err(|_| RelayError::Stopped)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.bell = None;
        // How the thread ended no longer matters.
        self.thread.take().map(JoinHandle::join);
    }
}
