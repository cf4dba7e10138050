//! The two ends of one direction of a connection: a sender that writes content, and a receiver that checks it on arrival.
//! Not here: connections, threads.

use std::io::{self, ErrorKind};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use nix::poll::PollFlags;

use super::arrivals::Arrivals;
use super::content::Content;
use super::delivery::Delivery;
use super::gulp::Gulp;
use super::hints::{self, Hints};
use super::pace::Pace;
use super::rest::Rest;
use super::stop::Stop;
use crate::document::case::Amount;
use crate::kernel::queues;
use crate::kernel::socket::{self, Taken};
use crate::life::clock::Clock;
use crate::result::recording::WrongRecord;
use crate::words::{Rate, Time};

/// The most records that one call writes.
const RECORDS: usize = 8;
/// The shortest and the longest pause before a sender tries a full socket again: it doubles while the socket takes little, and halves when it takes
/// much. The wait ends early if the socket becomes writable. MPTCP hands waiting data to its subflows when the sender calls, and otherwise late: on
/// an unshaped link, a sender that only slept until the socket was writable got a fifth of the throughput, and one whose calls blocked in the
/// kernel a tenth (Linux 6.18, measured by benches/transfer.rs).
const TRY_AGAIN: (Time, Time) = (Time::from_millis(1), Time::from_millis(16));
/// What counts as much: this many bytes per millisecond, a gigabit per second.
const MUCH: u64 = 128 << 10;

/// What both ends of a flow work with.
#[derive(Clone)]
pub(super) struct End {
    pub(super) socket: Arc<TcpStream>,
    pub(super) content: Content,
    pub(super) clock: Clock,
    pub(super) stop: Arc<Stop>,
    /// After how many bytes it aborts the connection, if it does.
    pub(super) abort: Option<u64>,
    /// Whether it looks at what has come before it takes it.
    pub(super) peeks: bool,
    /// Whether it asks how many bytes wait in its socket.
    pub(super) asks: bool,
    /// Whether this is a socket of MPTCP whose peer speaks TCP.
    pub(super) fell_back: bool,
}

impl End {
    /// Has the kernel tell with each read how many bytes are left, if this end asks.
    pub(super) fn have_rest_told(&self) -> io::Result<()> {
        if self.asks { queues::report_rest(&self.socket) } else { Ok(()) }
    }

    /// Aborts the connection if that is due after this many bytes.
    pub(super) fn quits(&self, bytes: u64) -> io::Result<bool> {
        let quits = self.abort.is_some_and(|after| bytes >= after);
        if quits {
            socket::abort(&self.socket)?;
        }
        Ok(quits)
    }
}

/// What a sender did.
#[derive(Debug, Default)]
pub(super) struct Sent {
    pub(super) bytes: u64,
    pub(super) closed: Option<u64>,
    pub(super) error: Option<io::Error>,
}

/// What a receiver saw.
#[derive(Debug, Default)]
pub(super) struct Received {
    pub(super) bytes: u64,
    pub(super) peeked: u64,
    /// What the kernel has said of the bytes that wait, if it was asked.
    pub(super) hints: Hints,
    pub(super) corrupt_at: Option<u64>,
    pub(super) wrong: Option<WrongRecord>,
    pub(super) ended: Option<u64>,
    pub(super) progress: Vec<(u64, u64)>,
    /// How long each exchange took that ended with this, in µs.
    pub(super) exchanges: Vec<u64>,
    pub(super) error: Option<io::Error>,
}

impl Received {
    /// How many bytes of what is next are right. The first that is not is told.
    fn compare(&mut self, end: &End, next: &[u8], now: Time) -> u64 {
        let wrong = end.content.first_wrong(self.bytes, next);
        let right = wrong.unwrap_or(next.len()) as u64;
        if let Some(index) = wrong {
            let at = self.bytes + right;
            self.corrupt_at = Some(at);
            let came = &next[index..];
            let (wanted, got) = end.content.told(at, came);
            self.wrong = Some(WrongRecord { at: now.micros(), wanted, got, belongs: end.content.whereabouts(at, came) });
        }
        right
    }

