//! Holds the terminal for the picture, and gives it back as it was, once, whatever ends that: the view's own end, a signal, a panic in any thread.
//! Not here: the picture, and what is said meanwhile (`aside`).

use std::io::{self, stdout};
use std::panic;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::aside;

/// Whether the terminal shows a picture.
static HELD: AtomicBool = AtomicBool::new(false);

/// Takes the terminal over.
pub(super) fn take() -> io::Result<()> {
    static WATCHED: OnceLock<()> = OnceLock::new();
    if WATCHED.set(()).is_ok() {
        watch_signals()?;
        watch_panics();
    }
    HELD.store(true, Ordering::SeqCst);
    let taken = enable_raw_mode().and_then(|()| execute!(stdout(), EnterAlternateScreen)).and_then(|()| aside::set());
    taken.inspect_err(|_| give_back())
}

/// Draws, during which no other thread gives it back; fails if one has done that.
pub(super) fn draw<T>(draw: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let _out = stdout().lock();
    if HELD.load(Ordering::SeqCst) { draw() } else { Err(io::Error::other("it was given back")) }
}

/// Gives it back if it is held. To leave the alternate screen a second time would put the cursor back on what was printed since, as terminals
/// restore its position whenever they are told to leave (xterm's control 1049).
pub(super) fn give_back() {
    if !HELD.load(Ordering::SeqCst) {
        return;
    }
    // A thread that panics while it draws has the lock already, and gets it again.
    let mut out = stdout().lock();
    if HELD.swap(false, Ordering::SeqCst) {
        // A terminal that is gone needs nothing.
        disable_raw_mode().ok();
        execute!(out, LeaveAlternateScreen, Show).ok();
        aside::give_back();
    }
}

/// Starts a thread that waits for signals which end this program.
fn watch_signals() -> io::Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
    let wait = move || {
        for signal in signals.forever() {
            give_back();
            // The program ends as if the signal had its default effect, so that a shell sees the signal.
            emulate_default_handler(signal).ok();
        }
    };
    thread::Builder::new().name("signals".into()).spawn(wait).map(drop)
}

/// A panic is told on a terminal that can be read.
fn watch_panics() {
    let told = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        give_back();
        told(panic);
    }));
}
