//! One direction of a link at work: frames from one interface's socket, through the model, to the other's.
//! Not here: waiting, and the thread.

use std::io::{self, ErrorKind, IoSlice};
use std::os::fd::AsFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::Seen;
use super::frame::{self, Frame};
use super::lateness::Histogram;
use super::model::{Counts, Delivered, Model, Shape};
use crate::kernel::packet::{HEADER, LONGEST, PacketSocket};
use crate::kernel::wakeup;
use crate::life::clock::Clock;
use crate::words::Time;

/// How many frames are read before others have their turn.
const BUDGET: usize = 16;
/// How many milliseconds a socket that is full is waited for before a frame is given up.
const PATIENCE: u8 = 2;
/// A stamp that is further away than this is not the time at which the packet came.
const PLAUSIBLE: Duration = Duration::from_secs(1);

/// What all directions of a relay use, one at a time.
pub(super) struct Desk {
    pub(super) clock: Clock,
    buffer: Box<[u8]>,
    head: Vec<u8>,
}

impl Desk {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, buffer: vec![0; LONGEST].into(), head: Vec::new() }
    }
}

/// Some neighbours of a super-packet, on their way.
#[derive(Debug, Clone)]
struct Run {
    frame: Rc<Frame<Box<[u8]>>>,
    first: u32,
    count: u32,
}

/// One direction of a link.
pub(super) struct Crossing {
    from: Arc<PacketSocket>,
    to: Arc<PacketSocket>,
    model: Model<Run>,
    /// When the model has something to send.
    pub(super) due: Option<Time>,
    /// What the shape asks for: frames go out as they come in; super-packets are taken apart.
    bare: bool,
    units: bool,
    blackhole: bool,
    counts: Counts,
    late: Histogram,
}

impl Crossing {
    pub(super) fn new(from: Arc<PacketSocket>, to: Arc<PacketSocket>, shape: Shape, seed: u64) -> Self {
        let (counts, late) = (Counts::default(), Histogram::default());
        let (bare, units) = (shape.is_bare(), shape.needs_units());
        Self { from, to, model: Model::new(shape, seed), due: None, bare, units, blackhole: false, counts, late }
    }

    pub(super) fn reshape(&mut self, now: Time, shape: Shape) {
        (self.bare, self.units) = (shape.is_bare(), shape.needs_units());
        self.model.reshape(now, shape);
        self.due = self.model.due();
    }

    pub(super) fn blackhole(&mut self, on: bool) {
        self.blackhole = on;
    }

    pub(super) fn seen(&mut self) -> Seen {
        // A socket whose interface is gone has nothing more to tell.
        self.counts.dropped.missed += self.from.missed().unwrap_or(0);
        let mut counts = self.counts;
        let decided = self.model.counts();
        (counts.duplicated, counts.corrupted, counts.reordered) = (decided.duplicated, decided.corrupted, decided.reordered);
        counts.dropped.loss = decided.dropped.loss;
        counts.dropped.queue = decided.dropped.queue;
        counts.dropped.codel = decided.dropped.codel;
        Seen { counts, late: self.late.late() }
    }

    /// Loses what is on its way: the interface that it was to leave by is down.
    pub(super) fn cut(&mut self) {
        self.counts.dropped.down += self.model.clear().map(|packet| u64::from(packet.payload.count)).sum::<u64>();
        self.due = None;
    }

    /// Takes what has come in. Whether the interface is still up.
    pub(super) fn take_in(&mut self, desk: &mut Desk) -> bool {
        let mut still_up = true;
        let (now, epoch) = (desk.clock.now(), wakeup::epoch());
        for _ in 0..BUDGET {
            match self.from.receive(&mut desk.buffer) {
                Ok(received) if received.length > HEADER => {
                    self.arrived(arrival(now, epoch, received.at), &desk.buffer[..received.length]);
                }
                Ok(_) => {}
                Err(error) => match error.kind() {
                    // Too long, or of a kind that has no header: nothing that a lab's hosts send.
                    ErrorKind::InvalidData | ErrorKind::InvalidInput => self.counts.dropped.missed += 1,
                    // Told once when the interface goes down.
                    ErrorKind::NetworkDown => still_up = false,
                    ErrorKind::Interrupted => {}
                    // Nothing more has come, most often.
                    _ => break,
                },
            }
        }
        self.due = self.model.due();
        still_up
    }

