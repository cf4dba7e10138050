//! `firewall`: gives a host these rules and no others.
//! Not here: what a rule is, which is the topology's.

use super::Action;
use super::about::{About, Written};
use super::around::Surroundings;
use crate::document::case::named;
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Read, Shape, Spanned, Table, Value};
use crate::document::topology::firewall::{self, Rule};
use crate::words::{self, Time};

const FIREWALL: Shape = Shape { heading: "`firewall`", what: "a change of a firewall", keys: &["host", "rules"] };

/// Its description.
pub(super) const ABOUT: About =
    About { key: "firewall", tables: &[&FIREWALL], read: |value, mistakes| Some(Box::new(RawFirewall::read(value, mistakes)?)) };

#[derive(Debug)]
struct RawFirewall {
    host: Option<Spanned<String>>,
    rules: Option<Spanned<Vec<Spanned<Rule>>>>,
}

impl Read for RawFirewall {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &FIREWALL, mistakes)?;
        Some(Self { host: table.required("host"), rules: table.required("rules") })
    }
}

impl Written for RawFirewall {
    fn check(&self, _: Time, _: &Span, around: &mut Surroundings<'_>, mistakes: &mut Mistakes) -> Option<Action> {
        let name = self.host.as_ref()?;
        let host = named::host(around.topology?, name, mistakes)?;
        let rules = firewall::check(&name.value, host.forward, &self.rules.as_ref()?.value, &host.interfaces, mistakes);
        Some(Action::Firewall { host: name.value.clone(), rules })
    }
}

/// `firewall of server: drop joins`
pub(super) fn words(host: &str, rules: &[words::Rule]) -> String {
    let rules: Vec<_> = rules.iter().map(ToString::to_string).collect();
    format!("firewall of {host}: {}", if rules.is_empty() { "off".to_owned() } else { rules.join("; ") })
}
