//! A tap: the kernel puts what arrives on any interface of a namespace into memory that it shares with this program (PACKET_RX_RING, packet(7)).
//! Not here: which interfaces matter, and what is done with the packets.
//!
//! Nothing waits for a packet and no system call is made for one, so a guest whose time does not pass by itself does not notice the tap. The ring
//! is of version 2 (`TPACKET_V2`): a packet can be read as soon as it is there, and no timer is involved.

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::errno::Errno;
use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mmap, munmap};

use super::packet::{ON, PACKET_IGNORE_OUTGOING, bind_to, set_option, statistics};

/// The options (include/uapi/linux/if_packet.h).
const PACKET_RX_RING: libc::c_int = 5;
const PACKET_VERSION: libc::c_int = 10;
/// `TPACKET_V2`.
const VERSION: libc::c_int = 1;
/// Bits of a slot's status: it belongs to user space, and the kernel has removed a tag from the packet.
const USER: u32 = 1;
const TAGGED: u32 = 1 << 4;
const TAG_KIND: u32 = 1 << 6;

/// The ring's blocks, and how many there are: packets of default length for some 150 000, which are 100 ms of 15 Gbit/s.
const BLOCK: usize = 1 << 20;
const BLOCKS: usize = 32;
/// The space before a packet in its slot, including alignment: `tpacket2_hdr`, `sockaddr_ll`, and a gap.
const BEFORE: usize = 96;
/// The offset of the Ethernet type in a frame; a tag goes before it.
const TYPE: usize = 12;

/// A tap with its ring.
pub(crate) struct Tap {
    fd: OwnedFd,
    ring: NonNull<libc::c_void>,
    slot: usize,
    next: usize,
}

// SAFETY: the ring belongs to this value alone.
unsafe impl Send for Tap {}

/// A packet in the ring.
pub(crate) struct Tapped<'a> {
    /// The index of the interface.
    pub device: i32,
    /// When it came, in ns since the epoch.
    pub at: u64,
    /// Its length.
    pub length: u32,
    /// Its first bytes.
    pub head: &'a [u8],
    /// The tag that the kernel removed from it.
    pub tag: Option<[u8; 4]>,
}

impl Tap {
    /// Opens a tap in the calling thread's network namespace that keeps at least this many bytes of each packet.
    pub(crate) fn open(bytes: u32) -> io::Result<Self> {
        // SAFETY: socket(2) reads no memory of ours. Nothing is received before all is set.
        let fd = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK, 0) };
        Errno::result(fd)?;
        // SAFETY: the descriptor is new, and nobody else has it.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        let slot = (BEFORE + bytes as usize).next_multiple_of(16);
        set_option(&fd, PACKET_VERSION, &VERSION)?;
        set_option(&fd, PACKET_IGNORE_OUTGOING, &ON)?;
        // struct tpacket_req: the size and the number of blocks, then of slots.
        let request = [BLOCK, BLOCKS, slot, BLOCK / slot * BLOCKS].map(|number| number as libc::c_uint);
        set_option(&fd, PACKET_RX_RING, &request)?;
        let size = NonZeroUsize::new(BLOCK * BLOCKS).expect("it has blocks");
        let rights = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: the kernel chooses where, so no memory of ours is replaced.
        let ring = unsafe { mmap(None, size, rights, MapFlags::MAP_SHARED, &fd, 0) }?;
        let tap = Self { fd, ring, slot, next: 0 };
        // User-Mode Linux 7.3 reports a kernel bug (`Bad page map`) when a process with such a ring forks.
        // SAFETY: it is ours, and changes nothing in this process.
        unsafe { madvise(ring, BLOCK * BLOCKS, MmapAdvise::MADV_DONTFORK) }?;
        bind_to(&tap.fd, 0)?;
        Ok(tap)
    }

    /// Calls `show` with each packet since the last call, in the order of arrival.
    pub(crate) fn drain(&mut self, mut show: impl FnMut(Tapped<'_>)) {
        let per_block = BLOCK / self.slot;
        loop {
            let at = self.next / per_block * BLOCK + self.next % per_block * self.slot;
            // SAFETY: the slot is within the ring, and aligned as the kernel aligns it; its first word is the status, which both sides
            // change atomically.
            let (slot, status) = unsafe {
                let slot = self.ring.cast::<u8>().add(at);
                (slot, slot.cast::<AtomicU32>().as_ref())
            };
            let flags = status.load(Ordering::Acquire);
            if flags & USER == 0 {
                break;
            }
            // SAFETY: the slot is ours until the status says otherwise, and the kernel writes nothing to it until then.
            let bytes = unsafe { std::slice::from_raw_parts(slot.as_ptr(), self.slot) };
            if let Some(packet) = read(bytes, flags) {
                show(packet);
            }
            status.store(0, Ordering::Release);
            self.next = (self.next + 1) % (per_block * BLOCKS);
        }
    }

    /// How many packets were dropped for lack of room since the last call.
    pub(crate) fn missed(&self) -> io::Result<u64> {
        statistics(self.fd.as_raw_fd())
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        // SAFETY: nothing that was lent of it is left.
        unsafe { munmap(self.ring, BLOCK * BLOCKS) }.ok();
    }
}

/// Reads a slot: `struct tpacket2_hdr`, then `struct sockaddr_ll`.
fn read(slot: &[u8], flags: u32) -> Option<Tapped<'_>> {
    let word = |at: usize| Some(u32::from_ne_bytes(slot.get(at..at + 4)?.try_into().ok()?));
    let half = |at: usize| Some(u16::from_ne_bytes(slot.get(at..at + 2)?.try_into().ok()?));
    let (length, kept, begins) = (word(4)?, word(8)? as usize, usize::from(half(12)?));
    let kind = if flags & TAG_KIND == 0 { libc::ETH_P_8021Q as u16 } else { half(26)? };
    let [k0, k1] = kind.to_be_bytes();
    let [t0, t1] = half(24)?.to_be_bytes();
    Some(Tapped {
        device: word(36)? as i32,
        at: u64::from(word(16)?) * 1_000_000_000 + u64::from(word(20)?),
        length,
        head: slot.get(begins..begins + kept)?,
        tag: (flags & TAGGED != 0 && kept >= TYPE).then_some([k0, k1, t0, t1]),
    })
}

impl Tapped<'_> {
    /// The packet as on a cable, with its tag in place: its first bytes and its length.
    pub(crate) fn whole(&self) -> (Vec<u8>, u32) {
        match self.tag {
            None => (self.head.to_vec(), self.length),
            Some(tag) => ([&self.head[..TYPE], &tag, &self.head[TYPE..]].concat(), self.length + 4),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_stands_where_it_does_on_a_cable() {
        let mut slot = [0; 160];
        let word = |slot: &mut [u8], at: usize, word: u32| slot[at..at + 4].copy_from_slice(&word.to_ne_bytes());
        for (at, value) in [(4, 60), (8, 16), (16, 2), (20, 5), (36, 7)] {
            word(&mut slot, at, value);
        }
        slot[12..14].copy_from_slice(&66_u16.to_ne_bytes());
        slot[24..26].copy_from_slice(&9_u16.to_ne_bytes());
        slot[66..82].copy_from_slice(b"ddddddssssssTTpp");
        let packet = read(&slot, USER | TAGGED).unwrap();
        assert_eq!((packet.device, packet.at), (7, 2_000_000_005));
        assert_eq!(packet.whole(), (b"ddddddssssss\x81\x00\x00\x09TTpp".to_vec(), 64));
        assert_eq!(read(&slot, USER).unwrap().whole(), (b"ddddddssssssTTpp".to_vec(), 60));
    }
}
