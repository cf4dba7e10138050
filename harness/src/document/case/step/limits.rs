//! `limits`: changes a host's MPTCP limits.
//! Not here: what they may be, which topologies share.

use super::Action;
use super::about::{About, Written};
use super::around::Surroundings;
use crate::document::case::named;
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Read, Shape, Spanned, Table, Value};
use crate::document::topology::check;
use crate::words::Time;

const LIMITS: Shape = Shape { heading: "`limits`", what: "a change of MPTCP limits", keys: &["host", "subflows", "add_addr_accepted"] };

/// Its description.
pub(super) const ABOUT: About =
    About { key: "limits", tables: &[&LIMITS], read: |value, mistakes| Some(Box::new(RawLimits::read(value, mistakes)?)) };

/// A change of limits as it is written.
#[derive(Debug)]
struct RawLimits {
    host: Option<Spanned<String>>,
    subflows: Option<Spanned<u32>>,
    add_addr_accepted: Option<Spanned<u32>>,
}

impl Read for RawLimits {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &LIMITS, mistakes)?;
        if table.lacks(&["subflows", "add_addr_accepted"]) {
            table.mistakes.absent(&value.span(), "this changes nothing: write `subflows`, `add_addr_accepted` or both");
        }
        Some(Self {
            host: table.required("host"),
            subflows: table.optional("subflows"),
            add_addr_accepted: table.optional("add_addr_accepted"),
        })
    }
}

impl Written for RawLimits {
    fn check(&self, _: Time, _: &Span, around: &mut Surroundings<'_>, mistakes: &mut Mistakes) -> Option<Action> {
        let topology = around.topology?;
        if !around.refused {
            check::mptcp::limits([&self.subflows, &self.add_addr_accepted], mistakes);
        }
        let name = self.host.as_ref()?;
        named::host(topology, name, mistakes)?;
        let value = |written: &Option<Spanned<u32>>| written.as_ref().map(|limit| limit.value);
        let (subflows, add_addr_accepted) = (value(&self.subflows), value(&self.add_addr_accepted));
        Some(Action::Limits { host: name.value.clone(), subflows, add_addr_accepted })
    }
}

/// `limits of server: subflows 2`
pub(super) fn words(host: &str, subflows: Option<u32>, add_addr_accepted: Option<u32>) -> String {
    let limit = |name: &str, limit: Option<u32>| limit.map(|limit| format!(" {name} {limit}")).unwrap_or_default();
    format!("limits of {host}:{}{}", limit("subflows", subflows), limit("add_addr_accepted", add_addr_accepted))
}
