//! Checks bonds: which interfaces they have, and that each leads to one bond of another host.
//! Not here: their addresses, which are those of any interface.

use std::collections::BTreeMap;

use super::{RESERVED, raw, value};
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::{Entry, Spanned};
use crate::document::topology::{Bond, Link};
use crate::words::names::{INTERFACE_MAX, complaint};
use crate::words::{BondMode, End, Time};

/// The default interval at which a bond looks for carriers, as bonding.rst suggests. The kernel's own default is never.
const MIIMON: Time = Time::from_millis(100);

/// The bonds of a topology.
#[derive(Default)]
pub(super) struct Bonds {
    /// Each with the first link of its members by name.
    bonds: BTreeMap<End, (Bond, String)>,
    /// The bond that an interface is a member of, and where that is written.
    members: BTreeMap<End, (End, Span)>,
}

impl Bonds {
    /// The bonds as interfaces, each with a link.
    pub(super) fn ends(&self) -> impl Iterator<Item = (End, String)> {
        self.bonds.iter().map(|(end, (_, link))| (end.clone(), link.clone()))
    }

    /// The bond that this interface is.
    pub(super) fn at(&self, end: &End) -> Option<&Bond> {
        self.bonds.get(end).map(|(bond, _)| bond)
    }

    /// The bond that this interface is a member of.
    pub(super) fn of(&self, end: &End) -> Option<&End> {
        self.members.get(end).map(|(bond, _)| bond)
    }
}

/// Checks the bonds between hosts that have these links at these interfaces.
pub(super) fn check(raw: &raw::Topology, links: &BTreeMap<String, Link>, ends: &BTreeMap<End, String>, mistakes: &mut Mistakes) -> Bonds {
    let mut bonds = Bonds::default();
    let written =
        || raw.hosts.iter().flat_map(|(host, entry)| entry.value.bonds.iter().map(move |(name, bond)| (End::new(host, name), bond)));
    for (end, entry) in written() {
        let bond = alone(&end, entry, ends, &mut bonds.members, mistakes);
        let link = bond.interfaces.iter().filter_map(|member| ends.get(&End::new(&end.host, member))).min();
        if let Some(link) = link {
            bonds.bonds.insert(end, (bond, link.clone()));
        }
    }
    for (end, entry) in written() {
        if let Some(bond) = bonds.at(&end) {
            together(&end, entry, bond, links, &bonds, mistakes);
        }
    }
    for (member, (bond, _)) in &bonds.members {
        let entry = raw.hosts[&member.host].value.interfaces.get(&member.interface);
        if let Some(entry) = entry {
            mistakes
                .add(&entry.name, format!("{member} is a member of {}, which has the addresses", bond.interface))
                .help(format!("write this to [host.{}.interface.{}]", member.host, bond.interface));
        }
    }
    bonds
}

/// Checks a bond by itself, and notes its members.
fn alone(
    end: &End,
    entry: &Entry<raw::Bond>,
    ends: &BTreeMap<End, String>,
    members: &mut BTreeMap<End, (End, Span)>,
    mistakes: &mut Mistakes,
) -> Bond {
    let raw = &entry.value;
    let name = end.interface.as_str();
    if let Some(complaint) = complaint("network interface", name, INTERFACE_MAX) {
        mistakes.add(&entry.name, complaint);
    } else if RESERVED.contains(&name) {
        mistakes.add(&entry.name, format!("no bond can be called `{name}`: Linux uses this name itself: write another"));
    } else if let Some(link) = ends.get(end) {
        mistakes
            .add(&entry.name, format!("{end} is an end of link `{link}`"))
            .help("write another name: a bond is an interface of its own");
    }
    let mode = value(raw.mode.as_ref()).unwrap_or(BondMode::BalanceRr);
    if let (Some(policy), Some(written)) = (&raw.xmit_hash_policy, raw.mode.as_ref().filter(|mode| !mode.value.hashes())) {
        mistakes.add(&policy.span, format!("a bond of mode {mode} hashes nothing")).beside(&written.span, "here").help("remove it");
    }
    if let Some(miimon) = raw.miimon.as_ref().filter(|miimon| miimon.value == Time::ZERO || miimon.value.0 % 1_000_000 != 0) {
        mistakes.add(&miimon.span, "`miimon` is a whole number of milliseconds: write \"1ms\" or more");
    }
    let written = raw.interfaces.as_ref();
    if let Some(empty) = written.filter(|written| written.value.is_empty() && !mistakes.any_in(&written.span)) {
        mistakes.add(&empty.span, "a bond needs at least one interface: write the names of its members");
    }
    let mut interfaces = Vec::new();
    for member in written.iter().flat_map(|written| &written.value) {
        interfaces.extend(self::member(end, member, ends, members, mistakes));
    }
    Bond { mode, interfaces, miimon: value(raw.miimon.as_ref()).unwrap_or(MIIMON), xmit_hash_policy: value(raw.xmit_hash_policy.as_ref()) }
}

