//! What several test programs need: a network of their own, and trials that say why they cannot run.
#![allow(dead_code, reason = "not every test program needs all of it")]

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use libtest_mimic::{Failed, Trial};
use mplab::guest::store::{Form, Kernel};
use mplab::kernel::{Batch, Namespace, Netlink, NetlinkError, link, process};

/// Leaves the computer's network for good, or says why that cannot be done here. Call it first in `main`, where there is one thread.
pub(crate) fn leave_network() -> Option<String> {
    process::leave_network().err().map(|confined| confined.to_string())
}

/// Which of these programs is not installed.
pub(crate) fn without(programs: &[&str]) -> Option<String> {
    let path = env::var_os("PATH").unwrap_or_default();
    let installed = |program: &str| env::split_paths(&path).any(|directory| directory.join(program).is_file());
    let missing: Vec<_> = programs.iter().filter(|program| !installed(program)).copied().collect();
    (!missing.is_empty()).then(|| format!("not installed: {}", missing.join(", ")))
}

/// A trial, ignored with the reason as its kind if something is missing.
pub(crate) fn trial(name: &str, missing: Option<String>, run: impl FnOnce() -> Result<(), Failed> + Send + 'static) -> Trial {
    Trial::test(name, run).with_ignored_flag(missing.is_some()).with_kind(missing.unwrap_or_default())
}

/// Sets `lo` up in the calling thread's network namespace.
pub(crate) fn loopback_up() -> Result<(), NetlinkError> {
    let mut batch = Batch::default();
    link::set_up(&mut batch, 1, true);
    Netlink::new(Arc::new(Namespace::current()?)).send(&batch)
}

/// The kernels whose turn it is: all of them, but with `MPLAB_GUESTS=turns`, as CI has it, one of QEMU's is enough beside those that are programs.
/// Which, the number `MPLAB_ROUND` says, but for its lowest octal digit, which chooses among cases (testcases/tests/guests).
pub(crate) fn due(kernels: &[Kernel]) -> Vec<Kernel> {
    let turns = env::var("MPLAB_GUESTS").is_ok_and(|which| which == "turns");
    let round: usize = env::var("MPLAB_ROUND").ok().and_then(|round| round.parse().ok()).unwrap_or(0);
    let images = kernels.iter().filter(|kernel| kernel.manifest.form == Form::Image).count();
    let mut turn = (0..images.max(1)).map(|number| !turns || number == round / 8 % images);
    let is_due = |kernel: &&Kernel| kernel.manifest.form == Form::Program || turn.next().unwrap_or(true);
    kernels.iter().filter(is_due).cloned().collect()
}

pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in a directory of the repository")
}

/// The repository's topologies, in the order of their names.
pub(crate) fn topologies() -> Vec<PathBuf> {
    let entries = repository().join("topologies").read_dir().expect("the topologies are in the repository");
    let paths = entries.map(|entry| entry.expect("a directory can be read to its end").path());
    let mut topologies: Vec<_> = paths.filter(|path| path.extension().is_some_and(|ending| ending == "toml")).collect();
    topologies.sort();
    topologies
}
