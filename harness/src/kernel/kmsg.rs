//! The kernel's log from now on (/dev/kmsg, Documentation/ABI/testing/dev-kmsg), if this process may read it.
//! Not here: what the lines mean.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;

use nix::libc;

/// The log, read from where it ended when this was made.
#[derive(Debug)]
pub(crate) struct Log(File);

impl Log {
    /// Opens it at its end.
    pub(crate) fn open() -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open("/dev/kmsg")?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self(file))
    }

    /// The lines since the last time.
    pub(crate) fn read(&mut self) -> String {
        let mut lines = String::new();
        // One record per read, and no record is longer (CONSOLE_EXT_LOG_MAX).
        let mut record = [0; 8192];
        loop {
            match self.0.read(&mut record) {
                Ok(0) => break,
                Ok(length) => lines += &text(&record[..length]),
                // EPIPE: records were lost before they were read; the next read goes on after them.
                Err(error) if error.kind() == ErrorKind::BrokenPipe || error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        lines
    }
}

/// The text of a record, `PRIORITY,SEQUENCE,TIME,FLAGS;TEXT`, without the dictionary in the lines after it.
fn text(record: &[u8]) -> String {
    let record = String::from_utf8_lossy(record);
    let text = record.split_once(';').map_or("", |(_, text)| text);
    text.lines().next().unwrap_or_default().to_owned() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_its_text() {
        assert_eq!(text(b"4,1234,99,-;WARNING: at net/mptcp\n SUBSYSTEM=net\n"), "WARNING: at net/mptcp\n");
        assert_eq!(text(b"nonsense"), "\n");
    }
}
