//! Files for a guest, in a cpio archive: its kernel unpacks it into memory at boot, or its first process does later.
//! Not here: which files.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use cpio::newc::{Builder, Reader, trailer};

use super::program::Files;

/// File types and modes (inode(7)).
const DIRECTORY: u32 = 0o040_755;
const FILE: u32 = 0o100_755;

/// The archive with these files and their directories. The same files give the same bytes.
pub(super) fn pack(files: &Files) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(files.values().map(Vec::len).sum::<usize>() + files.len() * 512);
    let directories: BTreeSet<&Path> =
        files.keys().flat_map(|path| path.ancestors().skip(1)).filter(|path| *path != Path::new("/")).collect();
    let mut inode = 0;
    let mut builder = |path: &Path, mode| {
        inode += 1;
        Builder::new(&path.to_string_lossy()[1..]).ino(inode).mode(mode).nlink(1)
    };
    // A parent sorts before its contents.
    for directory in directories {
        builder(directory, DIRECTORY).write(&mut bytes, 0).finish()?;
    }
    for (path, content) in files {
        let mut entry = builder(path, FILE).write(&mut bytes, content.len() as u32);
        entry.write_all(content)?;
        entry.finish()?;
    }
    trailer(&mut bytes)?;
    Ok(bytes)
}

/// Unpacks an archive below a directory. Existing files stay as they are: they may be running.
pub(super) fn unpack(mut archive: &[u8], below: &Path) -> io::Result<()> {
    loop {
        let mut file = Reader::new(archive)?;
        if file.entry().is_trailer() {
            return Ok(());
        }
        let path = below.join(file.entry().name());
        if file.entry().mode() == DIRECTORY {
            fs::create_dir_all(path)?;
        } else {
            let mut content = Vec::with_capacity(file.entry().file_size() as usize);
            file.read_to_end(&mut content)?;
            match OpenOptions::new().write(true).create_new(true).mode(FILE & 0o777).open(path) {
                Ok(mut new) => new.write_all(&content)?,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        archive = file.finish()?;
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn directories_come_before_what_is_in_them() {
        let files = Files::from([(PathBuf::from("/a/b/c"), b"content".to_vec()), (PathBuf::from("/init"), b"program".to_vec())]);
        let archive = pack(&files).unwrap();
        let mut names = Vec::new();
        let mut from = &archive[..];
        loop {
            let reader = Reader::new(from).unwrap();
            if reader.entry().is_trailer() {
                break;
            }
            names.push(reader.entry().name().to_owned());
            from = reader.finish().unwrap();
        }
        assert_eq!(names, ["a", "a/b", "a/b/c", "init"]);
    }

    #[test]
    fn what_is_unpacked_can_be_run_and_replaces_nothing() {
        let files = Files::from([(PathBuf::from("/a/new"), b"new".to_vec()), (PathBuf::from("/old"), b"newer".to_vec())]);
        let directory = std::env::temp_dir().join(format!("mplab-test-unpack-{}", std::process::id()));
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("old"), "old").unwrap();
        unpack(&pack(&files).unwrap(), &directory).unwrap();
        let [new, old] = ["a/new", "old"].map(|name| fs::read(directory.join(name)).unwrap());
        let mode = fs::metadata(directory.join("a/new")).unwrap().permissions().mode();
        fs::remove_dir_all(&directory).unwrap();
        assert_eq!((&new[..], &old[..], mode & 0o100), (&b"new"[..], &b"old"[..], 0o100));
    }
}
