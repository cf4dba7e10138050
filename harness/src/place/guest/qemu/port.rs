//! A guest's side of QEMU's machine: the firmware configuration has the order, and a debug port transports the answers.
//! Not here: how these ports are driven.

use std::io::{self, Write};

use super::super::frames;
use super::super::machine::Inside;
use crate::kernel::boot;
use crate::kernel::port::Port;

/// The argument on the kernel's command line that makes this program the first process of a QEMU guest.
pub(in super::super) const MARK: &str = "mplab:guest";
/// The names in the machine's firmware configuration of the order, and of the archive of files that it needs.
pub(super) const ORDER: &str = "opt/mplab/order";
pub(super) const PAYLOAD: &str = "opt/mplab/payload";

/// The ports, opened.
pub(in super::super) fn open() -> io::Result<Box<dyn Inside>> {
    Ok(Box::new(Port::open()?))
}

impl Inside for Port {
    fn order(&mut self) -> io::Result<Vec<u8>> {
        // Up to here the guest is the same whatever its order.
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
