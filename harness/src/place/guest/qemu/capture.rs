//! Captures the packets of a guest's lab from outside: nothing is added to the guest, whose run is the same with and without a capture.
//! Not here: the format of the files, or starting the guest.
//!
//! QEMU can print the CPU's registers whenever the guest reaches an address (`-d cpu -dfilter`). This is requested for where the kernel is about
//! to transmit a packet, and where it has read its clock. QEMU's output goes into a pipe with room for one write, and each output takes many
//! writes. So once the first has been read, the guest's CPU waits in the middle of the others, and its memory, which is a file, does not
//! change. A clock that counts instructions does not notice. (QEMU's breakpoints will not do: when it stops, virtual time goes on to the next
//! timer.) QEMU prints before it checks whether an interrupt is due, and prints again once that is served (accel/tcg,
//! `TB_EXIT_REQUESTED`): then all registers and the packet are the same, and it was transmitted once.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Seek, Write};
use std::os::fd::OwnedFd;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::pipe2;

use super::memory::Memory;
use crate::document::topology::Topology;
use crate::kernel::layout::Layout;
use crate::kernel::process::anonymous_file;
use crate::record::Packet;
use crate::words::Snap;

/// The most packets that are handed to an interface at once.
const CHAIN: usize = 1024;

/// The pipe to which the registers are printed.
pub(super) struct Log {
    pub(super) read: File,
    pub(super) write: OwnedFd,
}

/// What to capture, and where it goes.
pub(super) struct Capture {
    layout: Layout,
    /// The addresses after instructions that read the clock.
    clocks: Vec<u64>,
    /// How much of a packet to keep. It has all headers, but not data in another buffer, as in most TCP packets.
    snap: Snap,
    /// The direction of packets that arrive at the wire's end with this name.
    wires: BTreeMap<String, u32>,
    /// The packets so far.
    packets: BufWriter<File>,
    /// The time that the kernel last read, in ns.
    now: u64,
    /// The printed registers and the packet's first bytes when a packet was last about to be transmitted.
    last: Option<(String, Vec<u8>)>,
}

impl Log {
    /// A pipe with room for one write.
    pub(super) fn open() -> io::Result<Self> {
        // Each write is then a packet of its own (pipe(2)), and a page has room for one packet.
        let (read, write) = pipe2(OFlag::O_CLOEXEC | OFlag::O_DIRECT)?;
        fcntl(&write, FcntlArg::F_SETPIPE_SZ(4096))?;
        Ok(Self { read: read.into(), write })
    }
}

impl Capture {
    /// A capture of the links of a topology. Each packet is captured once, where it leaves a host: readers of captures would take a second copy for a
    /// retransmission.
    pub(super) fn new(layout: Layout, clocks: Vec<u64>, topology: &Topology, snap: Snap) -> io::Result<Self> {
        let ends = topology.links.keys().flat_map(|link| [format!("{link}-a"), format!("{link}-b")]);
        let packets = BufWriter::new(anonymous_file("packets")?);
        Ok(Self { layout, clocks, snap, wires: ends.zip(0..).collect(), packets, now: 0, last: None })
    }

    /// QEMU's arguments that make it print what is needed.
    pub(super) fn arguments(&self) -> Vec<String> {
        // `nochain`: otherwise direct jumps to there are not printed.
        let addresses = self.clocks.iter().chain([&self.layout.transmit]);
        let filter: Vec<String> = addresses.map(|address| format!("{address:#x}+1")).collect();
        ["-d", "cpu,nochain", "-dfilter", &filter.join(",")].map(str::to_owned).to_vec()
    }

    /// Follows a guest to its end. Returns QEMU's other output, and the packets, by the clock of the guest's CPU.
    pub(super) fn follow(mut self, log: File, memory: &Memory) -> io::Result<(String, File)> {
        let mut others = String::new();
        let mut printing = false;
        let mut registers = String::new();
        let (mut rax, mut rdx, mut rsi, mut rdi) = (0, 0, 0, 0);
        for line in BufReader::new(log).lines() {
            let line = line?;
            let register = |name: &str| line.split_whitespace().find_map(|word| u64::from_str_radix(word.strip_prefix(name)?, 16).ok());
            if line.starts_with("RAX=") {
                printing = true;
                registers.clear();
                (rax, rdx) = (register("RAX=").unwrap_or(0), register("RDX=").unwrap_or(0));
            } else if line.starts_with("RSI=") {
                (rsi, rdi) = (register("RSI=").unwrap_or(0), register("RDI=").unwrap_or(0));
            } else if line.starts_with("RIP=") {
                match register("RIP=") {
                    Some(at) if self.clocks.contains(&at) => self.now = (rdx << 32) | (rax & 0xffff_ffff),
                    Some(at) if at == self.layout.transmit => self.transmitted(rdi, rsi, registers.clone() + &line, memory)?,
                    _ => {}
                }
            } else if line.starts_with("EFER=") {
                printing = false;
            } else if !printing {
                others += &line;
                others.push('\n');
            }
            if printing {
                registers += &line;
            }
        }
        let mut packets = self.packets.into_inner().map_err(io::IntoInnerError::into_error)?;
        packets.rewind()?;
        Ok((others.trim().to_owned(), packets))
    }

    /// A chain of packets that is about to be transmitted by an interface.
    fn transmitted(&mut self, first: u64, device: u64, registers: String, memory: &Memory) -> io::Result<()> {
        let Some(way) = self.way(device, memory) else { return Ok(()) };
        let about = Some((registers, self.packet(first, memory).map(|(head, ..)| head).unwrap_or_default()));
        if about == self.last {
            return Ok(());
        }
        self.last = about;
        let (mut packet, mut bytes) = (first, Vec::new());
        for _ in 0..CHAIN {
            let Some((head, length, next)) = self.packet(packet, memory) else { break };
            Packet { at: self.now, way, length, head }.write(&mut bytes);
            packet = next;
        }
        self.packets.write_all(&bytes)
    }

    /// The direction of a packet that leaves a host by this interface, whose peer is the wire's end. A packet that arrives at a host comes by another
    /// interface.
    fn way(&self, device: u64, memory: &Memory) -> Option<u32> {
        let mut name = [0; 16];
        memory.read(memory.pointer(device + self.layout.private as u64)? + self.layout.name as u64, &mut name)?;
        let name = name.split(|&byte| byte == 0).next().and_then(|name| std::str::from_utf8(name).ok())?;
        self.wires.get(name).copied()
    }

    /// The first bytes of a packet, its length, and the next one of its chain.
    fn packet(&self, packet: u64, memory: &Memory) -> Option<(Vec<u8>, u32, u64)> {
        if packet == 0 {
            return None;
        }
        let at = |offset: usize| packet + offset as u64;
        let (length, elsewhere) = (memory.word(at(self.layout.len))?, memory.word(at(self.layout.data_len))?);
        let mut head = vec![0; length.saturating_sub(elsewhere).min(self.snap.bytes()) as usize];
        memory.read(memory.pointer(at(self.layout.data))?, &mut head)?;
        Some((head, length, memory.pointer(at(self.layout.next))?))
    }
}
