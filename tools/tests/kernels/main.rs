//! Kernels from all that people have to what guests boot: the same result from each, and nothing half done from what is damaged.
//! Not here: real ones, which `tools/fetch-kernels` imports.

mod make;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use libtest_mimic::{Arguments, Failed};
use mplab::guest::store::{Form, ImportError, Kernel, Presence, Store};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use object::Architecture;

use make::{COMPRESSIONS, Compression, Files, RELEASE, boot, build, config, cpio, deb, image, module, modules, program, tar, vmlinux};
use support::{Directory, MPLAB, Said, assert_has, trial, without};

fn main() {
    mplab::enter();
    let anywhere: [(&str, fn()); 17] = [
        ("a_deb_in_each_compression", a_deb_in_each_compression),
        ("tar_and_cpio_archives", tar_and_cpio_archives),
        ("a_bzimage_or_vmlinux_with_a_directory_of_modules", a_bzimage_or_vmlinux_with_a_directory_of_modules),
        ("a_build_tree", a_build_tree),
        ("an_image_alone", an_image_alone),
        ("a_kernel_that_is_a_program", a_kernel_that_is_a_program),
        ("a_manifest_of_before_there_were_programs", a_manifest_of_before_there_were_programs),
        ("formats_are_told_by_content", formats_are_told_by_content),
        ("features_are_told_apart", features_are_told_apart),
        ("what_is_missing_is_named", what_is_missing_is_named),
        ("a_damaged_file_leaves_nothing", a_damaged_file_leaves_nothing),
        ("no_path_leads_outside", no_path_leads_outside),
        ("a_killed_import_leaves_nothing", a_killed_import_leaves_nothing),
        ("imports_do_not_disturb_each_other", imports_do_not_disturb_each_other),
        ("a_kernel_is_replaced_whole", a_kernel_is_replaced_whole),
        ("list_and_remove", list_and_remove),
        ("where_the_store_is", where_the_store_is),
    ];
    let mut trials: Vec<_> = anywhere.into_iter().map(|(name, run)| trial(name, None, ready(run))).collect();
    trials.push(trial("rpms_in_each_compression", without(&["rpmbuild"]), ready(rpms_in_each_compression)));
    trials.push(trial("a_full_disk_leaves_nothing", no_small_disk(), ready(a_full_disk_leaves_nothing)));
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn ready(run: fn()) -> impl FnOnce() -> Result<(), Failed> + Send + 'static {
    move || {
        run();
        Ok(())
    }
}

const BUILT_IN: Option<Presence> = Some(Presence::BuiltIn);

/// A directory with a store in it.
struct Shelf(Directory);

impl Shelf {
    fn new() -> Self {
        Self(Directory::new())
    }

    fn store(&self) -> Store {
        Store::at(self.0.path().join("kernels"))
    }

    /// Writes a file and returns its path.
    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        self.tree("", &vec![(name.to_owned(), content.to_vec())]).join(name)
    }

    /// Writes files below a directory and returns that.
    fn tree(&self, root: &str, files: &Files) -> PathBuf {
        let root = self.0.path().join(root);
        for (path, content) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("it is below")).expect("temporary files can be made");
            fs::write(path, content).expect("temporary files can be written");
        }
        root
    }

    fn import(&self, files: &[PathBuf]) -> Result<Kernel, ImportError> {
        self.store().import("some", files, &mut |_| ())
    }

    #[track_caller]
    fn imported(&self, files: &[PathBuf]) -> Kernel {
        self.import(files).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The program, with this store.
    fn mplab(&self, arguments: &[&str]) -> Command {
        let mut command = self.0.mplab(arguments);
        command.env("MPLAB_KERNELS", "kernels");
        command
    }

    fn say(&self, arguments: &[&str]) -> Said {
        Said::of(self.mplab(arguments).output().expect("the program can be started"))
    }

    /// What is in the store's directory, hidden or not.
    fn left(&self) -> Vec<String> {
        let entries = self.store().directory().read_dir().into_iter().flatten();
        entries.map(|entry| entry.expect("a directory of ours").file_name().into_string().expect("text")).collect()
    }
}

