//! Kernel images for x86_64: a bzImage, as distributions have it, a vmlinux, or a program. Finds the release, and whether the image is
//! complete. Not here: what runs them.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use object::elf::{self, FileHeader64};
use object::read::elf::{ElfFile64, FileHeader, ProgramHeader};
use object::{Endianness, Object, ObjectSection, ReadCache};

use super::archive::decompress;
use crate::document::disk;
use crate::place::guest::store::Form;

/// An image in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    /// The file.
    pub(super) path: PathBuf,
    /// The given file that contained it.
    pub(super) from: String,
    /// What `uname -r` says.
    pub(super) release: String,
    /// The release and what else it says about its build.
    pub(super) version: String,
    /// What runs it.
    pub(super) form: Form,
    /// Whether it is a bzImage.
    pub(super) bzimage: bool,
}

/// An image with its release and version, or why the file is not one.
pub(super) fn read(path: &Path, from: &str) -> io::Result<Result<Image, &'static str>> {
    let mut head = Vec::new();
    disk::open(path)?.take(1 << 16).read_to_end(&mut head)?;
    let bzimage = !head.starts_with(b"\x7fELF");
    let told =
        if bzimage { self::bzimage(&head, path.metadata()?.len()).map(|version| (Form::Image, version)) } else { elf(disk::open(path)?) };
    Ok(told.map(|(form, version)| {
        let release = version.split(' ').next().unwrap_or_default().to_owned();
        Image { path: path.to_owned(), from: from.to_owned(), release, version, form, bzimage }
    }))
}

/// A bzImage's header (Documentation/arch/x86/boot.rst).
fn bzimage(head: &[u8], size: u64) -> Result<String, &'static str> {
    let word = |at: usize| head.get(at..at + 2).map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]]));
    let long = |at: usize| head.get(at..at + 4).map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
    let (Some(0xaa55), Some(b"HdrS")) = (word(0x1fe), head.get(0x202..0x206)) else {
        return Err("not a kernel image for x86_64 (a bzImage, a vmlinux, or the `linux` of ARCH=um)");
    };
    // Since protocol 2.12 a flag says that there is a 64-bit entry.
    if word(0x206) < Some(0x020c) || word(0x236).is_none_or(|flags| flags & 1 == 0) {
        return Err("a kernel image for 32-bit x86, but guests are x86_64");
    }
    // The boot sector, setup_sects, and syssize paragraphs of 16 bytes.
    let (sectors, paragraphs) = (u64::from(head[0x1f1]), u64::from(long(0x1f4).unwrap_or_default()));
    if size < (1 + sectors) * 512 + paragraphs * 16 {
        return Err("a kernel image whose end is missing: copy or build it again");
    }
    let version = word(0x20e).and_then(|at| text(head.get(usize::from(at) + 0x200..)?));
    version.ok_or("a kernel image that does not say its release")
}

/// The vmlinux inside a bzImage, if its compression is known and QEMU can start it: otherwise each guest takes a second to unpack it under TCG.
pub(super) fn unpacked(bzimage: &[u8]) -> Option<Vec<u8>> {
    let long = |at: usize| Some(u32::from_le_bytes(*bzimage.get(at..)?.first_chunk()?) as usize);
    // payload_offset and payload_length. If the compressed format lacks the length of its content, that follows in 4 bytes.
    let begin = (1 + usize::from(*bzimage.get(0x1f1)?)) * 512 + long(0x248)?;
    let payload = bzimage.get(begin..begin.checked_add(long(0x24c)?)?)?;
    let payload = if payload.starts_with(&[0x1f, 0x8b]) { payload } else { payload.split_last_chunk::<4>()?.0 };
    let mut vmlinux = Vec::new();
    decompress(Box::new(payload)).ok()?.read_to_end(&mut vmlinux).ok()?;
    has_pvh_entry(&vmlinux).then_some(vmlinux)
}

