//! `shape`: changes the conditions of a link, at once or gradually.
//! Not here: which conditions can be combined, which topologies share.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Action;
use super::about::{About, Written};
use super::around::{InForce, Surroundings};
use crate::document::case::named;
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{self, Read, Spanned, Table, Value};
use crate::document::topology::conditions::{self, CONDITIONS, Circumstances, Conditions, LinkConditions};
use crate::words::{Shape, Time};

const SHAPE: toml::Shape = toml::Shape { heading: "`shape`", what: "a change of conditions", keys: &["link", "up", "down", "over"] };

/// Its description.
pub(super) const ABOUT: About =
    About { key: "shape", tables: &[&SHAPE], read: |value, mistakes| Some(Box::new(RawReshape::read(value, mistakes)?)) };

/// A change of a link's conditions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reshape {
    /// The link.
    pub link: String,
    /// All conditions from the first end to the second, unchanged ones included.
    pub up: Shape,
    /// All conditions the other way.
    pub down: Shape,
    /// How long the change takes. Numbers move evenly meanwhile. At once if zero.
    pub over: Time,
}

/// A change as it is written.
#[derive(Debug)]
struct RawReshape {
    link: Option<Spanned<String>>,
    conditions: LinkConditions,
    over: Option<Spanned<Time>>,
}

impl Read for RawReshape {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open_with(value, &SHAPE, CONDITIONS.keys, mistakes)?;
        if !table.seems_to_have(&["up", "down"]) && !table.seems_to_have(CONDITIONS.keys) {
            table
                .mistakes
                .absent(&value.span(), "this changes nothing: a condition is missing")
                .help("write one or more of those of a link, such as rate = \"5mbit\"");
        }
        Some(Self {
            link: table.required("link"),
            conditions: LinkConditions { both: Conditions::among(&mut table), up: table.or_default("up"), down: table.or_default("down") },
            over: table.optional("over"),
        })
    }
}

/// The longest change. The plan contains every moment of it.
const OVER_MAX: Time = Time::from_millis(3_600_000);

impl Written for RawReshape {
    fn check(&self, at: Time, span: &Span, around: &mut Surroundings<'_>, mistakes: &mut Mistakes) -> Option<Action> {
        let name = self.link.as_ref()?;
        let link = named::link(around.topology?, name, mistakes)?;
        let over = self.over.as_ref().map_or(Time::ZERO, |over| over.value);
        if over > OVER_MAX {
            mistakes.add(span, format!("a change cannot take this long: write an `over` of at most {OVER_MAX}, and then another step"));
            return None;
        }
        let until = at.after(over);
        let start = || InForce { shapes: [link.up.clone(), link.down.clone()], changing: None };
        let in_force = around.conditions.entry(name.value.clone()).or_insert_with(start);
        if let Some((until, other)) = in_force.changing.as_ref().filter(|(until, _)| at < *until) {
            mistakes
                .add(span, format!("link `{}` is still changing until {until}", name.value))
                .beside(other, "by this step")
                .help(format!("take this step at {until} or later"));
        }
        let engine = link.engine.map(|engine| (engine, span.clone()));
        let circumstances = Circumstances { around: span, mtu: link.mtu, engine, directory: around.directory };
        let [up, down] = conditions::replace(in_force.shapes.each_ref(), &self.conditions, &circumstances, mistakes);
        *in_force = InForce { shapes: [up.clone(), down.clone()], changing: Some((until, span.clone())) };
        Some(Action::Shape(Box::new(Reshape { link: name.value.clone(), up, down, over })))
    }
}

/// `shape wlan (rate 5mbit) over 2s`
impl fmt::Display for Reshape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conditions = if self.up == self.down { self.up.to_string() } else { format!("up {}, down {}", self.up, self.down) };
        let over = if self.over > Time::ZERO { format!(" over {}", self.over) } else { String::new() };
        write!(f, "shape {} ({conditions}){over}", self.link)
    }
}