/// Notes a member of a bond, unless the host has no such interface or a bond already has it.
fn member(
    bond: &End,
    written: &Spanned<String>,
    ends: &BTreeMap<End, String>,
    members: &mut BTreeMap<End, (End, Span)>,
    mistakes: &mut Mistakes,
) -> Option<String> {
    let end = End::new(&bond.host, &written.value);
    if !ends.contains_key(&end) {
        let known = ends.keys().filter(|end| end.host == bond.host).map(|end| end.interface.as_str());
        mistakes.undefined(&written.span, format!("{end} is not an end of any link"), &written.value, known);
        return None;
    }
    if let Some((other, span)) = members.get(&end) {
        mistakes
            .add(&written.span, format!("{end} is already a member of {}", other.interface))
            .beside(span, "here")
            .help("remove it from one of the two");
        return None;
    }
    members.insert(end, (bond.clone(), written.span.clone()));
    Some(written.value.clone())
}

/// Checks a bond against the bond that it leads to.
fn together(end: &End, entry: &Entry<raw::Bond>, bond: &Bond, links: &BTreeMap<String, Link>, bonds: &Bonds, mistakes: &mut Mistakes) {
    let of_member = |name: &String| {
        let member = End::new(&end.host, name);
        let link = links.values().find(|link| link.ends.contains(&member))?;
        Some((&bonds.members.get(&member)?.1, link))
    };
    let members: Vec<_> = bond.interfaces.iter().filter_map(of_member).collect();
    let Some((first, (span, link))) = members.first().map(|first| (first.1.other(end), first)) else { return };
    let Some(peer) = bonds.of(first) else {
        mistakes
            .add(span, format!("its link leads to {first}, which is in no bond"))
            .help(format!("write [host.{}.bond.NAME]: all links of a bond lead to one bond of another host", first.host));
        return;
    };
    for (other_span, other) in &members[1..] {
        let there = other.other(end);
        if bonds.of(there) != Some(peer) {
            mistakes
                .add(other_span, format!("its link leads to {there}, which is not in {peer}"))
                .beside(span, format!("this one leads to {peer}"))
                .help("all links of a bond lead to one bond of another host");
        } else if other.mtu != link.mtu {
            mistakes
                .add(other_span, format!("its link has an MTU of {}, but all links of a bond must have the same", other.mtu))
                .beside(span, format!("the MTU of this one's is {}", link.mtu))
                .help("write the same `mtu` for both links");
        }
    }
    let modes = [Some(bond), bonds.at(peer)].map(|bond| bond.map(|bond| bond.mode == BondMode::Lacp));
    if let (Some(mode), [Some(true), Some(false)]) = (&entry.value.mode, modes) {
        mistakes.add(&mode.span, format!("802.3ad needs the same mode at the other end, {peer}")).help("write the same mode at both ends");
    }
}
