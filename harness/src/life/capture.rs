//! The capture of a run: reports each packet once, as news, where it leaves a host for a link.
//! Not here: the ring in which the kernel puts packets, and the final file.
//!
//! The thread that takes samples empties the ring at each sample, so that a capture adds no other activity. In virtual time all packets are
//! reported after the end of the run; in real time as they come, so that a long run does not fill the memory.

use std::collections::BTreeMap;
use std::io;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use crate::kernel::tap::Tap;
use crate::kernel::wakeup;
use crate::life::clock::Clock;
use crate::life::lab::Lab;
use crate::life::news::News;
use crate::plan::Job;
use crate::record::{Captured, Packet};
use crate::words::{Snap, Time};

/// A request for a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wish {
    /// How much is kept of each packet.
    pub snap: Snap,
    /// Whether packets are reported only after the end of the run.
    pub held: bool,
}

/// The most bytes in one piece of news.
const PIECE: usize = 1 << 20;

/// A capture of the links of a lab.
pub(super) struct Capture {
    wish: Wish,
    tap: Option<Tap>,
    /// The direction of packets that arrive on each interface of the wires.
    ways: BTreeMap<i32, u32>,
    held: Vec<u8>,
}

impl Capture {
    /// Begins. A lab without links has no packets.
    pub(super) fn open(lab: &Lab, job: &Job, wish: Wish) -> io::Result<Self> {
        let Some((namespace, device)) = lab.wires() else {
            return Ok(Self { wish, tap: None, ways: BTreeMap::new(), held: Vec::new() });
        };
        let ends = job.topology.links.keys().flat_map(|link| [format!("{link}-a"), format!("{link}-b")]);
        let ways = ends.zip(0..).map(|(end, way)| (device(&end), way)).collect();
        let tap = namespace.enter(|| Tap::open(wish.snap.bytes()))??;
        Ok(Self { wish, tap: Some(tap), ways, held: Vec::new() })
    }

    /// Takes what has come.
    pub(super) fn look(&mut self, news: &mut dyn FnMut(News)) {
        let Self { wish, tap, ways, held } = self;
        let Some(tap) = tap else { return };
        tap.drain(|packet| {
            if let Some(way) = ways.get(&packet.device) {
                let (head, length) = packet.whole();
                Packet { at: packet.at, way: *way, length, head: wish.snap.of(&head).to_vec() }.write(held);
            }
        });
        if !wish.held {
            tell(held, news);
            held.clear();
        }
    }

    /// Reports what has come, and when the run began by the packets' clock. The run must be over, since this reads clocks.
    pub(super) fn finish(mut self, clock: Clock, news: &mut dyn FnMut(News)) -> io::Result<()> {
        self.look(news);
        tell(&self.held, news);
        // If two readings of the clock are close together, this thread was not interrupted in between.
        let looks = [(); 3].map(|()| (clock.now(), wakeup::epoch(), clock.now()));
        let (before, epoch, after) = looks.into_iter().min_by_key(|(before, _, after)| after.since(*before)).expect("three");
        let between = before.after(Time(after.since(before).0 / 2));
        let began = epoch.saturating_sub(between.into()).as_nanos() as u64;
        news(News::Captured(Captured { began, missed: self.tap.map_or(Ok(0), |tap| tap.missed())? }));
        Ok(())
    }
}

/// Reports packets as news of a bounded size, which may end within a packet.
pub(crate) fn tell(packets: &[u8], news: &mut dyn FnMut(News)) {
    for piece in packets.chunks(PIECE) {
        news(News::Packets(BASE64_STANDARD.encode(piece)));
    }
}

/// The bytes of such a piece.
pub(crate) fn told(piece: &str) -> io::Result<Vec<u8>> {
    BASE64_STANDARD.decode(piece).map_err(io::Error::other)
}
