//! QEMU's end of gdb's protocol (its "Remote Serial Protocol"), which stops a guest at an address.
//! Not here: which address, and why.

use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// The debugger's end of a connection.
pub(super) struct Stub(UnixStream);

impl Stub {
    /// A connection, QEMU's end of it, and QEMU's arguments that use it.
    pub(super) fn open() -> io::Result<(Self, OwnedFd, Vec<String>)> {
        let (ours, its) = UnixStream::pair()?;
        let its = OwnedFd::from(its);
        let socket = format!("socket,id=gdb,fd={}", its.as_raw_fd());
        let arguments = ["-chardev", &socket, "-gdb", "chardev:gdb"].map(str::to_owned).to_vec();
        Ok((Self(ours), its, arguments))
    }

    /// Lets the guest run until it reaches an address, at most for `patience`. Returns whether it got there; it may have ended.
    pub(super) fn run_to(&mut self, address: u64, patience: Duration) -> io::Result<bool> {
        // A software breakpoint: QEMU's changes no memory.
        let set = self.ask(&format!("Z0,{address:x},1"))?;
        if set != "OK" {
            return Err(io::Error::other(format!("QEMU refused a breakpoint: {set}")));
        }
        self.0.set_read_timeout(Some(patience))?;
        let stopped = match self.ask("c") {
            Err(error) if matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) => Ok(false),
            Ok(stop) => Ok(stop.starts_with("T05")),
            Err(error) => Err(error),
        };
        self.0.set_read_timeout(None)?;
        stopped
    }

    fn ask(&mut self, packet: &str) -> io::Result<String> {
        let sum = packet.bytes().fold(0, u8::wrapping_add);
        self.0.write_all(format!("${packet}#{sum:02x}").as_bytes())?;
        self.hear()
    }

    /// The next packet, which is acknowledged.
    fn hear(&mut self) -> io::Result<String> {
        let mut byte = || {
            let mut one = [0];
            self.0.read_exact(&mut one).map(|()| one[0])
        };
        // Acknowledgements come before it, and two digits of a checksum after it, which is not needed within a computer.
        while byte()? != b'$' {}
        let mut packet = Vec::new();
        loop {
            match byte()? {
                b'#' => break,
                other => packet.push(other),
            }
        }
        byte()?;
        byte()?;
        // QEMU's last message is that the guest has ended: nobody reads the acknowledgement.
        self.0.write_all(b"+").ok();
        String::from_utf8(packet).map_err(io::Error::other)
    }
}
