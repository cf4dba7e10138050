//! Super-packets cut up and checked as a receiver checks them.
//! Not here: what a kernel makes of them (tests/relay.rs).

use super::*;

/// A super-packet of TCP over IPv4 or IPv6 with so many bytes of payload, as Linux hands it to a packet socket.
fn tcp(v6: bool, payload: usize) -> Vec<u8> {
    let network = if v6 { 40 } else { 20 };
    let (transport, end) = (14 + network, 14 + network + 32);
    let mut bytes = vec![0; HEADER];
    bytes[..2].copy_from_slice(&[NEEDS_CSUM, if v6 { 4 } else { 1 } | GSO_ECN]);
    bytes[2..4].copy_from_slice(&(end as u16).to_ne_bytes());
    bytes[4..6].copy_from_slice(&1000_u16.to_ne_bytes());
    bytes[6..8].copy_from_slice(&(transport as u16).to_ne_bytes());
    bytes[8..10].copy_from_slice(&16_u16.to_ne_bytes());
    let mut frame = vec![0xee; 12];
    frame.extend(if v6 { [0x86, 0xdd] } else { [0x08, 0x00] });
    if v6 {
        frame.extend([0x60, 0, 0, 0, 0, 0, 6, 64]);
        frame.extend(1..=32);
    } else {
        frame.extend([0x45, 0, 0, 0, 0xff, 0xfe, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    }
    frame.extend([0, 80, 0, 81, 0xff, 0xff, 0xff, 0x00, 0, 0, 0, 1, 0x80, 0x99, 1, 1, 0, 0, 0, 0]);
    frame.extend([1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8]);
    frame.extend((0..payload).map(|index| (index / 7) as u8));
    bytes.extend(frame);
    bytes
}

/// A single packet with everything that a receiver looks at: its payload, sequence number, flags, IP id.
fn receive(v6: bool, bytes: &[u8]) -> (Vec<u8>, u32, u8, u16) {
    let frame = &bytes[HEADER..];
    let network = if v6 { 40 } else { 20 };
    let (ip, l4) = frame[14..].split_at(network);
    let length = if v6 { usize::from(word(ip, 4).unwrap()) + 40 } else { usize::from(word(ip, 2).unwrap()) };
    assert_eq!(length, frame.len() - 14, "the length in the IP header");
    if !v6 {
        assert_eq!(fold(sum(ip, 0)), 0xffff, "the IP header's checksum");
    }
    let addresses = if v6 { &ip[8..] } else { &ip[12..] };
    let pseudo = sum(addresses, 6 + l4.len() as u32);
    assert_eq!(fold(sum(l4, pseudo)), 0xffff, "TCP's checksum");
    (l4[32..].to_vec(), u32::from_be_bytes(l4[4..8].try_into().unwrap()), l4[13], if v6 { 0 } else { word(ip, 4).unwrap() })
}

/// Lets the kernel's part be done: completes the checksum, by flipping a bit twice.
fn complete(parts: [&[u8]; 2]) -> Vec<u8> {
    let mut bytes = corrupt(parts, 3);
    bytes[HEADER] ^= 1 << 3;
    bytes
}

#[test]
fn the_packets_of_a_super_packet_are_what_the_kernel_would_make() {
    for v6 in [false, true] {
        let bytes = tcp(v6, 3500);
        let frame = Frame::read(bytes.clone());
        assert_eq!(frame.units(), 4);
        let mut head = Vec::new();
        let mut whole = Vec::new();
        for unit in 0..4 {
            let parts = frame.part(unit, 1, &mut head);
            assert_eq!(parts[0][1], 0, "no super-packet any more");
            assert_eq!(parts.concat().len() - HEADER, frame.len(unit, 1) as usize);
            let (payload, sequence, flags, id) = receive(v6, &complete(parts));
            assert_eq!(payload.len(), if unit == 3 { 500 } else { 1000 });
            assert_eq!(sequence, 0xffff_ff00_u32.wrapping_add(unit * 1000));
            assert_eq!(flags, [0x90, 0x10, 0x10, 0x19][unit as usize], "CWR first; PSH and FIN last; ACK always");
            assert_eq!(id, if v6 { 0 } else { 0xfffe_u16.wrapping_add(unit as u16) });
            whole.extend(payload);
        }
        assert_eq!(whole, bytes[bytes.len() - 3500..]);
    }
}

#[test]
fn neighbours_are_a_super_packet_again() {
    for v6 in [false, true] {
        let bytes = tcp(v6, 3500);
        let frame = Frame::read(bytes.clone());
        let mut head = Vec::new();
        assert_eq!(frame.part(0, 4, &mut head).concat(), bytes, "all of it is what it was");
        let part = Frame::read(frame.part(1, 2, &mut head).concat());
        assert_eq!((part.units(), part.len(0, 2), part.bytes()[1] & GSO_ECN), (2, frame.len(1, 2), 0));
        let mut inner = Vec::new();
        let (payload, sequence, flags, _) = receive(v6, &complete(part.part(1, 1, &mut inner)));
        let (expected, ..) = receive(v6, &complete(frame.part(2, 1, &mut head)));
        assert_eq!((payload, sequence, flags), (expected, 0xffff_ff00_u32.wrapping_add(2000), 0x10));
    }
}

#[test]
fn datagrams_are_cut_too() {
    let mut bytes = tcp(false, 0)[..HEADER + 34].to_vec();
    bytes[1] = 5;
    bytes[8..10].copy_from_slice(&6_u16.to_ne_bytes());
    bytes.extend([0, 80, 0, 81, 0, 0, 0, 0]);
    bytes.extend([7; 2100]);
    let frame = Frame::read(bytes);
    assert_eq!(frame.units(), 3);
    let mut head = Vec::new();
    let last = complete(frame.part(2, 1, &mut head));
    let l4 = &last[HEADER + 34..];
    assert_eq!((word(l4, 4), l4.len()), (Some(108), 108));
    assert_eq!(fold(sum(l4, sum(&last[HEADER + 26..HEADER + 34], 17 + 108))), 0xffff);
}

#[test]
fn a_flipped_bit_is_noticed() {
    let frame = Frame::read(tcp(false, 3500));
    let mut head = Vec::new();
    let right = complete(frame.part(1, 1, &mut head));
    for which in [14 * 8, 40 * 8 + 1, 1065 * 8 + 7, u64::MAX] {
        let wrong = corrupt(frame.part(1, 1, &mut head), which);
        let differ: u32 = right.iter().zip(&wrong).map(|(a, b)| (a ^ b).count_ones()).sum();
        assert_eq!((differ, wrong.len()), (1, right.len()));
    }
}

#[test]
fn what_is_no_super_packet_is_one_packet() {
    let long = tcp(false, 3500);
    let wrong = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = long.clone();
        change(&mut bytes);
        Frame::read(bytes).units()
    };
    assert_eq!(wrong(&|bytes| bytes[1] = 0), 1);
    assert_eq!(wrong(&|bytes| bytes[0] = 0), 1);
    assert_eq!(wrong(&|bytes| bytes[4..6].fill(0)), 1);
    assert_eq!(wrong(&|bytes| bytes[6..8].fill(0xff)), 1);
    assert_eq!(wrong(&|bytes| bytes.truncate(HEADER + 60)), 1);
    assert_eq!(wrong(&|bytes| bytes.truncate(3)), 1);
    assert_eq!(Frame::read(tcp(true, 1000)).units(), 1);
}
