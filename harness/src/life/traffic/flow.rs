//! The two ends of one way of one connection: a sender that hands over content, a receiver that checks it on arrival.
//! Not here: connections, threads.

use std::io::{self, ErrorKind, IoSlice, Read};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::poll::PollFlags;

use super::content::{Content, RECORD};
use super::delivery::Delivery;
use super::pace::Pace;
use super::stop::Stop;
use crate::document::case::Amount;
use crate::kernel::socket;
use crate::life::clock::Clock;
use crate::result::recording::WrongRecord;
use crate::words::{Rate, Time};

/// The most that one call hands over.
const GIVE: usize = RECORD;
/// The most that one call takes: what is to be compared must still be in a near cache.
const TAKE: usize = 64 << 10;
/// How soon a sender tries a full socket again, and the longest that this doubles to while it stays full. MPTCP hands waiting data to its
/// subflows when the sender calls, and otherwise late: a sender that only slept until the socket was writable got a fifth of the throughput
/// on an unshaped link (Linux 6.18, measured by benches/transfer.rs).
const TRY_AGAIN: (Time, Time) = (Time::from_millis(1), Time::from_millis(16));

/// What both ends of a flow work with.
#[derive(Clone)]
pub(super) struct End {
    pub(super) socket: Arc<TcpStream>,
    pub(super) content: Content,
    pub(super) clock: Clock,
    pub(super) stop: Arc<Stop>,
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
    pub(super) corrupt_at: Option<u64>,
    pub(super) wrong: Option<WrongRecord>,
    pub(super) ended: Option<u64>,
    pub(super) progress: Vec<(u64, u64)>,
    pub(super) error: Option<io::Error>,
}

/// Whether a call that failed is to be made again, after a wait if the socket was not ready.
fn again(end: &End, error: io::Error, flags: PollFlags, at_most: Option<Time>) -> io::Result<()> {
    match error.kind() {
        ErrorKind::Interrupted => Ok(()),
        ErrorKind::WouldBlock => end.stop.wait(end.socket.as_fd(), flags, at_most.map(Into::into)),
        _ => Err(error),
    }
}

/// Sends the amount, closes this way, and tells what became of it.
pub(super) fn send(end: &End, amount: Amount, rate: Option<Rate>) -> Sent {
    let mut sent = Sent::default();
    sent.error = send_all(end, amount, rate, &mut sent).err();
    sent
}

fn send_all(end: &End, amount: Amount, rate: Option<Rate>, sent: &mut Sent) -> io::Result<()> {
    let start = end.clock.now();
    let pace = rate.map(Pace::new);
    let mut patience = TRY_AGAIN.0;
    if pace.is_some() {
        // Small chunks are handed over when they are due, and are to leave then.
        end.socket.set_nodelay(true)?;
    }
    while !end.stop.asked() {
        let elapsed = end.clock.now().since(start);
        let (left, time_left) = match amount {
            Amount::Bytes(size) => (size.0.saturating_sub(sent.bytes), None),
            Amount::Duration(time) => (if elapsed < time { u64::MAX } else { 0 }, Some(time.since(elapsed))),
        };
        if left == 0 {
            end.socket.shutdown(Shutdown::Write)?;
            sent.closed = Some(end.clock.now().micros());
            break;
        }
        let due = match pace.as_ref().map_or(Ok(left), |pace| pace.due(elapsed, sent.bytes, left)) {
            Ok(due) => due,
            Err(wait) => {
                end.stop.pause(wait)?;
                continue;
            }
        };
        let number = end.content.number(sent.bytes);
        let parts = end.content.rest(&number, sent.bytes, due.min(GIVE as u64) as usize);
        match socket::send(&end.socket, &parts.map(IoSlice::new)) {
            Ok(bytes) => {
                sent.bytes += bytes as u64;
                patience = TRY_AGAIN.0;
            }
            Err(error) => {
                again(end, error, PollFlags::POLLOUT, Some(time_left.map_or(patience, |left| patience.min(left))))?;
                patience = TRY_AGAIN.1.min(Time(patience.0 * 2));
            }
        }
    }
    Ok(())
}

/// Receives until the sender closed its way, and tells what came; counts it in `meter` meanwhile.
pub(super) fn receive(end: &End, connected: u64, meter: &AtomicU64) -> Received {
    let mut received = Received::default();
    let mut delivery = Delivery::since(connected);
    received.error = receive_all(end, meter, &mut received, &mut delivery).err();
    received.progress = delivery.pairs();
    received
}

fn receive_all(end: &End, meter: &AtomicU64, received: &mut Received, delivery: &mut Delivery) -> io::Result<()> {
    let mut buffer = vec![0; TAKE];
    while !end.stop.asked() {
        let arrived = match (&*end.socket).read(&mut buffer) {
            Ok(0) => {
                received.ended = Some(end.clock.now().micros());
                break;
            }
            Ok(length) => &buffer[..length],
            Err(error) => {
                again(end, error, PollFlags::POLLIN, None)?;
                continue;
            }
        };
        if received.corrupt_at.is_some() {
            continue;
        }
        let now = end.clock.now().micros();
        let wrong = end.content.first_wrong(received.bytes, arrived);
        let right = wrong.unwrap_or(arrived.len()) as u64;
        received.bytes += right;
        if let Some(index) = wrong {
            received.corrupt_at = Some(received.bytes);
            let (wanted, got) = end.content.told(received.bytes, &arrived[index..]);
            received.wrong = Some(WrongRecord { at: now, wanted, got });
        }
        if right > 0 {
            meter.fetch_add(right, Ordering::Relaxed);
            delivery.arrived(now, received.bytes);
        }
    }
    Ok(())
}