/// Everything that a kernel made by [`make`] must be, wherever it came from.
#[track_caller]
fn assert_whole(kernel: &Kernel, image: &[u8]) {
    assert_eq!(kernel.manifest.release, RELEASE);
    assert_has(&kernel.manifest.version, &[RELEASE, "#1 SMP"]);
    assert_eq!(fs::read(kernel.image()).expect("an image"), image);
    let names: Vec<&str> = kernel.manifest.modules.iter().map(|module| module.name.as_str()).collect();
    assert_eq!(names, ["veth", "llc", "stp", "bridge", "sch_netem", "crc32c_generic", "libcrc32c", "nf_tables"]);
    let needs: Vec<_> = kernel.manifest.modules.iter().map(|module| module.needs.join(" ")).collect();
    assert_eq!(needs, ["", "", "llc", "stp llc", "", "", "crc32c_generic", "libcrc32c"]);
    let contents: Vec<_> = kernel.modules().iter().map(|path| fs::read(path).expect("a module")).collect();
    assert_eq!(contents[0], module(RELEASE, &["license=GPL", "depends="]));
    assert_eq!(contents[3], module(RELEASE, &["depends=stp,llc"]));
    let size = contents.iter().map(Vec::len).sum::<usize>() + image.len();
    assert_eq!(kernel.manifest.size, size as u64);
    let below = |path: PathBuf| path.read_dir().expect("a directory of ours").count();
    assert_eq!((below(kernel.directory.clone()), below(kernel.directory.join("modules"))), (3, names.len()), "nothing else is kept");
}

fn package(compression: Compression) -> Files {
    [boot(RELEASE), modules(RELEASE, compression)].concat()
}

fn a_deb_in_each_compression() {
    for outside in COMPRESSIONS {
        for inside in COMPRESSIONS {
            let shelf = Shelf::new();
            let whole = shelf.file("linux-image.deb", &deb(&package(inside), outside));
            let kernel = shelf.imported(&[whole]);
            assert_whole(&kernel, &image(RELEASE));
            assert_eq!(kernel.manifest.from, ["linux-image.deb"]);
        }
        let shelf = Shelf::new();
        let binary = shelf.file("binary.deb", &deb(&boot(RELEASE), outside));
        let modules = shelf.file("modules.deb", &deb(&modules(RELEASE, outside), outside));
        let meta = shelf.file("meta.deb", &deb(&vec![("usr/share/doc/linux/changelog".to_owned(), Vec::new())], outside));
        assert_whole(&shelf.imported(&[modules, meta, binary]), &image(RELEASE));
    }
}

fn tar_and_cpio_archives() {
    for compression in COMPRESSIONS {
        for archive in [tar(&package(Compression::None)), cpio(&package(Compression::None))] {
            let shelf = Shelf::new();
            assert_whole(&shelf.imported(&[shelf.file("linux", &compression.of(&archive))]), &image(RELEASE));
        }
    }
}

fn rpms_in_each_compression() {
    for (level, compression) in [("w3.gzdio", Compression::Gz), ("w1.xzdio", Compression::Xz), ("w3.zstdio", Compression::Zst)] {
        let shelf = Shelf::new();
        let root = format!("lib/modules/{RELEASE}");
        let boot = vec![(format!("{root}/vmlinuz"), image(RELEASE)), (format!("{root}/config"), config())];
        let modules: Files = modules(RELEASE, compression);
        let (some, others) = modules.split_at(5);
        let rpms =
            [("kernel-core", boot), ("kernel-modules-core", some.to_vec()), ("kernel-modules", others.to_vec()), ("kernel", Vec::new())];
        let rpms = rpms.map(|(name, files)| rpm(&shelf, name, &files, level));
        assert_whole(&shelf.imported(&rpms), &image(RELEASE));
        let error = shelf.import(&rpms[3..]).expect_err("it has nothing in it").to_string();
        assert_has(&error, &["kernel-6.9.1-1", "neither", "kernel-core"]);
    }
}

