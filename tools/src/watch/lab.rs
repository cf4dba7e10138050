//! `mplab watch`: shows a standing lab on a screen, with keys that cut, restore and shape its links, or as plain lines.
//! Not here: what a cut is, which the lab's holder knows.

use std::thread;
use std::time::{Duration, Instant};

use mplab::report::{Style, TableLine};
use mplab::standing::Standing;
use mplab::words::Time;
use ratatui::crossterm::event::KeyCode;

use super::draw::{Around, draw};
use super::picture::Picture;
use super::screen::Screen;
use super::table::{self, Rows};
use crate::{Failure, standing};

/// What the keys do.
const KEYS: &str = "↑↓ link   c cut   b blackhole   r restore   s shape   space pause   q leave";

/// Prints as many rows as requested, or rows until nobody reads them; between them what happens from now on.
pub(super) fn rows(lab: &Standing, interval: Time, samples: Option<u64>) -> Result<(), Failure> {
    let mut picture = Picture::new(String::new(), lab.topology(), interval);
    let mut rows = Rows::new(lab.topology(), interval);
    say!("{}", rows.header());
    let mut left = samples;
    let mut begun = None;
    let mut next = Instant::now();
    while left != Some(0) {
        let moment = lab.look()?;
        picture.see(&moment);
        picture.set_lab(lab.state()?);
        let begun = *begun.get_or_insert(moment.at);
        let happened: Vec<_> = picture.happened().into_iter().filter(|one| one.at > begun).collect();
        for line in rows.see(&moment, &happened) {
            if left == Some(0) {
                break;
            }
            say!("{line}");
            left = left.map(|left| left - u64::from(matches!(line, TableLine::Interval(_))));
        }
        // A look may be a little late but not early: each row covers a whole interval.
        next += Duration::from(interval);
        thread::sleep((next + Duration::from_millis(1)).saturating_duration_since(Instant::now()));
    }
    Ok(())
}

/// Prints links and subflows over one interval.
pub(super) fn once(lab: &Standing, interval: Time) -> Result<(), Failure> {
    let mut picture = Picture::new(String::new(), lab.topology(), interval);
    picture.set_lab(lab.state()?);
    picture.see(&lab.look()?);
    thread::sleep(Duration::from(interval));
    while !picture.see(&lab.look()?) {
        thread::sleep(Duration::from_millis(1));
    }
    show!("{}", table::once(&picture));
    Ok(())
}

/// A lab on a screen.
struct Watched<'a> {
    lab: &'a Standing,
    picture: Picture,
    around: Around,
    paused: bool,
    /// The conditions that are being typed.
    typed: Option<String>,
}

/// Shows the lab until the user leaves, or until this many samples have been shown.
pub(super) fn screen(lab: &Standing, interval: Time, samples: Option<u64>, style: Style) -> Result<(), Failure> {
    let broken = |error| Failure::system("failed to use the terminal", &error);
    let picture = Picture::new(format!("lab {}: {}", lab.name(), lab.topology().summary), lab.topology(), interval);
    let around = Around { colours: style == Style::Ansi, selected: Some(0), foot: KEYS.to_owned(), ..Around::default() };
    let mut watched = Watched { lab, picture, around, paused: false, typed: None };
    // Before taking over the terminal, so that an error can be read.
    watched.look()?;
    let mut screen = Screen::open().map_err(broken)?;
    let mut next = Instant::now() + Duration::from(interval);
    let mut left = samples;
    while left != Some(0) {
        screen.draw(true, |frame| draw(frame, &watched.picture, &watched.around)).map_err(broken)?;
        let wait = if watched.paused { Duration::from_secs(60) } else { next.saturating_duration_since(Instant::now()) };
        match screen.key(wait).map_err(broken)? {
            Some(key) if !watched.press(key) => break,
            _ => {}
        }
        if !watched.paused && Instant::now() >= next {
            next = Instant::now() + Duration::from(interval);
            if watched.look()? {
                left = left.map(|left| left - 1);
            }
        }
    }
    Ok(())
}

impl Watched<'_> {
    fn look(&mut self) -> Result<bool, Failure> {
        self.picture.set_lab(self.lab.state()?);
        Ok(self.picture.see(&self.lab.look()?))
    }

    /// Handles a key. Returns false if the user leaves.
    fn press(&mut self, key: KeyCode) -> bool {
        if let Some(typed) = self.typed.take() {
            self.write(typed, key);
            return true;
        }
        KEYS.clone_into(&mut self.around.foot);
        let links = self.picture.links.len().max(1);
        let selected = self.around.selected.unwrap_or_default();
        let link = self.picture.links.get(selected).map(|link| link.name.clone()).unwrap_or_default();
        match key {
            KeyCode::Char('q') | KeyCode::Esc => return false,
            KeyCode::Up | KeyCode::Char('k') => self.around.selected = Some((selected + links - 1) % links),
            KeyCode::Down | KeyCode::Char('j') => self.around.selected = Some((selected + 1) % links),
            KeyCode::Char('c') => self.step("cut", standing::cut_line(&link, None, None, None)),
            KeyCode::Char('b') => self.step("cut", standing::cut_line(&link, Some("blackhole"), None, None)),
            KeyCode::Char('r') => self.step("restore", standing::restore_line(&link)),
            KeyCode::Char('s') => self.prompt(String::new()),
            KeyCode::Char(' ' | 'p') => {
                self.paused = !self.paused;
                if self.paused { "paused" } else { "" }.clone_into(&mut self.around.state);
            }
            _ => {}
        }
        true
    }

    fn prompt(&mut self, typed: String) {
        self.around.foot = format!("shape {}, as in rate=10mbit delay=20ms: {typed}_", self.chosen());
        self.typed = Some(typed);
    }

    fn chosen(&self) -> String {
        self.around.selected.and_then(|selected| self.picture.links.get(selected)).map(|link| link.name.clone()).unwrap_or_default()
    }

    fn write(&mut self, mut typed: String, key: KeyCode) {
        match key {
            KeyCode::Enter => {
                let link = self.chosen();
                let conditions: Vec<String> = typed.split_whitespace().map(str::to_owned).collect();
                KEYS.clone_into(&mut self.around.foot);
                match standing::shape_line(&link, &conditions, None, None) {
                    Ok(step) => self.step("shape", step),
                    Err(failure) => self.around.foot = failure.text,
                }
            }
            KeyCode::Esc => KEYS.clone_into(&mut self.around.foot),
            KeyCode::Backspace => {
                typed.pop();
                self.prompt(typed);
            }
            KeyCode::Char(letter) => {
                typed.push(letter);
                self.prompt(typed);
            }
            _ => self.prompt(typed),
        }
    }

    /// Takes a step. If it is refused, the last line says why.
    fn step(&mut self, command: &str, line: String) {
        let taken = self.lab.step(&format!("mplab {command}"), &line);
        match taken.and_then(|()| self.lab.state()) {
            Ok(state) => self.picture.set_lab(state),
            Err(error) => {
                let text = error.to_string();
                let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
                first.clone_into(&mut self.around.foot);
            }
        }
    }
}
