//! What all guests of a kernel begin with: its program and their first file system, made once and kept in memory.
//! Not here: what only one guest gets.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::super::contents;
use super::super::machine::identity;
use super::super::store::Kernel;
use super::image;

/// How many are kept: each takes the size of the kernel and of this program.
const KEPT: usize = 4;

/// The files, which nobody changes.
pub(super) struct Beginning {
    pub(super) linux: File,
    pub(super) initrd: File,
}

/// The files that one is made of.
type Key = [Option<(PathBuf, Option<String>)>; 2];

/// By what makes one differ from another, the last used last.
static MADE: Mutex<Vec<(Key, Arc<Beginning>)>> = Mutex::new(Vec::new());

impl Beginning {
    /// That of a kernel and a first process, which is this program if no other is named.
    pub(super) fn of(kernel: &Kernel, program: Option<&PathBuf>) -> io::Result<Arc<Self>> {
        let image = kernel.image();
        let key = [Some(&image), program].map(|file| file.map(|file| (file.clone(), identity(file))));
        // Whoever needs the same waits until it is made.
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
