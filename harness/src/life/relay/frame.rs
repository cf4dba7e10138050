//! A frame as a packet socket gives it: one packet, or a super-packet that stands for several, which can be sent in parts.
//! Not here: sockets. Every offset is checked when the frame is read.
//!
//! A part of a super-packet is made of the headers, changed as the kernel would change them (net/ipv4/tcp_offload.c, udp_offload.c), and a
//! piece of the payload. Its checksum is left to the kernel, as it was.

use crate::kernel::packet::HEADER;

/// `VIRTIO_NET_HDR_F_NEEDS_CSUM` (include/uapi/linux/virtio_net.h).
const NEEDS_CSUM: u8 = 1;
/// `VIRTIO_NET_HDR_GSO_TCPV4`, `_TCPV6`, `_UDP_L4`, and the flag `_ECN`.
const GSO: [(u8, Kind); 3] = [(1, Kind::Tcp), (4, Kind::Tcp), (5, Kind::Udp)];
const GSO_ECN: u8 = 0x80;
/// The Ethernet header, and an 802.1Q tag in it.
const ETHERNET: usize = 14;
const TAG: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tcp,
    Udp,
}

impl Kind {
    /// The shortest length of its header.
    const fn shortest(self) -> usize {
        match self {
            Self::Tcp => 20,
            Self::Udp => 8,
        }
    }
}

/// A frame with its header, as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame<B> {
    bytes: B,
    layout: Option<Layout>,
}

/// The layout of a super-packet. Offsets count from the start of the frame, without the virtio header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Layout {
    kind: Kind,
    v6: bool,
    network: usize,
    transport: usize,
    payload: usize,
    unit: usize,
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

impl Layout {
    /// The layout of a frame with its virtio header, or `None` if it is a single packet.
    fn read(bytes: &[u8]) -> Option<Self> {
        let (header, frame) = bytes.split_at_checked(HEADER)?;
        let native = |at: usize| usize::from(u16::from_ne_bytes([header[at], header[at + 1]]));
        let (_, kind) = GSO.into_iter().find(|&(gso, _)| gso == header[1] & !GSO_ECN)?;
        let (unit, transport) = (native(4), native(6));
        let mut network = ETHERNET;
        while matches!(word(frame, network - 2)?, 0x8100 | 0x88a8) {
            network += TAG;
        }
        let v6 = word(frame, network - 2)? == 0x86dd;
        let least = network + if v6 { 40 } else { 20 };
        let length = match kind {
            Kind::Tcp => usize::from(frame.get(transport + 12)? >> 4) * 4,
            Kind::Udp => 8,
        };
        let payload = transport + length;
        let whole = header[0] & NEEDS_CSUM != 0 && unit > 0 && transport >= least && length >= kind.shortest() && payload < frame.len();
        (whole && frame.len() - payload > unit).then_some(Self { kind, v6, network, transport, payload, unit })
    }
}

impl<B: AsRef<[u8]>> Frame<B> {
    /// Reads a frame with its header.
    pub(super) fn read(bytes: B) -> Self {
        Self { layout: Layout::read(bytes.as_ref()), bytes }
    }

    /// The frame with its header, as it came.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }

    fn frame(&self) -> &[u8] {
        &self.bytes()[HEADER..]
    }

    /// The number of packets that it stands for.
    pub(super) fn units(&self) -> u32 {
        self.layout.map_or(1, |layout| (self.frame().len() - layout.payload).div_ceil(layout.unit) as u32)
    }

    /// The total length of some of its packets, with their Ethernet headers.
    pub(super) fn len(&self, first: u32, count: u32) -> u32 {
        match self.layout {
            None => self.frame().len() as u32,
            Some(layout) => layout.payload as u32 * count + self.payload(layout, first, count).len() as u32,
        }
    }

    fn payload(&self, layout: Layout, first: u32, count: u32) -> &[u8] {
        let payload = &self.frame()[layout.payload..];
        &payload[first as usize * layout.unit..payload.len().min((first + count) as usize * layout.unit)]
    }

