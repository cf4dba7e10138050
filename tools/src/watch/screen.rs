//! The terminal while it shows a picture: draws at most ten times a second, and reads keys.
//! Not here: what is drawn, what keys do, and how the terminal is taken and given back (`held`).

use std::io::{self, IsTerminal, stdout};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, raise};
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::{DefaultTerminal, Frame, Terminal};

use super::held;

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
    /// Takes the terminal over. It is given back even if this program panics or a signal ends it.
    pub(super) fn open() -> io::Result<Self> {
        held::take()?;
        let terminal = Terminal::new(CrosstermBackend::new(stdout())).inspect_err(|_| held::give_back())?;
        Ok(Self { terminal, drawn: None })
    }

    /// Draws if the next frame is due, or `at_once`.
    pub(super) fn draw(&mut self, at_once: bool, picture: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        if at_once || self.drawn.is_none_or(|drawn| drawn.elapsed() >= FRAME) {
            self.drawn = Some(Instant::now());
            held::draw(|| self.terminal.draw(picture).map(drop))?;
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
        held::give_back();
    }
}