/// An RPM made by rpmbuild.
fn rpm(shelf: &Shelf, name: &str, files: &Files, payload: &str) -> PathBuf {
    let root = shelf.tree(&format!("{name}.root"), files);
    fs::create_dir_all(&root).expect("temporary files can be made");
    let listed: Vec<String> = files.iter().map(|(path, _)| format!("/{path}")).collect();
    let spec = format!(
        "Name: {name}\nVersion: 6.9.1\nRelease: 1\nSummary: A kernel's\nLicense: none\nBuildArch: noarch\n\n%description\nFiles.\n\n\
         %install\ncp -a {}/. %{{buildroot}}\n\n%files\n{}\n",
        root.display(),
        listed.join("\n")
    );
    let spec = shelf.file(&format!("{name}.spec"), spec.as_bytes());
    let top = shelf.0.path().join("rpmbuild");
    let mut command = Command::new("rpmbuild");
    command.args(["-bb", "--quiet", "--define", &format!("_topdir {}", top.display()), "--define", &format!("_binary_payload {payload}")]);
    // What is in them is not for this computer, and nothing here looks into it.
    command
        .args(["--define", "__os_install_post %{nil}", "--define", "_build_id_links none", "--nodeps"])
        .arg(spec)
        .env("HOME", shelf.0.path());
    let said = Said::of(command.output().expect("rpmbuild can be started"));
    assert_eq!(said.code, 0, "{said:?}");
    top.join(format!("RPMS/noarch/{name}-6.9.1-1.noarch.rpm"))
}

fn a_bzimage_or_vmlinux_with_a_directory_of_modules() {
    for image in [image(RELEASE), vmlinux(RELEASE)] {
        let shelf = Shelf::new();
        let root = shelf.tree("root", &modules(RELEASE, Compression::Xz));
        let directory = root.join("lib/modules").join(RELEASE);
        // As a distribution's leads to its sources, which are not the kernel's.
        std::os::unix::fs::symlink("/", directory.join("build")).expect("temporary files can be made");
        let file = shelf.file("anything", &image);
        assert_whole(&shelf.imported(&[file, directory]), &image);
    }
    // A whole system, unpacked.
    let shelf = Shelf::new();
    assert_whole(&shelf.imported(&[shelf.tree("root", &package(Compression::Zst))]), &image(RELEASE));
}

fn a_build_tree() {
    for before_6_2 in [false, true] {
        let shelf = Shelf::new();
        let tree = shelf.tree("linux", &build(RELEASE, before_6_2));
        let kernel = shelf.imported(&[tree]);
        assert_whole(&kernel, &image(RELEASE));
        assert_eq!(kernel.manifest.from, ["linux"]);
        assert_eq!(kernel.manifest.features["dummy"], Presence::Absent, "what is not in modules.order is of an older build");
    }
    let shelf = Shelf::new();
    let mut unbuilt = build(RELEASE, false);
    unbuilt.retain(|(path, _)| !path.ends_with("bzImage"));
    let error = shelf.import(&[shelf.tree("linux", &unbuilt)]).expect_err("there is no image").to_string();
    assert_has(&error, &["linux has neither arch/x86/boot/bzImage nor the `linux`", "make"]);
    unbuilt = build(RELEASE, false);
    unbuilt.retain(|(path, _)| path.strip_suffix(".ko").is_none());
    let error = shelf.import(&[shelf.tree("modules", &unbuilt)]).expect_err("there are no modules").to_string();
    assert_has(&error, &["without its modules", "make modules"]);
}

fn an_image_alone() {
    let shelf = Shelf::new();
    let kernel = shelf.imported(&[shelf.file("bzImage", &image(RELEASE))]);
    assert_eq!((kernel.manifest.release.as_str(), kernel.modules().len()), (RELEASE, 0));
    assert_eq!(kernel.manifest.features["veth"], Presence::Unknown);
    // What has all in its image is complete, and the configuration says so.
    let monolith = deb(
        &vec![(format!("boot/vmlinuz-{RELEASE}"), image(RELEASE)), (format!("boot/config-{RELEASE}"), b"CONFIG_VETH=y\n".to_vec())],
        Compression::Xz,
    );
    let kernel = shelf.imported(&[shelf.file("monolith.deb", &monolith)]);
    assert_eq!((kernel.manifest.features["veth"], kernel.manifest.features["bridge"]), (Presence::BuiltIn, Presence::Absent));
}

