//! What all guests of a kernel share at the start: its program and their first file system, made once and kept in memory.
//! Not here: what is specific to one guest.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::super::contents;
use super::super::machine::identity;
use super::super::store::Kernel;
use super::image;

/// How many are kept: each takes the size of the kernel plus that of this program.
const KEPT: usize = 4;

/// The files, which are never changed.
pub(super) struct Beginning {
    pub(super) linux: File,
    pub(super) initrd: File,
}

/// The files that one is made from.
type Key = [Option<(PathBuf, Option<String>)>; 2];

/// By the files that it is made from, the last used last.
static MADE: Mutex<Vec<(Key, Arc<Beginning>)>> = Mutex::new(Vec::new());

impl Beginning {
    /// The beginning of a kernel and a first process, which is this program unless another is named.
    pub(super) fn of(kernel: &Kernel, program: Option<&PathBuf>) -> io::Result<Arc<Self>> {
        let image = kernel.image();
        let key = [Some(&image), program].map(|file| file.map(|file| (file.clone(), identity(file))));
        // Another thread that needs the same one waits until it is made.
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        let known = made.iter().position(|(other, _)| *other == key).map(|at| made.remove(at).1);
        let beginning = match known {
            Some(known) => known,
            None => Arc::new(Self { linux: image::ready(&image)?, initrd: contents::booted(kernel, program.map(PathBuf::as_path))? }),
        };
        if made.len() >= KEPT {
            made.remove(0);
        }
        made.push((key, Arc::clone(&beginning)));
        Ok(beginning)
    }
}
