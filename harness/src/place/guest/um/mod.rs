//! User-Mode Linux as a guest's machine: a kernel that is a program, whose time passes only while everything waits (`time-travel=inf-cpu`).
//! Not here: what is inside the guest.
//!
//! The order is in the only directory of this computer that the guest can see, which is in memory and has no name. The guest writes its answers
//! to a file there. Nothing else goes in or out, and the guest sees nothing that differs between computers.

mod beginning;
mod channel;
mod image;
mod keeper;

use std::ffi::OsString;
use std::fs;
use std::sync::Arc;

use super::contents::Payload;
use super::hearing::hear;
use super::machine::{Boot, Errand, Hang, Machine};
use super::order::Order;
use super::{GuestError, failed, filled, said};
use crate::kernel::process::anonymous_file;
use crate::life::execute::News;
use crate::result::recording::{Acceleration, Clockwork, MachineRecord};
use beginning::Beginning;
pub(super) use channel::open;
use channel::{ORDER, PAYLOAD};
pub(super) use keeper::enter;
use keeper::{Kept, Start};

/// The argument on the kernel's command line that makes this program the first process of such a guest.
pub(super) const MARK: &str = "mplab:um";

/// When the guest's clock begins: 2026-01-01, in ns.
const BEGIN: u64 = 1_767_225_600_000_000_000;

/// A kernel that runs as a program.
#[derive(Debug, Clone, Copy)]
pub(super) struct Um;

/// The kernel's command line. It must be the same on every computer, since random numbers depend on it: paths are relative to the directory
/// in which the program runs.
///
/// The console that writes to standard error as the kernel prints is removed once a guest has booted, unless that step of the boot is left
/// out. All others use interrupts from outside, which come at any time.
fn line() -> String {
    format!(
        "mem=1024M initrd=initrd hostfs=/proc/self/cwd time-travel=inf-cpu time-travel-start={BEGIN} con=null ssl=null stderr=1 \
         initcall_blacklist=unregister_stderr seccomp=auto loglevel=5 panic=-1 random.trust_bootloader=off random.trust_cpu=off \
         norandmaps retain_initrd -- {MARK}"
    )
}

/// Why a kernel of this release starts no program on a computer with this CPU, if so: `restore_fp_registers()` of old ones
/// (arch/x86/um/os-Linux/registers.c) hands `ptrace` fewer registers than such a CPU has, which it refuses.
fn unfit(release: &str, cpu: &str) -> String {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map_while(|number| number.parse::<u32>().ok());
    let old = (numbers.next(), numbers.next()) <= (Some(6), Some(12));
    let why = "Linux 6.12 and older ones, as programs, need a CPU without AMX, which this computer has (docs/kernels.md)";
    if old && cpu.split_whitespace().any(|flag| flag == "amx_tile") { why.to_owned() } else { String::new() }
}

impl Machine for Um {
    fn boot(&self, errand: &Errand, news: &mut dyn FnMut(usize, News)) -> Result<Boot, GuestError> {
        let beginning =
            Beginning::of(errand.kernel, errand.program).map_err(failed("prepare the kernel and the guest's first file system"))?;
        let Payload { modules, archive: payload } =
            Payload::of(errand.kernel, errand.requests).map_err(failed("pack what the guest needs"))?;
        let order = Order { seed: errand.seed, modules, requests: errand.requests.to_vec() };
        let order = serde_json::to_vec(&order).expect("an order has string keys only");
        let letter = |name, bytes: &[u8]| filled(name, bytes).map(|file| (name, file)).map_err(failed("write the guest's order"));
        let letters = [letter(ORDER, &order)?, letter(PAYLOAD, &payload)?];
        let console = anonymous_file("console").map_err(failed("make a file for the guest's console"))?;
        let line = line().split(' ').map(OsString::from).collect();
        let (linux, initrd, debugged) = (&beginning.linux, &beginning.initrd, errand.inspection.gdb.is_some());
        let start = Start { linux, initrd, letters, line, console: &console, debugged };
        let (mut kept, port) = Kept::start(&start).map_err(failed("start the kernel"))?;
        let heard = hear(port, errand.requests.len(), errand.silence, news)?;
        let hang = heard.hung.then(|| Hang { at: kept.at() });
        if heard.hung {
            kept.kill();
        }
        let mut complaint = kept.end().map_err(failed("wait for the kernel's end"))?;
        let (answers, _) = heard.end();
        if answers.is_empty() {
            complaint += &unfit(&errand.kernel.manifest.release, &fs::read_to_string("/proc/cpuinfo").unwrap_or_default());
        }
        Ok(Boot { answers, console: said(console)?, hung: hang, complaint })
    }

    fn record(&self) -> MachineRecord {
        MachineRecord {
            emulator: "User-Mode Linux".into(),
            acceleration: Acceleration::Host,
            clock: Clockwork::Events,
            kernel_line: line(),
        }
    }

    fn told(&self) -> String {
        line()
    }

    fn options(&self) -> &'static str {
        ""
    }

    fn probing(&self) -> Arc<dyn Machine> {
        Arc::new(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_kernels_are_not_for_every_cpu() {
        let (with, without) = ("flags : fpu amx_bf16 amx_tile", "flags : fpu avx512f");
        let fits = |release, cpu| unfit(release, cpu).is_empty();
        assert!(!fits("6.12.118", with) && !fits("6.1.192", with) && !fits("5.10", with));
        assert!(fits("6.13-rc1", with) && fits("7.3.4", with) && fits("6.12.118", without));
    }
}
