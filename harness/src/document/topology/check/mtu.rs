//! Checks MTUs: their range, and that no end of a link has a larger MTU than the link.
//! Not here: what a smaller MTU does to packets.

use std::collections::BTreeMap;

use super::bond::Bonds;
use super::vlan::Vlans;
use super::{raw, value};
use crate::document::diagnostic::Mistakes;
use crate::document::toml::Spanned;
use crate::document::topology::Link;
use crate::words::End;

/// The range of an MTU: IPv4 needs 68 (RFC 791), and its length field holds at most 65535.
const MTUS: std::ops::RangeInclusive<u32> = 68..=65_535;

/// Reports a written MTU that is out of range.
pub(super) fn possible(mtu: Option<&Spanned<u32>>, mistakes: &mut Mistakes) {
    if let Some(mtu) = mtu.filter(|mtu| !MTUS.contains(&mtu.value)) {
        mistakes.add(&mtu.span, format!("no link has such an MTU: write {} to {} bytes", MTUS.start(), MTUS.end()));
    }
}

/// The MTU that is written for an end of a link.
pub(super) fn of(raw: &raw::Topology, end: &End) -> Option<u32> {
    value(raw.hosts.get(&end.host)?.value.interfaces.get(&end.interface)?.value.mtu.as_ref())
}

/// Checks the MTUs of interfaces.
pub(super) fn check(
    raw: &raw::Topology,
    links: &BTreeMap<String, Link>,
    bonds: &Bonds,
    vlans: &Vlans,
    ends: &BTreeMap<End, String>,
    mistakes: &mut Mistakes,
) {
    let interfaces = raw.hosts.iter().flat_map(|(host, entry)| entry.value.interfaces.iter().map(move |interface| (host, interface)));
    for (host, (name, entry)) in interfaces {
        let Some(mtu) = &entry.value.mtu else { continue };
        possible(Some(mtu), mistakes);
        let end = End::new(host, name);
        let link = ends.get(&end).and_then(|link| Some((link, links.get(link)?)));
        if bonds.at(&end).is_some() {
            mistakes.add(&mtu.span, format!("{end} is a bond, whose MTU is that of its links")).help("write `mtu` to each of them");
        } else if let Some(vlan) = vlans.at(&end) {
            mistakes
                .add(&mtu.span, format!("the MTU of a VLAN is that of its interface, {}", vlan.interface))
                .help(format!("write this to [host.{host}.interface.{}]", vlan.interface));
        } else if let Some((name, link)) = link.filter(|(_, link)| MTUS.contains(&mtu.value) && mtu.value > link.mtu) {
            mistakes
                .add(&mtu.span, format!("link `{name}` carries no packet larger than {} bytes", link.mtu))
                .help(format!("write mtu = {} to [link.{name}]: an end may have a smaller one than its link", mtu.value));
        }
    }
}
