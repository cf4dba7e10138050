//! Checks VLANs: the interface of each, and that the other end of its link has the same VLAN.
//! Not here: their addresses, which are those of any interface.

use std::collections::BTreeMap;

use super::bond::Bonds;
use super::{RESERVED, raw};
use crate::document::diagnostic::Mistakes;
use crate::document::toml::Entry;
use crate::document::topology::{Link, Vlan};
use crate::words::names::{INTERFACE_MAX, complaint};
use crate::words::{End, Engine};

/// The range of a tag: 12 bits, where 0 means none and 4095 is reserved (IEEE 802.1Q).
const IDS: std::ops::RangeInclusive<u16> = 1..=4094;

/// The VLANs of a topology, each with its link.
#[derive(Default)]
pub(super) struct Vlans(BTreeMap<End, (Vlan, String)>);

impl Vlans {
    /// The VLANs as interfaces, each with a link.
    pub(super) fn ends(&self) -> impl Iterator<Item = (End, String)> {
        self.0.iter().map(|(end, (_, link))| (end.clone(), link.clone()))
    }

    /// The VLAN that this interface is.
    pub(super) fn at(&self, end: &End) -> Option<&Vlan> {
        self.0.get(end).map(|(vlan, _)| vlan)
    }

    /// The VLAN with a tag on an end of a link.
    fn on(&self, end: &End, id: u16) -> Option<&End> {
        let mut here = self.0.iter().filter(|(vlan, _)| vlan.host == end.host);
        here.find(|(_, (vlan, _))| vlan.interface == end.interface && vlan.id == id).map(|(vlan, _)| vlan)
    }

    /// The two ends of each, by a name that sorts after those of all links, with its link.
    pub(super) fn pairs<'a>(&'a self, links: &'a BTreeMap<String, Link>) -> impl Iterator<Item = (String, [End; 2], &'a Link)> {
        let pair = |(end, (vlan, name)): (&'a End, &'a (Vlan, String))| {
            let link = links.get(name)?;
            let first = link.ends[0] == End::new(&end.host, &vlan.interface);
            let far = self.on(link.other(end), vlan.id).filter(|_| first)?;
            Some((format!("~{name}.{:04}", vlan.id), [end.clone(), far.clone()], link))
        };
        self.0.iter().filter_map(pair)
    }
}

/// Checks the VLANs of hosts that have these links at these interfaces.
pub(super) fn check(
    raw: &raw::Topology,
    links: &BTreeMap<String, Link>,
    bonds: &Bonds,
    ends: &BTreeMap<End, String>,
    mistakes: &mut Mistakes,
) -> Vlans {
    let mut vlans = Vlans::default();
    let written =
        || raw.hosts.iter().flat_map(|(host, entry)| entry.value.vlans.iter().map(move |(name, vlan)| (End::new(host, name), vlan)));
    for (end, entry) in written() {
        if let Some(found) = alone(&end, entry, links, bonds, ends, &vlans, mistakes) {
            vlans.0.insert(end, found);
        }
    }
    for (end, entry) in written() {
        let Some((vlan, link)) = vlans.0.get(&end) else { continue };
        let Some(far) = links.get(link).map(|link| link.other(&end)) else { continue };
        if vlans.on(far, vlan.id).is_none() {
            mistakes.add(&entry.name, format!("{far}, the other end of link `{link}`, has no VLAN {}", vlan.id)).help(format!(
                "write [host.{}.vlan.\"{}.{}\"] with interface = \"{}\" and id = {}",
                far.host, far.interface, vlan.id, far.interface, vlan.id
            ));
        }
    }
    vlans
}

/// Checks a VLAN by itself.
fn alone(
    end: &End,
    entry: &Entry<raw::Vlan>,
    links: &BTreeMap<String, Link>,
    bonds: &Bonds,
    ends: &BTreeMap<End, String>,
    vlans: &Vlans,
    mistakes: &mut Mistakes,
) -> Option<(Vlan, String)> {
    let name = end.interface.as_str();
    if let Some(complaint) = complaint("network interface", name, INTERFACE_MAX) {
        mistakes.add(&entry.name, complaint);
    } else if RESERVED.contains(&name) {
        mistakes.add(&entry.name, format!("no VLAN can be called `{name}`: Linux uses this name itself"));
    } else if ends.contains_key(end) {
        mistakes.add(&entry.name, format!("{end} is already an interface")).help("write another name: a VLAN is an interface of its own");
    }
    let (written, id) = (entry.value.interface.as_ref()?, entry.value.id.as_ref()?);
    if !IDS.contains(&id.value) {
        mistakes.add(&id.span, format!("no VLAN has such an id: write {} to {}", IDS.start(), IDS.end()));
    }
    let of = End::new(&end.host, &written.value);
    if bonds.at(&of).is_some() || bonds.of(&of).is_some() {
        mistakes
            .add(&written.span, "mplab supports VLANs only on ends of links, not on bonds")
            .help("write an interface that is in no bond");
        return None;
    }
    let Some(link) = ends.get(&of) else {
        let known = ends.keys().filter(|end| end.host == of.host).map(|end| end.interface.as_str());
        mistakes.undefined(&written.span, format!("{of} is not an end of any link"), &written.value, known);
        return None;
    };
    if let Some(other) = vlans.on(&of, id.value) {
        mistakes.add(&id.span, format!("{of} already has VLAN {}: {}", id.value, other.interface)).help("write another id");
    }
    if links.get(link).is_some_and(|link| link.engine == Some(Engine::Relay)) {
        mistakes
            .add(&written.span, format!("link `{link}` has engine = \"relay\", which loses the tags of VLANs"))
            .help(format!("write engine = \"netem\" to [link.{link}], or leave `engine` out"));
    }
    Some((Vlan { interface: written.value.clone(), id: id.value }, link.clone()))
}
