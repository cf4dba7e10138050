//! How a flow's thread reports to its transfer's loop that it is done: a channel with a bell that can be polled.
//! Not here: the reports.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::sync::mpsc;

use nix::poll::{PollFd, PollFlags};

/// Where messages are posted.
pub(super) struct Slot<T> {
    messages: mpsc::Sender<T>,
    bell: PipeWriter,
}

/// Where they are read.
pub(super) struct Mailbox<T> {
    messages: mpsc::Receiver<T>,
    bell: PipeReader,
}

pub(super) fn mailbox<T>() -> io::Result<(Slot<T>, Mailbox<T>)> {
    let (sender, receiver) = mpsc::channel();
    let (bell_in, bell_out) = io::pipe()?;
    Ok((Slot { messages: sender, bell: bell_out }, Mailbox { messages: receiver, bell: bell_in }))
}

impl<T> Slot<T> {
    /// Posts a message and rings. If the reader is gone, the message is dropped.
    pub(super) fn post(&self, message: T) {
        if self.messages.send(message).is_ok() {
            let _ = (&self.bell).write(&[0]);
        }
    }
}

impl<T> Mailbox<T> {
    /// The descriptor to wait for.
    pub(super) fn bell(&self) -> PollFd<'_> {
        PollFd::new(self.bell.as_fd(), PollFlags::POLLIN)
    }

    /// Silences the bell if it `rang`, and takes the messages that are there.
    pub(super) fn take(&self, rang: bool) -> impl Iterator<Item = T> {
        if rang {
            let _ = (&self.bell).read(&mut [0; 64]);
        }
        self.messages.try_iter()
    }
}
