//! A guest's side of User-Mode Linux: files of this computer have the order, and another one takes what is said.
//! Not here: who reads that.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::super::machine::Inside;
use crate::kernel::boot;

/// Where the guest has the directory of this computer.
const OUTSIDE: &str = "/mplab/outside";
/// The order is in this file there, and the archive of files that it needs in this.
pub(super) const ORDER: &str = "order.json";
pub(super) const PAYLOAD: &str = "payload";
/// What is said is in this one.
pub(super) const ANSWERS: &str = "answers";

/// The file that takes what is said.
struct Answers(File);

/// The channel, opened.
pub(in super::super) fn open() -> io::Result<Box<dyn Inside>> {
    fs::create_dir_all(OUTSIDE)?;
    boot::mount_outside(OUTSIDE)?;
    boot::size_receive_buffers()?;
    let file = OpenOptions::new().append(true).open(Path::new(OUTSIDE).join(ANSWERS))?;
    Ok(Box::new(Answers(file)))
}

impl Inside for Answers {
    fn order(&mut self) -> io::Result<Vec<u8>> {
        fs::read(Path::new(OUTSIDE).join(ORDER))
    }

    fn payload(&mut self) -> io::Result<Vec<u8>> {
        fs::read(Path::new(OUTSIDE).join(PAYLOAD))
    }

    fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)?;
        // Until then it may be in the guest's memory only.
        self.0.sync_data()
    }

    fn end(&self) -> ! {
        boot::power_off()
    }
}
