//! The debug port of an emulated x86 machine: a byte written there is a byte in a file outside (QEMU's `isa-debugcon`).
//! Not here: what is said.

use std::io::{self, Write};

use nix::errno::Errno;

/// The port, as QEMU's documentation and Bochs have it.
pub const DEBUG_PORT: u16 = 0xe9;

/// The debug port, open for this thread.
#[derive(Debug)]
pub struct Port(());

impl Port {
    /// Asks the kernel for the port (ioperm(2)); the process must be privileged.
    pub fn open() -> io::Result<Self> {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: ioperm(2) takes no pointers.
        Errno::result(unsafe { libc::ioperm(DEBUG_PORT.into(), 1, 1) })?;
        #[cfg(not(target_arch = "x86_64"))]
        return Err(Errno::ENOSYS.into());
        Ok(Self(()))
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
