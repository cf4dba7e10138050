//! Kernel images for x86_64: a bzImage, as distributions have it, or a vmlinux. Which release it is, and whether all of it is there.
//! Not here: what boots them.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use object::elf;
use object::read::elf::{ElfFile64, FileHeader};
use object::{Endianness, Object, ObjectSection, ReadCache};

/// An image in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    /// The file.
    pub(super) path: PathBuf,
    /// The file that was named, in which it was.
    pub(super) from: String,
    /// What `uname -r` says.
    pub(super) release: String,
    /// The release and what else it says of its build.
    pub(super) version: String,
    /// Whether it is a bzImage.
    pub(super) bzimage: bool,
}

/// The release and the rest of what an image says of itself, or why it is none.
pub(super) fn read(path: &Path, from: &str) -> io::Result<Result<Image, &'static str>> {
    let mut head = Vec::new();
    File::open(path)?.take(1 << 16).read_to_end(&mut head)?;
    let (bzimage, version) = match &head[..] {
        [0x7f, b'E', b'L', b'F', ..] => (false, vmlinux(File::open(path)?)),
        _ => (true, bzimage(&head, path.metadata()?.len())),
    };
    Ok(version.map(|version| {
        let release = version.split(' ').next().unwrap_or_default().to_owned();
        Image { path: path.to_owned(), from: from.to_owned(), release, version, bzimage }
    }))
}

/// A bzImage's header (Documentation/arch/x86/boot.rst).
fn bzimage(head: &[u8], size: u64) -> Result<String, &'static str> {
    let word = |at: usize| head.get(at..at + 2).map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]]));
    let long = |at: usize| head.get(at..at + 4).map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
    let (Some(0xaa55), Some(b"HdrS")) = (word(0x1fe), head.get(0x202..0x206)) else {
        return Err("not a kernel image for x86_64 (a bzImage or a vmlinux)");
    };
    // Since protocol 2.12 a flag says that there is a 64-bit entry.
    if word(0x206) < Some(0x020c) || word(0x236).is_none_or(|flags| flags & 1 == 0) {
        return Err("a kernel image for 32-bit x86, and guests have x86_64");
    }
    // The boot sector, setup_sects, and syssize paragraphs of 16 bytes.
    let (sectors, paragraphs) = (u64::from(head[0x1f1]), u64::from(long(0x1f4).unwrap_or_default()));
    if size < (1 + sectors) * 512 + paragraphs * 16 {
        return Err("a kernel image whose end is missing: copy or build it again");
    }
    let version = word(0x20e).and_then(|at| text(head.get(usize::from(at) + 0x200..)?));
    version.ok_or("a kernel image that does not say its release")
}

/// The banner of a vmlinux: `Linux version 6.12.95 (user@host) (compiler) #1 SMP ...`.
fn vmlinux(file: File) -> Result<String, &'static str> {
    const BANNER: &[u8] = b"Linux version ";
    const FOREIGN: &str = "an ELF file, but not a kernel for x86_64";
    let cache = ReadCache::new(file);
    let elf: ElfFile64<Endianness, _> = ElfFile64::parse(&cache).map_err(|_| FOREIGN)?;
    if elf.elf_header().e_machine(elf.endian()) != elf::EM_X86_64 {
        return Err(FOREIGN);
    }
    let data = elf.section_by_name(".rodata").and_then(|section| section.data().ok()).ok_or(FOREIGN)?;
    // /proc/version's pattern begins alike, with a `%s`.
    let banner = data.windows(BANNER.len() + 1).position(|at| at.starts_with(BANNER) && at[BANNER.len()].is_ascii_digit());
    banner.and_then(|at| text(&data[at + BANNER.len()..])).ok_or(FOREIGN)
}

/// A text that ends with a zero.
fn text(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    let text = std::str::from_utf8(&bytes[..end]).ok()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