    /// How many bytes to take: of a receiver that peeks no more than it has seen, which it compares before. `room` is for them.
    pub(super) fn ahead(&mut self, end: &End, wanted: usize, room: &mut Vec<u8>) -> io::Result<usize> {
        if !end.peeks || self.corrupt_at.is_some() {
            return Ok(wanted);
        }
        room.resize(wanted, 0);
        let seen = socket::peek(&end.socket, room)?;
        let right = self.compare(end, &room[..seen], end.clock.now());
        self.peeked += right;
        if self.corrupt_at.is_some() {
            self.bytes += right;
        }
        // The end is taken, too.
        Ok(seen.max(1))
    }

    /// Reads, and compares what the kernel says of the bytes that wait with what comes, if this end asks.
    pub(super) fn read(&mut self, end: &End, buffer: &mut [u8], waits: bool, room: &mut Vec<u8>) -> io::Result<Taken> {
        if !end.asks {
            return socket::receive(&end.socket, buffer, waits);
        }
        room.resize(buffer.len(), 0);
        let there = match socket::peek(&end.socket, room) {
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
            seen => seen.unwrap_or(0) as u64,
        };
        let unread = queues::unread(&end.socket)?;
        match socket::receive(&end.socket, buffer, waits) {
            Ok(taken) => {
                let read = hints::Read { there, unread, wanted: buffer.len() as u64, taken: taken.bytes as u64, left: taken.left };
                self.hints.compare(self.bytes, read)?;
                Ok(taken)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.hints.nothing_came(self.bytes, unread).and(Err(error)),
            Err(error) => Err(error),
        }
    }

    /// Takes what has arrived `at` a time and is looked at `now`, up to the first byte that is wrong.
    pub(super) fn take(&mut self, end: &End, arrived: &[u8], at: Time, now: Time, meter: &AtomicU64, delivery: &mut Delivery) {
        let right = self.compare(end, arrived, now);
        self.bytes += right;
        if right > 0 {
            meter.fetch_add(right, Ordering::Relaxed);
            delivery.arrived(at.micros(), self.bytes);
        }
    }
}

/// How soon a sender tries a full socket again.
pub(super) struct Patience(Time);

impl Patience {
    /// A sender that has just begun.
    pub(super) const FRESH: Self = Self(TRY_AGAIN.0);

