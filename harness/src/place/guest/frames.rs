//! The frames in which a guest sends to its host through a port that takes a byte at a time: a length and that many bytes, long ones compressed.
//! Not here: the port, and the contents of the frames.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

/// The bit of a frame's length that marks its bytes as compressed (RFC 1950).
const COMPRESSED: u32 = 1 << 31;
/// Shorter frames are not worth compressing.
const SHORT: usize = 512;
/// The longest frame: anything longer is not a frame.
const LONGEST: u32 = 1 << 28;

/// Writes a frame.
pub(super) fn write(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let (length, bytes) = if bytes.len() < SHORT {
        (bytes.len() as u32, bytes.to_vec())
    } else {
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(bytes)?;
        let packed = packed.finish()?;
        (packed.len() as u32 | COMPRESSED, packed)
    };
    out.write_all(&length.to_le_bytes())?;
    out.write_all(&bytes)
}

/// Reads a frame, or `None` if the guest has ended, perhaps in the middle of one.
pub(super) fn read(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    let Some(()) = filled(from, &mut length)? else { return Ok(None) };
    let length = u32::from_le_bytes(length);
    let long = length & !COMPRESSED;
    if long > LONGEST {
        return Err(io::Error::other(format!("a frame of {long} bytes")));
    }
    let mut bytes = vec![0; long as usize];
    let Some(()) = filled(from, &mut bytes)? else { return Ok(None) };
    if length & COMPRESSED == 0 {
        return Ok(Some(bytes));
    }
    let mut unpacked = Vec::new();
    ZlibDecoder::new(&bytes[..]).read_to_end(&mut unpacked)?;
    Ok(Some(unpacked))
}

fn filled(from: &mut impl Read, bytes: &mut [u8]) -> io::Result<Option<()>> {
    match from.read_exact(bytes) {
        Ok(()) => Ok(Some(())),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_out_as_they_went_in() {
        let long = "recording ".repeat(1000).into_bytes();
        let mut wire = Vec::new();
        write(&mut wire, b"news").unwrap();
        write(&mut wire, &long).unwrap();
        assert!(wire.len() < long.len() / 10, "{}", wire.len());
        let mut from = &wire[..];
        assert_eq!(read(&mut from).unwrap().unwrap(), b"news");
        assert_eq!(read(&mut from).unwrap().unwrap(), long);
        assert_eq!(read(&mut from).unwrap(), None);
    }

    #[test]
    fn a_guest_that_ends_in_mid_frame_has_ended() {
        let mut wire = Vec::new();
        write(&mut wire, b"news").unwrap();
        assert_eq!(read(&mut &wire[..3]).unwrap(), None);
        assert_eq!(read(&mut &wire[..6]).unwrap(), None);
        assert!(read(&mut &[0xff, 0xff, 0xff, 0x7f, 0][..]).is_err());
    }
}
