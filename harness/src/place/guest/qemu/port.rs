//! A guest's side of QEMU's machine: the firmware configuration has the order, a debug port carries what is said.
//! Not here: how these ports are driven.

use std::io::{self, Write};

use super::super::frames;
use super::super::machine::Inside;
use crate::kernel::boot;
use crate::kernel::port::Port;

/// The argument by which the kernel's command line makes this program the first process of a guest of QEMU.
pub(in super::super) const MARK: &str = "mplab:guest";
/// What the order is called in the machine's firmware configuration, and the archive of files that it needs.
pub(super) const ORDER: &str = "opt/mplab/order";
pub(super) const PAYLOAD: &str = "opt/mplab/payload";

/// The ports, opened.
pub(in super::super) fn open() -> io::Result<Box<dyn Inside>> {
    Ok(Box::new(Port::open()?))
}

impl Inside for Port {
    fn order(&mut self) -> io::Result<Vec<u8>> {
        // The same guest has come so far whatever it is to do.
        boot::come_by()?;
        Ok(frames::read(&mut &self.configured(ORDER)?[..])?.unwrap_or_default())
    }

    fn payload(&mut self) -> io::Result<Vec<u8>> {
        self.configured(PAYLOAD)
    }

    fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn end(&self) -> ! {
        boot::restart()
    }
}