    fn arrived(&mut self, at: Time, bytes: &[u8]) {
        let frame = Frame::read(bytes);
        let units = frame.units();
        self.counts.offered += u64::from(units);
        if self.blackhole {
            self.counts.dropped.blackhole += u64::from(units);
        } else if self.bare && self.model.due().is_none() {
            self.send([bytes, &[]], units, frame.len(0, units));
        } else {
            let frame = Rc::new(Frame::read(Box::from(bytes)));
            let count = if self.units { 1 } else { units };
            for first in (0..units).step_by(count as usize) {
                self.model.offer(at, frame.len(first, count), Run { frame: Rc::clone(&frame), first, count });
            }
        }
    }

    /// Sends what is due. Neighbours that are due together leave together.
    pub(super) fn give_out(&mut self, desk: &mut Desk) {
        let now = desk.clock.now();
        let mut waiting: Option<(Time, Run)> = None;
        while let Some(Delivered { due, packet }) = self.model.take(now) {
            let run = packet.payload;
            match (&mut waiting, packet.corrupt) {
                (Some((_, before)), None) if Rc::ptr_eq(&before.frame, &run.frame) && before.first + before.count == run.first => {
                    before.count += run.count;
                }
                (waiting, corrupt) => {
                    if let Some((due, run)) = waiting.take() {
                        self.send_run(due, &run, desk, None);
                    }
                    if corrupt.is_some() {
                        self.send_run(due, &run, desk, corrupt);
                    } else {
                        *waiting = Some((due, run));
                    }
                }
            }
        }
        if let Some((due, run)) = waiting {
            self.send_run(due, &run, desk, None);
        }
        self.due = self.model.due();
    }

    fn send_run(&mut self, due: Time, run: &Run, desk: &mut Desk, corrupt: Option<u64>) {
        let (units, length) = (run.count, run.frame.len(run.first, run.count));
        let parts = run.frame.part(run.first, units, &mut desk.head);
        self.late.add(desk.clock.now().since(due), units.into());
        match corrupt {
            None => self.send(parts, units, length),
            Some(which) => self.send([&frame::corrupt(parts, which), &[]], units, length),
        }
    }

    fn send(&mut self, parts: [&[u8]; 2], units: u32, length: u32) {
        let units = u64::from(units);
        let parts = parts.map(IoSlice::new);
        let parts = if parts[1].is_empty() { &parts[..1] } else { &parts };
        match self.to.send(parts).or_else(|error| self.send_again(parts, error)) {
            Ok(()) => {
                self.counts.packets += units;
                self.counts.bytes += u64::from(length);
            }
            Err(error) if error.kind() == ErrorKind::NetworkDown => self.counts.dropped.down += units,
            Err(_) => self.counts.dropped.missed += units,
        }
    }

    /// A socket that is full is waited for: what is lost here was not lost by the link.
    fn send_again(&self, parts: &[IoSlice<'_>], error: io::Error) -> io::Result<()> {
        if !matches!(error.raw_os_error().map(Errno::from_raw), Some(Errno::EAGAIN | Errno::ENOBUFS)) {
            return Err(error);
        }
        poll(&mut [PollFd::new(self.to.as_fd(), PollFlags::POLLOUT)], PollTimeout::from(PATIENCE))?;
        self.to.send(parts)
    }
}

/// When a packet came, on the relay's clock.
fn arrival(now: Time, epoch: Duration, stamp: Option<Duration>) -> Time {
    let Some(stamp) = stamp.filter(|stamp| stamp.abs_diff(epoch) < PLAUSIBLE) else { return now };
    let apart = Time::from(stamp.abs_diff(epoch));
    if stamp > epoch { now.after(apart) } else { now.since(apart) }
}
