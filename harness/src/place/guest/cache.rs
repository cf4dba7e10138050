//! A cache of runs: recordings in a directory, in files named after everything that a run depends on.
//! Not here: what a run depends on, which a guest knows.
//!
//! Any number of processes may use a directory at once, even on several computers: a file appears in full or not at all, and every writer writes
//! the same. A file begins with a digest of its name and of what follows, the recording's JSON compressed by zstd (RFC 8878). A file that does not
//! match its digest is damaged: the run is made, and the file written again.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use crate::document::disk;
use crate::result::recording::Recording;
use crate::words::{Digest, digest};

/// The format of the files and of their names. It changes when either does.
const FORMAT: &str = "mplab cache 1";

/// A directory of recordings.
#[derive(Debug)]
pub struct Cache {
    directory: PathBuf,
    taken: AtomicUsize,
    /// Whether a failure to write was already reported.
    told: OnceLock<()>,
}

impl Cache {
    /// The cache in a directory, which is made if needed.
    pub fn open(directory: &Path) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        Ok(Self { directory: directory.to_owned(), taken: AtomicUsize::new(0), told: OnceLock::new() })
    }

    /// How many recordings were taken from it.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// The name of a run that depends on these.
    pub(super) fn key<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Digest {
        Digest::of([FORMAT.as_bytes()].into_iter().chain(parts))
    }

    fn path(&self, key: &Digest) -> PathBuf {
        let name = key.to_string();
        self.directory.join(&name[..2]).join(&name[2..])
    }

    /// The recording of that name, if it exists and is not damaged.
    pub(super) fn take(&self, key: &Digest) -> Option<Recording> {
        let path = self.path(key);
        let bytes = disk::read(&path, disk::RECORDING).ok()?;
        let recording = unpacked(key, &bytes);
        if recording.is_some() {
            self.taken.fetch_add(1, Ordering::Relaxed);
        } else {
            tracing::warn!("{}: this file is damaged, so the run is made again", path.display());
        }
        recording
    }

    /// Keeps a recording. If that fails, the run must be made again the next time, but nothing else is lost.
    pub(super) fn keep(&self, key: &Digest, recording: &Recording) {
        let path = self.path(key);
        if let Err(error) = disk::write(&path, packed(key, recording))
            && self.told.set(()).is_ok()
        {
            tracing::warn!("failed to keep a run as {}: {error}", path.display());
        }
    }
}

fn packed(key: &Digest, recording: &Recording) -> Vec<u8> {
    let body = compress_to_vec(recording.to_json().as_bytes(), CompressionLevel::Fastest);
    [Digest::of([key.bytes().as_slice(), &body]).bytes().as_slice(), &body].concat()
}

fn unpacked(key: &Digest, bytes: &[u8]) -> Option<Recording> {
    let (seal, body) = bytes.split_at_checked(digest::LENGTH)?;
    if Digest::of([key.bytes().as_slice(), body]).bytes() != seal {
        return None;
    }
    let mut json = String::new();
    StreamingDecoder::new(body).ok()?.take(disk::RECORDING).read_to_string(&mut json).ok()?;
    Recording::from_json(&json).ok()
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::document::case::check;
    use crate::plan::{Forwarding, Job};

    fn recording(summary: &str) -> Recording {
        let case = format!("summary = \"{summary}\"\ntopology = \"two\"\ntransfer.t = {{ client = \"a\", server = \"b\", bytes = \"1\" }}");
        let topology = "summary = \"two\"\nlink.x.ends = [\"a:x\", \"b:x\"]";
        let (case, topology) =
            check::parse("one.toml", &case, [("two", topology)].as_slice()).unwrap_or_else(|wrong| panic!("{}", wrong[0]));
        Recording::of_nothing(Job::plan("one", topology, case, Forwarding::Redirect))
    }

    fn directory(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("mplab-cache-{name}-{}", std::process::id()))
    }

    #[test]
    fn what_is_damaged_or_has_another_name_is_not_taken() {
        let directory = directory("damaged");
        let cache = Cache::open(&directory).unwrap();
        let [key, other] = ["one", "other"].map(|name| Cache::key([name.as_bytes()]));
        assert_eq!(cache.take(&key), None);
        cache.keep(&key, &recording("it"));
        assert_eq!(cache.take(&key), Some(recording("it")));
        assert_eq!(cache.take(&other), None);
        let whole = fs::read(cache.path(&key)).unwrap();
        for damage in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[damage] ^= 1;
            assert_eq!(unpacked(&key, &bytes), None, "byte {damage}");
            assert_eq!(unpacked(&key, &whole[..damage]), None, "{damage} bytes");
        }
        fs::create_dir_all(cache.path(&other).parent().unwrap()).unwrap();
        fs::copy(cache.path(&key), cache.path(&other)).unwrap();
        assert_eq!(cache.take(&other), None);
        fs::write(cache.path(&key), &whole[1..]).unwrap();
        assert_eq!(cache.take(&key), None);
        cache.keep(&key, &recording("it"));
        assert_eq!((cache.take(&key), cache.taken()), (Some(recording("it")), 2));
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn many_may_write_at_once_and_nothing_is_left_beside() {
        let directory = directory("many");
        let key = Cache::key([b"one".as_slice()]);
        let caches: Vec<Cache> = (0..4).map(|_| Cache::open(&directory).unwrap()).collect();
        thread::scope(|scope| {
            for cache in &caches {
                scope.spawn(|| {
                    for _ in 0..20 {
                        cache.keep(&key, &recording("it"));
                        assert_eq!(cache.take(&key), Some(recording("it")), "no half of it is ever seen");
                    }
                });
            }
        });
        assert!(caches.iter().all(|cache| cache.told.get().is_none()), "each could write");
        assert_eq!(fs::read_dir(caches[0].path(&key).parent().unwrap()).unwrap().count(), 1);
        fs::remove_dir_all(directory).unwrap();
    }
}