fn a_kernel_that_is_a_program() {
    let shelf = Shelf::new();
    let config = "CONFIG_MPTCP=y\nCONFIG_HOSTFS=y\n# CONFIG_VETH is not set\n";
    let whole = program(RELEASE, Some(config));
    let kernel = shelf.imported(&[shelf.file("linux", &whole)]);
    assert_eq!((kernel.manifest.form, kernel.manifest.release.as_str()), (Form::Program, RELEASE));
    assert_has(&kernel.manifest.version, &["#3 Sun"]);
    assert_eq!(fs::read(kernel.image()).expect("a program"), whole);
    assert_eq!(kernel.image().metadata().expect("a program").permissions().mode() & 0o111, 0o111, "it can be run");
    let is = |kernel: &Kernel, name: &str| kernel.manifest.features.get(name).copied();
    assert_eq!((is(&kernel, "hostfs"), is(&kernel, "veth"), is(&kernel, "sch_netem")), (BUILT_IN, Some(Presence::Absent), BUILT_IN));
    assert_eq!(is(&kernel, "serial_8250_console"), None, "it has no serial port, and needs none");
    let listed = shelf.say(&["kernel", "list"]);
    assert_has(&listed.out, &["kernel  release     runs", "some    6.9.1-test  by itself"]);
    assert_has(&shelf.say(&["kernel", "list", "some"]).out, &["  runs by itself\n"]);
    // Without a configuration, what has an initialisation is known to be there, and nothing is known to be missing.
    let kernel = shelf.imported(&[shelf.file("renamed", &program(RELEASE, None))]);
    assert_eq!((is(&kernel, "sch_netem"), is(&kernel, "mptcp")), (BUILT_IN, Some(Presence::Unknown)));
    // In its build tree the configuration is a file.
    let files = [("linux", &whole[..]), (".config", b"CONFIG_MPTCP=y\n"), ("include/config/kernel.release", b"6.9.1-test\n")];
    let files = files.map(|(path, content)| (path.to_owned(), content.to_vec())).to_vec();
    let kernel = shelf.imported(&[shelf.tree("build", &files)]);
    assert_eq!((kernel.manifest.form, is(&kernel, "mptcp"), is(&kernel, "hostfs")), (Form::Program, BUILT_IN, Some(Presence::Absent)));
}

fn a_manifest_of_before_there_were_programs() {
    let shelf = Shelf::new();
    let kernel = shelf.imported(&[shelf.file("bzImage", &image(RELEASE))]);
    let path = kernel.directory.join("manifest.json");
    let edit = |from: &str, to: &str| {
        let text = fs::read_to_string(&path).expect("a manifest");
        assert!(text.contains(from), "{text}");
        fs::write(&path, text.replace(from, to)).expect("a manifest of ours");
    };
    edit("  \"form\": \"image\",\n", "");
    edit("\"format\": 2", "\"format\": 1");
    assert_eq!(shelf.store().get("some").expect("a manifest").manifest.form, Form::Image);
    edit("\"format\": 1", "\"format\": 3");
    assert_has(&shelf.store().get("some").expect_err("it is of the future").to_string(), &["format 3", "reads formats 1 to 2"]);
}

fn formats_are_told_by_content() {
    let shelf = Shelf::new();
    let whole = shelf.file("kernel.rpm", &deb(&package(Compression::Gz), Compression::Zst));
    assert_whole(&shelf.imported(&[whole]), &image(RELEASE));
    // Two frames, one behind the other, are one stream.
    let archive = tar(&package(Compression::None));
    let (one, two) = archive.split_at(archive.len() / 2);
    let joined = [Compression::Zst.of(one), Compression::Zst.of(two)].concat();
    assert_whole(&shelf.imported(&[shelf.file("kernel.deb", &joined)]), &image(RELEASE));
}

