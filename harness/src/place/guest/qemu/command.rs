//! QEMU's command line for a guest's machine, and its process.
//! Not here: what is inside the guest.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use super::super::seat::Seat;
use super::super::{GuestError, path};
use super::port::MARK;
use crate::kernel::process::{dies_with_this_thread, inherits, stays_on};
use crate::result::recording::{Acceleration, Clockwork};

/// The program.
pub(super) const PROGRAM: &str = "qemu-system-x86_64";

/// What can differ between guests' machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hardware {
    pub(super) acceleration: Acceleration,
    pub(super) clock: Clockwork,
    /// Memory in MiB.
    pub(super) memory: u32,
}

/// What a kernel need not do at boot for a lab: verify its certificates (a second under TCG), test its random numbers (half a second in Linux 6.12)
/// and ciphers, name the numbers in its trace points (a quarter of a second), look up the name of each function that can be traced (90 million
/// instructions in Linux 7.2), ready file systems, hibernate. A kernel ignores names that it does not have.
const NEEDLESS: &str = "load_system_certificate_list,jent_mod_init,crypto_kdf108_init,trace_eval_init,trace_eval_sync,\
                        ftrace_check_for_weak_functions,ext4_init_fs,journal_init,zs_init,damon_stat_init,init_encrypted,snapshot_device_init";
/// Switches off hardening that costs a guest time, since nobody attacks a lab: pages and stack offsets that are randomised or cleared as a
/// precaution, security modules, checks of copies. A quarter of a boot would go into tests of ciphers that nothing uses here. TCG translates
/// programs at fixed addresses (`norandmaps`) only once, however often they are started.
const UNGUARDED: &str =
    "mitigations=off rodata=off init_on_alloc=0 lsm= hardened_usercopy=off randomize_kstack_offset=off cryptomgr.notests=1 norandmaps";

/// All arguments of QEMU and the kernel, except files.
impl fmt::Display for Hardware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -append '{}'", self.arguments().join(" "), self.kernel_line(MARK))
    }
}

impl Hardware {
    /// The kernel's command line in the guest; its first process gets `mark`.
    ///
    /// `loglevel=5` shows only warnings and worse on the console. A kernel that fails ends the guest (`panic=-1`, `reboot=t`, `-no-reboot`).
    /// No random number comes from the host, and the kernel is where its symbols say (`nokaslr`).
    pub(super) fn kernel_line(self, mark: &str) -> String {
        // microvm has no PCI. Its time stamp counter counts instructions, and its only other clock is too slow to check that counter with.
        let clock = match self.clock {
            Clockwork::Real => "",
            Clockwork::Virtual { .. } | Clockwork::Events => " pci=off tsc=reliable",
        };
        // Hides cmpxchg16b from the kernel, which does not need it, but not from programs (HAProxy): as Linux 6.12 uses it, TCG sets wrong flags.
        let cpu = if self.acceleration == Acceleration::Tcg { " clearcpuid=141" } else { "" };
        format!(
            "console=ttyS0 loglevel=5 panic=-1 reboot=t random.trust_cpu=off random.trust_bootloader=off{clock}{cpu} edd=off nokaslr retain_initrd \
             {UNGUARDED} initcall_blacklist={NEEDLESS} -- {mark}"
        )
    }

    /// QEMU's arguments that boot a kernel with an archive of files.
    pub(super) fn boots(self, kernel: &Path, archive: &File, mark: &str) -> Vec<String> {
        let kernel = kernel.to_string_lossy();
        ["-kernel", &kernel, "-initrd", &path(archive), "-append", &self.kernel_line(mark)].map(str::to_owned).to_vec()
    }

