//! A guest's side of User-Mode Linux: files of this computer contain the order, and another file takes the answers.
//! Not here: reading the answers.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::super::machine::Inside;
use crate::kernel::boot;

/// Where the guest mounts the directory of this computer.
const OUTSIDE: &str = "/mplab/outside";
/// The file there with the order, and the one with the archive of files that it needs.
pub(super) const ORDER: &str = "order.json";
pub(super) const PAYLOAD: &str = "payload";
/// The file for the answers.
pub(super) const ANSWERS: &str = "answers";

/// The file that takes the answers.
struct Answers(File);

/// The channel, opened.
pub(in super::super) fn open() -> io::Result<Box<dyn Inside>> {
    fs::create_dir_all(OUTSIDE)?;
    boot::mount_outside(OUTSIDE)?;
    boot::size_receive_buffers()?;
    // Without the flag, what is written may be only in the guest's memory for a while.
    let file = OpenOptions::new().append(true).custom_flags(libc::O_DSYNC).open(Path::new(OUTSIDE).join(ANSWERS))?;
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
        self.0.write_all(bytes)
    }

    fn end(&self) -> ! {
        boot::power_off()
    }
}
