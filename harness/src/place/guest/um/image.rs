//! The kernel's program, prepared for a guest so that it gets no random numbers from this computer.
//! Not here: running the program.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use object::elf::FileHeader64;
use object::read::elf::{FileHeader, ProgramHeader, Sym};
use object::{Endianness, elf};

use crate::kernel::process::anonymous_file;

/// The function with which such a kernel asks this computer for random numbers (arch/um/os-Linux/util.c).
const ASKS: &str = "os_getrandom";

/// Its replacement, which returns that there are none. `mov rax, -1; ret`.
#[cfg(target_arch = "x86_64")]
const REFUSES: [u8; 8] = [0x48, 0xc7, 0xc0, 0xff, 0xff, 0xff, 0xff, 0xc3];

/// A copy of a kernel's program whose random numbers depend only on its seed.
pub(super) fn ready(linux: &Path) -> io::Result<File> {
    let mut bytes = fs::read(linux)?;
    let unknown =
        || io::Error::other(format!("{}: it has no symbol `{ASKS}`: use the program as it was built, not stripped", linux.display()));
    let at = function(&bytes, ASKS).ok_or_else(unknown)?;
    bytes.get_mut(at..at + REFUSES.len()).ok_or_else(unknown)?.copy_from_slice(&REFUSES);
    let mut copy = anonymous_file("linux")?;
    copy.write_all(&bytes)?;
    Ok(copy)
}

/// The offset in an ELF file at which a function begins.
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