    /// Some of its packets as one frame to be sent: headers, written to `head`, and payload.
    pub(super) fn part<'a>(&'a self, first: u32, count: u32, head: &'a mut Vec<u8>) -> [&'a [u8]; 2] {
        let Some(layout) = self.layout.filter(|_| count < self.units()) else { return [self.bytes(), &[]] };
        let Layout { kind, v6, network, transport, payload: end, unit } = layout;
        let payload = self.payload(layout, first, count);
        head.clear();
        head.extend_from_slice(&self.bytes()[..HEADER + end]);
        let (header, head_frame) = head.split_at_mut(HEADER);
        header[2..4].copy_from_slice(&(end as u16).to_ne_bytes());
        if first > 0 {
            header[1] &= !GSO_ECN;
        }
        if count == 1 {
            header[1] = 0;
            header[4..6].fill(0);
        }
        let segment = (end - transport + payload.len()) as u16;
        let total = (end - network + payload.len()) as u16;
        let ip = &mut head_frame[network..];
        if v6 {
            ip[4..6].copy_from_slice(&(total - 40).to_be_bytes());
        } else {
            let id = u16::from_be_bytes([ip[4], ip[5]]).wrapping_add(first as u16);
            ip[2..4].copy_from_slice(&total.to_be_bytes());
            ip[4..6].copy_from_slice(&id.to_be_bytes());
            ip[10..12].fill(0);
            let length = usize::from(ip[0] & 15) * 4;
            let sum = !fold(sum(&ip[..length.min(transport - network)], 0));
            ip[10..12].copy_from_slice(&sum.to_be_bytes());
        }
        let pseudo = fold(self.pseudo(layout, segment));
        let l4 = &mut head_frame[transport..];
        match kind {
            Kind::Tcp => {
                let sequence = u32::from_be_bytes([l4[4], l4[5], l4[6], l4[7]]).wrapping_add(first * unit as u32);
                l4[4..8].copy_from_slice(&sequence.to_be_bytes());
                l4[16..18].copy_from_slice(&pseudo.to_be_bytes());
                if first + count < self.units() {
                    // FIN and PSH belong to the last.
                    l4[13] &= !0x09;
                }
                if first > 0 {
                    // CWR belongs to the first.
                    l4[13] &= !0x80;
                }
            }
            Kind::Udp => {
                l4[4..6].copy_from_slice(&segment.to_be_bytes());
                l4[6..8].copy_from_slice(&pseudo.to_be_bytes());
            }
        }
        [head, payload]
    }

    /// The sum over the pseudo-header of a segment: addresses, protocol, length.
    fn pseudo(&self, layout: Layout, segment: u16) -> u32 {
        let ip = &self.frame()[layout.network..];
        let addresses = if layout.v6 { &ip[8..40] } else { &ip[12..20] };
        let protocol = match layout.kind {
            Kind::Tcp => 6,
            Kind::Udp => 17,
        };
        sum(addresses, protocol + u32::from(segment))
    }
}

/// One packet with a flipped bit and its old checksum, which is completed here, since the kernel would make it match.
pub(super) fn corrupt(parts: [&[u8]; 2], which: u64) -> Vec<u8> {
    let mut bytes = parts.concat();
    let (header, frame) = bytes.split_at_mut(HEADER);
    if header[0] & NEEDS_CSUM != 0 {
        let native = |at: usize| usize::from(u16::from_ne_bytes([header[at], header[at + 1]]));
        let (start, offset) = (native(6), native(8));
        if let Some(covered) = frame.get_mut(start..).filter(|covered| covered.len() >= offset + 2) {
            let checksum = match !fold(sum(covered, 0)) {
                0 => 0xffff,
                checksum => checksum,
            };
            covered[offset..offset + 2].copy_from_slice(&checksum.to_be_bytes());
        }
    }
    header.fill(0);
    let bit = which % (frame.len() as u64 * 8);
    frame[(bit / 8) as usize] ^= 1 << (bit % 8);
    bytes
}

/// The sum of 16-bit words of the Internet checksum, not folded. 64 KiB do not overflow it.
fn sum(bytes: &[u8], start: u32) -> u32 {
    let words = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0)));
    start + words.sum::<u32>()
}

fn fold(sum: u32) -> u16 {
    let once = (sum & 0xffff) + (sum >> 16);
    ((once & 0xffff) + (once >> 16)) as u16
}

#[cfg(test)]
mod tests;
