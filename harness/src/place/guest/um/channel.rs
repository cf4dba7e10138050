//! A guest's side of User-Mode Linux: files of its first file system have the order, and a file of this computer takes what is said.
//! Not here: who reads that.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};

use super::super::machine::Inside;
use crate::kernel::boot;

/// Where the order is, and the archive of files that it needs.
pub(super) const ORDER: &str = "/mplab/order.json";
pub(super) const PAYLOAD: &str = "/mplab/payload";
/// Where the guest has the directory of this computer.
const OUTSIDE: &str = "/mplab/outside";
/// What is said is in this file there.
pub(super) const ANSWERS: &str = "answers";

/// The file that takes what is said.
struct Answers(File);

/// The channel, opened.
pub(in super::super) fn open() -> io::Result<Box<dyn Inside>> {
    fs::create_dir_all(OUTSIDE)?;
    boot::mount_outside(OUTSIDE)?;
    let file = OpenOptions::new().append(true).open(format!("{OUTSIDE}/{ANSWERS}"))?;
    Ok(Box::new(Answers(file)))
}

impl Inside for Answers {
    fn order(&mut self) -> io::Result<Vec<u8>> {
        fs::read(ORDER)
    }

    fn payload(&mut self) -> io::Result<Vec<u8>> {
        fs::read(PAYLOAD)
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
