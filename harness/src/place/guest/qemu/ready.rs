//! Guests that have booted and wait for their order: kept once, used to begin many runs. A boot in virtual time reaches the same state each
//! time, so a run that begins with a kept guest is the same as one that boots.
//! Not here: what is booted, or ordered.
//!
//! QEMU stops the guest at an address that it passes ([`boot::STOP`]). Its memory is already a file, which guests that begin with it map
//! privately. QEMU writes the state of the devices to another file, as it does for Xen, which also has the memory elsewhere. When QEMU stops a
//! guest, virtual time goes on to the next timer: the same one each time.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::unistd::linkat;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::path;
use super::memory::Memory;
use super::monitor::Monitor;
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

/// What happened to a guest that should wait.
pub(super) enum Kept {
    /// It waits, with this state of its devices.
    Waits(File),
    /// It ended first.
    Ended,
    /// It did not get there in time.
    Hangs,
}

/// How many are kept. Each takes as much memory as a kernel that has just booted, 100 to 150 MB.
const KEPT: usize = 8;

/// The kept guest of one kind, once it has been made.
type Slot = Arc<Mutex<Option<Arc<Ready>>>>;

/// By kind of guest, the last used last.
static SLOTS: Mutex<Vec<(String, Slot)>> = Mutex::new(Vec::new());

/// The guest of this kind, taken from a file if that has it, else made by one thread while others wait.
pub(super) fn kept<E>(kind: &str, file: Option<&Path>, make: impl FnOnce() -> Result<Ready, E>) -> Result<Arc<Ready>, E> {
    let place = {
        let mut places = SLOTS.lock().unwrap_or_else(PoisonError::into_inner);
        let at = places.iter().position(|(other, _)| other == kind);
        let place = at.map_or_else(|| (kind.to_owned(), Slot::default()), |at| places.remove(at));
        places.push(place.clone());
        let more = places.len().saturating_sub(KEPT);
        places.drain(..more);
        place.1
    };
    let mut ready = place.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(ready) = &*ready {
        return Ok(ready.clone());
    }
    let guest = if let Some(found) = file.and_then(|file| Ready::read(file, kind)) {
        found
    } else {
        let booted = make()?;
        // If it cannot be written, it costs a boot the next time.
        file.and_then(|file| booted.write(file, kind).ok());
        booted
    };
    Ok(ready.insert(Arc::new(guest)).clone())
}

/// The line of JSON after a guest's memory in a file; the state of the devices follows.
#[derive(Serialize, Deserialize)]
struct About {
    kind: String,
    console: String,
}

/// Runs a guest up to where it waits, and saves the state of its devices.
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
    /// QEMU's arguments for a guest that begins with a kept one, except for the memory. The state that is saved for Xen describes neither its machine
    /// nor its fields.
    pub(super) const ARGUMENTS: [&str; 6] =
        ["-incoming", "defer", "-global", "migration.send-configuration=off", "-machine", "suppress-vmdesc=on"];

    /// The guest in a file, if it is one of this kind.
    fn read(file: &Path, kind: &str) -> Option<Self> {
        // QEMU opens it for writing too, although it writes nothing.
        let mut file = OpenOptions::new().read(true).write(true).open(file).ok()?;
        let mut size = [0; 8];
        file.seek(SeekFrom::End(-8)).and_then(|_| file.read_exact(&mut size)).ok()?;
        let size = u64::from_le_bytes(size);
        file.seek(SeekFrom::Start(size)).ok()?;
        let mut rest = Vec::new();
        file.read_to_end(&mut rest).ok()?;
        let line = rest.iter().position(|byte| *byte == b'\n')?;
        let about: About = serde_json::from_slice(&rest[..line]).ok()?;
        if about.kind != kind {
            return None;
        }
        let mut devices = anonymous_file("devices").ok()?;
        devices.write_all(rest.get(line + 1..rest.len().checked_sub(8)?)?).ok()?;
        Some(Self { memory: Memory::of(file, size), devices, console: about.console })
    }

    /// Writes it to a file in full, or leaves the file as it was. Until it is complete it has no name, so that a killed process leaves nothing; some
    /// file systems do not support that.
    fn write(&self, file: &Path, kind: &str) -> io::Result<()> {
        let directory = file.parent().unwrap_or(Path::new("."));
        let mut nameless = OpenOptions::new().read(true).write(true).custom_flags(libc::O_TMPFILE).open(directory)?;
        self.memory.write(&nameless)?;
        let about = About { kind: kind.to_owned(), console: self.console.clone() };
        let mut rest = serde_json::to_vec(&about)?;
        rest.push(b'\n');
        (&self.devices).rewind()?;
        (&self.devices).read_to_end(&mut rest)?;
        rest.extend(self.memory.size().to_le_bytes());
        nameless.seek(SeekFrom::End(0))?;
        nameless.write_all(&rest)?;
        // A guest with missing memory would look like a kernel that fails.
        nameless.sync_all()?;
        let draft = file.with_extension(process::id().to_string());
        linkat(AT_FDCWD, &*path(&nameless), AT_FDCWD, &draft, AtFlags::AT_SYMLINK_FOLLOW)?;
        fs::rename(&draft, file)
    }

    /// Restores the devices of a guest that has this one's memory, before it begins.
    pub(super) fn restore(&self, monitor: &mut Monitor) -> io::Result<()> {
        monitor.tell("migrate-incoming", &json!({ "uri": format!("exec:cat {}", path(&self.devices)) }))?;
        // If the guest went on earlier, it would begin elsewhere.
        while monitor.tell("query-status", &json!({}))?["status"] == "inmigrate" {
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}
