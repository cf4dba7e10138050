//! Hearing a guest out: its answers as they come, until it has given all, ends or says nothing for too long.
//! Not here: what carries them.

use std::io::{self, Read};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::GuestError;
use super::{failed, frames};
use crate::life::execute::News;
use crate::place::local::Message;

/// What a guest said, and a thread that ends when whatever carries it does.
pub(super) struct Heard {
    pub(super) answers: Vec<Message>,
    /// Whether it said nothing for too long. It still runs then.
    pub(super) hung: bool,
    reader: JoinHandle<()>,
}

impl Heard {
    /// Waits until no more can come.
    pub(super) fn end(self) -> (Vec<Message>, bool) {
        // It ends with what it reads.
        self.reader.join().ok();
        (self.answers, self.hung)
    }
}

/// Hears so many answers, and tells the news before each with the answer's number.
pub(super) fn hear(
    mut port: impl Read + Send + 'static,
    number: usize,
    silence: Duration,
    news: &mut dyn FnMut(usize, News),
) -> Result<Heard, GuestError> {
    let (frames, heard) = mpsc::channel();
    let read = move || {
        while let Ok(Some(frame)) = frames::read(&mut port) {
            if frames.send(frame).is_err() {
                break;
            }
        }
    };
    let reader = thread::Builder::new().spawn(read).map_err(failed("start a thread that hears the guest"))?;
    let mut answers = Vec::new();
    let mut hung = false;
    let mut heartbeat = Instant::now();
    while answers.len() < number {
        match heard.recv_timeout((heartbeat + silence).saturating_duration_since(Instant::now())) {
            Ok(frame) => match serde_json::from_slice(&frame).map_err(|error| failed("understand the guest")(io::Error::from(error)))? {
                Message::News(fresh) => news(answers.len(), fresh),
                answer => answers.push(answer),
            },
            Err(mpsc::RecvTimeoutError::Timeout) => {
                hung = true;
                break;
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
        heartbeat = Instant::now();
    }
    Ok(Heard { answers, hung, reader })
}
