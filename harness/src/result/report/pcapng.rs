//! A capture as pcapng, which Wireshark and tcpdump read (draft-ietf-opsawg-pcapng): an interface for each direction of each link, and what
//! happened as comments of packets.
//! Not here: capturing.
//!
//! Times are those of the recording: the epoch, 1970-01-01, is the run's start. Only four kinds of blocks are written here. The crate pcap-file 2.0.0
//! writes them too, but would bring two more crates and old versions of syn and thiserror.

use std::io::{self, Write};

use super::Style;
use super::steps::taken;
use super::verdict::{found, headline};
use crate::record::Packet;
use crate::result::judge::Verdict;
use crate::result::recording::Recording;
use crate::words::{Snap, Time};

/// What a capture is of.
pub struct About<'a> {
    /// The run.
    pub recording: &'a Recording,
    /// Its verdict.
    pub verdict: &'a Verdict,
    /// The command that repeats it.
    pub again: &'a str,
    /// How much was kept of each packet.
    pub snap: Snap,
    /// How many packets were lost because the buffer was full.
    pub missed: u64,
}

/// Numbers of blocks and options (sections 4.1 to 4.3, 3.5). The byte-order magic, version 1.0, and a section of unknown length begin a section.
const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const PACKET: u32 = 6;
const COMMENT: u16 = 1;
const NAME: u16 = 2;
const DESCRIPTION: u16 = 3;
const PROGRAM: u16 = 4;
const RESOLUTION: u16 = 9;
/// `LINKTYPE_ETHERNET`.
const ETHERNET: [u8; 4] = [1, 0, 0, 0];
/// The greatest length of an option.
const LONGEST: usize = u16::MAX as usize;

/// Writes a capture. Packets come in the order of their times, which count from the run's start; those after the run's end are left out. Returns
/// their number.
pub fn pcapng(about: &About<'_>, packets: impl Iterator<Item = io::Result<Packet>>, out: &mut dyn Write) -> io::Result<u64> {
    let recording = about.recording;
    out.write_all(&section(about))?;
    for name in interfaces(recording) {
        out.write_all(&interface(&name, about.snap))?;
    }
    let mut steps = taken(recording).into_iter().peekable();
    let end = Time::from_micros(recording.end).0;
    let mut packets = packets.take_while(|packet| packet.as_ref().map_or(true, |packet| packet.at <= end)).peekable();
    let mut written = 0;
    while let Some(packet) = packets.next() {
        let packet = packet?;
        let mut comments = Vec::new();
        let last = packets.peek().is_none();
        while let Some((at, words)) = steps.next_if(|(at, _)| last || at * 1000 <= packet.at) {
            comments.push(format!("step at {:.6}s: {words}", Time::from_micros(at).seconds()));
        }
        if last {
            comments.extend(verdict(about));
        }
        out.write_all(&block(PACKET, &packet_body(&packet, &comments)))?;
        written += 1;
    }
    Ok(written)
}

/// The names of the interfaces, in the order of their numbers: `wlan laptop:wlan0→server:wlan0`.
fn interfaces(recording: &Recording) -> impl Iterator<Item = [String; 2]> {
    recording.job.topology.links.iter().flat_map(|(name, link)| {
        let [a, b] = &link.ends;
        [(a, b), (b, a)].map(|(from, to)| [format!("{name} {}→{}", from.host, to.host), format!("what {from} sends to {to}")])
    })
}

fn verdict(about: &About<'_>) -> Vec<String> {
    let mut lines = vec![headline(about.recording, about.verdict, Style::Plain)];
    lines.extend(about.verdict.findings.iter().map(found));
    lines
}

fn section(about: &About<'_>) -> Vec<u8> {
    let case = &about.recording.job.case;
    let what = format!("{}: {}\n{}", about.recording.job.name, case.summary, about.again);
    let how = "Times count from the start of the run. Each packet is seen once, where it leaves a host: what a link loses is here too.";
    let missed = (about.missed > 0).then(|| format!("\n{} packets are missing: they came too fast to be kept.", about.missed));
    let comment = format!("{what}\n{how}{}", missed.unwrap_or_default());
    let fixed = [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat();
    let program = concat!("mplab ", env!("CARGO_PKG_VERSION"));
    block(SECTION, &[fixed, option(COMMENT, comment.as_bytes()), option(PROGRAM, program.as_bytes()), vec![0; 4]].concat())
}

fn interface([name, description]: &[String; 2], snap: Snap) -> Vec<u8> {
    let fixed = [&ETHERNET[..], &snap.bytes().to_le_bytes()].concat();
    // Times are in units of 10 to the power of -9 seconds.
    let options = [option(NAME, name.as_bytes()), option(DESCRIPTION, description.as_bytes()), option(RESOLUTION, &[9]), vec![0; 4]];
    block(INTERFACE, &[fixed, options.concat()].concat())
}

fn packet_body(packet: &Packet, comments: &[String]) -> Vec<u8> {
    let words = [packet.way, (packet.at >> 32) as u32, packet.at as u32, packet.head.len() as u32, packet.length];
    let mut body: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    body.extend(padded(&packet.head));
    if !comments.is_empty() {
        body.extend(comments.iter().flat_map(|comment| option(COMMENT, comment.as_bytes())));
        body.extend([0; 4]);
    }
    body
}

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u32 + 12).to_le_bytes();
    [&kind.to_le_bytes()[..], &length, body, &length].concat()
}

fn option(code: u16, value: &[u8]) -> Vec<u8> {
    let value = &value[..value.len().min(LONGEST)];
    [&code.to_le_bytes()[..], &(value.len() as u16).to_le_bytes(), &padded(value)].concat()
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut padded = bytes.to_vec();
    padded.resize(bytes.len().next_multiple_of(4), 0);
    padded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_says_its_length_at_both_ends() {
        let packet = Packet { at: 0x0001_0000_0002, way: 3, length: 1514, head: b"12345".to_vec() };
        let plain = block(PACKET, &packet_body(&packet, &[]));
        assert_eq!(plain[8..36], [3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 0xea, 5, 0, 0, b'1', b'2', b'3', b'4', b'5', 0, 0, 0]);
        let names = ["x a→b".to_owned(), "what a:x sends to b:x".to_owned()];
        let file = [interface(&names, Snap::default()), plain, block(PACKET, &packet_body(&packet, &["a step".to_owned()]))].concat();
        let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().expect("four bytes"));
        let (mut at, mut kinds) = (0, Vec::new());
        while at < file.len() {
            let length = word(at + 4) as usize;
            assert_eq!((length % 4, word(at + length - 4) as usize), (0, length));
            kinds.push(word(at));
            at += length;
        }
        assert_eq!((at, kinds), (file.len(), vec![INTERFACE, PACKET, PACKET]));
        assert!(file.windows(10).any(|window| window == b"\x01\x00\x06\x00a step"));
    }
}
