//! One direction of a link as a state machine: packets go in at times, come out at other times, or not at all. Deterministic, no I/O.
//! Not here: where packets come from and go to (the engine), or what is in them.
//!
//! A packet's way, as through netem: duplicated, lost, corrupted; sent at once or delayed; then the queue, if there is a rate, and the rate.
//! Also as in netem, with a rate packets leave in the order in which they came, despite jitter, and those that are sent at once pass neither
//! delay, queue nor rate (net/sched/sch_netem.c: netem_enqueue puts them first, and netem_dequeue then asks no qdisc below it). Unlike in netem,
//! the limit of the queue does not count packets that are still being delayed: it is a buffer's size.

mod chance;
mod codel;
mod counts;
mod fate;
mod loss;
mod pace;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

pub use counts::{Counts, Dropped};
pub use fate::Fate;
pub use ramp::Ramp;
pub use shape::Shape;
pub use trace::Trace;

use crate::words::{Rate, Time};
pub use crate::words::{ramp, shape, trace};
use fate::Fates;
use pace::Pace;
use shape::{Discipline, Limit, Step};

/// A packet in transit, with whatever its owner needs to send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet<P> {
    /// Its length in bytes, with its Ethernet header.
    pub len: u32,
    /// Which bit is flipped: this number modulo the number of bits.
    pub corrupt: Option<u64>,
    /// The owner's data.
    pub payload: P,
}

/// A packet that has crossed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered<P> {
    /// When it was due.
    pub due: Time,
    /// The packet.
    pub packet: Packet<P>,
}

/// A packet in a queue, with the time since or until which it waits.
#[derive(Debug, Clone)]
struct Timed<P> {
    at: Time,
    packet: Packet<P>,
}

/// One direction of a link. The times passed to it may be late but never early: what is due is computed from arrival times.
#[derive(Debug, Clone)]
pub struct Model<P> {
    shape: Shape,
    fates: Fates,
    rate: Option<Rate>,
    delay: Time,
    /// When the shape's steps came into effect, and how many of them have been taken.
    origin: Time,
    steps: usize,
    /// Packets that are being delayed, the next first.
    line: VecDeque<Timed<P>>,
    /// Packets that wait to be sent, with when they began to wait.
    queue: VecDeque<Timed<P>>,
    queued_bytes: u64,
    /// The packet being sent, with when that is done.
    sending: Option<Timed<P>>,
    pace: Pace,
    codel: codel::State,
    /// Packets that have crossed.
    done: VecDeque<Timed<P>>,
    counts: Counts,
}

impl<P: Clone> Model<P> {
    /// A direction that has this shape from time zero.
    pub fn new(shape: Shape, seed: u64) -> Self {
        Self {
            fates: Fates::new(&shape, seed),
            pace: Pace::new(shape.rate, shape.trace.as_ref(), Time::ZERO),
            rate: shape.rate,
            delay: shape.delay,
            shape,
            origin: Time::ZERO,
            steps: 0,
            line: VecDeque::new(),
            queue: VecDeque::new(),
            queued_bytes: 0,
            sending: None,
            codel: codel::State::default(),
            done: VecDeque::new(),
            counts: Counts::default(),
        }
    }

    /// The conditions.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The packets that it dropped, duplicated, corrupted and sent at once. It does not count the packets and bytes that came in and went out.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Changes the conditions at once. A packet that is being delayed or sent keeps its time; packets that wait in the queue get the new rate
    /// and discipline, and stay even if the new limit is smaller. An unchanged trace goes on where it is, and so do unchanged steps with the
    /// rate and delay that they have set, unless these change here.
    pub fn reshape(&mut self, now: Time, shape: Shape) {
        self.advance(now);
        self.fates.reshape(&self.shape, &shape);
        if shape.discipline != self.shape.discipline {
            self.codel = codel::State::default();
        }
        let goes_on = shape.trace.is_some() && shape.trace == self.shape.trace;
        let others = shape.steps != self.shape.steps;
        if others {
            (self.origin, self.steps) = (now, 0);
        }
        if others || shape.rate != self.shape.rate {
            self.rate = shape.rate;
        }
        if others || shape.delay != self.shape.delay {
            self.delay = shape.delay;
        }
        self.shape = shape;
        if !goes_on {
            self.change_pace(now);
        }
    }

    /// Takes in a packet.
    pub fn offer(&mut self, now: Time, len: u32, payload: P) {
        self.advance(now);
        let (_, fate, copy) = self.fates.next();
        let packet = |fate: Fate, payload| Packet { len, corrupt: fate.corrupt, payload };
        if let Some(copy) = copy {
            self.counts.duplicated += 1;
            self.accept(now, copy, packet(copy, payload.clone()));
        }
        self.accept(now, fate, packet(fate, payload));
        self.advance(now);
    }

    /// The next packet that is due by now.
    pub fn take(&mut self, now: Time) -> Option<Delivered<P>> {
        if self.done.is_empty() {
            self.advance(now);
        }
        self.done.front().filter(|done| done.at <= now)?;
        self.done.pop_front().map(|Timed { at, packet }| Delivered { due: at, packet })
    }

