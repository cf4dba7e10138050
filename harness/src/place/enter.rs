//! The start of a program that uses places: it may have been started as something else.
//! Not here: what these others do.

use crate::kernel::inherited;
use crate::life::{processes, proxy};
use crate::place::{guest, local};

/// Becomes a run's child, a process's keeper, or the first process of a guest, if this process was started as one, and never returns then. Call it before
/// anything else in `main`: from then on no program that this process starts has the descriptors that its caller had open.
pub fn enter() {
    inherited::take();
    guest::enter();
    processes::enter();
    proxy::command::enter();
    local::enter();
}