/// Whether a note has the physical address at which a vmlinux can be entered (Xen's `PHYS32_ENTRY`).
fn has_pvh_entry(vmlinux: &[u8]) -> bool {
    const PHYS32_ENTRY: u32 = 18;
    let Ok(header) = FileHeader64::<Endianness>::parse(vmlinux) else { return false };
    let Ok(endian) = header.endian() else { return false };
    let segments = header.program_headers(endian, vmlinux).unwrap_or_default();
    let mut notes = segments.iter().filter_map(|segment| segment.notes(endian, vmlinux).ok().flatten());
    notes.any(|mut notes| {
        std::iter::from_fn(|| notes.next().ok().flatten()).any(|note| note.name() == b"Xen" && note.n_type(endian).0 == PHYS32_ENTRY)
    })
}

/// The form of an ELF image, and its banner without the first words: `Linux version 6.12.95 (user@host) (compiler) #1 SMP ...`.
fn elf(file: File) -> Result<(Form, String), &'static str> {
    const BANNER: &[u8] = b"Linux version ";
    const FOREIGN: &str = "an ELF file, but not a kernel for x86_64";
    let cache = ReadCache::new(file);
    let elf: ElfFile64<Endianness, _> = ElfFile64::parse(&cache).map_err(|_| FOREIGN)?;
    if elf.elf_header().e_machine(elf.endian()) != elf::EM_X86_64 {
        return Err(FOREIGN);
    }
    let data = elf.section_by_name(".rodata").and_then(|section| section.data().ok()).ok_or(FOREIGN)?;
    // /proc/version's pattern begins alike, with a `%s`; and since Linux 6.2 there is a banner without number and date beside the true one.
    let begins = |at: &[u8]| at.starts_with(BANNER) && at[BANNER.len()].is_ascii_digit();
    let banners = data.windows(BANNER.len() + 1).enumerate().filter(|(_, at)| begins(at));
    let version = banners.filter_map(|(at, _)| text(&data[at + BANNER.len()..])).max_by_key(String::len).ok_or(FOREIGN)?;
    // The options that User-Mode Linux takes as a program (arch/um/include/shared/init.h).
    let form = if elf.section_by_name(".uml.setup.init").is_some() { Form::Program } else { Form::Image };
    Ok((form, version))
}

/// A NUL-terminated text.
fn text(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    let text = std::str::from_utf8(&bytes[..end]).ok()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// An ELF file (ET_EXEC, EM_X86_64) with nothing but a readable PT_NOTE.
    fn noted(kind: u32) -> Vec<u8> {
        let mut elf = [&[0x7f, b'E', b'L', b'F', 2, 1, 1][..], &[0; 9]].concat();
        for half in [2_u16, 62] {
            elf.extend(half.to_le_bytes());
        }
        elf.extend(1_u32.to_le_bytes());
        // The entry, and where program headers and sections are.
        for long in [0_u64, 64, 0] {
            elf.extend(long.to_le_bytes());
        }
        elf.extend(0_u32.to_le_bytes());
        for half in [64_u16, 56, 1, 64, 0, 0] {
            elf.extend(half.to_le_bytes());
        }
        for word in [4_u32, 4] {
            elf.extend(word.to_le_bytes());
        }
        for long in [120_u64, 0, 0, 20, 20, 4] {
            elf.extend(long.to_le_bytes());
        }
        for word in [4, 4, kind] {
            elf.extend(u32::to_le_bytes(word));
        }
        [&elf[..], b"Xen\0", &[0; 4]].concat()
    }

    #[test]
    fn a_bzimage_is_unpacked_if_what_is_in_it_can_be_started() {
        let bzimage = |payload: &[u8]| {
            let mut image = vec![0; 1024];
            image[0x1f1] = 1;
            image[0x24c..0x250].copy_from_slice(&(payload.len() as u32).to_le_bytes());
            [&image, payload].concat()
        };
        let gzip = |bytes: &[u8]| {
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packed.write_all(bytes).unwrap();
            packed.finish().unwrap()
        };
        assert_eq!(unpacked(&bzimage(&gzip(&noted(18)))), Some(noted(18)));
        assert_eq!(unpacked(&bzimage(&gzip(&noted(17)))), None);
        assert_eq!(unpacked(&bzimage(b"something that nobody can unpack")), None);
        assert_eq!(unpacked(&bzimage(&gzip(&noted(18)))[..1030]), None);
        assert_eq!(unpacked(b""), None);
    }
}
