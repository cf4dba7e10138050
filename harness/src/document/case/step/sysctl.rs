//! `sysctl`: changes a host's sysctls.
//! Not here: which sysctls exist, which the kernel knows.

use std::collections::BTreeMap;

use super::Action;
use super::about::{About, Written};
use super::around::Surroundings;
use crate::document::case::named;
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Read, Shape, Spanned, Table, Value};
use crate::document::topology::RawSysctls;
use crate::words::Time;

const SYSCTL: Shape = Shape { heading: "`sysctl`", what: "a change of sysctls", keys: &["host", "set"] };

/// Its description.
pub(super) const ABOUT: About =
    About { key: "sysctl", tables: &[&SYSCTL], read: |value, mistakes| Some(Box::new(RawSysctl::read(value, mistakes)?)) };

/// A change of sysctls as it is written.
#[derive(Debug)]
struct RawSysctl {
    host: Option<Spanned<String>>,
    set: Option<Spanned<RawSysctls>>,
}

impl Read for RawSysctl {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &SYSCTL, mistakes)?;
        Some(Self { host: table.required("host"), set: table.required("set") })
    }
}

impl Written for RawSysctl {
    fn check(&self, _: Time, _: &Span, around: &mut Surroundings<'_>, mistakes: &mut Mistakes) -> Option<Action> {
        let set = self.set.as_ref()?;
        if set.value.0.is_empty() && !mistakes.any_in(&set.span) {
            mistakes.add(&set.span, "this changes nothing").help("write one such as set = { net.mptcp.add_addr_timeout = 1 }");
        }
        let name = self.host.as_ref()?;
        named::host(around.topology?, name, mistakes)?;
        let set = set.value.0.iter().map(|(key, value)| (key.clone(), value.value.clone())).collect();
        Some(Action::Sysctl { host: name.value.clone(), set })
    }
}

/// `sysctl of server: net.mptcp.add_addr_timeout = 1`
pub(super) fn words(host: &str, set: &BTreeMap<String, String>) -> String {
    let set: Vec<String> = set.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    format!("sysctl of {host}: {}", set.join(", "))
}
