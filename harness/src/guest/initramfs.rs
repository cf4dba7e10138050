//! A guest's first and only file system: a cpio archive that its kernel unpacks into memory.
//! Not here: which files are in it.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use cpio::newc::{Builder, trailer};

use super::program::Files;

/// File types and modes (inode(7)).
const DIRECTORY: u32 = 0o040_755;
const FILE: u32 = 0o100_755;

/// The archive with these files, and the directories that they are in. The same files make the same bytes.
pub(super) fn archive(files: &Files) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(files.values().map(Vec::len).sum::<usize>() + files.len() * 512);
    let directories: BTreeSet<&Path> =
        files.keys().flat_map(|path| path.ancestors().skip(1)).filter(|path| *path != Path::new("/")).collect();
    let mut inode = 0;
    let mut builder = |path: &Path, mode| {
        inode += 1;
        Builder::new(&path.to_string_lossy()[1..]).ino(inode).mode(mode).nlink(1)
    };
    // A parent sorts before what is in it.
    for directory in directories {
        builder(directory, DIRECTORY).write(&mut bytes, 0).finish()?;
    }
    for (path, content) in files {
        let mut entry = builder(path, FILE).write(&mut bytes, content.len() as u32);
        io::Write::write_all(&mut entry, content)?;
        entry.finish()?;
    }
    trailer(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn directories_come_before_what_is_in_them() {
        let files = Files::from([(PathBuf::from("/a/b/c"), b"content".to_vec()), (PathBuf::from("/init"), b"program".to_vec())]);
        let archive = archive(&files).unwrap();
        let mut names = Vec::new();
        let mut from = &archive[..];
        loop {
            let reader = cpio::newc::Reader::new(from).unwrap();
            if reader.entry().is_trailer() {
                break;
            }
            names.push(reader.entry().name().to_owned());
            from = reader.finish().unwrap();
        }
        assert_eq!(names, ["a", "a/b", "a/b/c", "init"]);
    }
}
