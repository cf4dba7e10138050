//! `cut`: cuts a link, at an end or in its middle.
//! Not here: undoing it (`restore`).

use std::fmt;

use super::about::{About, Written};
use super::around::Surroundings;
use super::{Action, Cut, How};
use crate::document::case::named;
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Read, Shape, Spanned, Table, Value, word};
use crate::document::topology::Link;
use crate::words::{End, Time};

const CUT: Shape = Shape { heading: "`cut`", what: "a cut", keys: &["link", "how", "end", "direction"] };

/// Its description.
pub(super) const ABOUT: About =
    About { key: "cut", tables: &[&CUT], read: |value, mistakes| RawCut::read(value, mistakes).map(RawCut::boxed) };

/// A cut as it is written.
#[derive(Debug)]
struct RawCut {
    link: Option<Spanned<String>>,
    how: Means,
    end: Option<Spanned<String>>,
    direction: Option<Spanned<Directions>>,
}

/// How a link is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Means {
    #[default]
    Carrier,
    Admin,
    Blackhole,
}

/// In which direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Directions {
    Up,
    Down,
    Both,
}

impl Read for RawCut {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        if let Some(link) = value.get_ref().as_str() {
            let link = Some(Spanned { value: link.to_owned(), span: value.span() });
            return Some(Self { link, how: Means::default(), end: None, direction: None });
        }
        let mut table = Table::open(value, &CUT, mistakes)?;
        Some(Self {
            link: table.required("link"),
            how: table.or_default("how"),
            end: table.optional("end"),
            direction: table.optional("direction"),
        })
    }
}

impl Read for Means {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let words = [("carrier", Self::Carrier), ("admin", Self::Admin), ("blackhole", Self::Blackhole)];
        word(value, "way to cut a link", &words, mistakes)
    }
}

impl Read for Directions {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        word(value, "direction of a link", &[("up", Self::Up), ("down", Self::Down), ("both", Self::Both)], mistakes)
    }
}

impl RawCut {
    fn boxed(self) -> Box<dyn Written> {
        Box::new(self)
    }
}

impl Written for RawCut {
    fn check(&self, _: Time, span: &Span, around: &mut Surroundings<'_>, mistakes: &mut Mistakes) -> Option<Action> {
        let cut = self.cut(around, mistakes)?;
        let made = around.cuts.entry(cut.link.clone()).or_default();
        if let Some((_, span_of_other)) = made.iter().find(|(how, _)| overlap(how, &cut.how)) {
            mistakes
                .add(span, format!("link `{}` is already cut in this way", cut.link))
                .beside(span_of_other, "by this step")
                .help("restore it in between, or remove one of the steps");
        }
        made.push((cut.how.clone(), span.clone()));
        Some(Action::Cut(cut))
    }
}

impl RawCut {
    fn cut(&self, around: &Surroundings<'_>, mistakes: &mut Mistakes) -> Option<Cut> {
        match (self.how, &self.end, &self.direction) {
            (Means::Blackhole, Some(end), _) => {
                mistakes
                    .add(&end.span, "a blackhole is in the middle of the link, not at an end")
                    .help("write direction = \"up\" (from the link's first end to its second) or \"down\"");
            }
            (Means::Carrier | Means::Admin, _, Some(direction)) => {
                mistakes
                    .add(&direction.span, "only a blackhole can be in one direction: without carrier nothing passes in either")
                    .help("write how = \"blackhole\", or `end` instead of `direction`");
            }
            _ => {}
        }
        let name = self.link.as_ref()?;
        let link = named::link(around.topology?, name, mistakes)?;
        let how = match self.how {
            Means::Carrier => How::Carrier(ends(&name.value, link, self.end.as_ref(), mistakes)?),
            Means::Admin => How::Admin(ends(&name.value, link, self.end.as_ref(), mistakes)?),
            Means::Blackhole => {
                let way = self.direction.as_ref().map_or(Directions::Both, |way| way.value);
                How::Blackhole { up: way != Directions::Down, down: way != Directions::Up }
            }
        };
        Some(Cut { link: name.value.clone(), how })
    }
}

/// The ends of the link that a host, or an interface of a host, stands for; both if nothing is written.
pub(super) fn ends(name: &str, link: &Link, written: Option<&Spanned<String>>, mistakes: &mut Mistakes) -> Option<Vec<End>> {
    let Some(written) = written else { return Some(link.ends.to_vec()) };
    let meant = link.ends.iter().find(|end| end.host == written.value || end.to_string() == written.value);
    if meant.is_none() {
        let known = link.ends.each_ref().map(ToString::to_string);
        let hosts = link.ends.each_ref().map(|end| end.host.as_str());
        let known = known.iter().map(String::as_str).chain(hosts);
        mistakes.undefined(&written.span, format!("`{}` is not an end of link `{name}`", written.value), &written.value, known);
    }
    meant.map(|end| vec![end.clone()])
}

/// Whether two cuts do the same to the same part of a link.
fn overlap(a: &How, b: &How) -> bool {
    match (a, b) {
        (How::Carrier(a), How::Carrier(b)) | (How::Admin(a), How::Admin(b)) => a.iter().any(|end| b.contains(end)),
        (How::Blackhole { up, down }, How::Blackhole { up: also_up, down: also_down }) => (*up && *also_up) || (*down && *also_down),
        _ => false,
    }
}

/// `cut wlan (carrier)`
impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cut {} ({})", self.link, self.how)
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut at = |word: &str, ends: &[End]| match ends {
            [end] => write!(f, "{word} at {end}"),
            _ => f.write_str(word),
        };
        match self {
            Self::Carrier(ends) => at("carrier", ends),
            Self::Admin(ends) => at("admin", ends),
            Self::Blackhole { up: true, down: false } => f.write_str("blackhole up"),
            Self::Blackhole { up: false, down: true } => f.write_str("blackhole down"),
            Self::Blackhole { .. } => f.write_str("blackhole"),
        }
    }
}
