//! Kernels as people have them, small: images and modules that say what real ones say, in the archives that they come in.

use std::io::Write;

use object::write::{Object, Symbol, SymbolSection};
use object::{Architecture, BinaryFormat, Endianness, SectionKind, SymbolFlags, SymbolKind, SymbolScope};

/// The release of what is made here, unless a test says otherwise.
pub(crate) const RELEASE: &str = "6.9.1-test";

/// Files with their paths.
pub(crate) type Files = Vec<(String, Vec<u8>)>;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Compression {
    None,
    Gz,
    Xz,
    Zst,
}

pub(crate) const COMPRESSIONS: [Compression; 4] = [Compression::None, Compression::Gz, Compression::Xz, Compression::Zst];

impl Compression {
    /// How names of files so compressed end.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gz => ".gz",
            Self::Xz => ".xz",
            Self::Zst => ".zst",
        }
    }

    pub(crate) fn of(self, content: &[u8]) -> Vec<u8> {
        match self {
            Self::None => content.to_vec(),
            Self::Gz => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(content).and_then(|()| encoder.finish()).expect("a vector takes all")
            }
            Self::Xz => {
                let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(0)).expect("a preset");
                encoder.write_all(content).and_then(|()| encoder.finish()).expect("a vector takes all")
            }
            Self::Zst => ruzstd::encoding::compress_to_vec(content, ruzstd::encoding::CompressionLevel::Fastest),
        }
    }
}

/// A bzImage as its header has it (Documentation/arch/x86/boot.rst), with nothing to run in it.
pub(crate) fn image(release: &str) -> Vec<u8> {
    let mut image = vec![0; 4096];
    let mut set = |at: usize, bytes: &[u8]| image[at..at + bytes.len()].copy_from_slice(bytes);
    set(0x1f1, &[1]);
    set(0x1f4, &192_u32.to_le_bytes());
    set(0x1fe, &[0x55, 0xaa]);
    set(0x202, b"HdrS");
    set(0x206, &0x020f_u16.to_le_bytes());
    set(0x20e, &0x0200_u16.to_le_bytes());
    set(0x236, &1_u16.to_le_bytes());
    set(0x400, format!("{release} (somebody@somewhere) #1 SMP\0").as_bytes());
    image
}

fn elf(architecture: Architecture, section: &str, content: &[u8]) -> Vec<u8> {
    object(architecture, &[(section, content)]).write().expect("an ELF file")
}

fn object<'a>(architecture: Architecture, sections: &[(&str, &[u8])]) -> Object<'a> {
    let mut object = Object::new(BinaryFormat::Elf, architecture, Endianness::Little);
    for (section, content) in sections {
        let id = object.add_section(Vec::new(), (*section).into(), SectionKind::ReadOnlyData);
        object.append_section_data(id, content, 1);
    }
    object
}

/// The `linux` of ARCH=um: a vmlinux with options of its own, two banners, netem built in, and its configuration if it was told to keep that.
pub(crate) fn program(release: &str, config: Option<&str>) -> Vec<u8> {
    let banner = format!("Linux version {release} (somebody@somewhere) (gcc) #");
    let mut data = format!("Linux version %s\0{banner} \n\0{banner}3 Sun Nov 29 06:59:00 UTC 2026\n\0").into_bytes();
    if let Some(config) = config {
        data.extend([b"IKCFG_ST", &Compression::Gz.of(config.as_bytes())[..], b"IKCFG_ED"].concat());
    }
    let mut object = object(Architecture::X86_64, &[(".rodata", &data), (".uml.setup.init", &[0; 16])]);
    object.add_symbol(Symbol {
        name: b"__initcall__kmod_sch_netem__627_1290_netem_module_init6".to_vec(),
        value: 0,
        size: 0,
        kind: SymbolKind::Data,
        scope: SymbolScope::Compilation,
        weak: false,
        section: SymbolSection::Absolute,
        flags: SymbolFlags::None,
    });
    object.write().expect("an ELF file")
}

/// A vmlinux with its banner, and the pattern of /proc/version before it.
pub(crate) fn vmlinux(release: &str) -> Vec<u8> {
    let text = format!("%s version %s\0Linux version %s\0Linux version {release} (somebody@somewhere) (gcc) #1 SMP\n\0");
    elf(Architecture::X86_64, ".rodata", text.as_bytes())
}

/// A module that says this of itself, besides its release.
pub(crate) fn module(release: &str, says: &[&str]) -> Vec<u8> {
    module_for(Architecture::X86_64, release, says)
}

pub(crate) fn module_for(architecture: Architecture, release: &str, says: &[&str]) -> Vec<u8> {
    let info = format!("{}\0vermagic={release} SMP mod_unload \0", says.join("\0"));
    elf(architecture, ".modinfo", info.as_bytes())
}

