//! Packets as a capture sees them, and how they are encoded in a stream.
//! Not here: capturing them, and the format of the final file.

use std::io::{self, Read};

use serde::{Deserialize, Serialize};

/// A packet that left a host for a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// When, in ns, by the capture's clock.
    pub at: u64,
    /// Its direction: twice the link's number in the order of the links' names, plus one if it left the link's second end.
    pub way: u32,
    /// Its length, with the Ethernet header. A super-packet of segmentation offload is one packet.
    pub length: u32,
    /// Its first bytes, from the Ethernet header on.
    pub head: Vec<u8>,
}

/// The capture's clock when the run began, and how many packets it lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Captured {
    /// What the clock read, in ns.
    pub began: u64,
    /// How many packets were lost because the buffer was full.
    pub missed: u64,
}

/// More than any packet has.
const MOST: u32 = 1 << 20;

impl Packet {
    /// Appends its bytes.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.at.to_le_bytes());
        for word in [self.way, self.length, self.head.len() as u32] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(&self.head);
    }

    /// Reads the next packet, or `None` at the end.
    pub fn read(from: &mut impl Read) -> io::Result<Option<Self>> {
        let mut at = [0; 8];
        match from.read(&mut at[..1])? {
            0 => return Ok(None),
            _ => from.read_exact(&mut at[1..])?,
        }
        let mut word = || {
            let mut word = [0; 4];
            from.read_exact(&mut word).map(|()| u32::from_le_bytes(word))
        };
        let (way, length, kept) = (word()?, word()?, word()?);
        if kept > MOST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a packet of {kept} bytes")));
        }
        let mut head = vec![0; kept as usize];
        from.read_exact(&mut head)?;
        Ok(Some(Self { at: u64::from_le_bytes(at), way, length, head }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_come_as_they_went() {
        let packet = |at, head: &[u8]| Packet { at, way: 3, length: 1514, head: head.to_vec() };
        let all = [packet(7, b"12345"), packet(u64::MAX, b"")];
        let mut bytes = Vec::new();
        for packet in &all {
            packet.write(&mut bytes);
        }
        let mut from = bytes.as_slice();
        assert_eq!(Packet::read(&mut from).unwrap().as_ref(), Some(&all[0]));
        assert_eq!(Packet::read(&mut from).unwrap().as_ref(), Some(&all[1]));
        assert_eq!(Packet::read(&mut from).unwrap(), None);
        assert!(Packet::read(&mut &bytes[..9]).is_err(), "one that is cut off is an error");
    }
}
