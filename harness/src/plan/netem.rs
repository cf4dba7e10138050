//! How netem makes one direction of a link, per packet and with a queue of its own: the chain of queueing disciplines.
//! Not here: whether netem makes it.
//!
//! netem treats super-packets as if they were packets, so something must segment them before it. And its limit counts packets that are being
//! delayed together with those that wait for the rate, so a queue after a delay needs a netem of its own.

use super::QdiscAct;
use crate::words::netem::UNLIMITED;
use crate::words::{Netem, QdiscHandle, Shape, Size, Time};

/// What one direction has in the course of a case, which decides its chain from the start, since a change keeps packets in transit.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each stands for itself")]
pub(super) struct Course {
    /// Anything.
    pub(super) shaped: bool,
    /// Fates that depend on a packet's size or number.
    pub(super) units: bool,
    /// A rate.
    pub(super) rate: bool,
    /// A delay.
    pub(super) delay: bool,
    /// Duplicates.
    pub(super) duplicates: bool,
}

impl Course {
    pub(super) fn of<'a>(shapes: impl Iterator<Item = &'a Shape> + Clone) -> Self {
        let any = |test: fn(&Shape) -> bool| shapes.clone().any(test);
        Self {
            shaped: any(|shape| !shape.is_bare()),
            units: any(Shape::needs_units),
            rate: any(|shape| shape.rate.is_some()),
            delay: any(|shape| shape.delay > Time::ZERO),
            duplicates: any(|shape| Netem::of(shape).duplicates()),
        }
    }

    /// Whether it takes two netems, one of which duplicates packets.
    pub(super) fn pair_duplicates(self) -> bool {
        self.rate && self.delay && self.duplicates
    }
}

/// How many packets a netem without a queue holds.
const PACKETS: u32 = 100_000;

/// What makes a direction that has this course.
pub(super) struct Chain<'a> {
    /// The interface by which packets leave the wire.
    pub(super) dev: &'a str,
    pub(super) course: Course,
    /// The longest packet with its Ethernet header.
    pub(super) packet: Size,
}

impl Chain<'_> {
    /// The operations for its first conditions, or for others later. The queue holds this many packets, if there is a rate.
    pub(super) fn acts(&self, shape: &Shape, queue: Option<u32>, seed: Option<u64>, again: bool) -> Vec<QdiscAct> {
        let Course { units, rate, delay, .. } = self.course;
        // Packets wait for a slot after the rate, as in a single netem that has both.
        let queued = Netem { limit: queue.unwrap_or(PACKETS), rate: shape.rate, slot: shape.slot, again, ..Netem::default() };
        let fates = Netem { seed, again, ..Netem::of(shape) };
        let netems = if rate && delay {
            // A netem with any rate keeps packets in order.
            let ordered = shape.rate.and(shape.jitter).map(|_| UNLIMITED);
            vec![Netem { limit: PACKETS, rate: ordered, ..fates }, queued]
        } else {
            vec![Netem { limit: queued.limit, rate: queued.rate, slot: queued.slot, ..fates }]
        };
        let dev = || self.dev.to_owned();
        let place = |handle: u16| QdiscHandle { parent: (handle > 1).then(|| handle - 1), handle };
        let split = units.then(|| QdiscAct::Split { dev: dev(), place: place(1), packet: self.packet, queue: None }).filter(|_| !again);
        let first = if units { 2 } else { 1 };
        let netems =
            (first..).zip(netems).map(|(handle, netem)| QdiscAct::Netem { dev: dev(), place: place(handle), netem: Box::new(netem) });
        split.into_iter().chain(netems).collect()
    }
}
