//! `mtu`: changes the MTU of a link, or of one of its ends.
//! Not here: the MTU of its middle, which the topology fixes.

use serde::{Deserialize, Serialize};

use super::Action;
use super::about::{About, Written};
use super::around::Surroundings;
use super::cut;
use crate::document::case::named;
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Read, Shape, Spanned, Table, Value};
use crate::document::topology::Host;
use crate::words::{End, Time};

const MTU: Shape = Shape { heading: "`mtu`", what: "a change of the largest packet", keys: &["link", "end", "bytes"] };

/// Its description.
pub(super) const ABOUT: About =
    About { key: "mtu", tables: &[&MTU], read: |value, mistakes| Some(Box::new(RawMtu::read(value, mistakes)?)) };

/// A change of the MTU of interfaces (`ip link set DEV mtu BYTES`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MtuChange {
    /// The ends of the link that it changes.
    pub ends: Vec<End>,
    /// The largest packet in bytes.
    pub bytes: u32,
}

/// A change of MTU as it is written.
#[derive(Debug)]
struct RawMtu {
    link: Option<Spanned<String>>,
    end: Option<Spanned<String>>,
    bytes: Option<Spanned<u32>>,
}

impl Read for RawMtu {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &MTU, mistakes)?;
        Some(Self { link: table.required("link"), end: table.optional("end"), bytes: table.required("bytes") })
    }
}

impl Written for RawMtu {
    fn check(&self, _: Time, _: &Span, around: &mut Surroundings<'_>, mistakes: &mut Mistakes) -> Option<Action> {
        let name = self.link.as_ref()?;
        let topology = around.topology?;
        let link = named::link(topology, name, mistakes)?;
        let ends = cut::ends(&name.value, link, self.end.as_ref(), mistakes)?;
        let bytes = self.bytes.as_ref()?;
        // A wire carries no more than its link was built for, and an interface loses its IPv6 below 1280 (RFC 8200, section 5).
        let least = if topology.hosts.values().any(Host::has_ipv6) { 1280 } else { 68 };
        if !(least..=link.mtu).contains(&bytes.value) {
            mistakes
                .add(&bytes.span, format!("link `{}` cannot have packets of this size", name.value))
                .help(format!("write {least} to {}, or a larger `mtu` in the topology", link.mtu));
        }
        Some(Action::Mtu(MtuChange { ends, bytes: bytes.value }))
    }
}

/// `mtu of laptop:wlan0, server:wlan0: 1400`
pub(super) fn words(change: &MtuChange) -> String {
    let ends: Vec<String> = change.ends.iter().map(ToString::to_string).collect();
    format!("mtu of {}: {}", ends.join(", "), change.bytes)
}
