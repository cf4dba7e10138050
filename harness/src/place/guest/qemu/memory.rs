//! A guest's memory, which is a file: it can be read while the guest runs, kept when it has ended, and be what another guest begins with.
//! Not here: what is looked for in it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use nix::errno::Errno;
use nix::unistd::{Whence, lseek};

use super::super::path;
use crate::kernel::process::anonymous_file;

/// Where kernels without KASLR have all memory (`page_offset_base`), and their own code (`__START_KERNEL_map`, phys_base being 0).
const DIRECT: u64 = 0xffff_8880_0000_0000;
const CODE: u64 = 0xffff_ffff_8000_0000;

/// A guest's memory.
pub(super) struct Memory {
    file: File,
    size: u64,
}

impl Memory {
    /// This many MiB of zeros.
    pub(super) fn new(mebibytes: u32) -> io::Result<Self> {
        let size = u64::from(mebibytes) << 20;
        let file = anonymous_file("guest")?;
        file.set_len(size)?;
        Ok(Self { file, size })
    }

    /// QEMU's arguments that make it the guest's.
    pub(super) fn arguments(&self) -> Vec<String> {
        self.backing("share=on")
    }

    /// QEMU's arguments that let a guest begin with a private copy of it.
    pub(super) fn beginning(&self) -> Vec<String> {
        self.backing("share=off")
    }

    fn backing(&self, share: &str) -> Vec<String> {
        let path = path(&self.file);
        let object = format!("memory-backend-file,id=ram,mem-path={path},size={},{share}", self.size);
        ["-object", &object, "-machine", "memory-backend=ram"].map(str::to_owned).to_vec()
    }

    /// The first bytes of a file.
    pub(super) const fn of(file: File, size: u64) -> Self {
        Self { file, size }
    }

    /// Its size in bytes.
    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// Copies the contents of another memory of the same size into this one, which must be unused.
    pub(super) fn take(&self, other: &Self) -> io::Result<()> {
        other.write(&self.file)
    }

    /// Writes it to the beginning of an empty file, with holes for zeros.
    pub(super) fn write(&self, to: &File) -> io::Result<()> {
        to.set_len(self.size)?;
        let size = self.size as i64;
        let mut buffer = vec![0; 1 << 20];
        let mut end = 0;
        // After the last data there is a hole up to the end.
        while let Some(mut at) = optional(lseek(&self.file, end, Whence::SeekData))?.filter(|at| *at < size) {
            end = lseek(&self.file, at, Whence::SeekHole)?.min(size);
            while at < end {
                let part = &mut buffer[..(end - at).min(1 << 20) as usize];
                self.file.read_exact_at(part, at as u64)?;
                to.write_all_at(part, at as u64)?;
                at += part.len() as i64;
            }
        }
        Ok(())
    }

    /// Fills a buffer from a kernel address. Fails where there is no memory.
    pub(super) fn read(&self, address: u64, buffer: &mut [u8]) -> Option<()> {
        let at = address.checked_sub(CODE).or_else(|| address.checked_sub(DIRECT))?;
        if at.checked_add(buffer.len() as u64)? > self.size {
            return None;
        }
        self.file.read_exact_at(buffer, at).ok()
    }

    pub(super) fn word(&self, address: u64) -> Option<u32> {
        let mut bytes = [0; 4];
        self.read(address, &mut bytes)?;
        Some(u32::from_le_bytes(bytes))
    }

    pub(super) fn pointer(&self, address: u64) -> Option<u64> {
        let mut bytes = [0; 8];
        self.read(address, &mut bytes)?;
        Some(u64::from_le_bytes(bytes))
    }

    /// The address after the first instruction, at or after a function's beginning, that reads the time stamp counter: `rdtsc`, or
    /// `rdtscp`.
    pub(super) fn behind_rdtsc(&self, function: u64) -> Option<u64> {
        let mut code = [0; 256];
        self.read(function, &mut code)?;
        let behind = |instruction: &[u8]| {
            let at = code.windows(instruction.len()).position(|window| window == instruction)?;
            Some(function + (at + instruction.len()) as u64)
        };
        behind(&[0x0f, 0x31]).or_else(|| behind(&[0x0f, 0x01, 0xf9]))
    }
}

/// The offset that was sought, or `None` after the last.
fn optional(sought: nix::Result<i64>) -> io::Result<Option<i64>> {
    match sought {
        Err(Errno::ENXIO) => Ok(None),
        found => Ok(Some(found?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_the_same() {
        let (from, to) = (Memory::new(4).unwrap(), Memory::new(4).unwrap());
        from.file.write_all_at(b"beginning", 0).unwrap();
        from.file.write_all_at(&vec![7; 2 << 20], 1 << 20).unwrap();
        to.take(&from).unwrap();
        let content = |memory: &Memory| {
            let mut bytes = vec![0; 4 << 20];
            memory.file.read_exact_at(&mut bytes, 0).unwrap();
            bytes
        };
        assert!(content(&from) == content(&to));
    }
}
