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
use crate::kernel::packet::{HEADER, PacketSocket, Room};
use crate::kernel::wakeup;
use crate::life::clock::Clock;
use crate::words::Time;

/// How many errors a socket may report before others have their turn.
const BUDGET: usize = 16;
/// How many milliseconds to wait for a full socket before a frame is given up.
const PATIENCE: u8 = 2;
/// How long a measured difference between the computer's time of day and the relay's clock stays valid.
const KNOWN: Time = Time::from_millis(100);
/// A timestamp further away than this is not the time at which the packet came.
const PLAUSIBLE: Duration = Duration::from_secs(1);

/// What all directions of a relay share, one at a time.
pub(super) struct Desk {
    pub(super) clock: Clock,
    room: Room,
    head: Vec<u8>,
    /// When the clock read zero, since the epoch, and when it was last asked.
    zero: Option<(Duration, Time)>,
}

impl Desk {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, room: Room::default(), head: Vec::new(), zero: None }
    }

    /// What the kernel's stamps say when the clock reads `now`.
    fn epoch(&mut self, now: Time) -> Duration {
        let (zero, _) = match self.zero {
            Some(known) if now.since(known.1) < KNOWN => known,
            _ => {
                // If two readings of the clock are close together, this thread was not interrupted in between.
                let looks = [(); 3].map(|()| (self.clock.now(), wakeup::epoch(), self.clock.now()));
                let (before, epoch, after) = looks.into_iter().min_by_key(|(before, _, after)| after.since(*before)).expect("three");
                let between = before.after(Time(after.since(before).0 / 2));
                *self.zero.insert((epoch.saturating_sub(between.into()), now))
            }
        };
        zero + Duration::from(now)
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
    /// Whether frames go out as they come in. Otherwise super-packets may be segmented.
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

    /// Drops what is in transit, because the interface that it would leave by is down.
    pub(super) fn cut(&mut self) {
        self.counts.dropped.down += self.model.clear().map(|packet| u64::from(packet.payload.count)).sum::<u64>();
        self.due = None;
    }

    /// Takes what has come in by `now`, but no more than fits, so that others get their turn. Returns whether the interface is still up.
    pub(super) fn take_in(&mut self, desk: &mut Desk, now: Time) -> bool {
        let mut still_up = true;
        let epoch = desk.epoch(now);
        for _ in 0..BUDGET {
            match self.from.receive_all(&mut desk.room) {
                Ok(()) => {
                    for frame in desk.room.frames() {
                        match frame {
                            Some((bytes, stamp)) if bytes.len() > HEADER => self.arrived(arrival(now, epoch, stamp), bytes),
                            Some(_) => {}
                            // Longer than what a lab's hosts send.
                            None => self.counts.dropped.missed += 1,
                        }
                    }
                    break;
                }
                Err(error) => match error.kind() {
                    // Of a kind that has no header: nothing that a lab's hosts send, either.
                    ErrorKind::InvalidInput => self.counts.dropped.missed += 1,
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

    /// Sends what is due `now`. Neighbouring packets that are due together leave together.
    pub(super) fn give_out(&mut self, desk: &mut Desk, now: Time) {
        let mut waiting: Option<(Time, Run)> = None;
        // It takes time to send what went before.
        let (clock, mut look) = (desk.clock, Some(now));
        let mut look = || look.take().unwrap_or_else(|| clock.now());
        while let Some(Delivered { due, packet }) = self.model.take(now) {
            let run = packet.payload;
            match (&mut waiting, packet.corrupt) {
                (Some((_, before)), None) if Rc::ptr_eq(&before.frame, &run.frame) && before.first + before.count == run.first => {
                    before.count += run.count;
                }
                (waiting, corrupt) => {
                    if let Some((due, run)) = waiting.take() {
                        self.send_run(look().since(due), &run, desk, None);
                    }
                    if corrupt.is_some() {
                        self.send_run(look().since(due), &run, desk, corrupt);
                    } else {
                        *waiting = Some((due, run));
                    }
                }
            }
        }
        if let Some((due, run)) = waiting {
            self.send_run(look().since(due), &run, desk, None);
        }
        self.due = self.model.due();
    }

    fn send_run(&mut self, late: Time, run: &Run, desk: &mut Desk, corrupt: Option<u64>) {
        let (units, length) = (run.count, run.frame.len(run.first, run.count));
        let parts = run.frame.part(run.first, units, &mut desk.head);
        self.late.add(late, units.into());
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

    /// Waits for a full socket, since a loss here would not be the link's.
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
