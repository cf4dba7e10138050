//! Signals that end this program: the terminal is given back first if a picture is on it.
//! Not here: the picture, and what a panic does, which ratatui sees to.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{io, thread};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// Whether a picture is on the terminal.
static SHOWN: AtomicBool = AtomicBool::new(false);

/// Says whether a picture is on the terminal. From the first time on a thread waits for the signals.
pub(super) fn shown(is: bool) -> io::Result<()> {
    static WAITS: OnceLock<()> = OnceLock::new();
    if WAITS.set(()).is_ok() {
        let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
        let wait = move || {
            for signal in signals.forever() {
                if SHOWN.load(Ordering::SeqCst) {
                    ratatui::restore();
                }
                // It ends this program as if nobody had waited for it, so that a shell is told the signal.
                emulate_default_handler(signal).ok();
            }
        };
        thread::Builder::new().name("signals".into()).spawn(wait)?;
    }
    SHOWN.store(is, Ordering::SeqCst);
    Ok(())
}
