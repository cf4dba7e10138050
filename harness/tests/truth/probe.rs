//! What this program does inside a lab: sends frames with numbers from one host, receives and answers them in the other, and prints when.
//! Not here: what the times mean.
//!
//! All hosts of a lab have one clock, so the time at one end and the time at the other make the delay of each frame. A frame is stamped as it is
//! handed to the kernel and by the kernel as it comes in: a reader that has to wait for a CPU changes nothing.

use std::io::{self, ErrorKind, IoSlice, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mplab::kernel::packet::{HEADER, LONGEST, PacketSocket};
use mplab::kernel::{Namespace, Netlink, link};
use nix::poll::{PollFd, PollFlags, ppoll};

use crate::asked::SHORT;

/// The first argument of the end that sends, and of the end that answers.
pub(crate) const NEAR: &str = "truth:near";
pub(crate) const FAR: &str = "truth:far";

/// What the lines that they print begin with: a frame was sent, came, was sent back, and came back. The number and nanoseconds follow.
pub(crate) const SENT: &str = "sent";
pub(crate) const CAME: &str = "came";
pub(crate) const LEFT: &str = "left";
pub(crate) const BACK: &str = "back";

/// Nobody waits longer for a frame that ought to come: the other end is gone.
const GONE: Duration = Duration::from_secs(60);
/// How often the end is told, which may be lost as well.
const AGAIN: Duration = Duration::from_millis(20);

/// Becomes an end if this program was started as one, and never returns then.
pub(crate) fn enter() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        [NEAR, many, length, gap, answered, longest] => near(&Plan {
            many: number(many),
            length: number(length) as usize,
            gap: Duration::from_nanos(number(gap)),
            answered: answered == "true",
            longest: Duration::from_nanos(number(longest)),
        }),
        [FAR] => far(),
        _ => return,
    };
    if let Err(error) = done {
        eprintln!("{error}");
        std::process::exit(1);
    }
    std::process::exit(0);
}

fn number(text: &str) -> u64 {
    text.parse().expect("the case says numbers")
}

/// What the near end is to do.
struct Plan {
    many: u64,
    length: usize,
    gap: Duration,
    answered: bool,
    longest: Duration,
}

/// What a frame is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One to be counted.
    Plain = 1,
    /// One to be answered.
    Asking,
    /// The answer.
    Answer,
    /// No more come.
    End,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        [Self::Plain, Self::Asking, Self::Answer, Self::End].into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// A frame: to everybody, of a type that is for experiments.
fn frame(kind: Kind, number: u64, length: usize) -> Vec<u8> {
    let mut frame = vec![0; length];
    frame[..6].fill(0xff);
    frame[6..14].copy_from_slice(&[2, 0, 0, 0, 0, 1, 0x88, 0xb5]);
    frame[14] = kind as u8;
    frame[15..23].copy_from_slice(&number.to_be_bytes());
    frame
}

/// The shortest that Ethernet has.
const SHORTEST: usize = 60;

fn now() -> Duration {
    SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default()
}

/// The host's interface.
struct Interface {
    socket: PacketSocket,
    buffer: Vec<u8>,
}

impl Interface {
    fn open() -> io::Result<Self> {
        let links = link::list(&mut Netlink::new(Arc::new(Namespace::current()?))).map_err(io::Error::other)?;
        let index = links.iter().find(|link| link.name == "eth0").ok_or_else(|| io::Error::other("this host has no eth0"))?.index;
        Ok(Self { socket: PacketSocket::open(index)?, buffer: vec![0; LONGEST] })
    }

    /// Sends a frame, and returns when.
    fn send(&self, frame: &[u8]) -> io::Result<Duration> {
        let at = now();
        self.socket.send(&[IoSlice::new(&[0; HEADER]), IoSlice::new(frame)])?;
        Ok(at)
    }

    /// The next frame of ours that comes until then: what it is, its number, and when it came.
    fn receive(&mut self, until: Duration) -> io::Result<Option<(Kind, u64, Duration)>> {
        loop {
            match self.socket.receive(&mut self.buffer) {
                Ok(received) => {
                    let came = &self.buffer[HEADER..received.length];
                    if came.len() < SHORTEST || came[12..14] != [0x88, 0xb5] {
                        continue;
                    }
                    let number = u64::from_be_bytes(came[15..23].try_into().expect("eight bytes"));
                    let at = received.at.ok_or_else(|| io::Error::other("the kernel does not say when a frame came"))?;
                    if let Some(kind) = Kind::of(came[14]) {
                        return Ok(Some((kind, number, at)));
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let left = until.saturating_sub(now());
                    if left.is_zero() {
                        return Ok(None);
                    }
                    ppoll(&mut [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)], Some(left.into()), None)?;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// What was seen: a word, a number and a time.
#[derive(Default)]
struct Log(Vec<(&'static str, u64, Duration)>);

impl Log {
    fn add(&mut self, what: &'static str, number: u64, at: Duration) {
        self.0.push((what, number, at));
    }

    /// Prints it, now that nothing is measured any more.
    fn print(&self) -> io::Result<()> {
        let text = self.0.iter().map(|(what, number, at)| format!("{what} {number} {}\n", at.as_nanos()));
        io::stdout().lock().write_all(text.collect::<String>().as_bytes())
    }
}

fn near(plan: &Plan) -> io::Result<()> {
    let (mut interface, mut log) = (Interface::open()?, Log::default());
    let kind = if plan.answered { Kind::Asking } else { Kind::Plain };
    let mut next = frame(kind, 0, plan.length);
    let begin = now();
    for number in 0..plan.many {
        let due = begin + Duration::from_nanos(plan.gap.as_nanos() as u64 * number);
        while let Some((_, number, at)) = interface.receive(due)? {
            log.add(BACK, number, at);
        }
        next[15..23].copy_from_slice(&number.to_be_bytes());
        log.add(SENT, number, interface.send(&next)?);
    }
    let (end, mut until) = (now() + GONE, now() + plan.longest);
    loop {
        match interface.receive(until)? {
            Some((Kind::End, ..)) => return log.print(),
            Some((_, number, at)) => log.add(BACK, number, at),
            None if until > end => return Err(io::Error::other("the far end does not answer")),
            None => {
                interface.send(&frame(Kind::End, 0, SHORTEST))?;
                until = now() + AGAIN;
            }
        }
    }
}

fn far() -> io::Result<()> {
    let (mut interface, mut log) = (Interface::open()?, Log::default());
    println!("ready");
    loop {
        match interface.receive(now() + GONE)? {
            Some((Kind::End, ..)) => {
                interface.send(&frame(Kind::End, 0, SHORTEST))?;
                return log.print();
            }
            Some((kind, number, at)) => {
                log.add(CAME, number, at);
                if kind == Kind::Asking {
                    log.add(LEFT, number, interface.send(&frame(Kind::Answer, number, SHORT as usize))?);
                }
            }
            None => return Err(io::Error::other("the near end is gone")),
        }
    }
}
