//! The content of transfers: a function of seed, connection, direction and position, so that lost, repeated and moved bytes are noticed.
//! Not here: moving them.

use std::io::IoSlice;
use std::sync::Arc;

/// The length of a record: a number of its own, then the same pseudo-random bytes in every record.
pub(super) const RECORD: usize = 128 << 10;
/// The length of the number.
const NUMBER: usize = 8;

/// The pseudo-random bytes that all records of a transfer share.
pub(super) struct Block {
    seed: u64,
    bytes: Box<[u8]>,
}

impl Block {
    pub(super) fn new(seed: u64) -> Arc<Self> {
        let mut state = seed;
        let bytes = (0..RECORD / 8).flat_map(|_| splitmix(&mut state).to_le_bytes()).collect();
        Arc::new(Self { seed, bytes })
    }
}

/// The next number of the generator splitmix64 (Steele, Lea and Flood, 2014).
fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// How many microseconds after its time a transfer with this seed starts.
pub(super) fn offset(seed: u64) -> u64 {
    let mut state = !seed;
    splitmix(&mut state) % 1000
}

/// How many wrong bytes are reported.
const TOLD: usize = 8;

/// One direction of one connection: an endless stream of records.
#[derive(Clone)]
pub(super) struct Content {
    block: Arc<Block>,
    key: u64,
}

impl Content {
    /// The content of the stream that has this number in its transfer.
    pub(super) fn new(block: &Arc<Block>, stream: u64) -> Self {
        let mut state = block.seed ^ stream.wrapping_mul(0xD6E8_FEB8_6659_FD93);
        Self { block: Arc::clone(block), key: splitmix(&mut state) }
    }

    /// The number of the record at `position`, as it is sent.
    pub(super) fn number(&self, position: u64) -> [u8; NUMBER] {
        (self.key ^ (position / RECORD as u64)).to_le_bytes()
    }

    /// The bytes from `position` to the end of its record, whose number is `number`, but no more than `limit` of them, in two parts.
    pub(super) fn rest<'a>(&'a self, number: &'a [u8; NUMBER], position: u64, limit: usize) -> [&'a [u8]; 2] {
        let offset = (position % RECORD as u64) as usize;
        let head = &number[offset.min(NUMBER)..];
        let body = &self.block.bytes[offset.max(NUMBER)..];
        let head = &head[..head.len().min(limit)];
        [head, &body[..body.len().min(limit - head.len())]]
    }

    /// What belongs at `position`, and what is there in `bytes` instead, both a few bytes in hexadecimal.
    pub(super) fn told(&self, position: u64, bytes: &[u8]) -> (String, String) {
        let number = self.number(position);
        let [head, body] = self.rest(&number, position, bytes.len().min(TOLD));
        let wanted = [head, body].concat();
        let hexadecimal = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        (hexadecimal(&wanted), hexadecimal(&bytes[..wanted.len()]))
    }

    /// Where `bytes`, which do not belong at `position`, do belong: the next position with such bytes. None if there is none, or too few tell.
    /// Records differ by their number alone, so it may be the same place of a later record.
    pub(super) fn whereabouts(&self, position: u64, bytes: &[u8]) -> Option<u64> {
        let sample = bytes.get(..TOLD)?;
        let offset = NUMBER + self.block.bytes[NUMBER..].windows(TOLD).position(|window| window == sample)?;
        let passed = offset as u64 <= position % RECORD as u64;
        Some((position / RECORD as u64 + u64::from(passed)) * RECORD as u64 + offset as u64)
    }

    /// The bytes from `position` on, up to `limit` of them and `N` records.
    pub(super) fn records<const N: usize>(&self, position: u64, limit: u64) -> Records<'_, N> {
        let first = position / RECORD as u64;
        let numbers = std::array::from_fn(|record| self.number((first + record as u64) * RECORD as u64));
        Records { content: self, numbers, position, limit }
    }

    /// The index of the first byte in `bytes` that is not what belongs at `position` and after it.
    pub(super) fn first_wrong(&self, mut position: u64, bytes: &[u8]) -> Option<usize> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let number = self.number(position);
            for expected in self.rest(&number, position, rest.len()) {
                let (part, after) = rest.split_at(expected.len());
                if part != expected {
                    let equal = part.iter().zip(expected).take_while(|(a, b)| a == b).count();
                    return Some(bytes.len() - rest.len() + equal);
                }
                position += part.len() as u64;
                rest = after;
            }
        }
        None
    }
}

