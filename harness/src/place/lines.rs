//! Reads the lines that another process writes to a pipe, until it ends or has taken too long: one wait for both, without reading the clock.
//! Not here: the meaning of the lines.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

/// How much is read at once: as much as a pipe holds.
const PIECE: usize = 64 << 10;

/// The result of waiting for a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A line, without its end.
    Line(Vec<u8>),
    /// No more lines will come. A partial line, left by a killed process, does not count.
    End,
    /// Nothing more came in time.
    Late,
}

/// A pipe, and the time limit of its writer.
pub(super) struct Lines<P> {
    pipe: P,
    alarm: TimerFd,
    /// What has been read and not returned, and how much of it has no newline.
    read: Vec<u8>,
    searched: usize,
}

impl<P: Read + AsFd> Lines<P> {
    /// Reads a pipe; the time limit counts from now.
    pub(super) fn of(pipe: P, time: Duration) -> io::Result<Self> {
        let alarm = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_CLOEXEC)?;
        // A timer set to zero would never expire.
        let time = time.max(Duration::from_nanos(1));
        alarm.set(Expiration::OneShot(TimeSpec::from_duration(time)), TimerSetTimeFlags::empty())?;
        Ok(Self { pipe, alarm, read: Vec::new(), searched: 0 })
    }

    /// Waits for the next line. A line that is already there is returned, however late.
    pub(super) fn next(&mut self) -> io::Result<Heard> {
        loop {
            if let Some(length) = self.read[self.searched..].iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.read.drain(..=self.searched + length).collect();
                line.pop();
                self.searched = 0;
                return Ok(Heard::Line(line));
            }
            self.searched = self.read.len();
            let mut ready = [self.pipe.as_fd(), self.alarm.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
            match poll(&mut ready, PollTimeout::NONE) {
                Ok(_) => {}
                Err(Errno::EINTR) => continue,
                Err(error) => return Err(error.into()),
            }
            if !ready[0].any().unwrap_or(true) {
                return Ok(Heard::Late);
            }
            self.read.resize(self.searched + PIECE, 0);
            let length = self.pipe.read(&mut self.read[self.searched..])?;
            self.read.truncate(self.searched + length);
            if length == 0 {
                return Ok(Heard::End);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::{iter, thread};

    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    fn line(text: &str) -> Heard {
        Heard::Line(text.as_bytes().to_vec())
    }

    #[test]
    fn lines_come_whole_however_they_are_written() {
        let (reader, mut writer) = io::pipe().unwrap();
        let long: String = iter::repeat_n("recording ", 100_000).collect();
        let text = format!("one\ntwo\n\n{long}\nhalf");
        let written = thread::spawn(move || text.as_bytes().chunks(70_001).try_for_each(|part| writer.write_all(part)));
        let mut lines = Lines::of(reader, LONG).unwrap();
        let heard: Vec<_> = iter::repeat_with(|| lines.next().unwrap()).take(5).collect();
        assert!(heard == [line("one"), line("two"), line(""), line(&long), Heard::End], "{heard:?}");
        written.join().unwrap().unwrap();
    }

    #[test]
    fn what_comes_late_is_heard_and_what_does_not_come_is_not_waited_for() {
        let (reader, mut writer) = io::pipe().unwrap();
        let mut lines = Lines::of(reader, Duration::ZERO).unwrap();
        writer.write_all(b"late\nla").unwrap();
        assert_eq!(lines.next().unwrap(), line("late"));
        assert_eq!(lines.next().unwrap(), Heard::Late);
    }
}
