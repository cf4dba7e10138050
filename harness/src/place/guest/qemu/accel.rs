//! Whether KVM works here: opening /dev/kvm proves nothing, so a guest is started under it and given a moment.
//! Not here: starting guests.

use std::fs::{self, OpenOptions};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use crate::document::disk;
use crate::result::recording::Acceleration;

/// How long a guest under KVM may take to boot and answer. If KVM works, it takes a second.
pub(super) const DEADLINE: Duration = Duration::from_secs(10);

/// What the file says after the boot's id if KVM works.
const WORKS: &str = "works\n";

/// One trial, however many guests ask at once.
static TRIAL: Mutex<()> = Mutex::new(());

/// The faster of KVM and TCG that works. The answer is kept in `store` until the computer reboots.
pub(super) fn fastest(store: &Path, works_with_kvm: impl FnOnce() -> bool) -> Acceleration {
    if OpenOptions::new().read(true).write(true).open("/dev/kvm").is_err() {
        return Acceleration::Tcg;
    }
    let _one = TRIAL.lock();
    let file = store.join("kvm");
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let said = fs::read_to_string(&file).unwrap_or_default();
    let works = if let Some(works) = said.strip_prefix(&boot).filter(|_| !boot.is_empty()) {
        works == WORKS
    } else {
        let works = works_with_kvm();
        // If the store is not writable, this costs another trial.
        disk::write(&file, &(boot + if works { WORKS } else { "does not work\n" })).ok();
        works
    };
    if works { Acceleration::Kvm } else { Acceleration::Tcg }
}
