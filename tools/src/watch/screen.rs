//! The terminal while it shows a picture: takes it over, draws at most ten times a second, reads keys, and restores it whatever happens.
//! Not here: what is drawn, and what keys do.

use std::io::{self, IsTerminal};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, raise};
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};

use super::draw::{Around, draw};
use super::picture::Picture;
use super::signals;

/// No eye needs more.
const FRAME: Duration = Duration::from_millis(100);

/// A terminal that shows a picture.
pub(super) struct Screen {
    terminal: DefaultTerminal,
    drawn: Option<Instant>,
}

/// Whether there is a terminal that can show a picture.
pub(super) fn there_is() -> bool {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    io::stdout().is_terminal() && io::stdin().is_terminal() && !dumb
}

impl Screen {
    /// Takes the terminal over. It is restored even if this program panics or a signal ends it.
    pub(super) fn open() -> io::Result<Self> {
        signals::shown(true)?;
        Ok(Self { terminal: ratatui::try_init()?, drawn: None })
    }

    /// Draws if the next frame is due, or `at_once`.
    pub(super) fn draw(&mut self, picture: &Picture, around: &Around, at_once: bool) -> io::Result<()> {
        if at_once || self.drawn.is_none_or(|drawn| drawn.elapsed() >= FRAME) {
            self.drawn = Some(Instant::now());
            self.terminal.draw(|frame| draw(frame, picture, around))?;
        }
        Ok(())
    }

    /// The key pressed within a time, if any. Ctrl-C ends this program as usual.
    pub(super) fn key(&mut self, within: Duration) -> io::Result<Option<KeyCode>> {
        if !event::poll(within)? {
            return Ok(None);
        }
        match event::read()? {
            Event::Key(key) if key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL) => {
                raise(Signal::SIGINT)?;
                // The thread that waits for signals ends this program.
                loop {
                    thread::park();
                }
            }
            Event::Key(key) if key.kind == KeyEventKind::Press => Ok(Some(key.code)),
            // Redraw at once.
            Event::Resize(..) => {
                self.drawn = None;
                Ok(None)
            }
            _ => Ok(None),
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
        // The signal thread exists by now, so this cannot fail.
        signals::shown(false).ok();
    }
}
