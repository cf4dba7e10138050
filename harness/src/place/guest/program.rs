//! A program for a guest: its file without what only a debugger reads, the libraries that its loader finds, and plugins.
//! Not here: how files get into the guest.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use memchr::{memmem, memrchr};
use object::Endianness;
use object::elf::{FileHeader64, ProgramHeader64};
use object::read::elf::{FileHeader, ProgramHeader};

/// Files by the absolute paths that they have in the guest.
pub(super) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Adds a program at a path, its libraries at theirs.
pub(super) fn add(files: &mut Files, program: &Path, at: &Path) -> io::Result<()> {
    // Debugging information may be most of it.
    let bytes = trimmed(fs::read(program)?);
    for library in libraries(program, &bytes)? {
        if let Entry::Vacant(library) = files.entry(library) {
            let bytes = fs::read(library.key())?;
            library.insert(trimmed(bytes));
        }
    }
    for loaded in preloaded(&bytes).into_iter().chain(plugins(program, files)).filter(|path| path.is_file()) {
        let bytes = fs::read(&loaded)?;
        files.insert(loaded, trimmed(bytes));
    }
    files.insert(at.to_owned(), bytes);
    Ok(())
}

/// The library that mptcpize preloads, whose path is only in mptcpize itself.
fn preloaded(program: &[u8]) -> Option<PathBuf> {
    let name = memmem::find(program, b"/libmptcpwrap.so")?;
    let begin = memrchr(0, &program[..name]).map_or(0, |zero| zero + 1);
    let text = std::str::from_utf8(program[begin..].split(|byte| *byte == 0).next()?).ok()?;
    text.find('/').map(|at| PathBuf::from(&text[at..]))
}

/// The plugins that a program loads itself: libraries in a directory of its name beside one of its libraries, whose path has no symbolic links, as
/// the program writes it. They need no libraries other than the program's, or do not load.
fn plugins(program: &Path, files: &Files) -> Vec<PathBuf> {
    let Some(name) = program.file_name() else { return Vec::new() };
    let beside: BTreeSet<PathBuf> = files.keys().filter_map(|library| library.parent()?.join(name).canonicalize().ok()).collect();
    let inside = beside.iter().filter_map(|directory| fs::read_dir(directory).ok()).flatten();
    inside.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.extension() == Some(OsStr::new("so"))).collect()
}

/// What the program's own loader finds for it, the loader included; empty for a static program or a script.
fn libraries(program: &Path, bytes: &[u8]) -> io::Result<Vec<PathBuf>> {
    let Some(loader) = loader(bytes) else { return Ok(Vec::new()) };
    let listed = Command::new(&loader).arg("--list").arg(program).output()?;
    if !listed.status.success() {
        let why = String::from_utf8_lossy(&listed.stderr).trim().to_owned();
        return Err(io::Error::other(format!("{}: {why}", program.display())));
    }
    let lines = String::from_utf8_lossy(&listed.stdout).into_owned();
    // `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x...)`; the loader itself may be listed without an arrow, and the vDSO has no path.
    let found = lines.lines().filter_map(|line| {
        let path = line.split(" => ").last()?.split(" (").next()?.trim();
        path.starts_with('/').then(|| PathBuf::from(path))
    });
    Ok(found.chain([loader]).collect())
}

/// The segments of a 64-bit ELF file; empty for any other file (elf(5)).
fn segments(bytes: &[u8]) -> &[ProgramHeader64<Endianness>] {
    let of = || {
        let header = FileHeader64::<Endianness>::parse(bytes).ok()?;
        header.program_headers(header.endian().ok()?, bytes).ok()
    };
    of().unwrap_or_default()
}

/// The loader that a program names (`PT_INTERP`).
fn loader(bytes: &[u8]) -> Option<PathBuf> {
    let endian = Endianness::default();
    let name = segments(bytes).iter().find_map(|segment| segment.interpreter(endian, bytes).ok().flatten())?;
    Some(PathBuf::from(OsStr::from_bytes(name)))
}

/// A module without its appended signature (Documentation/admin-guide/module-signing.rst), whose verification takes a third of a second under TCG.
pub(super) fn unsigned(mut module: Vec<u8>) -> Vec<u8> {
    const END: &[u8] = b"~Module signature appended~\n";
    // struct module_signature: twelve bytes, the last four the length of the signature before it, big-endian.
    const HEADER: usize = 12;
    let unsigned = module.strip_suffix(END).and_then(|rest| {
        let (_, length) = rest.split_last_chunk()?;
        rest.len().checked_sub(HEADER + u32::from_be_bytes(*length) as usize)
    });
    module.truncate(unsigned.unwrap_or(module.len()));
    module
}

/// The file without what follows its last segment: symbols, debugging information and the table of sections. No kernel or loader reads those.
fn trimmed(mut bytes: Vec<u8>) -> Vec<u8> {
    let endian = Endianness::default();
    let end = segments(&bytes).iter().map(|segment| segment.p_offset(endian) + segment.p_filesz(endian)).max();
    if let Some(end) = end.filter(|end| *end < bytes.len() as u64) {
        bytes.truncate(end as usize);
        // e_shoff, e_shnum and e_shstrndx: there are no sections.
        bytes[40..48].fill(0);
        bytes[60..64].fill(0);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_travels_with_its_libraries_and_still_runs() {
        let mut files = Files::new();
        add(&mut files, Path::new("/bin/true"), Path::new("/bin/true")).unwrap();
        assert!(files.keys().any(|path| path.to_string_lossy().contains("libc.so")), "{:?}", files.keys());
        let me = std::env::current_exe().unwrap();
        let trimmed = trimmed(fs::read(&me).unwrap());
        assert!((trimmed.len() as u64) < fs::metadata(&me).unwrap().len());
        assert_eq!(loader(&trimmed), loader(&fs::read(&me).unwrap()));
    }

    #[test]
    fn a_module_loses_its_signature() {
        let signed = [b"module" as &[u8], b"signature", &[0; 8], &[0, 0, 0, 9], b"~Module signature appended~\n"].concat();
        assert_eq!(unsigned(signed), b"module");
        assert_eq!(unsigned(b"module".to_vec()), b"module");
        assert_eq!(unsigned(b"~Module signature appended~\n".to_vec()), b"~Module signature appended~\n");
    }

    #[test]
    fn what_is_no_program_is_taken_as_it_is() {
        assert_eq!(trimmed(b"#!/bin/sh\n".to_vec()), b"#!/bin/sh\n");
        assert_eq!(loader(b"\x7fELF\x02\x01"), None);
    }
}
