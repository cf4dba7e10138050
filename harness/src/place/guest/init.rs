//! The first process of a guest, which is this same program: readies the kernel, does what it was ordered, and ends the guest.
//! Not here: running a job, which is done by the same child process as on this computer.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{archive, frames};
use crate::kernel::boot;
use crate::kernel::port::Port;
use crate::place::local::{self, Message, Request};

/// The argument by which the kernel's command line makes this program the first process.
pub(crate) const MARK: &str = "mplab:guest";
/// Where the list of modules to load is, each behind those it needs.
pub(super) const MODULES: &str = "/mplab/modules.json";
/// What the order is called in the machine's firmware configuration, and the archive of files that it needs.
pub(super) const ORDER: &str = "opt/mplab/order";
pub(super) const LUGGAGE: &str = "opt/mplab/luggage";

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

/// The whole life of the first process.
pub(crate) fn run() -> ! {
    if let Err(error) = serve() {
        // The console is all that is left.
        eprintln!("mplab: the guest's first process failed: {error}");
    }
    boot::end()
}

fn serve() -> io::Result<()> {
    boot::mount_all()?;
    let mut port = Port::open()?;
    // Whoever asks for random numbers too early would wait.
    boot::seed_random(0)?;
    load(&serde_json::from_slice::<Vec<_>>(&fs::read(MODULES)?)?)?;
    // The same guest has come so far whatever it is to do.
    boot::come_by()?;
    let order: Order = serde_json::from_slice(&frames::read(&mut &port.configured(ORDER)?[..])?.unwrap_or_default())?;
    boot::seed_random(order.seed)?;
    archive::unpack(&port.configured(LUGGAGE)?, Path::new("/"))?;
    load(&order.modules)?;
    let mut say = |message: &Message| frames::write(&mut port, &serde_json::to_vec(message)?);
    for (number, request) in order.requests.iter().enumerate() {
        boot::log(&begins(number))?;
        let mut lost = Ok(());
        let answer = local::ask(request, &mut |news| lost = say(&Message::News(news)));
        lost?;
        say(&answer.unwrap_or_else(Message::from))?;
    }
    Ok(())
}

fn load(modules: &[PathBuf]) -> io::Result<()> {
    for module in modules {
        // What needs an absent module will be found missing.
        if let Err(error) = boot::load_module(module) {
            boot::log(&format!("mplab: failed to load {}: {error}", module.display()))?;
        }
    }
    Ok(())
}