/// Some records in a row, the first from any position on.
pub(super) struct Records<'a, const N: usize> {
    content: &'a Content,
    numbers: [[u8; NUMBER]; N],
    position: u64,
    limit: u64,
}

impl<const N: usize> Records<'_, N> {
    /// Their bytes, as they are handed over.
    pub(super) fn slices(&self) -> Vec<IoSlice<'_>> {
        let (mut position, mut left) = (self.position, self.limit);
        let mut slices = Vec::with_capacity(2 * N);
        for number in &self.numbers {
            for part in self.content.rest(number, position, left.min(RECORD as u64) as usize) {
                (position, left) = (position + part.len() as u64, left - part.len() as u64);
                slices.extend((!part.is_empty()).then(|| IoSlice::new(part)));
            }
        }
        slices
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(stream: u64) -> Content {
        Content::new(&Block::new(7), stream)
    }

    /// `length` bytes of the stream from `position`, as a sender would hand them over.
    fn bytes(content: &Content, mut position: u64, length: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < length {
            let number = content.number(position);
            let parts = content.rest(&number, position, length - bytes.len()).concat();
            position += parts.len() as u64;
            bytes.extend(parts);
        }
        bytes
    }

    #[test]
    fn what_is_sent_is_accepted_however_it_is_cut() {
        let content = content(0);
        let whole = bytes(&content, 0, 3 * RECORD + 5);
        assert_eq!(content.first_wrong(0, &whole), None);
        for start in [1, 7, 8, 9, RECORD - 1, RECORD, RECORD + 3, 2 * RECORD + 8] {
            for end in [start, start + 1, start + 9, 3 * RECORD, whole.len()] {
                let part = &whole[start..end];
                assert_eq!(content.first_wrong(start as u64, part), None, "{start}..{end}");
                assert_eq!(bytes(&content, start as u64, end - start), part, "{start}..{end}");
            }
        }
    }

    #[test]
    fn a_changed_byte_is_found_where_it_is() {
        let content = content(0);
        for at in [0, 7, 8, 9, RECORD - 1, RECORD, RECORD + 7, RECORD + 4242, 2 * RECORD - 1] {
            let mut whole = bytes(&content, 0, 2 * RECORD);
            whole[at] ^= 1;
            assert_eq!(content.first_wrong(0, &whole), Some(at));
            assert_eq!(content.first_wrong(5, &whole[5..]), at.checked_sub(5), "{at}");
        }
    }

    #[test]
    fn what_was_wanted_and_what_came_are_told() {
        let content = content(0);
        for at in [0, 5, 9, RECORD - 3, RECORD + 4242] {
            let mut whole = bytes(&content, 0, 2 * RECORD);
            whole[at] ^= 0xff;
            let (wanted, got) = content.told(at as u64, &whole[at..]);
            assert_eq!((wanted.len(), got.len() % 2), (got.len(), 0), "{at}");
            let first = |text: &str| u8::from_str_radix(&text[..2], 16).expect("two digits");
            assert_eq!((first(&wanted), first(&got)), (whole[at] ^ 0xff, whole[at]), "{at}");
            assert_eq!(wanted[2..], got[2..], "{at}");
        }
    }

    #[test]
    fn what_came_too_early_is_known_by_its_place() {
        let content = content(0);
        let whole = bytes(&content, 0, 3 * RECORD);
        for (at, from) in [(4242, 50_000), (RECORD - 40, RECORD + 9), (RECORD + 60_000, 2 * RECORD + 4242)] {
            assert_eq!(content.whereabouts(at as u64, &whole[from..]), Some(from as u64), "{from} at {at}");
        }
        assert_eq!(content.whereabouts(4242, &[0; 100]), None);
        assert_eq!(content.whereabouts(4242, &whole[50_000..50_007]), None);
    }

    #[test]
    fn a_record_lost_or_repeated_and_another_stream_s_are_seen() {
        let content = content(0);
        let whole = bytes(&content, 0, 2 * RECORD);
        let wrong = content.first_wrong(0, &whole[RECORD..]).expect("a lost record is seen");
        assert!(wrong < NUMBER);
        let wrong = content.first_wrong(RECORD as u64, &whole[..RECORD]).expect("a repeated record is seen");
        assert!(wrong < NUMBER);
        assert!(self::content(1).first_wrong(0, &whole).is_some_and(|at| at < NUMBER));
        assert!(Content::new(&Block::new(8), 0).first_wrong(0, &whole).is_some_and(|at| at < NUMBER));
    }
}
