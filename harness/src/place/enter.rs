//! The start of a program that uses places: the process may have been started for another role.
//! Not here: what those roles do.

use crate::kernel::inherited;
use crate::life::{processes, proxy};
use crate::place::{guest, local};

/// If this process was started as a run's child, a process's keeper or the first process of a guest, becomes that and never returns. Call it before
/// anything else in `main`: from then on, programs that this process starts do not inherit descriptors that its caller had open.
pub fn enter() {
    inherited::take();
    guest::enter();
    processes::enter();
    proxy::command::enter();
    local::enter();
}