    /// QEMU's arguments, except files.
    fn arguments(self) -> Vec<String> {
        // microvm has no firmware to run and no PCI to scan; unlike `pc` it is deterministic to the byte. In real time, kernels find nothing
        // on it to calibrate the time stamp counter with. `isa-serial` brings the bus that the debug port is on.
        let machine = match self.clock {
            Clockwork::Real => "pc",
            Clockwork::Virtual { .. } | Clockwork::Events => "microvm,x-option-roms=off,pit=on,pic=on,isa-serial=on,rtc=on,acpi=on",
        };
        let line = ["-M", machine, "-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none", "-no-reboot"];
        let mut line: Vec<String> = line.map(str::to_owned).to_vec();
        let (accel, cpu) = match self.acceleration {
            // With -cpu max Linux 6.12 dies of an instruction that TCG gets wrong. Without `arat` the kernel believes that its timer stops when the
            // CPU is idle, uses a periodic tick, and rounds every timer up to 4 ms.
            Acceleration::Tcg => ("tcg", "qemu64,+arat"),
            Acceleration::Kvm | Acceleration::Host => ("kvm", "host"),
        };
        line.extend(["-accel", accel, "-cpu", cpu].map(str::to_owned));
        line.extend(["-m".to_owned(), self.memory.to_string()]);
        if let Clockwork::Virtual { shift } = self.clock {
            // QEMU's main loop advances time to the next timer when the CPU is halted, and may do so between the halt and the moment when the executed
            // instructions are counted: then time goes too far, by a microsecond or so, in two of six runs beside busy programs. While QEMU
            // records, its main loop waits until the CPU has done both. What it records is not needed.
            line.extend(["-icount".to_owned(), format!("shift={shift},sleep=off,rr=record,rrfile=/dev/null")]);
            line.extend(["-rtc", "base=2026-01-01,clock=vm", "-seed", "1"].map(str::to_owned));
        }
        line
    }
}

/// A QEMU process that is killed and waited for when it is dropped, and dies with the thread that started it.
pub(super) struct Process(Child, #[expect(dead_code, reason = "it is given back with the process")] Option<Seat>);

impl Process {
    /// Starts a guest, with `more` arguments. What it writes to its debug port comes out of the returned pipe, and its console goes into a file.
    /// QEMU's own output goes to `complaints`, or into a pipe that [`Self::end`] reads. QEMU inherits the descriptors that arguments may name.
    pub(super) fn start(
        machine: Hardware,
        more: &[String],
        console: &File,
        descriptors: Vec<OwnedFd>,
        complaints: Option<OwnedFd>,
    ) -> Result<(Self, ChildStdout), GuestError> {
        let mut command = Command::new(PROGRAM);
        command.args(machine.arguments());
        command.args(["-serial", &format!("file:{}", path(console))]);
        command.args(["-chardev", "stdio,id=port,signal=off", "-device", "isa-debugcon,iobase=0xe9,chardev=port"]);
        command.args(more);
        inherits(&mut command, descriptors);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(complaints.map_or_else(Stdio::piped, Stdio::from));
        dies_with_this_thread(&mut command);
        let seat = if machine.clock == Clockwork::Real { None } else { Seat::take() };
        if let Some(seat) = &seat {
            stays_on(&mut command, seat.cpu).map_err(|error| GuestError::no_qemu(&error))?;
        }
        let mut child = command.spawn().map_err(|error| GuestError::no_qemu(&error))?;
        let port = child.stdout.take().expect("piped above");
        Ok((Self(child, seat), port))
    }

    /// Waits for its end, and returns its error output.
    pub(super) fn end(mut self) -> io::Result<String> {
        let mut words = String::new();
        if let Some(mut stderr) = self.0.stderr.take() {
            io::Read::read_to_string(&mut stderr, &mut words)?;
        }
        let status = self.0.wait()?;
        if !status.success() && words.is_empty() {
            words = status.to_string();
        }
        Ok(words.trim().to_owned())
    }

    /// Kills it.
    pub(super) fn kill(&mut self) {
        // It may have ended by itself.
        self.0.kill().ok();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        self.0.wait().ok();
    }
}

/// QEMU's version, as it prints it: `7.2.22`.
pub(super) fn version() -> io::Result<String> {
    let said = Command::new(PROGRAM).arg("--version").stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let version = said.split_whitespace().skip_while(|word| *word != "version").nth(1);
    version.map(str::to_owned).ok_or_else(|| io::Error::other(format!("`{PROGRAM} --version` printed no version")))
}