fn features_are_told_apart() {
    let shelf = Shelf::new();
    let kernel = shelf.imported(&[shelf.file("image.deb", &deb(&package(Compression::Xz), Compression::Xz))]);
    let is = |name: &str| kernel.manifest.features[name];
    assert_eq!(
        (is("veth"), is("af_packet"), is("mptcp"), is("dummy")),
        (Presence::Module, Presence::BuiltIn, Presence::BuiltIn, Presence::Absent)
    );
    let said = shelf.say(&["kernel", "list", "some"]);
    assert_has(
        &said.out,
        &[RELEASE, "from image.deb", "8 modules", "built in: af_packet mptcp net_ns tcp_cubic\n", "absent: 8021q act_mirred"],
    );
    // A list of what is built in is not a list of what is not.
    let modules = shelf.tree("root", &modules(RELEASE, Compression::None));
    let kernel = shelf.imported(&[shelf.file("bzImage", &image(RELEASE)), modules]);
    let is = |name: &str| kernel.manifest.features[name];
    assert_eq!(
        (is("veth"), is("af_packet"), is("mptcp"), is("dummy")),
        (Presence::Module, Presence::BuiltIn, Presence::Unknown, Presence::Unknown)
    );
}

fn what_is_missing_is_named() {
    let shelf = Shelf::new();
    let xz = Compression::Xz;
    let other = |files: &mut Files, from: &str, to: Vec<u8>| {
        let found = files.iter_mut().find(|(path, _)| path.contains(from)).expect("it is there");
        found.1 = to;
    };
    let mut alien = package(Compression::None);
    other(&mut alien, "veth", make::module_for(Architecture::Aarch64, RELEASE, &["depends="]));
    let mut lacking = package(Compression::None);
    lacking.retain(|(path, _)| !path.contains("llc"));
    let mut arm = package(xz);
    other(&mut arm, "vmlinuz", [vec![0; 56], b"ARM\x64".to_vec(), vec![0; 4000]].concat());
    let mut old = image(RELEASE);
    old[0x236] = 0;
    let short = &image(RELEASE)[..3000];
    let directory = shelf.tree("empty", &vec![("README".to_owned(), Vec::new())]);
    let files = [
        ("meta.deb", deb(&vec![("usr/share/doc/x".to_owned(), Vec::new())], xz)),
        ("modules.deb", deb(&modules(RELEASE, xz), xz)),
        ("newer.deb", deb(&modules("6.9.2-test", xz), xz)),
        ("image.deb", deb(&vec![(format!("boot/vmlinuz-{RELEASE}"), image(RELEASE))], xz)),
        ("two.deb", deb(&boot("6.9.2-test"), xz)),
        ("alien.deb", deb(&alien, xz)),
        ("lacking.deb", deb(&lacking, xz)),
        ("arm.deb", deb(&arm, xz)),
        ("debug.deb", deb(&vec![(format!("usr/lib/debug/boot/vmlinux-{RELEASE}"), vmlinux(RELEASE))], xz)),
        ("old", old),
        ("short", short.to_vec()),
        ("text", b"Linux version 6.9.1-test".to_vec()),
        ("elf", module(RELEASE, &[])),
    ];
    let [meta, modules, newer, image, two, alien, lacking, arm, debug, old, short, text, elf] =
        files.map(|(name, content)| shelf.file(name, &content));
    let cases: [(&[&PathBuf], &[&str]); 15] = [
        (&[&meta], &["meta.deb: neither", "linux-image-RELEASE"]),
        (&[&debug], &["debug.deb: neither"]),
        (&[&directory], &["empty: neither"]),
        (&[&modules], &["modules.deb: the modules of Linux 6.9.1-test, without its image", "linux-binary-6.9.1-test"]),
        (&[&image], &["image.deb: the image of Linux 6.9.1-test, without its modules", "linux-modules-6.9.1-test"]),
        (&[&image, &newer], &["newer.deb: a module of Linux 6.9.2-test", "image.deb is Linux 6.9.1-test", "name files of one release"]),
        (&[&image, &two], &["images of two releases", "6.9.1-test", "6.9.2-test"]),
        (&[&alien], &["alien.deb: the module veth", "another processor", "x86_64"]),
        (&[&lacking], &["lacking.deb: the module stp needs llc", "linux-modules-extra"]),
        (&[&arm], &["arm.deb: ./boot/vmlinuz-6.9.1-test is not a kernel image for x86_64"]),
        (&[&old], &["old is a kernel image for 32-bit x86"]),
        (&[&short], &["short is a kernel image whose end is missing"]),
        (&[&text], &["text is not a kernel image", "not an archive", ".deb", "build tree"]),
        (&[&elf], &["elf is an ELF file, but not a kernel for x86_64"]),
        (&[&shelf.0.path().join("nowhere.deb")], &["nowhere.deb: No such file"]),
    ];
    for (files, says) in cases {
        let arguments: Vec<&str> = files.iter().map(|path| path.to_str().expect("text")).collect();
        let said = shelf.say(&[&["kernel", "import", "some"], &arguments[..]].concat());
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{said:?}");
        assert_has(&said.err, says);
        assert!(shelf.left().is_empty(), "{:?}", shelf.left());
    }
    for name in ["", "Debian", "../some", ".some", "-", "a_b", &"a".repeat(64)] {
        let said = shelf.say(&["kernel", "import", "--", name, modules.to_str().expect("text")]);
        assert_eq!(said.code, 2, "{said:?}");
        assert_has(&said.err, &["a kernel's name has 1 to 63 characters out of a-z, 0-9"]);
    }
}

