//! Reads archives as a stream: the files in .deb, .rpm, tar and cpio archives, compressed or not.
//! Not here: which of them are of use.

use std::io::{self, BufReader, Cursor, Read};

use super::ImportError;

/// Bytes from somewhere.
pub(in crate::place::guest::store) type Input<'a> = Box<dyn Read + 'a>;

/// How many bytes are needed to detect a format: a tar archive is known by its 257th byte, a bzImage by its 514th.
const HEAD: u64 = 1024;

/// What a file is, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::place::guest::store) enum Format {
    Deb,
    Rpm,
    Tar,
    Cpio,
    /// Not an archive.
    Other,
}

impl Format {
    fn of(head: &[u8]) -> Self {
        match head {
            [b'!', b'<', b'a', b'r', b'c', b'h', b'>', b'\n', ..] => Self::Deb,
            [0xed, 0xab, 0xee, 0xdb, ..] => Self::Rpm,
            [b'0', b'7', b'0', b'7', b'0', b'1' | b'2', ..] => Self::Cpio,
            _ if head.get(257..262) == Some(b"ustar") => Self::Tar,
            _ => Self::Other,
        }
    }
}

/// Why an archive was not read to its end: an error of its own, or of the visitor.
pub(in crate::place::guest::store) enum Stop {
    Archive(io::Error),
    Reader(ImportError),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Archive(error)
    }
}

impl From<ImportError> for Stop {
    fn from(error: ImportError) -> Self {
        Self::Reader(error)
    }
}

/// Visits each file in an archive: its path there, its length in bytes, its content.
pub(in crate::place::guest::store) type Visit<'v> = dyn FnMut(&str, u64, &mut dyn Read) -> Result<(), Stop> + 'v;

/// Decompresses a stream if needed, and returns its format and all of its content.
pub(in crate::place::guest::store) fn open(input: Input<'_>) -> io::Result<(Format, Input<'_>)> {
    let (head, input) = peek(decompress(input)?, HEAD)?;
    Ok((Format::of(&head), input))
}

/// Visits the regular files of an archive.
pub(in crate::place::guest::store) fn visit(format: Format, input: Input<'_>, visitor: &mut Visit) -> Result<(), Stop> {
    match format {
        Format::Deb => deb(input, visitor),
        Format::Rpm => rpm(input, visitor),
        Format::Tar => tar(input, visitor),
        Format::Cpio => cpio(input, visitor),
        Format::Other => Ok(()),
    }
}

/// Reads the first bytes, and returns them and the whole stream.
fn peek(mut input: Input<'_>, count: u64) -> io::Result<(Vec<u8>, Input<'_>)> {
    let mut head = Vec::new();
    input.by_ref().take(count).read_to_end(&mut head)?;
    Ok((head.clone(), Box::new(Cursor::new(head).chain(input))))
}

/// The content of a compressed stream, or the stream itself.
pub(in crate::place::guest::store) fn decompress(input: Input<'_>) -> io::Result<Input<'_>> {
    let (head, input) = peek(input, 6)?;
    Ok(match head[..] {
        [0x1f, 0x8b, ..] => Box::new(flate2::read::MultiGzDecoder::new(input)),
        [0xfd, b'7', b'z', b'X', b'Z', 0] => Box::new(lzma_rust2::XzReader::new(input, true)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(Zstd::new(input)?),
        _ => input,
    })
}

/// The frames of a zstd stream, one after the other: the library's decoder ends with the first.
struct Zstd<'a>(Option<ruzstd::decoding::StreamingDecoder<Input<'a>, ruzstd::decoding::FrameDecoder>>);

impl<'a> Zstd<'a> {
    fn new(input: Input<'a>) -> io::Result<Self> {
        Ok(Self(Some(ruzstd::decoding::StreamingDecoder::new(input).map_err(io::Error::other)?)))
    }
}

impl Read for Zstd<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(frame) = &mut self.0 {
            let count = frame.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let ended = self.0.take().expect("it was there");
            let (head, rest) = peek(ended.into_inner(), 1)?;
            if !head.is_empty() {
                *self = Self::new(rest)?;
            }
        }
        Ok(0)
    }
}

/// A Debian package (deb(5)): an ar archive of tar archives. The one called data.tar has the files.
fn deb(input: Input<'_>, visitor: &mut Visit) -> Result<(), Stop> {
    let mut archive = ar::Archive::new(input);
    while let Some(entry) = archive.next_entry() {
        let entry = entry?;
        if entry.header().identifier().starts_with(b"data.tar") {
            return tar(decompress(Box::new(entry))?, visitor);
        }
    }
    Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a .deb without its data.tar").into())
}

/// An RPM: headers, and a compressed cpio archive.
fn rpm(input: Input<'_>, visitor: &mut Visit) -> Result<(), Stop> {
    let mut input = BufReader::new(input);
    rpm::PackageMetadata::parse(&mut input).map_err(io::Error::other)?;
    let (head, payload) = peek(decompress(Box::new(input))?, 6)?;
    // A package of packages has none.
    if head.is_empty() { Ok(()) } else { cpio(payload, visitor) }
}

fn tar(input: Input<'_>, visitor: &mut Visit) -> Result<(), Stop> {
    for entry in tar::Archive::new(input).entries()? {
        let mut entry = entry?;
        if entry.header().entry_type().is_file() {
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            visitor(&path, entry.size(), &mut entry)?;
        }
    }
    Ok(())
}

fn cpio(mut input: Input<'_>, visitor: &mut Visit) -> Result<(), Stop> {
    loop {
        let mut reader = cpio::newc::Reader::new(input)?;
        if reader.entry().is_trailer() {
            return Ok(());
        }
        // The type of a file in its mode, as in inode(7).
        if reader.entry().mode() & 0o170_000 == 0o100_000 {
            let (path, size) = (reader.entry().name().to_owned(), reader.entry().file_size().into());
            visitor(&path, size, &mut reader)?;
        }
        input = reader.finish()?;
    }
}
