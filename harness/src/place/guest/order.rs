//! A guest's order: what it is to do once it has booted, and how that travels.
//! Not here: what carries it, which each machine does in its own way.

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::frames;
use crate::place::local::Request;

/// Where the list of modules to load is, each behind those it needs.
pub(super) const MODULES: &str = "/mplab/modules.json";

/// What a guest is to do once it has booted.
#[derive(Serialize, Deserialize)]
pub(super) struct Order {
    /// What its random numbers follow from.
    pub(super) seed: u64,
    /// Modules to load before, by their paths, each behind those it needs.
    pub(super) modules: Vec<PathBuf>,
    /// What to do, one after the other.
    pub(super) requests: Vec<Request>,
}

impl Order {
    /// The bytes by which it travels.
    pub(super) fn in_frame(&self) -> io::Result<Vec<u8>> {
        let mut frame = Vec::new();
        frames::write(&mut frame, &serde_json::to_vec(self)?)?;
        Ok(frame)
    }
}

/// The line in the kernel's log with which a request begins: what the kernel complains of belongs to the last one before.
pub(super) fn begins(number: usize) -> String {
    format!("mplab: request {number} begins")
}
