//! A CPU for each guest in virtual time. Only one part of its machine works at any moment and then wakes the next: QEMU's thread that executes it
//! and the one that advances its time, or a kernel that is a program and its programs. On one CPU that costs up to a third less than on two.
//! Not here: guests in real time, whose threads work at the same time.

use std::process;
use std::sync::{Mutex, PoisonError};

use crate::kernel::process::cpus;

/// The CPUs of this process's guests, each as often as it has guests.
static TAKEN: Mutex<Vec<usize>> = Mutex::new(Vec::new());

/// A CPU, until this is dropped.
pub(super) struct Seat {
    pub(super) cpu: usize,
}

impl Seat {
    /// The CPU with the fewest guests. Other processes of mplab begin with another. `None` if this process may not read its CPU affinity.
    pub(super) fn take() -> Option<Self> {
        let mut cpus = cpus().ok()?;
        let first = process::id() as usize % cpus.len().max(1);
        cpus.rotate_left(first);
        let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let guests = |cpu: usize| taken.iter().filter(|other| **other == cpu).count();
        let cpu = cpus.into_iter().min_by_key(|cpu| guests(*cpu))?;
        taken.push(cpu);
        Some(Self { cpu })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let at = taken.iter().position(|cpu| *cpu == self.cpu);
        at.map(|at| taken.swap_remove(at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests_are_spread_over_the_cpus() {
        let many = cpus().unwrap().len();
        let seats: Vec<_> = (0..2 * many).filter_map(|_| Seat::take()).collect();
        for cpu in cpus().unwrap() {
            assert_eq!(seats.iter().filter(|seat| seat.cpu == cpu).count(), 2, "CPU {cpu}");
        }
        drop(seats);
        assert!(TAKEN.lock().unwrap().is_empty());
    }
}
