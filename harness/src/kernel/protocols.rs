//! How many MPTCP sockets of a namespace are in use: /proc/net/protocols.
//! Not here: which, and what they do.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// The protocols of one namespace. The file stays bound to it, so that reading needs no `setns`.
#[derive(Debug)]
pub(crate) struct Protocols {
    file: File,
    text: Vec<u8>,
}

impl Protocols {
    /// Those of the calling thread's namespace.
    pub(crate) fn open() -> io::Result<Self> {
        Ok(Self { file: File::open("/proc/thread-self/net/protocols")?, text: vec![0; 8 << 10] })
    }

    /// The MPTCP sockets in use, IPv4 and IPv6: those that listen, and those of connections until both ends know of their end.
    pub(crate) fn mptcp(&mut self) -> io::Result<u64> {
        let mut length = 0;
        loop {
            if length == self.text.len() {
                self.text.resize(2 * length, 0);
            }
            match self.file.read_at(&mut self.text[length..], length as u64)? {
                0 => return Ok(in_use(&String::from_utf8_lossy(&self.text[..length]))),
                more => length += more,
            }
        }
    }
}

/// The sum of the lines whose protocol is MPTCP: `NAME SIZE SOCKETS ...`.
fn in_use(text: &str) -> u64 {
    let sockets = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        let mptcp = fields.next()?.starts_with("MPTCP");
        fields.nth(1)?.parse::<u64>().ok().filter(|_| mptcp)
    };
    text.lines().filter_map(sockets).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_of_both_families_are_counted() {
        let text = "protocol  size sockets  memory press maxhdr\nMPTCPv6   2112      1       0   no       0\nTCP       2496      9       0   no     320\n\
            MPTCP     1984      3       0   no       0\n";
        assert_eq!(in_use(text), 4);
        assert_eq!(in_use("MPTCP"), 0);
    }
}
