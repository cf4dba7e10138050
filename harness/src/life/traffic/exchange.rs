//! Exchanges: a client that asks and waits for the response before it asks again, and a server that answers.
//! Not here: flows of one way, connections, threads.

use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::sync::atomic::AtomicU64;

use nix::poll::PollFlags;

use super::delivery::Delivery;
use super::flow::{End, Patience, Received, Sent, offer};
use super::gulp::Gulp;
use crate::document::case::{Amount, Exchange};

/// An end of a connection that takes turns with the other: what it says, and what it hears.
pub(super) struct Turns<'a> {
    /// The socket, with the content that it says.
    pub(super) says: End,
    /// The same socket, with the content that it hears.
    pub(super) hears: End,
    /// Counts what it hears.
    pub(super) meter: &'a AtomicU64,
    pub(super) exchange: Exchange,
    /// When the connection was there, in µs.
    pub(super) connected: u64,
}

/// What an end did.
struct Talk {
    sent: Sent,
    received: Received,
    delivery: Delivery,
    buffer: Vec<u8>,
    /// For what is looked at before it is taken.
    room: Vec<u8>,
}

impl Turns<'_> {
    /// Asks until the amount has been asked, of which so many bytes have gone `early`, and tells what became of it.
    pub(super) fn ask(&self, early: u64, amount: Amount) -> (Sent, Received) {
        self.talk(early, |talk| self.ask_all(amount, talk))
    }

    /// Answers until the client closes its way, and tells what became of it.
    pub(super) fn answer(&self) -> (Sent, Received) {
        self.talk(0, |talk| self.answer_all(talk))
    }

    fn talk(&self, early: u64, run: impl FnOnce(&mut Talk)) -> (Sent, Received) {
        let mut talk = Talk {
            sent: Sent { bytes: early, ..Sent::default() },
            received: Received::default(),
            delivery: Delivery::since(self.connected),
            buffer: vec![0; Gulp::MOST],
            room: Vec::new(),
        };
        // What is said is to leave at once: the other end waits for it.
        match self.says.socket.set_nodelay(true).and_then(|()| self.hears.have_rest_told()) {
            Ok(()) => run(&mut talk),
            Err(error) => talk.sent.error = Some(error),
        }
        talk.received.progress = talk.delivery.pairs();
        (talk.sent, talk.received)
    }

    fn ask_all(&self, amount: Amount, talk: &mut Talk) {
        let Exchange { request, response } = self.exchange;
        let (mut last, start) = (self.connected, self.says.clock.now());
        let mut now = start;
        for number in 1.. {
            let goes_on = match amount {
                Amount::Bytes(size) => number * request.0 <= size.0,
                Amount::Duration(time) => now.since(start) < time,
            };
            if !goes_on {
                break;
            }
            if !self.say(number * request.0, talk) || !self.hear(number * response.0, talk) {
                self.leave(talk);
                return;
            }
            now = self.says.clock.now();
            talk.received.exchanges.push(now.micros().saturating_sub(last));
            last = now.micros();
        }
        self.close(talk);
        self.hear(u64::MAX, talk);
    }

    fn answer_all(&self, talk: &mut Talk) {
        let Exchange { request, response } = self.exchange;
        let mut number = 1;
        while self.hear(number * request.0, talk) && self.say(number * response.0, talk) {
            number += 1;
        }
        self.leave(talk);
    }

    /// Closes its way if the other end has closed its own, or has said something wrong: that would wait for more else.
    fn leave(&self, talk: &mut Talk) {
        if talk.received.ended.is_some() || talk.received.corrupt_at.is_some() {
            self.close(talk);
        }
    }

    /// Says what is missing until it has said so many bytes in all. Whether it goes on then.
    fn say(&self, until: u64, talk: &mut Talk) -> bool {
        let said = self.say_all(until, &mut talk.sent);
        unless_broken(said, &mut talk.sent.error)
    }

    fn say_all(&self, until: u64, sent: &mut Sent) -> io::Result<bool> {
        let mut patience = Patience::FRESH;
        while sent.bytes < until {
            let (taken, full) = offer(&self.says, sent.bytes, until - sent.bytes)?;
            sent.bytes += taken;
            if self.says.stop.asked() || self.says.quits(sent.bytes)? {
                return Ok(false);
            }
            if full {
                self.says.stop.wait(self.says.socket.as_fd(), PollFlags::POLLOUT, Some(patience.after(taken)))?;
            }
        }
        Ok(true)
    }

    /// Hears what comes until it has heard so many bytes in all. Whether it goes on then: not at the end, and not after a wrong byte.
    fn hear(&self, until: u64, talk: &mut Talk) -> bool {
        let heard = self.hear_all(until, talk);
        unless_broken(heard, &mut talk.received.error)
    }

    fn hear_all(&self, until: u64, talk: &mut Talk) -> io::Result<bool> {
        let Talk { received, delivery, buffer, room, .. } = talk;
        while received.bytes < until {
            self.hears.stop.wait(self.hears.socket.as_fd(), PollFlags::POLLIN, None)?;
            if self.hears.stop.asked() {
                return Ok(false);
            }
            let wanted = usize::try_from(until - received.bytes).unwrap_or(usize::MAX).min(buffer.len());
            let ahead = received.ahead(&self.hears, wanted, room);
            let length = match ahead.and_then(|wanted| received.read(&self.hears, &mut buffer[..wanted], false, room)) {
                Ok(taken) => taken.bytes,
                Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => continue,
                Err(error) => return Err(error),
            };
            let now = self.hears.clock.now();
            if length == 0 {
                received.ended = Some(now.micros());
                return Ok(false);
            }
            if received.corrupt_at.is_none() {
                received.take(&self.hears, &buffer[..length], now, now, self.meter, delivery);
            }
            if received.corrupt_at.is_some() || self.hears.quits(received.bytes)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Says that nothing more will come.
    fn close(&self, talk: &mut Talk) {
        match self.says.socket.shutdown(Shutdown::Write) {
            Ok(()) => talk.sent.closed = Some(self.says.clock.now().micros()),
            Err(error) => talk.sent.error = Some(error),
        }
    }
}

/// Whether it goes on; not after an error, which is kept.
fn unless_broken(goes_on: io::Result<bool>, error: &mut Option<io::Error>) -> bool {
    goes_on.unwrap_or_else(|broken| {
        *error = Some(broken);
        false
    })
}
