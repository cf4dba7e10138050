//! Mistakes in a document: each with its place, the reason, and what to write instead, drawn as rustc draws errors.
//! Not here: finding mistakes.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use annotate_snippets::{AnnotationKind, Element, Group, Level, Renderer, Snippet};

use super::form::Trace;
use crate::words::names::nearest;
use crate::words::terminal::{own, visible};

/// A part of a document's text, in bytes.
pub type Span = Range<usize>;

/// How many mistakes of a document are drawn: more than anybody reads, and few enough to draw quickly.
const DRAWN: usize = 100;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub span: Span,
    /// What is wrong there.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// A related place, and its label.
    pub beside: Option<(Span, String)>,
    /// Whether something is missing, which may only mean that it could not be read.
    pub absence: bool,
}

impl Mistake {
    /// Adds what to write instead.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a related place.
    pub fn beside(&mut self, span: &Span, label: impl Into<String>) -> &mut Self {
        self.beside = Some((span.clone(), label.into()));
        self
    }

    /// Draws it. The renderer shows control characters in the source as pictures, but not those in a label or a path.
    fn draw<'a>(&'a self, name: &'a str, text: &'a str) -> Group<'a> {
        let within = |span: &Span| span.start.min(text.len())..span.end.min(text.len());
        let snippet = Snippet::source(text).path(visible(name));
        let mut snippet = snippet.annotation(AnnotationKind::Primary.span(within(&self.span)));
        if let Some((span, label)) = &self.beside {
            snippet = snippet.annotation(AnnotationKind::Context.span(within(span)).label(visible(label)));
        }
        let help = self.help.iter().map(|help| Element::from(Level::HELP.message(visible(help))));
        Level::ERROR.primary_title(visible(&self.message)).element(snippet).elements(help)
    }
}

/// The mistakes of a document while they are being found.
#[derive(Debug, Default)]
pub struct Mistakes {
    found: Vec<Mistake>,
    /// The keys and names down to the value that is being read.
    pub(super) path: Vec<String>,
    /// Whether the last of these is a name.
    pub(super) named: bool,
    /// What readers look for, if that is being recorded instead of reading.
    pub(super) trace: Option<Box<Trace>>,
}

impl Mistakes {
    /// Adds a mistake. If the message contains `: write ` or `: remove `, what follows the colon becomes its help.
    pub fn add(&mut self, span: &Span, message: impl Into<String>) -> &mut Mistake {
        let mut message = message.into();
        let help =
            [": write ", ": remove "].iter().find_map(|word| message.find(word)).map(|colon| message.split_off(colon)[2..].to_owned());
        self.found.push(Mistake { span: span.clone(), message, help, beside: None, absence: false });
        self.found.last_mut().expect("one was just added")
    }

    /// Adds something that is missing.
    pub fn absent(&mut self, span: &Span, message: impl Into<String>) -> &mut Mistake {
        let mistake = self.add(span, message);
        mistake.absence = true;
        mistake
    }

    /// Adds an unknown word, with the known one that was probably meant, or else with all known ones.
    pub fn unknown<'a>(
        &mut self,
        span: &Span,
        message: impl Into<String>,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> &mut Mistake {
        let known: Vec<&str> = known.into_iter().collect();
        let help = match (nearest(name, known.iter().copied()), known.is_empty()) {
            (Some(meant), _) => format!("did you mean `{meant}`?"),
            (None, false) => format!("known here: {}", known.join(", ")),
            (None, true) => "none is known here".to_owned(),
        };
        self.add(span, message).help(help)
    }

    /// Adds a name that the document does not define, like [`Self::unknown`] for words.
    pub fn undefined<'a>(
        &mut self,
        span: &Span,
        message: impl Into<String>,
        name: &str,
        defined: impl IntoIterator<Item = &'a str>,
    ) -> &mut Mistake {
        let mistake = self.unknown(span, message, name, defined);
        mistake.absence = true;
        mistake
    }

    /// Whether none was found.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Takes over the mistakes that `keep` selects.
    pub fn append(&mut self, others: Self, keep: impl Fn(&Mistake) -> bool) {
        self.found.extend(others.found.into_iter().filter(keep));
    }

    /// Whether one begins in this part of the text.
    pub fn any_in(&self, span: &Span) -> bool {
        self.found.iter().any(|mistake| span.contains(&mistake.span.start))
    }

    /// The mistakes of the document called `name` with this text, in the order of their places, if there are any.
    pub fn of(mut self, name: &str, text: &str) -> Option<Diagnostics> {
        self.found.sort_by_key(|mistake| (mistake.span.start, mistake.span.end));
        self.found.dedup();
        (!self.is_empty()).then(|| Diagnostics { name: name.to_owned(), text: text.to_owned(), mistakes: self.found })
    }
}

/// All mistakes of a document. Its `Display` is the text for a terminal without colours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics {
    /// The document's name, usually its path.
    pub name: String,
    /// Its text.
    pub text: String,
    /// Its mistakes in the order of their places; never empty.
    pub mistakes: Vec<Mistake>,
}

impl Diagnostics {
    /// Each mistake with file, line and caret, plain or coloured for [`shown`](crate::words::terminal::shown). Of very many, only the first hundred
    /// and the number of the others.
    pub fn render(&self, coloured: bool) -> String {
        let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
        let drawn = self.mistakes.iter().take(DRAWN).map(|mistake| renderer.render(&[mistake.draw(&self.name, &self.text)]));
        let more = self.mistakes.len().saturating_sub(DRAWN);
        let more = (more > 0).then(|| format!("{}: {more} more mistakes", visible(&self.name)));
        let drawn = drawn.chain(more).collect::<Vec<_>>().join("\n\n");
        // Every remaining escape character belongs to the renderer's colours.
        if coloured { own(&drawn) } else { drawn }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

/// Why a document could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file could not be read.
    #[error("failed to read {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// It is not text.
    #[error("{}:{line}:{column}: this is not UTF-8 text: save the file as UTF-8", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// The line of the first byte that is wrong, from 1.
        line: usize,
        /// How many characters of the line are before it, and 1.
        column: usize,
    },
    /// It has no such variant.
    #[error(
        "{} has no variant `{variant}`: it has {}",
        path.display(),
        if known.is_empty() { "none".to_owned() } else { known.join(", ") }
    )]
    Variant {
        /// The file.
        path: PathBuf,
        /// The variant that was wanted.
        variant: String,
        /// Those that it has.
        known: Vec<String>,
    },
    /// It, or a document that it refers to, has mistakes: one value for each document.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n"))]
    Mistakes(Vec<Diagnostics>),
}

impl LoadError {
    /// The text for the user, coloured for a terminal or plain.
    pub fn render(&self, coloured: bool) -> String {
        match self {
            Self::Mistakes(documents) => documents.iter().map(|document| document.render(coloured)).collect::<Vec<_>>().join("\n\n"),
            Self::File { .. } | Self::Text { .. } | Self::Variant { .. } => self.to_string(),
        }
    }

    /// How many mistakes there are; a file that cannot be read is one.
    pub fn count(&self) -> usize {
        match self {
            Self::Mistakes(documents) => documents.iter().map(|document| document.mistakes.len()).sum(),
            Self::File { .. } | Self::Text { .. } | Self::Variant { .. } => 1,
        }
    }
}
