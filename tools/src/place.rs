//! Where a command's cases run: the options that name the place.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mplab::execute::News;
use mplab::guest::store::Store;
use mplab::guest::{Guest, SHIFT};
use mplab::place::{Cache, Place};
use mplab::recording::{Acceleration, Clockwork};

use crate::Failure;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run in a guest that boots this imported kernel
    #[arg(long)]
    kernel: Option<String>,
    /// Run in virtual time: the result depends only on case, kernel and seed. A kernel that is a program (ARCH=um) always does
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

/// Where runs are cached, so that they need not be made again.
#[derive(clap::Args)]
pub(crate) struct Caching {
    /// Cache runs in virtual time in this directory: a run with the same kernel, case, topology, seed, programs and mplab is not made again
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
}

impl Caching {
    /// A function that gives a place the cache, if there is one.
    pub(crate) fn open(&self) -> Result<impl Fn(Place) -> Place, Failure> {
        let open =
            |path: &PathBuf| Cache::open(path).map_err(|error| Failure::system(format!("failed to make {}", path.display()), &error));
        let cache = self.cache.as_ref().map(open).transpose()?.map(Arc::new);
        Ok(move |place: Place| match &cache {
            Some(cache) => place.cached(Arc::clone(cache)),
            None => place,
        })
    }

    /// Warns if --cache was given for runs that are never cached.
    pub(crate) fn tell_useless(&self, at: &Place) {
        if self.cache.is_some() && at.taken().is_none() {
            complain!("mplab: --cache has no effect here: no run in real time is the same twice. Use it with --kernel NAME --virtual");
        }
    }
}

/// Makes a run, and returns how long it took unless it came from the cache.
pub(crate) fn timed<R>(run: impl FnOnce(&mut dyn FnMut(News)) -> R) -> (R, Option<Duration>) {
    let (since, mut made) = (Instant::now(), true);
    let result = run(&mut |news| made &= news != News::Taken);
    (result, made.then(|| since.elapsed()))
}

/// How many of the runs came from a cache, to follow their number.
pub(crate) fn taken(taken: Option<usize>) -> String {
    taken.map_or_else(String::new, |count| format!(", {count} of them taken from the cache"))
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
