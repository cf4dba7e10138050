//! A run's capture on its way to a file: collects packets while the run goes on, and writes the file once there is a verdict.
//! Not here: capturing, and what the file looks like.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, Seek, Write};
use std::path::Path;

use crate::document::disk;
use crate::life::capture::told;
use crate::life::execute::News;
use crate::record::{Captured, Packet};
use crate::result::judge::Verdict;
use crate::result::recording::Recording;
use crate::result::report::{self, About};
use crate::words::Snap;

/// Packets that several CPUs handled may arrive out of the order of their times. This many are sorted together.
const TOGETHER: usize = 4096;

/// A capture so far. It is kept in an unnamed file, on the disk that the finished file will be on.
#[derive(Debug)]
pub struct Capture {
    snap: Snap,
    packets: io::Result<File>,
    about: Captured,
}

/// What became of a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// How many packets the file has.
    pub packets: u64,
    /// How many packets were lost because the buffer was full.
    pub missed: u64,
}

impl Capture {
    /// Begins a capture whose file will be in this directory.
    pub fn new(directory: &Path, snap: Snap) -> Self {
        Self { snap, packets: disk::scratch(directory), about: Captured::default() }
    }

    /// Takes the packets from news. If a run begins anew, the packets of its earlier attempt are dropped.
    pub fn hear(&mut self, news: &News) {
        let Ok(file) = &mut self.packets else { return };
        let taken = match news {
            News::Built { .. } => file.set_len(0).and_then(|()| file.rewind()),
            News::Packets(piece) => told(piece).and_then(|bytes| file.write_all(&bytes)),
            News::Captured(about) => {
                self.about = *about;
                Ok(())
            }
            _ => Ok(()),
        };
        if let Err(error) = taken {
            self.packets = Err(error);
        }
    }

    /// Writes the file, in full or not at all. `again` is the command that repeats the run.
    pub fn write(self, path: &Path, recording: &Recording, verdict: &Verdict, again: &str) -> io::Result<Kept> {
        let Captured { began, missed } = self.about;
        let mut file = self.packets?;
        file.rewind()?;
        let about = About { recording, verdict, again, snap: self.snap, missed };
        let mut packets = 0;
        disk::write_with(path, |out| {
            let within = InOrder { from: BufReader::new(file), waiting: BinaryHeap::new(), ended: false, number: 0 };
            let within = within.filter_map(|packet| packet.map(|packet| since(packet, began)).transpose());
            packets = report::pcapng(&about, within, out)?;
            Ok(())
        })?;
        Ok(Kept { packets, missed })
    }
}

/// A packet with its time by the run's clock, or `None` if it is older than the run.
fn since(packet: Packet, began: u64) -> Option<Packet> {
    Some(Packet { at: packet.at.checked_sub(began)?, ..packet })
}

/// Packets in the order of their times.
struct InOrder {
    from: BufReader<File>,
    waiting: BinaryHeap<Reverse<(u64, u64, Next)>>,
    ended: bool,
    number: u64,
}

/// A packet that waits for its turn, ordered by time and number.
struct Next(Packet);

impl PartialEq for Next {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Next {}

impl PartialOrd for Next {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Next {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

impl Iterator for InOrder {
    type Item = io::Result<Packet>;

    fn next(&mut self) -> Option<io::Result<Packet>> {
        while !self.ended && self.waiting.len() < TOGETHER {
            match Packet::read(&mut self.from) {
                Ok(Some(packet)) => self.waiting.push(Reverse((packet.at, self.number, Next(packet)))),
                Ok(None) => self.ended = true,
                Err(error) => return Some(Err(error)),
            }
            self.number += 1;
        }
        self.waiting.pop().map(|Reverse((.., Next(packet)))| Ok(packet))
    }
}
