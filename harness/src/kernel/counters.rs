//! A namespace's protocol counters, as `nstat` names them: /proc/net/netstat and /proc/net/snmp.
//! Not here: what a counter means, and its history.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// The protocols whose counters are read; the others' are the same traffic counted again.
const PROTOCOLS: [&str; 3] = ["TcpExt", "MPTcpExt", "Tcp"];

/// The counters of one namespace. The files stay bound to it, so that reading needs no `setns`.
#[derive(Debug)]
pub struct Counters {
    files: [File; 2],
    text: Vec<u8>,
    name: String,
}

impl Counters {
    /// Opens the counters of the calling thread's namespace.
    pub fn open() -> io::Result<Self> {
        let files = [File::open("/proc/thread-self/net/netstat")?, File::open("/proc/thread-self/net/snmp")?];
        Ok(Self { files, text: vec![0; 16 << 10], name: String::new() })
    }

    /// Calls `see` with the name and value of every counter that is not 0: `MPTcpExtMPJoinSynRx`, `TcpRetransSegs`.
    pub fn read(&mut self, mut see: impl FnMut(&str, u64)) -> io::Result<()> {
        for file in &self.files {
            // The kernel makes each of these files in one piece when it is read (`single_open`): if the buffer has room left, that is all.
            let mut length = file.read_at(&mut self.text, 0)?;
            while length == self.text.len() {
                self.text.resize(2 * length, 0);
                length = file.read_at(&mut self.text, 0)?;
            }
            parse(&String::from_utf8_lossy(&self.text[..length]), &mut self.name, &mut see);
        }
        Ok(())
    }

    /// The names of all counters that the kernel has, including those that are 0.
    pub fn names() -> io::Result<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        for file in ["netstat", "snmp"] {
            let text = std::fs::read_to_string(format!("/proc/thread-self/net/{file}"))?;
            let lists = text.lines().step_by(2).filter_map(|line| line.split_once(':')).filter(|(of, _)| PROTOCOLS.contains(of));
            names.extend(lists.flat_map(|(of, names)| names.split_ascii_whitespace().map(move |name| format!("{of}{name}"))));
        }
        Ok(names)
    }
}

/// Reads pairs of lines, `PROTOCOL: NAME...` above `PROTOCOL: VALUE...`. `name` is a buffer for names.
fn parse(text: &str, name: &mut String, see: &mut impl FnMut(&str, u64)) {
    let mut lines = text.lines();
    while let (Some(names), Some(values)) = (lines.next(), lines.next()) {
        let (Some((protocol, names)), Some((_, values))) = (names.split_once(':'), values.split_once(':')) else { continue };
        if !PROTOCOLS.contains(&protocol) {
            continue;
        }
        for (field, value) in names.split_ascii_whitespace().zip(values.split_ascii_whitespace()) {
            // The kernel prints -1 for what has no limit. That is not a count, and left out like 0.
            let Ok(value @ 1..) = value.parse() else { continue };
            name.clear();
            name.push_str(protocol);
            name.push_str(field);
            see(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_have_nstat_s_names() {
        let text = "TcpExt: SyncookiesSent TCPTimeouts\nTcpExt: 0 4\nIpExt: InOctets\nIpExt: 912\n\
            MPTcpExt: MPCapableSYNRX MPJoinSynRx\nMPTcpExt: 2 18446744073709551615\nTcp: RtoMax MaxConn RetransSegs\nTcp: 120000 -1 7\n";
        let mut seen = Vec::new();
        parse(text, &mut String::new(), &mut |name, value| seen.push((name.to_owned(), value)));
        let expected = [
            ("TcpExtTCPTimeouts", 4),
            ("MPTcpExtMPCapableSYNRX", 2),
            ("MPTcpExtMPJoinSynRx", u64::MAX),
            ("TcpRtoMax", 120_000),
            ("TcpRetransSegs", 7),
        ];
        assert_eq!(seen, expected.map(|(name, value)| (name.to_owned(), value)));
    }

    #[test]
    fn a_torn_text_is_read_as_far_as_it_goes() {
        let mut seen = 0;
        for text in ["", "TcpExt: A B", "TcpExt\nTcpExt", "TcpExt: A B\nTcpExt: 1"] {
            parse(text, &mut String::new(), &mut |_, value| seen += value);
        }
        assert_eq!(seen, 1);
    }
}
