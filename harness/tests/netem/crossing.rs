//! Frames with numbers over a link: which came, when, and how.
//! Not here: what the link does to them.

use std::io::{ErrorKind, IoSlice};
use std::time::{Duration, Instant, SystemTime};

use libtest_mimic::Failed;
use mplab::kernel::packet::{HEADER, LONGEST, PacketSocket};
use mplab::kernel::{Netlink, link};
use mplab::lab::Lab;
use mplab::plan::{self, Forwarding, Means};
use mplab::topology;

/// The numbers' frames are all so long.
pub(crate) const LENGTH: usize = 114;
/// Those behind them, which tell that all have come, are longer: a corrupted one is not taken for one of these.
const BEHIND: usize = LENGTH + 1;
/// The virtual header of a frame that has nothing to be done to it.
const PLAIN: [u8; HEADER] = [0; HEADER];
/// No crossing here takes a tenth of it on a busy machine; it only keeps a broken one from hanging for ever.
const DEADLINE: Duration = Duration::from_secs(300);

/// Two hosts and a link that has these conditions upwards.
pub(crate) fn topology(conditions: &str) -> String {
    format!("summary = \"two hosts\"\n[link.x]\nends = [\"a:eth0\", \"b:eth0\"]\nengine = \"netem\"\nup = {{ {conditions} }}\n")
}

/// It stands.
pub(crate) fn lab(conditions: &str, seed: u64) -> Result<Lab, Failed> {
    let topology = topology::check::parse("test.toml", &topology(conditions)).map_err(|wrong| wrong.to_string())?;
    // The lab does not know what the kernel lacks: what a kernel has no seed for is not read back.
    let means = Means { seed, seeds: seed != 0, ..Means::from(Forwarding::Redirect) };
    Ok(Lab::build(&plan::lab(&topology, means))?)
}

/// A packet socket of an interface.
pub(crate) fn socket(lab: &Lab, ns: &str, dev: &str) -> Result<PacketSocket, Failed> {
    let namespace = lab.namespace(ns).ok_or("it was built")?;
    let links = link::list(&mut Netlink::new(namespace.clone()))?;
    let index = links.iter().find(|link| link.name == dev).ok_or("it was built")?.index;
    Ok(namespace.enter(|| PacketSocket::open(index))??)
}

/// The frame that has a number: to everybody, of a type that is for experiments.
fn frame(number: u32) -> [u8; LENGTH] {
    let mut frame = [0xa5; LENGTH];
    frame[..6].fill(0xff);
    frame[6..14].copy_from_slice(&[2, 0, 0, 0, 0, 1, 0x88, 0xb5]);
    frame[14..18].copy_from_slice(&number.to_be_bytes());
    frame
}

/// What came.
#[derive(Default)]
pub(crate) struct Seen {
    /// The numbers in the order in which they came, the first being 0, and how long they took.
    pub(crate) came: Vec<(u32, Duration)>,
    /// How many of them came that nobody had sent so.
    pub(crate) corrupt: u64,
}

impl Seen {
    /// The numbers that did not come.
    pub(crate) fn lost(&self, many: u32) -> Vec<u32> {
        let mut came = vec![false; many as usize];
        self.came.iter().for_each(|(number, _)| came[*number as usize] = true);
        (0..many).filter(|number| !came[*number as usize]).collect()
    }

    /// How long they took, the shortest first.
    pub(crate) fn delays(&self) -> Vec<Duration> {
        let mut delays: Vec<_> = self.came.iter().map(|(_, delay)| *delay).collect();
        delays.sort_unstable();
        delays
    }
}

/// A crossing at work.
pub(crate) struct Crossing {
    from: PacketSocket,
    to: PacketSocket,
    sent: Vec<Duration>,
    seen: Seen,
    buffer: Vec<u8>,
}

fn now() -> Duration {
    SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default()
}

impl Crossing {
    pub(crate) fn new(lab: &Lab) -> Result<Self, Failed> {
        let (from, to) = (socket(lab, "a", "eth0")?, socket(lab, "b", "eth0")?);
        Ok(Self { from, to, sent: Vec::new(), seen: Seen::default(), buffer: vec![0; LONGEST] })
    }

    /// Sends the next so many.
    pub(crate) fn send(&mut self, many: u32) -> Result<(), Failed> {
        self.send_of(LENGTH, many)
    }

    fn send_of(&mut self, length: usize, many: u32) -> Result<(), Failed> {
        for _ in 0..many {
            let frame = frame(self.sent.len() as u32);
            self.sent.push(now());
            self.from.send(&[IoSlice::new(&PLAIN), IoSlice::new(&frame), IoSlice::new(&[0; BEHIND - LENGTH][..length - LENGTH])])?;
            if self.sent.len().is_multiple_of(64) {
                self.receive()?;
            }
        }
        Ok(())
    }

    fn receive(&mut self) -> Result<(), Failed> {
        loop {
            let received = match self.to.receive(&mut self.buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            let came = &self.buffer[HEADER..received.length];
            if came.len() != LENGTH && came.len() != BEHIND {
                continue;
            }
            let (came, behind) = came.split_at(LENGTH);
            let number = u32::from_be_bytes(came[14..18].try_into()?);
            match self.sent.get(number as usize) {
                Some(sent) if *came == frame(number) => {
                    self.seen.came.push((number, received.at.unwrap_or_default().saturating_sub(*sent)));
                }
                _ => self.seen.corrupt += u64::from(behind.is_empty()),
            }
        }
    }

    /// What came of all that was sent, once nothing can be on its way that takes no longer than `longest`.
    pub(crate) fn end(mut self, longest: Duration) -> Result<Seen, Failed> {
        let (many, end, begun) = (self.sent.len() as u32, now(), Instant::now());
        let after = |seen: &Seen, sent: &[Duration]| seen.came.iter().any(|(number, _)| sent[*number as usize] > end + longest);
        while !after(&self.seen, &self.sent) {
            self.send_of(BEHIND, 1)?;
            self.receive()?;
            self.seen.came.retain(|(number, _)| *number < many || self.sent[*number as usize] > end + longest);
            if begun.elapsed() > DEADLINE {
                return Err("no frame comes any more".into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        if self.to.missed()? > 0 {
            return Err("the socket had no room for what came".into());
        }
        self.seen.came.retain(|(number, _)| *number < many);
        Ok(self.seen)
    }
}

/// So many frames over a link.
pub(crate) fn cross(conditions: &str, many: u32, longest: Duration) -> Result<Seen, Failed> {
    let lab = lab(conditions, 0)?;
    let mut crossing = Crossing::new(&lab)?;
    crossing.send(many)?;
    crossing.end(longest)
}
