//! Guests that have booted and wait for their order: kept once, begun with many times. A boot in virtual time comes to the same state each
//! time, so a run that begins with a kept one is the run that boots.
//! Not here: what is booted, or ordered.
//!
//! The guest comes by an address ([`boot::STOP`]) where QEMU stops it. Its memory is a file already, which those that begin with it map for
//! themselves, and QEMU writes the state of the devices to another, as it does for Xen, which has the memory elsewhere too. QEMU lets virtual
//! time go on to the next timer when it stops a guest: each time the same.

use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;

use super::memory::Memory;
use super::monitor::Monitor;
use super::qemu::path;
use super::stub::Stub;
use crate::kernel::boot;
use crate::kernel::process::anonymous_file;

/// A guest that waits for its order.
pub(super) struct Ready {
    /// Its memory.
    pub(super) memory: Memory,
    /// The state of its devices.
    pub(super) devices: File,
    /// What its console has said.
    pub(super) console: String,
}

/// What became of a guest that should wait.
pub(super) enum Kept {
    /// It does, and this is the state of its devices.
    Waits(File),
    /// It ended before.
    Ended,
    /// It did not come so far in time.
    Hangs,
}

/// How many are kept. One has as much memory as a kernel that has just booted, some 200 MB.
const KEPT: usize = 6;

/// What is being kept of one kind of guest, or is.
type Place = Arc<Mutex<Option<Arc<Ready>>>>;

/// By what makes a guest differ from another, the last used last.
static PLACES: Mutex<Vec<(String, Place)>> = Mutex::new(Vec::new());

/// The guest of this kind, made if there is none: by one thread, while others wait for it.
pub(super) fn kept<E>(kind: &str, make: impl FnOnce() -> Result<Ready, E>) -> Result<Arc<Ready>, E> {
    let place = {
        let mut places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
        let at = places.iter().position(|(other, _)| other == kind);
        let place = at.map_or_else(|| (kind.to_owned(), Place::default()), |at| places.remove(at));
        places.push(place.clone());
        let more = places.len().saturating_sub(KEPT);
        places.drain(..more);
        place.1
    };
    let mut ready = place.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(ready) = &*ready {
        return Ok(ready.clone());
    }
    Ok(ready.insert(Arc::new(make()?)).clone())
}

/// Lets a guest come to where it waits, and writes down the state of its devices.
pub(super) fn keep(stub: &mut Stub, monitor: &mut Monitor, patience: Duration) -> io::Result<Kept> {
    match stub.run_to(boot::STOP, patience) {
        Ok(true) => {}
        Ok(false) => return Ok(Kept::Ended),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Kept::Hangs),
        Err(error) => return Err(error),
    }
    let devices = anonymous_file("devices")?;
    monitor.greet()?;
    monitor.tell("xen-save-devices-state", &json!({ "filename": path(&devices) }))?;
    Ok(Kept::Waits(devices))
}

impl Ready {
    /// QEMU's arguments for a guest that begins with this one, but for the memory.
    pub(super) fn arguments(&self) -> Vec<String> {
        // What is written down for Xen says neither of which machine it is, nor what its fields are.
        ["-incoming", "defer", "-global", "migration.send-configuration=off", "-machine", "suppress-vmdesc=on"].map(str::to_owned).to_vec()
    }

    /// Makes a guest that has this one's memory be where this one is, before it begins.
    pub(super) fn restore(&self, monitor: &mut Monitor) -> io::Result<()> {
        monitor.tell("migrate-incoming", &json!({ "uri": format!("exec:cat {}", path(&self.devices)) }))
    }
}