fn a_damaged_file_leaves_nothing() {
    let whole: Vec<Vec<u8>> = COMPRESSIONS.iter().map(|compression| deb(&package(Compression::Gz), *compression)).collect();
    let shelf = Shelf::new();
    let check = |content: &[u8], must_fail: bool| {
        let imported = shelf.import(&[shelf.file("image.deb", content)]);
        assert!(!must_fail || imported.is_err(), "{} bytes", content.len());
        let left = shelf.left();
        assert_eq!(left, if imported.is_ok() { vec!["some"] } else { vec![] });
        if imported.is_ok() {
            shelf.store().remove("some").expect("it is there");
        }
    };
    for content in &whole {
        // Behind the last file of a tar archive there are at least two empty blocks, whose loss loses nothing.
        let ends = content.len() - 2048;
        for parts in 1..=32 {
            check(&content[..ends * parts / 33], true);
        }
        for part in 0..64 {
            let mut damaged = content.clone();
            damaged[content.len() * part / 64] ^= 0x55;
            check(&damaged, false);
        }
    }
}

fn no_path_leads_outside() {
    let shelf = Shelf::new();
    let evil = module(RELEASE, &["depends="]);
    let mut files = package(Compression::None);
    for path in ["../../../evil/bonding.ko", "/tmp/../evil/dummy.ko", "lib/modules/../../../../evil/sch_fq.ko", "../config-evil/ipv6.ko"] {
        files.push((path.to_owned(), evil.clone()));
    }
    for archive in [tar(&files), cpio(&files), deb(&files, Compression::Gz)] {
        let kernel = shelf.imported(&[shelf.file("evil", &archive)]);
        assert!(kernel.modules().iter().all(|path| path.parent() == Some(&kernel.directory.join("modules")) && path.is_file()));
        assert_eq!(shelf.left(), ["some"]);
    }
    let found: Vec<_> = shelf.0.ending("dummy.ko").into_iter().chain(shelf.0.ending("bonding.ko")).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    // A name that says it is elsewhere is a name.
    let mut files = package(Compression::None);
    files.push((format!("lib/modules/{RELEASE}/kernel/..ko"), evil.clone()));
    files.push((format!("lib/modules/{RELEASE}/kernel/.ko"), evil));
    assert_whole(&shelf.imported(&[shelf.file("evil", &tar(&files))]), &image(RELEASE));
}

