//! Whether what the kernel says of the bytes that wait in a socket is right: with each read how many are left (`TCP_INQ`), before it how many can
//! be read (`SIOCINQ`), and after each write how many are not acknowledged and not sent (`SIOCOUTQ`, `SIOCOUTQNSD`).
//! Not here: reading and writing.
//!
//! Bytes can come at any time, so there may always be more than the kernel said, and never fewer. The end of the stream may count as one.

use std::io;

/// What the kernel has said to a receiver so far.
#[derive(Debug, Default)]
pub(super) struct Hints {
    /// How many bytes were left after the last read.
    left: u64,
    /// Whether the last read took one byte less than were said to be there: the end must follow.
    short: bool,
    /// Up to which byte of the stream the kernel has said that it is there.
    pub(super) reach: u64,
}

/// A read, and what the kernel said of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read {
    /// How many bytes could be looked at, just before.
    pub(super) there: u64,
    /// How many bytes the kernel said could be read then.
    pub(super) unread: u64,
    /// How many were wanted.
    pub(super) wanted: u64,
    /// How many were taken.
    pub(super) taken: u64,
    /// How many the kernel said were left.
    pub(super) left: Option<u32>,
}

impl Hints {
    /// Compares what the kernel said of a read that begins at a byte of the stream.
    pub(super) fn compare(&mut self, position: u64, read: Read) -> io::Result<()> {
        let Read { unread, wanted, taken, left, there } = read;
        let Some(left) = left.map(u64::from) else { return wrong(format!("it did not say how many are left of {taken} bytes and more")) };
        let promised = self.left.max(unread);
        let fewer = taken < wanted.min(promised);
        if self.short && taken > 0 {
            return wrong(format!("it promised one byte more than there was before {position}"));
        }
        if fewer && taken + 1 < wanted.min(promised) {
            return wrong(format!("it said that {promised} bytes could be read at {position}, and {taken} came"));
        }
        if unread < there {
            return wrong(format!("it said that {unread} bytes could be read at {position}, where {there} could be looked at"));
        }
        if left < unread.saturating_sub(taken) {
            return wrong(format!("it said that {unread} bytes could be read at {position}, and after {taken} that {left} are left"));
        }
        self.short = fewer;
        self.left = left;
        self.reach = self.reach.max(position + taken + left);
        Ok(())
    }

    /// Compares what the kernel said with a read that found nothing.
    pub(super) fn nothing_came(&self, position: u64, unread: u64) -> io::Result<()> {
        match self.left.max(unread) {
            0 => Ok(()),
            promised => wrong(format!("it said that {promised} bytes could be read at {position}, and none came")),
        }
    }
}

/// Compares what the kernel says of so many bytes that were written, of which some wait. Where the peer speaks TCP, an MPTCP socket counts those that
/// its TCP has not acknowledged once more, and its SYN (`mptcp_ioctl_outq()` in net/mptcp/protocol.c; 7.3: 65457 of 32728).
pub(super) fn compare_written(written: u64, unacknowledged: u64, unsent: u64, fell_back: bool) -> io::Result<()> {
    let most = if fell_back { 2 * written + 1 } else { written };
    if unacknowledged > most || unsent > unacknowledged {
        return wrong(format!("of {written} bytes it said that {unacknowledged} are not acknowledged and {unsent} not sent"));
    }
    Ok(())
}

fn wrong<T>(what: String) -> io::Result<T> {
    Err(io::Error::other(format!("the kernel is wrong about its queue: {what}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first wrong one of reads that each want 100 bytes: what could be read, what was taken, what was left.
    fn of(reads: &[(u64, u64, u32)]) -> Option<usize> {
        let (mut hints, mut position) = (Hints::default(), 0);
        reads.iter().position(|&(unread, taken, left)| {
            let read = Read { there: taken.min(1), unread, wanted: 100, taken, left: Some(left) };
            let said = hints.compare(position, read);
            position += taken;
            said.is_err()
        })
    }

    #[test]
    fn there_is_never_less_than_was_said() {
        assert_eq!(of(&[(150, 100, 50), (50, 50, 0)]), None);
        assert_eq!(of(&[(150, 100, 50), (50, 70, 9), (9, 9, 0)]), None, "more came");
        assert_eq!(of(&[(150, 100, 50), (50, 20, 0)]), Some(1), "a read that took less");
        assert_eq!(of(&[(150, 100, 49)]), Some(0), "one that is left is not told");
        assert_eq!(of(&[(0, 20, 0)]), Some(0), "what could be looked at could be read");
    }

    #[test]
    fn the_end_may_count_as_one() {
        assert_eq!(of(&[(50, 50, 1), (1, 0, 1)]), None);
        assert_eq!(of(&[(51, 50, 1), (1, 0, 1)]), None);
        assert_eq!(of(&[(51, 50, 1), (1, 1, 0)]), Some(1), "it was not the end");
    }

    #[test]
    fn what_is_not_told_or_comes_to_nothing_is_wrong() {
        let mut hints = Hints::default();
        let read = Read { there: 5, unread: 5, wanted: 9, taken: 5, left: Some(4) };
        assert!(hints.compare(10, Read { left: None, ..read }).is_err());
        hints.compare(10, read).unwrap();
        assert_eq!(hints.reach, 19);
        assert!(hints.nothing_came(15, 0).is_err());
        assert!(Hints::default().nothing_came(15, 0).is_ok());
    }

    #[test]
    fn no_more_waits_than_was_written() {
        assert!(compare_written(10, 10, 10, false).is_ok() && compare_written(10, 3, 0, false).is_ok());
        assert!(compare_written(10, 11, 0, false).is_err() && compare_written(10, 3, 4, false).is_err());
        assert!(compare_written(10, 21, 10, true).is_ok() && compare_written(10, 22, 0, true).is_err());
    }
}
