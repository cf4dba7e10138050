//! The features of a kernel, kept beside it, so that each program of mplab boots it only once to probe them.
//! Not here: probing.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::machine::identity;
use crate::document::disk;
use crate::result::recording::PlaceRecord;

/// What a program of mplab found that a kernel can do.
#[derive(Serialize, Deserialize)]
pub(super) struct Probed {
    /// The program that probed: another one may probe for other things.
    program: String,
    place: PlaceRecord,
}

impl Probed {
    fn program() -> Option<String> {
        identity(Path::new("/proc/self/exe"))
    }

    /// The features in a file, if this program probed them.
    pub(super) fn read(file: &Path) -> Option<PlaceRecord> {
        let probed: Self = serde_json::from_str(&fs::read_to_string(file).ok()?).ok()?;
        (Some(probed.program) == Self::program()).then_some(probed.place)
    }

    /// Writes the file. If the store is not writable, this only costs another boot the next time.
    pub(super) fn write(file: &Path, place: &PlaceRecord) {
        let Some(program) = Self::program() else { return };
        let json = serde_json::to_string(&Self { program, place: place.clone() }).expect("a place has string keys only");
        disk::write(file, &json).ok();
    }
}
