//! A guest's order: what it must do once it has booted, and how that is encoded.
//! Not here: the transport, which each machine has its own.

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::frames;
use crate::place::local::Request;

/// The file with the list of modules to load, each after those it needs.
pub(super) const MODULES: &str = "/mplab/modules.json";

/// What a guest must do once it has booted.
#[derive(Serialize, Deserialize)]
pub(super) struct Order {
    /// The seed of its random numbers.
    pub(super) seed: u64,
    /// Modules to load first, by their paths, each after those it needs.
    pub(super) modules: Vec<PathBuf>,
    /// What to do, one after the other.
    pub(super) requests: Vec<Request>,
}

impl Order {
    /// Its encoding.
    pub(super) fn in_frame(&self) -> io::Result<Vec<u8>> {
        let mut frame = Vec::new();
        frames::write(&mut frame, &serde_json::to_vec(self)?)?;
        Ok(frame)
    }
}

/// The line in the kernel's log that begins a request: complaints of the kernel belong to the last request begun.
pub(super) fn begins(number: usize) -> String {
    format!("mplab: request {number} begins")
}
