//! The first process of a guest, which is this same program: prepares the kernel, carries out the order, and ends the guest.
//! Not here: running a job, which the same child process does as on this computer, or transporting the order and the answers.

use std::path::{Path, PathBuf};
use std::{env, fs, io, process};

use super::machine::Inside;
use super::order::{MODULES, Order, begins};
use super::{archive, frames, qemu, um};
use crate::kernel::boot;
use crate::place::local::{self, Message};

/// What opens a guest's side of its machine.
type Opens = fn() -> io::Result<Box<dyn Inside>>;

/// The machines, by the argument that their kernels' command lines give to the first process.
const MACHINES: [(&str, Opens); 2] = [(qemu::port::MARK, qemu::port::open), (um::MARK, um::open)];

/// Is the first process, if this process was started as one, and then never returns.
pub(super) fn enter() {
    if process::id() != 1 {
        return;
    }
    let arguments: Vec<String> = env::args().collect();
    // The kernel passes unknown words of its command line to the first process, before the mark.
    let Some((_, open)) = MACHINES.iter().find(|(mark, _)| arguments.iter().any(|argument| argument == mark)) else { return };
    let failed = |error: io::Error| {
        let said = format!("mplab: the guest's first process failed: {error}");
        // Only the console is left.
        boot::log(&said).unwrap_or_else(|_| eprintln!("{said}"));
    };
    match boot::mount_all().and_then(|()| open()) {
        Ok(mut machine) => {
            serve(&mut *machine).unwrap_or_else(failed);
            machine.end()
        }
        Err(error) => {
            failed(error);
            boot::restart()
        }
    }
}

fn serve(machine: &mut dyn Inside) -> io::Result<()> {
    // A process that asks for random numbers too early would wait.
    boot::seed_random(0)?;
    load(&serde_json::from_slice::<Vec<_>>(&fs::read(MODULES)?)?)?;
    let order: Order = serde_json::from_slice(&machine.order()?)?;
    boot::seed_random(order.seed)?;
    archive::unpack(&machine.payload()?, Path::new("/"))?;
    load(&order.modules)?;
    let mut say = |message: &Message| {
        let mut frame = Vec::new();
        frames::write(&mut frame, &serde_json::to_vec(message)?)?;
        machine.say(&frame)
    };
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
        // Features that need an absent module will be found missing.
        if let Err(error) = boot::load_module(module) {
            boot::log(&format!("mplab: failed to load {}: {error}", module.display()))?;
        }
    }
    Ok(())
}