/// An import that has begun, stopped amid its large file.
fn stopped(shelf: &Shelf) -> Child {
    let mut files = package(Compression::None);
    files.insert(1, (format!("boot/vmlinux-{RELEASE}"), vec![7; 128 << 20]));
    shelf.file("slow.tar", &tar(&files));
    let import = shelf.mplab(&["kernel", "import", "slow", "slow.tar"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut import = import.expect("the program can be started");
    while shelf.left() != [".draft-0"] {
        assert!(import.try_wait().expect("it is ours").is_none(), "it ended without a draft");
        thread::yield_now();
    }
    signal(&import, Signal::SIGSTOP);
    import
}

fn signal(import: &Child, signal: Signal) {
    kill(Pid::from_raw(import.id().cast_signed()), signal).expect("it is ours");
}

fn a_killed_import_leaves_nothing() {
    let shelf = Shelf::new();
    let mut import = stopped(&shelf);
    assert_eq!(shelf.left(), [".draft-0"]);
    import.kill().expect("it runs");
    assert_eq!(import.wait().expect("it ran").signal(), Some(9));
    assert!(shelf.store().list().expect("a store").is_empty());
    assert_has(&shelf.say(&["kernel", "list"]).out, &["no kernels in kernels"]);
    assert!(shelf.left().is_empty(), "what was left is swept away by whoever looks next");
    shelf.imported(&[shelf.file("bzImage", &image(RELEASE))]);
    assert_eq!(shelf.left(), ["some"]);
}

fn imports_do_not_disturb_each_other() {
    let shelf = Shelf::new();
    let import = stopped(&shelf);
    shelf.imported(&[shelf.file("bzImage", &image(RELEASE))]);
    signal(&import, Signal::SIGCONT);
    let said = Said::of(import.wait_with_output().expect("it ran"));
    assert_eq!(said.code, 0, "{said:?}");
    assert_whole(&shelf.store().get("slow").expect("it was imported"), &image(RELEASE));
    assert_eq!(shelf.store().list().expect("a store").iter().map(|kernel| kernel.name.as_str()).collect::<Vec<_>>(), ["slow", "some"]);
}

fn a_kernel_is_replaced_whole() {
    let shelf = Shelf::new();
    let older = shelf.file("older.deb", &deb(&package(Compression::Xz), Compression::Xz));
    shelf.imported(&[older]);
    let failed = shelf.import(&[shelf.file("text", b"nothing")]);
    assert!(failed.is_err());
    assert_whole(&shelf.store().get("some").expect("the older is still there"), &image(RELEASE));
    let newer = shelf.imported(&[shelf.file("bzImage", &image("6.9.2-test"))]);
    assert_eq!((newer.manifest.release.as_str(), newer.modules().len()), ("6.9.2-test", 0));
    assert_eq!(fs::read(newer.image()).expect("an image"), image("6.9.2-test"));
    assert_eq!(newer.directory.join("modules").read_dir().expect("a directory").count(), 0);
    assert_eq!(shelf.left(), ["some"]);
}

fn list_and_remove() {
    let shelf = Shelf::new();
    let whole = shelf.file("image.deb", &deb(&package(Compression::Xz), Compression::Xz)).display().to_string();
    for name in ["one", "two-6.9"] {
        let said = shelf.say(&["kernel", "import", name, &whole]);
        assert_eq!(said.code, 0, "{said:?}");
        assert_has(&said.out, &[&format!("{name}: Linux {RELEASE}, runs in QEMU, 8 modules"), "  without sch_tbf: a link's rate\n"]);
    }
    let said = shelf.say(&["kernel", "list"]);
    let rows: Vec<Vec<&str>> = said.out.lines().map(|line| line.split_whitespace().take(5).collect()).collect();
    assert_eq!(rows[0], ["kernel", "release", "runs", "modules", "size"]);
    assert_eq!(rows[1..], [["one", RELEASE, "in", "QEMU", "8"], ["two-6.9", RELEASE, "in", "QEMU", "8"]]);
    let said = shelf.say(&["kernel", "remove", "two-6.8"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert_has(&said.err, &["there is no kernel `two-6.8` in kernels; did you mean `two-6.9`?"]);
    let said = shelf.say(&["kernel", "list", "something"]);
    assert_has(&said.err, &["no kernel `something`", "mplab kernel import NAME FILE..."]);
    assert_eq!(shelf.say(&["kernel", "remove", "one", "two-6.9"]).code, 0);
    assert!(shelf.left().is_empty());
    fs::create_dir(shelf.store().directory().join("other")).expect("a directory of ours");
    fs::write(shelf.store().directory().join("other/manifest.json"), "{\"format\": 99}").expect("a file of ours");
    let said = shelf.say(&["kernel", "list"]);
    assert_eq!(said.code, 3, "{said:?}");
    assert_has(&said.err, &["other/manifest.json", "format 99", "import this kernel again", "mplab kernel remove"]);
    assert_eq!(shelf.say(&["kernel", "remove", "other"]).code, 0);
}

fn where_the_store_is() {
    let shelf = Shelf::new();
    let listed = |variables: &[(&str, &str)]| {
        let mut command = Command::new(MPLAB);
        for name in ["MPLAB_KERNELS", "XDG_DATA_HOME", "HOME"] {
            command.env_remove(name);
        }
        command.args(["kernel", "list"]).envs(variables.iter().copied()).current_dir(shelf.0.path());
        Said::of(command.output().expect("the program can be started"))
    };
    let is = |variables: &[(&str, &str)], place: &str| assert_has(&listed(variables).out, &[&format!("no kernels in {place}:")]);
    is(&[("HOME", "/h")], "/h/.local/share/mplab/kernels");
    is(&[("HOME", "/h"), ("XDG_DATA_HOME", "/x")], "/x/mplab/kernels");
    is(&[("HOME", "/h"), ("XDG_DATA_HOME", "relative")], "/h/.local/share/mplab/kernels");
    is(&[("HOME", "/h"), ("XDG_DATA_HOME", "/x"), ("MPLAB_KERNELS", "here")], "here");
    let said = listed(&[]);
    assert_eq!(said.code, 2, "{said:?}");
    assert_has(&said.err, &["MPLAB_KERNELS"]);
}

/// Why no file system of a given size can be mounted here.
fn no_small_disk() -> Option<String> {
    let why = "no file system can be mounted in a user namespace".to_owned();
    without(&["unshare", "mount"]).or_else(|| (!small_disk("true", Path::new("/")).status.success()).then_some(why))
}

/// Runs a command where `disk` is a file system of 64 KiB.
fn small_disk(command: &str, below: &Path) -> std::process::Output {
    let script = format!("mount -t tmpfs -o size=64k disk /mnt && {command}");
    let mut unshare = Command::new("unshare");
    unshare.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]).current_dir(below);
    unshare.output().expect("unshare can be started")
}

fn a_full_disk_leaves_nothing() {
    let shelf = Shelf::new();
    let mut files = package(Compression::None);
    files.push((format!("lib/modules/{RELEASE}/kernel/drivers/net/dummy.ko"), vec![0; 200 << 10]));
    shelf.file("large.deb", &deb(&files, Compression::Xz));
    shelf.file("bzImage", &image(RELEASE));
    let script = format!(
        "export MPLAB_KERNELS=/mnt/kernels; {MPLAB} kernel import first bzImage && {MPLAB} kernel import some large.deb; \
         echo $?; ls -A /mnt/kernels; {MPLAB} kernel list"
    );
    let said = Said::of(small_disk(&script, shelf.0.path()));
    assert_has(&said.err, &["mplab: failed to write /mnt/kernels/.draft-0/", "No space left on device"]);
    let lines: Vec<&str> = said.out.lines().map(|line| line.split_whitespace().next().unwrap_or_default()).collect();
    assert_eq!(lines, ["first:", "3", "first", "kernel", "first"], "{said:?}");
}
