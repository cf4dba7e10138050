//! Which place a command's cases run at: the options that name it.

use mplab::guest::store::Store;
use mplab::guest::{Guest, SHIFT};
use mplab::place::Place;
use mplab::recording::{Acceleration, Clockwork};

use crate::Failure;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run in a guest that boots this imported kernel
    #[arg(long)]
    kernel: Option<String>,
    /// Run in virtual time: the result depends on nothing but case, kernel and seed. Always so with a kernel that is a program
    #[arg(long = "virtual", requires = "kernel")]
    in_virtual_time: bool,
    /// How the guest's CPU is emulated [default: the fastest that works]
    #[arg(long, value_enum, requires = "kernel")]
    accel: Option<Accel>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum Accel {
    Tcg,
    Kvm,
}

impl Options {
    pub(crate) fn place(&self) -> Result<Place, Failure> {
        let Some(name) = &self.kernel else { return Ok(Place::Local) };
        guest(name, self.in_virtual_time, self.accel)
    }
}

/// A guest with an imported kernel.
pub(crate) fn guest(name: &str, in_virtual_time: bool, accel: Option<Accel>) -> Result<Place, Failure> {
    let kernel = Store::open().and_then(|store| store.get(name)).map_err(Failure::usage)?;
    let clock = if in_virtual_time { Clockwork::Virtual { shift: SHIFT } } else { Clockwork::Real };
    let accel = accel.map(|accel| match accel {
        Accel::Tcg => Acceleration::Tcg,
        Accel::Kvm => Acceleration::Kvm,
    });
    let guest = Guest::new(kernel, clock, accel).map_err(Failure::broken)?.lasting();
    Ok(Place::Guest(Box::new(guest)))
}
