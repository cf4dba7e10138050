//! pcapng, the format of captures that Wireshark and tcpdump read (draft-ietf-opsawg-pcapng): as much of it as one interface of Ethernet needs.
//! Not here: where packets come from.

/// Which way a packet went, as seen from an interface (the option `epb_flags`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PacketDirection {
    /// It came.
    In = 1,
    /// It left.
    Out = 2,
}

/// What a file begins with: Section Header Block and Interface Description Block, with times in nanoseconds.
pub(super) fn beginning(interface: &str, longest: u32) -> Vec<u8> {
    // The byte-order magic, version 1.0, and a section of unknown length.
    let mut file = block(0x0a0d_0d0a, &[&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat());
    // LINKTYPE_ETHERNET, then if_name (2) and if_tsresol (9), 10 to the power of -9.
    let fixed = [&[1, 0, 0, 0][..], &longest.to_le_bytes()].concat();
    file.extend(block(1, &[fixed, option(2, interface.as_bytes()), option(9, &[9]), vec![0; 4]].concat()));
    file
}

/// An Enhanced Packet Block: the first bytes of a packet that had `length`, at a time in ns.
pub(super) fn packet(time: u64, way: PacketDirection, first: &[u8], length: u32) -> Vec<u8> {
    let words = [0, (time >> 32) as u32, time as u32, first.len() as u32, length];
    let fixed: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    block(6, &[fixed, padded(first), option(2, &(way as u32).to_le_bytes()), vec![0; 4]].concat())
}

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u32 + 12).to_le_bytes();
    [&kind.to_le_bytes()[..], &length, body, &length].concat()
}

fn option(code: u16, value: &[u8]) -> Vec<u8> {
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
        let mut file = beginning("laptop:eth0", 256);
        file.extend(packet(0x0001_0000_0002, PacketDirection::In, b"12345", 1514));
        let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().expect("four bytes"));
        let (mut at, mut kinds) = (0, Vec::new());
        while at < file.len() {
            let length = word(at + 4) as usize;
            assert_eq!((length % 4, word(at + length - 4) as usize), (0, length));
            kinds.push(word(at));
            at += length;
        }
        assert_eq!((at, kinds), (file.len(), vec![0x0a0d_0d0a, 1, 6]));
        let packet = &file[file.len() - 52..];
        assert_eq!(packet[8..36], [0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 0xea, 5, 0, 0, b'1', b'2', b'3', b'4', b'5', 0, 0, 0]);
    }
}
