//! The terminal while a picture is on it: taken over, drawn on at most ten times a second, listened to, and given back whatever happens.
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

/// Whether there is a terminal to show a picture on.
pub(super) fn there_is() -> bool {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    io::stdout().is_terminal() && io::stdin().is_terminal() && !dumb
}

impl Screen {
    /// Takes the terminal over. It is given back also if this program panics, or if a signal ends it.
    pub(super) fn open() -> io::Result<Self> {
        signals::shown(true)?;
        Ok(Self { terminal: ratatui::try_init()?, drawn: None })
    }

    /// Draws if it is time again, or at once.
    pub(super) fn draw(&mut self, picture: &Picture, around: &Around, at_once: bool) -> io::Result<()> {
        if at_once || self.drawn.is_none_or(|drawn| drawn.elapsed() >= FRAME) {
            self.drawn = Some(Instant::now());
            self.terminal.draw(|frame| draw(frame, picture, around))?;
        }
        Ok(())
    }

    /// The key that is pressed within a time, if one is. Ctrl-C ends this program as it always does.
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
            // It is drawn anew at once.
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
        // The thread for that is there already, so nothing can go wrong.
        signals::shown(false).ok();
    }
}