    /// When the next packet will be due, as far as is known now.
    pub fn due(&self) -> Option<Time> {
        if let Some(done) = self.done.front() {
            return Some(done.at);
        }
        let entering = || {
            let next = self.line.front()?;
            if self.shape.has_queue() { self.pace.finish(next.at, next.packet.len).or(Some(next.at)) } else { Some(next.at) }
        };
        let waiting = if self.queue.is_empty() { entering() } else { self.next_step() };
        self.sending.as_ref().map(|sending| sending.at).or(waiting)
    }

    /// How many packets, and bytes, wait in the queue or are being sent.
    pub fn backlog(&self) -> (u64, u64) {
        let sending = self.sending.as_ref();
        (
            self.queue.len() as u64 + u64::from(sending.is_some()),
            self.queued_bytes + sending.map_or(0, |sending| u64::from(sending.packet.len)),
        )
    }

    /// Removes every packet, due or not, as when a link is cut.
    pub fn clear(&mut self) -> impl Iterator<Item = Packet<P>> {
        self.queued_bytes = 0;
        let [done, queue, line] = [&mut self.done, &mut self.queue, &mut self.line].map(std::mem::take);
        done.into_iter().chain(self.sending.take()).chain(queue).chain(line).map(|timed| timed.packet)
    }

    fn accept(&mut self, now: Time, fate: Fate, packet: Packet<P>) {
        if fate.lost {
            self.counts.dropped.loss += 1;
            return;
        }
        self.counts.corrupted += u64::from(fate.corrupt.is_some());
        if fate.at_once {
            self.counts.reordered += 1;
            self.done.push_back(Timed { at: now, packet });
            return;
        }
        let delay = self.delay.0.saturating_add_signed(fate.deviation);
        let mut at = now.after(Time(delay));
        if self.shape.has_queue() {
            // With a rate, packets keep their order.
            at = at.max(self.line.back().map_or(Time::ZERO, |last| last.at));
            self.line.push_back(Timed { at, packet });
            return;
        }
        let held = || self.line.iter().map(|timed| u64::from(timed.packet.len)).sum();
        let fits = |limit: Limit| limit.fits(self.line.len() as u64, if matches!(limit, Limit::Bytes(_)) { held() } else { 0 }, packet.len);
        if !self.shape.limit.is_none_or(fits) {
            self.counts.dropped.queue += 1;
        } else if self.line.back().is_none_or(|last| last.at <= at) {
            self.line.push_back(Timed { at, packet });
        } else {
            self.line.insert(self.line.partition_point(|other| other.at <= at), Timed { at, packet });
        }
    }

    /// Processes everything that is due by now, in order.
    fn advance(&mut self, now: Time) {
        loop {
            let sent = self.sending.as_ref().map(|sending| sending.at);
            let entry = self.line.front().map(|next| next.at);
            let step = self.next_step();
            let Some(first) = [sent, entry, step].into_iter().flatten().min().filter(|&first| first <= now) else { break };
            if sent == Some(first) {
                self.done.extend(self.sending.take());
                self.send_next(first);
            } else if step == Some(first) {
                self.take_step(first);
            } else if let Some(Timed { at, packet }) = self.line.pop_front() {
                self.enter(at, packet);
            }
        }
    }

    /// Handles a packet whose delay is over.
    fn enter(&mut self, at: Time, packet: Packet<P>) {
        if !self.shape.has_queue() {
            self.done.push_back(Timed { at, packet });
            return;
        }
        let (packets, bytes) = self.backlog();
        if self.shape.limit.unwrap_or(Limit::DEFAULT).fits(packets, bytes, packet.len) {
            self.queued_bytes += u64::from(packet.len);
            self.queue.push_back(Timed { at, packet });
            if self.sending.is_none() {
                self.send_next(at);
            }
        } else {
            self.counts.dropped.queue += 1;
        }
    }

    /// Begins to send the next packet of the queue that is not dropped there.
    fn send_next(&mut self, now: Time) {
        while let Some(Timed { at, packet }) = self.queue.front() {
            let (len, backlog) = (packet.len, self.queued_bytes - u64::from(packet.len));
            let head = codel::Head { sojourn: now.since(*at), backlog };
            let dropped = if let Discipline::CoDel(codel) = &self.shape.discipline { self.codel.drops(codel, now, head) } else { false };
            let finish = if dropped { Some(now) } else { self.pace.send(now, len) };
            let Some(finish) = finish else { return };
            let next = self.queue.pop_front();
            self.queued_bytes = backlog;
            if dropped {
                self.counts.dropped.codel += 1;
            } else {
                self.sending = next.map(|next| Timed { at: finish, ..next });
                return;
            }
        }
        self.codel.ran_dry();
    }

    fn step(&self) -> Option<&Step> {
        self.shape.steps.get(self.steps)
    }

    fn next_step(&self) -> Option<Time> {
        self.step().map(|step| self.origin.after(step.at))
    }

    fn take_step(&mut self, now: Time) {
        let Some(&Step { rate, delay, .. }) = self.step() else { return };
        self.steps += 1;
        self.delay = delay.unwrap_or(self.delay);
        if rate.is_some() {
            self.rate = rate;
            self.change_pace(now);
        }
    }

    fn change_pace(&mut self, now: Time) {
        self.pace = Pace::new(self.rate, self.shape.trace.as_ref(), now);
        if self.sending.is_none() {
            self.send_next(now);
        }
    }
}
