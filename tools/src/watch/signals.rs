//! Signals that end this program: if the terminal shows a picture, it is restored first.
//! Not here: the picture, and panics, which ratatui handles.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{io, thread};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// Whether the terminal shows a picture.
static SHOWN: AtomicBool = AtomicBool::new(false);

/// Sets whether the terminal shows a picture. The first call starts a thread that waits for signals.
pub(super) fn shown(is: bool) -> io::Result<()> {
    static WAITS: OnceLock<()> = OnceLock::new();
    if WAITS.set(()).is_ok() {
        let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
        let wait = move || {
            for signal in signals.forever() {
                if SHOWN.load(Ordering::SeqCst) {
                    ratatui::restore();
                }
                // The program ends as if the signal had its default effect, so that a shell sees the signal.
                emulate_default_handler(signal).ok();
            }
        };
        thread::Builder::new().name("signals".into()).spawn(wait)?;
    }
    SHOWN.store(is, Ordering::SeqCst);
    Ok(())
}
