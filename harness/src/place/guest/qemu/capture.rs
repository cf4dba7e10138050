//! The packets of a guest's lab, seen from outside: nothing is added to the guest, whose run is the same with a capture and without.
//! Not here: the format of the files, or starting the guest.
//!
//! QEMU can print the CPU's registers whenever the guest comes to an address (`-d cpu -dfilter`). It is asked for where the kernel is about
//! to transmit a packet, and where it has read its clock. What QEMU prints goes into a pipe that has room for one write, and what it prints
//! at once takes many. So when the first of these has been read the guest's CPU waits in the middle of the others, and its memory, which is
//! a file, holds still. A clock that counts instructions does not notice. (QEMU's breakpoints will not do: it lets virtual time go on to the
//! next timer when it stops.) QEMU prints before it looks whether an interrupt is due, and prints again once that is served (accel/tcg,
//! `TB_EXIT_REQUESTED`): then all registers and the packet are the same, and it was transmitted once.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::pipe2;

use super::memory::Memory;
use super::pcapng::{self, PacketDirection};
use crate::document::disk::Draft;
use crate::document::topology::Topology;
use crate::kernel::layout::Layout;
use crate::place::guest::capture_of;

/// The most of a packet that is kept. All its headers are there; data that is not in the same buffer, as that of most TCP packets, is not.
const LONGEST: u32 = 256;
/// More packets than this are not handed to an interface at once.
const CHAIN: usize = 1024;

/// Where the registers are printed: what is read here is written to there.
pub(super) struct Log {
    pub(super) read: File,
    pub(super) write: OwnedFd,
}

/// What to capture, and where it goes.
pub(super) struct Capture {
    layout: Layout,
    /// The addresses behind instructions that read the clock.
    clocks: Vec<u64>,
    /// Which file belongs to the end of a wire with this name.
    wires: BTreeMap<String, usize>,
    files: Vec<BufWriter<Draft>>,
    /// The time that the kernel last read, in ns.
    now: u64,
    /// The registers, as they were printed, and the packet's first bytes when one was last about to be transmitted.
    last: Option<(String, Vec<u8>)>,
}

impl Log {
    /// A pipe that has room for one write.
    pub(super) fn open() -> io::Result<Self> {
        // Each write is a packet of its own then (pipe(2)), and a page has room for one packet.
        let (read, write) = pipe2(OFlag::O_CLOEXEC | OFlag::O_DIRECT)?;
        fcntl(&write, FcntlArg::F_SETPIPE_SZ(4096))?;
        Ok(Self { read: read.into(), write })
    }
}

impl Capture {
    /// A file for each end of a link, called HOST/INTERFACE below a directory: what a capture in that host would see. With both ends in one file
    /// every packet would come twice, which programs that read captures take for retransmissions.
    pub(super) fn new(layout: Layout, clocks: Vec<u64>, topology: &Topology, directory: &Path) -> io::Result<Self> {
        let mut capture = Self { layout, clocks, wires: BTreeMap::new(), files: Vec::new(), now: 0, last: None };
        for (name, link) in &topology.links {
            for (end, side) in link.ends.iter().zip(["a", "b"]) {
                let mut file = BufWriter::new(Draft::new(&capture_of(directory, end))?);
                file.write_all(&pcapng::beginning(&end.to_string(), LONGEST))?;
                capture.wires.insert(format!("{name}-{side}"), capture.files.len());
                capture.files.push(file);
            }
        }
        Ok(capture)
    }

    /// QEMU's arguments that make it print what is needed.
    pub(super) fn arguments(&self) -> Vec<String> {
        // `nochain`: else what jumps there directly is not told.
        let addresses = self.clocks.iter().chain([&self.layout.transmit]);
        let filter: Vec<String> = addresses.map(|address| format!("{address:#x}+1")).collect();
        ["-d", "cpu,nochain", "-dfilter", &filter.join(",")].map(str::to_owned).to_vec()
    }

    /// Follows a guest to its end. Returns what QEMU said besides.
    pub(super) fn follow(mut self, log: File, memory: &Memory) -> io::Result<String> {
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
        for file in self.files {
            file.into_inner().map_err(io::IntoInnerError::into_error)?.finish()?;
        }
        Ok(others.trim().to_owned())
    }

    /// A chain of packets that is about to be transmitted by an interface.
    fn transmitted(&mut self, first: u64, device: u64, registers: String, memory: &Memory) -> io::Result<()> {
        let Some((file, way)) = self.place(device, memory) else { return Ok(()) };
        let about = Some((registers, self.packet(first, memory).map(|(head, ..)| head).unwrap_or_default()));
        if about == self.last {
            return Ok(());
        }
        self.last = about;
        let mut packet = first;
        for _ in 0..CHAIN {
            let Some((head, length, next)) = self.packet(packet, memory) else { break };
            self.files[file].write_all(&pcapng::packet(self.now, way, &head, length))?;
            packet = next;
        }
        Ok(())
    }

    /// The link's end at which a packet is seen: it leaves the host by its own interface, and comes to it by the wire's.
    fn place(&self, device: u64, memory: &Memory) -> Option<(usize, PacketDirection)> {
        let wire = |device: u64| {
            let mut name = [0; 16];
            memory.read(device + self.layout.name as u64, &mut name)?;
            let name = name.split(|&byte| byte == 0).next().and_then(|name| std::str::from_utf8(name).ok())?;
            self.wires.get(name).copied()
        };
        if let Some(file) = wire(device) {
            return Some((file, PacketDirection::In));
        }
        Some((wire(memory.pointer(device + self.layout.private as u64)?)?, PacketDirection::Out))
    }

    /// The first bytes of a packet, its length, and the next one of its chain.
    fn packet(&self, packet: u64, memory: &Memory) -> Option<(Vec<u8>, u32, u64)> {
        if packet == 0 {
            return None;
        }
        let at = |offset: usize| packet + offset as u64;
        let (length, elsewhere) = (memory.word(at(self.layout.len))?, memory.word(at(self.layout.data_len))?);
        let mut head = vec![0; length.saturating_sub(elsewhere).min(LONGEST) as usize];
        memory.read(memory.pointer(at(self.layout.data))?, &mut head)?;
        Some((head, length, memory.pointer(at(self.layout.next))?))
    }
}
