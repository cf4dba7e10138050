//! The kernel's program, readied for a guest: one that has no random numbers of this computer's.
//! Not here: running it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use object::elf::FileHeader64;
use object::read::elf::{FileHeader, ProgramHeader, Sym};
use object::{Endianness, elf};

use crate::kernel::process::anonymous_file;

/// The function by which such a kernel asks this computer for random numbers (arch/um/os-Linux/util.c).
const ASKS: &str = "os_getrandom";

/// What it is instead: one that got none. `mov rax, -1; ret`.
#[cfg(target_arch = "x86_64")]
const REFUSES: [u8; 8] = [0x48, 0xc7, 0xc0, 0xff, 0xff, 0xff, 0xff, 0xc3];

/// A copy of a kernel's program, which follows from its seed alone.
pub(super) fn ready(linux: &Path) -> io::Result<File> {
    let mut bytes = fs::read(linux)?;
    let unknown =
        || io::Error::other(format!("{}: it has no symbol `{ASKS}`: take the program as it was built, not stripped", linux.display()));
    let at = function(&bytes, ASKS).ok_or_else(unknown)?;
    bytes.get_mut(at..at + REFUSES.len()).ok_or_else(unknown)?.copy_from_slice(&REFUSES);
    let mut copy = anonymous_file("linux")?;
    copy.write_all(&bytes)?;
    Ok(copy)
}

/// Where in an ELF file a function begins.
fn function(bytes: &[u8], name: &str) -> Option<usize> {
    let header = FileHeader64::<Endianness>::parse(bytes).ok()?;
    let endian = header.endian().ok()?;
    let symbols = header.sections(endian, bytes).ok()?.symbols(endian, bytes, elf::SHT_SYMTAB).ok()?;
    let symbol = symbols.iter().find(|symbol| symbol.name(endian, symbols.strings()) == Ok(name.as_bytes()))?;
    let address = symbol.st_value(endian);
    let segments = header.program_headers(endian, bytes).ok()?;
    segments.iter().find_map(|segment| {
        let into = address.checked_sub(segment.p_vaddr(endian))?;
        let here = segment.p_type(endian) == elf::PT_LOAD && into < segment.p_filesz(endian);
        here.then(|| (segment.p_offset(endian) + into) as usize)
    })
}
