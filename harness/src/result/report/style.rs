//! Colour for a terminal, or none.
//! Not here: whether there is a terminal.

use crate::words::terminal;

/// How text may look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// Nothing but text.
    #[default]
    Plain,
    /// With ANSI colours, as [`terminal::shown`] takes them.
    Ansi,
}

/// The few colours of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// It is as it should be.
    Green,
    /// It is not.
    Red,
    /// It is not known.
    Yellow,
    /// Of little interest.
    Dim,
    /// Important.
    Bold,
}

impl Style {
    /// `text` in a colour.
    pub fn paint(self, colour: Colour, text: &str) -> String {
        let code = match colour {
            Colour::Green => 32,
            Colour::Red => 31,
            Colour::Yellow => 33,
            Colour::Dim => 2,
            Colour::Bold => 1,
        };
        match self {
            Self::Plain => text.to_owned(),
            Self::Ansi => terminal::coloured(code, text),
        }
    }
}
