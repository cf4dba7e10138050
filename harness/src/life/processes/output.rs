//! What a process prints, line by line, up to a limit.
//! Not here: reading it.

use crate::result::recording::OutputLine;

/// How many bytes of a process's output are kept.
const KEPT: usize = 4 << 20;

/// The stream to which something was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Stdout,
    Stderr,
}

/// The lines so far, and the beginning of the next of each stream.
#[derive(Debug, Default)]
pub(super) struct Output {
    pub(super) lines: Vec<OutputLine>,
    begun: [Vec<u8>; 2],
    kept: usize,
    pub(super) dropped: u64,
}

impl Output {
    /// Adds what was read at a time.
    pub(super) fn add(&mut self, at: u64, stream: Stream, bytes: &[u8]) {
        let room = bytes.len().min(KEPT - self.kept);
        self.kept += room;
        self.dropped += (bytes.len() - room) as u64;
        for part in bytes[..room].split_inclusive(|byte| *byte == b'\n') {
            let begun = &mut self.begun[stream as usize];
            begun.extend_from_slice(part);
            if part.ends_with(b"\n") {
                begun.pop();
                let text = String::from_utf8_lossy(begun).into_owned();
                begun.clear();
                self.lines.push(OutputLine { at, stderr: stream == Stream::Stderr, text });
            }
        }
    }

    /// Completes lines without a newline.
    pub(super) fn end(&mut self, at: u64) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            if !self.begun[stream as usize].is_empty() {
                self.kept = self.kept.min(KEPT - 1);
                self.add(at, stream, b"\n");
            }
        }
    }

    /// Whether a line contains this, including the last line of each stream without a newline.
    pub(super) fn contains(&self, text: &str) -> bool {
        let begun = self.begun.iter().any(|begun| String::from_utf8_lossy(begun).contains(text));
        begun || self.lines.iter().any(|line| line.text.contains(text))
    }

    /// What went to the standard output.
    pub(super) fn stdout(&self) -> String {
        self.lines.iter().filter(|line| !line.stderr).fold(String::new(), |text, line| text + &line.text + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together_and_limited() {
        let mut output = Output::default();
        output.add(1, Stream::Stdout, b"one\ntw");
        output.add(2, Stream::Stderr, b"other\n");
        assert!(output.contains("tw"));
        output.add(3, Stream::Stdout, b"o\nthree");
        output.end(4);
        let lines: Vec<_> = output.lines.iter().map(|line| (line.at, line.stderr, line.text.as_str())).collect();
        assert_eq!(lines, [(1, false, "one"), (2, true, "other"), (3, false, "two"), (4, false, "three")]);
        assert_eq!(output.stdout(), "one\ntwo\nthree\n");
        output.add(5, Stream::Stdout, &vec![b'x'; KEPT + 1]);
        assert!(output.dropped > 0);
    }
}
