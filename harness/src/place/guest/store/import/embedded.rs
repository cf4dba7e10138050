//! What an ELF image shows of its features: the configuration that may be in it (`CONFIG_IKCONFIG`), and the names of what is built in.
//! Not here: what kind of image it is.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use object::read::elf::ElfFile64;
use object::{Endianness, Object, ObjectSection, ObjectSymbol, ReadCache};

/// What was found in an image.
#[derive(Debug, Default)]
pub(super) struct Embedded {
    /// Its configuration.
    pub(super) config: Option<String>,
    /// Built-in code with an initialisation function, by the names that modules would have. Not all code has one.
    pub(super) built_in: BTreeSet<String>,
}

/// Reads an image. One that is not an ELF file shows nothing.
pub(super) fn read(path: &Path) -> io::Result<Embedded> {
    let cache = ReadCache::new(File::open(path)?);
    let Ok(elf) = ElfFile64::<Endianness, _>::parse(&cache) else { return Ok(Embedded::default()) };
    let data = elf.section_by_name(".rodata").and_then(|section| section.data().ok());
    Ok(Embedded {
        config: data.and_then(config),
        built_in: elf.symbols().filter_map(|symbol| Some(initialised(symbol.name().ok()?)?.to_owned())).collect(),
    })
}

/// The configuration, compressed between two marks (kernel/configs.c).
fn config(data: &[u8]) -> Option<String> {
    const BEGIN: &[u8] = b"IKCFG_ST";
    let begin = data.windows(BEGIN.len()).position(|at| at == BEGIN)? + BEGIN.len();
    let mut text = String::new();
    flate2::read::GzDecoder::new(&data[begin..]).read_to_string(&mut text).ok()?;
    Some(text)
}

/// The name of the code that a symbol initialises: `veth` of `__initcall__kmod_veth__627_2010_veth_init6` (include/linux/init.h).
fn initialised(symbol: &str) -> Option<&str> {
    let (name, _) = symbol.strip_prefix("__initcall__kmod_")?.split_once("__")?;
    Some(name)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_configuration_is_between_its_marks() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"CONFIG_MPTCP=y\n").unwrap();
        let data = [b"other data\0IKCFG_ST", &packed.finish().unwrap()[..], b"IKCFG_ED\0more"].concat();
        assert_eq!(config(&data).as_deref(), Some("CONFIG_MPTCP=y\n"));
        assert_eq!(config(b"other data IKCFG_ST and no more"), None);
        assert_eq!(config(b"other data"), None);
    }

    #[test]
    fn symbols_name_what_they_initialise() {
        assert_eq!(initialised("__initcall__kmod_tcp_bbr__734_1204_bbr_register6"), Some("tcp_bbr"));
        assert_eq!(initialised("bbr_register"), None);
    }
}