/// Modules with what they say, by their paths below `kernel/` without `.ko`.
const MODULES: [(&str, &[&str]); 10] = [
    ("arch/x86/crypto/crc32c-intel", &["depends=", "alias=crc32c", "alias=cpu:type:x86,ven*fam*mod*:feature:*0094*"]),
    ("crypto/crc32c-generic", &["alias=crc32c", "depends="]),
    ("drivers/net/veth", &["license=GPL", "depends="]),
    ("fs/ext4/ext4", &["depends=jbd2"]),
    ("lib/libcrc32c", &["softdep=pre: crc32c post: nothing", "depends="]),
    ("net/802/stp", &["depends=llc"]),
    ("net/bridge/bridge", &["depends=stp,llc"]),
    ("net/llc/llc", &["depends="]),
    ("net/netfilter/nf-tables", &["depends=libcrc32c", "softdep=pre: af_packet"]),
    ("net/sched/sch_netem", &["depends="]),
];

/// The modules, installed below `lib/modules/RELEASE`, with the lists of what is built in.
pub(crate) fn modules(release: &str, compression: Compression) -> Files {
    let root = format!("lib/modules/{release}");
    let mut files: Files = MODULES
        .iter()
        .map(|(path, says)| (format!("{root}/kernel/{path}.ko{}", compression.ending()), compression.of(&module(release, says))))
        .collect();
    files.push((format!("{root}/modules.builtin"), b"kernel/net/packet/af_packet.ko\nkernel/net/ipv4/tcp_cubic.ko\n".to_vec()));
    files
}

/// The configuration that goes with the modules.
pub(crate) fn config() -> Vec<u8> {
    b"# CONFIG_DUMMY is not set\nCONFIG_MPTCP=y\nCONFIG_NET_NS=y\nCONFIG_PACKET=y\nCONFIG_TCP_CONG_CUBIC=y\nCONFIG_VETH=m\n".to_vec()
}

/// The image and the configuration as a package has them.
pub(crate) fn boot(release: &str) -> Files {
    vec![(format!("boot/vmlinuz-{release}"), image(release)), (format!("boot/config-{release}"), config())]
}

/// What a build with modules leaves in its tree. Before Linux 6.2, modules.order named modules as they are installed.
pub(crate) fn build(release: &str, before_6_2: bool) -> Files {
    let mut files = vec![
        ("arch/x86/boot/bzImage".to_owned(), image(release)),
        ("vmlinux".to_owned(), vmlinux(release)),
        ("include/config/kernel.release".to_owned(), format!("{release}\n").into_bytes()),
        (".config".to_owned(), config()),
        ("Kconfig".to_owned(), Vec::new()),
        ("stale/dummy.ko".to_owned(), module("5.0.0-stale", &["depends="])),
        ("modules.builtin".to_owned(), b"kernel/net/packet/af_packet.ko\nkernel/net/ipv4/tcp_cubic.ko\n".to_vec()),
    ];
    files.extend(MODULES.iter().map(|(path, says)| (format!("{path}.ko"), module(release, says))));
    let line = |path: &str| if before_6_2 { format!("kernel/{path}.ko\n") } else { format!("{path}.o\n") };
    files.push(("modules.order".to_owned(), MODULES.iter().map(|(path, _)| line(path)).collect::<String>().into_bytes()));
    files
}

/// A tar archive. Its paths are taken as they are, whatever they are.
pub(crate) fn tar(files: &Files) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        let name = &mut header.as_old_mut().name;
        name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append(&header, content.as_slice()).expect("a vector takes all");
    }
    archive.into_inner().expect("a vector takes all")
}

/// A Debian package.
pub(crate) fn deb(files: &Files, compression: Compression) -> Vec<u8> {
    let control = tar(&vec![("./control".to_owned(), b"Package: linux\n".to_vec())]);
    let dotted: Files = files.iter().map(|(path, content)| (format!("./{path}"), content.clone())).collect();
    let members = [
        ("debian-binary".to_owned(), b"2.0\n".to_vec()),
        ("control.tar.gz".to_owned(), Compression::Gz.of(&control)),
        (format!("data.tar{}", compression.ending()), compression.of(&tar(&dotted))),
    ];
    let mut archive = ar::Builder::new(Vec::new());
    for (name, content) in members {
        archive.append(&ar::Header::new(name.into_bytes(), content.len() as u64), content.as_slice()).expect("a vector takes all");
    }
    archive.into_inner().expect("a vector takes all")
}

/// A cpio archive, as in an RPM.
pub(crate) fn cpio(files: &Files) -> Vec<u8> {
    let mut archive = Vec::new();
    for (path, content) in files {
        let entry = cpio::newc::Builder::new(&format!("./{path}")).mode(0o100_644);
        let mut writer = entry.write(archive, content.len() as u32);
        writer.write_all(content).expect("a vector takes all");
        archive = writer.finish().expect("a vector takes all");
    }
    cpio::newc::trailer(archive).expect("a vector takes all")
}
