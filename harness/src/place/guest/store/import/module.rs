//! A kernel module's description of itself, in its section .modinfo: `key=value`, each NUL-terminated.
//! Not here: which modules are kept.

use object::elf;
use object::read::elf::{ElfFile64, FileHeader};
use object::{Endianness, Object, ObjectSection};

/// A module that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ModuleFile {
    /// Its name, with `_` and never `-`.
    pub(super) name: String,
    /// Its content, not compressed.
    pub(super) content: Vec<u8>,
    /// The kernel's release that it was built for.
    pub(super) release: String,
    /// The modules whose symbols it uses, as the kernel's build found them: what depmod writes to modules.dep.
    pub(super) needs: Vec<String>,
    /// What should be loaded first, if it exists.
    pub(super) before: Vec<String>,
    /// The aliases by which it can be requested.
    pub(super) aliases: Vec<String>,
}

/// A module's name in the kernel's spelling.
pub(super) fn name(written: &str) -> String {
    written.replace('-', "_")
}

impl ModuleFile {
    /// Reads a module, or returns why the file is not one.
    pub(super) fn parse(name: &str, content: Vec<u8>) -> Result<Self, &'static str> {
        const DAMAGED: &str = "not a kernel module, or a damaged one";
        let elf: ElfFile64<Endianness> = ElfFile64::parse(content.as_slice()).map_err(|_| DAMAGED)?;
        if elf.elf_header().e_machine(elf.endian()) != elf::EM_X86_64 {
            return Err("a kernel module for another processor, but guests are x86_64");
        }
        let info = elf.section_by_name(".modinfo").and_then(|section| section.data().ok()).ok_or(DAMAGED)?;
        let info = String::from_utf8_lossy(info).into_owned();
        let values = |key: &'static str| info.split('\0').filter_map(move |line| line.split_once('=').filter(|(name, _)| *name == key));
        let listed = |key, separator: char| values(key).flat_map(move |(_, value)| value.split(separator)).filter(|name| !name.is_empty());
        let release = values("vermagic").next().and_then(|(_, magic)| magic.split(' ').next()).ok_or(DAMAGED)?.to_owned();
        let pre = values("softdep").filter_map(|(_, value)| Some(value.split_once("pre:")?.1.split("post:").next()?.to_owned()));
        Ok(Self {
            name: name.to_owned(),
            release,
            needs: listed("depends", ',').map(self::name).collect(),
            before: pre.flat_map(|names| names.split_whitespace().map(self::name).collect::<Vec<_>>()).collect(),
            aliases: listed("alias", '\0').map(self::name).collect(),
            content,
        })
    }
}