    /// How long to wait now that a full socket has taken so many bytes.
    pub(super) fn after(&mut self, taken: u64) -> Duration {
        let much = taken.saturating_mul(1_000_000) / self.0.0 >= MUCH;
        self.0 = if much { TRY_AGAIN.0.max(Time(self.0.0 / 2)) } else { TRY_AGAIN.1.min(Time(self.0.0 * 2)) };
        self.0.into()
    }
}

/// Sends the amount, of which `early` bytes have already gone, closes this direction, and reports how it went.
pub(super) fn send(end: &End, early: u64, amount: Amount, rate: Option<Rate>) -> Sent {
    let mut sent = Sent { bytes: early, ..Sent::default() };
    sent.error = send_all(end, amount, rate, &mut sent).err();
    sent
}

fn send_all(end: &End, amount: Amount, rate: Option<Rate>, sent: &mut Sent) -> io::Result<()> {
    let start = end.clock.now();
    let look = || end.clock.now().since(start);
    let mut rest = Rest::of(amount)?;
    let pace = rate.map(Pace::new);
    let (mut elapsed, mut patience) = (Time::ZERO, Patience::FRESH);
    if pace.is_some() {
        // Small chunks are written when they are due, and must leave at once.
        end.socket.set_nodelay(true)?;
    }
    while !end.stop.asked() {
        if end.quits(sent.bytes)? {
            break;
        }
        let left = rest.left(sent.bytes);
        if left == 0 {
            if end.asks && queues::unacknowledged(&end.socket)? > 0 {
                // All of it must be acknowledged some time. What never is ends with the run, and so without the end of the stream.
                end.socket.take_error()?.map_or(Ok(()), Err)?;
                rest.wait(&end.stop, None, TRY_AGAIN.0.into())?;
                continue;
            }
            end.socket.shutdown(Shutdown::Write)?;
            sent.closed = Some(end.clock.now().micros());
            break;
        }
        let (socket, wait) = match pace.as_ref().map_or(Ok(left), |pace| pace.due(elapsed, sent.bytes, left)) {
            Ok(due) => match offer(end, sent.bytes, due)? {
                (taken, full) if full => {
                    sent.bytes += taken;
                    (Some(end.socket.as_fd()), patience.after(taken))
                }
                (taken, _) => {
                    sent.bytes += taken;
                    if pace.is_none() {
                        rest.look(look);
                    }
                    continue;
                }
            },
            Err(wait) => (None, wait),
        };
        rest.wait(&end.stop, socket, wait)?;
        if pace.is_some() {
            elapsed = look();
        }
    }
    Ok(())
}

/// Offers the socket the content from `position`, up to `due` bytes. Returns how many it took, and whether it is full, taking less than offered.
pub(super) fn offer(end: &End, position: u64, due: u64) -> io::Result<(u64, bool)> {
    let parts = end.content.records::<RECORDS>(position, due);
    let slices = parts.slices();
    let offered: usize = slices.iter().map(|slice| slice.len()).sum();
    loop {
        match socket::send(&end.socket, &slices) {
            Ok(taken) => {
                if end.asks {
                    let unacknowledged = queues::unacknowledged(&end.socket)?;
                    hints::compare_written(position + taken as u64, unacknowledged, queues::unsent(&end.socket)?, end.fell_back)?;
                }
                return Ok((taken as u64, taken < offered));
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok((0, true)),
            Err(error) => return Err(error),
        }
    }
}

/// Receives until the sender closes its direction, and reports what came. Counts it in `meter` meanwhile.
pub(super) fn receive(end: &End, connected: u64, meter: &AtomicU64) -> Received {
    let mut received = Received::default();
    let mut delivery = Delivery::since(connected);
    received.error = receive_all(end, connected, meter, &mut received, &mut delivery).err();
    received.progress = delivery.pairs();
    received
}

fn receive_all(end: &End, connected: u64, meter: &AtomicU64, received: &mut Received, delivery: &mut Delivery) -> io::Result<()> {
    let mut gulp = Gulp::since(Time::from_micros(connected));
    let mut arrivals = Arrivals::default();
    let (mut buffer, mut seen) = (vec![0; Gulp::MOST], Vec::new());
    socket::stamp_arrivals(&end.socket)?;
    end.have_rest_told()?;
    end.socket.set_read_timeout(Some(Gulp::SPAN.into()))?;
    // If nothing has come for a while, wait for the first byte; otherwise for as many as come in a while.
    let mut quiet = true;
    while !end.stop.asked() {
        if quiet {
            end.stop.wait(end.socket.as_fd(), PollFlags::POLLIN, None)?;
        }
        let ahead = received.ahead(end, gulp.size(), &mut seen);
        let wanted = *ahead.as_ref().unwrap_or(&0);
        let read = ahead.and_then(|wanted| received.read(end, &mut buffer[..wanted], !quiet, &mut seen));
        let Taken { bytes: length, stamp, .. } = match read {
            Ok(Taken { bytes: 0, .. }) => {
                received.ended = Some(end.clock.now().micros());
                break;
            }
            Ok(taken) => taken,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                quiet = true;
                continue;
            }
            Err(error) => return Err(error),
        };
        let now = end.clock.now();
        // A call that was satisfied, or did not wait, has just received the last byte. For others the kernel knows when that was.
        let stamp = stamp.filter(|_| !quiet && length < wanted);
        let at = gulp.took(length, now, stamp.map_or(now, |stamp| arrivals.at(stamp, now, SystemTime::now)));
        quiet = false;
        if received.corrupt_at.is_some() {
            continue;
        }
        received.take(end, &buffer[..length], at, now, meter, delivery);
        if end.quits(received.bytes)? {
            break;
        }
    }
    Ok(())
}
