//! Receives a guest's answers as they come, until it has given all, ends, or is silent for too long.
//! Not here: what carries them.

use std::io::{self, Read};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::GuestError;
use super::{failed, frames};
use crate::life::execute::News;
use crate::place::local::Message;

/// A guest's answers, and the thread that reads them until the channel ends.
pub(super) struct Heard {
    pub(super) answers: Vec<Message>,
    /// Whether it was silent for too long. It is then still running.
    pub(super) hung: bool,
    reader: JoinHandle<()>,
}

impl Heard {
    /// Waits until no more can come.
    pub(super) fn end(self) -> (Vec<Message>, bool) {
        // The thread ends with the channel.
        self.reader.join().ok();
        (self.answers, self.hung)
    }
}

/// Receives this many answers, and reports the news before each with the answer's number.
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
    let reader = thread::Builder::new().spawn(read).map_err(failed("start a thread that reads from the guest"))?;
    let mut answers = Vec::new();
    let mut hung = false;
    let mut heartbeat = Instant::now();
    while answers.len() < number {
        match heard.recv_timeout((heartbeat + silence).saturating_duration_since(Instant::now())) {
            Ok(frame) => {
                match serde_json::from_slice(&frame).map_err(|error| failed("understand the guest's answer")(io::Error::from(error)))? {
                    Message::News(fresh) => news(answers.len(), fresh),
                    answer => answers.push(answer),
                }
            }
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
