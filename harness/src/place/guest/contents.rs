//! The files in a guest: at boot, this program and the modules that most labs need; later, what its requests need besides.
//! Not here: the requests themselves.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::OnceLock;

use super::archive;
use super::order::MODULES;
use super::program::{self, Files};
use super::store::{Kernel, Module};
use crate::kernel::process::anonymous_file;
use crate::kernel::program::find;
use crate::place::local::Request;
use crate::plan::Job;
use crate::words::Feature;

/// What requests need besides the files that a guest has at boot.
pub(super) struct Payload {
    /// Modules to load, by their paths in the guest, each after those it needs.
    pub(super) modules: Vec<PathBuf>,
    /// The files, as an archive.
    pub(super) archive: Vec<u8>,
}

impl Payload {
    pub(super) fn of(kernel: &Kernel, requests: &[Request]) -> io::Result<Self> {
        let all = &kernel.manifest.modules;
        let plain = requests.iter().all(is_plain);
        let besides: Vec<_> = requests.iter().flat_map(more).collect();
        let also = wanted(all, &besides);
        let there = wanted(all, &[]);
        let mut files = Files::new();
        let modules = modules(&mut files, kernel, all.iter().filter(|module| (!plain || also(module)) && !there(module)))?;
        for name in requests.iter().flat_map(programs).collect::<BTreeSet<_>>() {
            // A program that is absent was already found missing.
            if let Some(program) = find(&name) {
                program::add(&mut files, &program, &program)?;
            }
        }
        Ok(Self { modules, archive: archive::pack(&files)? })
    }
}

/// The files that a guest has at boot. Its first process is this program unless another is named.
pub(super) fn booted(kernel: &Kernel, first: Option<&Path>) -> io::Result<File> {
    let mut files = Files::new();
    let all = &kernel.manifest.modules;
    let plain = wanted(all, &[]);
    let modules = modules(&mut files, kernel, all.iter().filter(|module| plain(module)))?;
    files.insert(PathBuf::from(MODULES), serde_json::to_vec(&modules)?);
    let mut file = anonymous_file("initramfs")?;
    // A kernel unpacks one archive after the other.
    match first {
        Some(program) => file.write_all(&starting_with(program)?)?,
        None => file.write_all(this_program()?)?,
    }
    file.write_all(&archive::pack(&files)?)?;
    Ok(file)
}

/// Adds modules, and returns their paths.
fn modules<'a>(files: &mut Files, kernel: &Kernel, modules: impl Iterator<Item = &'a Module>) -> io::Result<Vec<PathBuf>> {
    let mut add = |module: &Module| {
        let path = Path::new("/mplab/modules").join(module.file());
        files.insert(path.clone(), program::unsigned(fs::read(kernel.file(module))?));
        Ok(path)
    };
    modules.map(&mut add).collect()
}

/// The modules that a plain lab needs. Loading all of a kernel's modules would take seconds.
const PLAIN_MODULES: [&str; 9] =
    ["veth", "sch_ingress", "cls_u32", "act_mirred", "sch_tbf", "sch_netem", "inet_diag", "tcp_diag", "mptcp_diag"];

/// Whether a module is one that a plain lab needs, or one of `more`, or needed by one of these.
fn wanted(all: &[Module], more: &[&'static str]) -> impl Fn(&Module) -> bool {
    let mut wanted: BTreeSet<&str> = PLAIN_MODULES.into();
    wanted.extend(more);
    // Each comes after those it needs.
    for module in all.iter().rev() {
        if wanted.contains(module.name.as_str()) {
            wanted.extend(module.needs.iter().map(String::as_str));
        }
    }
    move |module| wanted.contains(module.name.as_str())
}

/// The programs that a request runs.
fn programs(request: &Request) -> Vec<String> {
    request.job().map(Job::programs).unwrap_or_default()
}

/// The further modules that a plain request needs.
fn more(request: &Request) -> Vec<&'static str> {
    let Some(job) = request.job() else { return Vec::new() };
    let modules = [(Feature::Bonding, "bonding"), (Feature::Vlan, "8021q")];
    modules.into_iter().filter(|(feature, _)| job.needs.contains(feature)).map(|(_, module)| module).collect()
}

/// Whether these modules are enough for a job.
fn is_plain(request: &Request) -> bool {
    let Request::Run(job) = request else { return matches!(request, Request::Layout) };
    let plain = |feature: &Feature| {
        use Feature::{
            Bonding, Counter, FastOpen, Info, Ipv6, LaminarEndpoints, ListenerEvents, Mptcp, Netem, PathManager, Program, Redirect, Relay,
            Scheduler, SocketDestruction, SocketsInUse, Tbf, Vlan,
        };
        matches!(
            feature,
            Mptcp
                | Ipv6
                | Bonding
                | Vlan
                | Redirect
                | Tbf
                | Netem
                | Relay
                | Scheduler(_)
                | PathManager(_)
                | LaminarEndpoints
                | SocketsInUse
                | SocketDestruction
                | ListenerEvents
                | FastOpen
                | Counter(_)
                | Info(_)
                | Program(_)
        )
    };
    // A sysctl may name a congestion control that is a module.
    let sysctls = job.topology.hosts.values().all(|host| host.sysctls.is_empty());
    sysctls && job.needs.iter().all(plain)
}

/// Files that programs expect on any system.
const SYSTEM: [(&str, &str); 3] = [
    ("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"),
    ("/etc/passwd", "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n"),
    ("/etc/group", "root:x:0:\nnogroup:x:65534:\n"),
];

/// The archive with this program as the first process, made once.
fn this_program() -> io::Result<&'static [u8]> {
    static ARCHIVE: OnceLock<Result<Vec<u8>, String>> = OnceLock::new();
    // Not /proc/self: the loader, when asked for libraries, would find itself there.
    let make = || starting_with(Path::new(&format!("/proc/{}/exe", process::id())));
    let archive = ARCHIVE.get_or_init(|| make().map_err(|error| error.to_string()));
    archive.as_deref().map_err(|error| io::Error::other(error.clone()))
}

/// The archive with a program as the first process.
fn starting_with(first: &Path) -> io::Result<Vec<u8>> {
    let mut files = Files::new();
    program::add(&mut files, first, Path::new("/init"))?;
    for (path, content) in SYSTEM {
        files.insert(path.into(), content.into());
    }
    archive::pack(&files)
}
