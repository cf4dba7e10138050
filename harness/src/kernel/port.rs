//! The ports by which an emulated x86 machine talks with outside: a byte written to the debug port is a byte in a file there (QEMU's
//! `isa-debugcon`), and QEMU's firmware configuration has files from there (its docs/specs/fw_cfg).
//! Not here: what is said.

use std::io::{self, Write};

use nix::errno::Errno;

/// The port, as QEMU's documentation and Bochs have it.
pub const DEBUG_PORT: u16 = 0xe9;

/// Where the firmware configuration is told which of its items is read from the port behind it, a byte at a time.
const SELECTOR: u16 = 0x510;
const DATA: u16 = 0x511;
/// The item that lists the files.
const DIRECTORY: u16 = 0x19;

/// The ports, open for this thread.
#[derive(Debug)]
pub struct Port(());

impl Port {
    /// Asks the kernel for the ports (ioperm(2)); the process must be privileged.
    pub fn open() -> io::Result<Self> {
        for (first, number) in [(DEBUG_PORT, 1), (SELECTOR, 2)] {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: ioperm(2) takes no pointers.
            Errno::result(unsafe { libc::ioperm(first.into(), number, 1) })?;
            #[cfg(not(target_arch = "x86_64"))]
            return Err(Errno::ENOSYS.into());
        }
        Ok(Self(()))
    }

    /// The content of a file of the firmware configuration.
    pub fn configured(&mut self, name: &str) -> io::Result<Vec<u8>> {
        Self::select(DIRECTORY);
        let mut number = [0; 4];
        Self::fill(&mut number);
        for _ in 0..u32::from_be_bytes(number) {
            // struct FWCfgFile: the size, the item, two bytes unused, and the name, which ends with a zero byte if it is shorter.
            let mut file = [0; 64];
            Self::fill(&mut file);
            let (size, rest) = file.split_first_chunk().expect("64 are more than 4");
            let (item, rest) = rest.split_first_chunk().expect("60 are more than 2");
            if rest[2..].split(|byte| *byte == 0).next() == Some(name.as_bytes()) {
                let mut content = vec![0; u32::from_be_bytes(*size) as usize];
                Self::select(u16::from_be_bytes(*item));
                Self::fill(&mut content);
                return Ok(content);
            }
        }
        Err(io::Error::other(format!("the machine has no `{name}`")))
    }

    fn select(item: u16) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the instruction writes to a port that nothing but the emulator listens at; `open` has the permission.
        unsafe {
            std::arch::asm!("out dx, ax", in("dx") SELECTOR, in("ax") item, options(nomem, nostack, preserves_flags));
        }
    }

    fn fill(bytes: &mut [u8]) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the instruction fills `bytes` from a port that nothing but the emulator answers at; `open` has the permission.
        unsafe {
            std::arch::asm!(
                "rep insb",
                inout("rcx") bytes.len() => _,
                inout("rdi") bytes.as_mut_ptr() => _,
                in("dx") DATA,
                options(nostack, preserves_flags)
            );
        }
    }
}

impl Write for Port {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the instruction reads `bytes` and writes to a port that nothing but the emulator listens at; `open` has the permission.
        unsafe {
            std::arch::asm!(
                "rep outsb",
                inout("rcx") bytes.len() => _,
                inout("rsi") bytes.as_ptr() => _,
                in("dx") DEBUG_PORT,
                options(readonly, nostack, preserves_flags)
            );
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
