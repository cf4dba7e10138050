//! Turns a topology as written into a checked one, or into all its mistakes.
//! Not here: which keys there are (`raw`), nor how addresses are chosen ([`crate::document::topology::address`]).

mod bond;
pub(crate) mod host;
pub(crate) mod mptcp;
mod mtu;
mod vlan;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::conditions::{self, Circumstances};
use super::raw;
use super::{Host, Interface, Link, Topology};
use crate::document::diagnostic::{Diagnostics, LoadError, Mistakes, Span};
use crate::document::toml::{self, Entry, Spanned};
use crate::document::topology::address::{self, Addresses, Cable, IPV6_MTU, Reason};
use crate::words::names::{HOST_MAX, LINK_MAX, WIRES, complaint};
use crate::words::{End, Shape};
use bond::Bonds;
use vlan::Vlans;

/// Loads a topology file.
pub fn load(path: &Path) -> Result<Topology, LoadError> {
    let text = toml::text_of(path)?;
    let directory = path.parent().unwrap_or(Path::new(""));
    parse_beside(&path.display().to_string(), &text, Some(directory)).map_err(|diagnostics| LoadError::Mistakes(vec![diagnostics]))
}

/// Reads the text of a topology that messages call `name` and that is not a file, so it cannot name files.
pub fn parse(name: &str, text: &str) -> Result<Topology, Diagnostics> {
    parse_beside(name, text, None)
}

/// Reads the text of a topology file that messages call `name`, and the files that it names from its directory.
pub fn parse_beside(name: &str, text: &str, directory: Option<&Path>) -> Result<Topology, Diagnostics> {
    let mut mistakes = Mistakes::default();
    let topology = toml::read(text, &mut mistakes).map(|raw| check(&raw, directory, &mut mistakes));
    match (mistakes.of(name, text), topology) {
        (None, Some(topology)) => Ok(topology),
        (Some(diagnostics), _) => Err(diagnostics),
        (None, None) => unreachable!("a document that cannot be read has mistakes"),
    }
}

/// The default MTU.
const MTU: u32 = 1500;
/// Names that every namespace has as interfaces, or that have another meaning in `net.ipv4.conf`.
const RESERVED: [&str; 3] = ["lo", "all", "default"];

/// Checks what was read. What is wrong is left out of the value, which must then not be used.
fn check(raw: &raw::Topology, directory: Option<&Path>, mistakes: &mut Mistakes) -> Topology {
    let summary = summary(raw.summary.as_ref(), mistakes);
    if !raw.has_links {
        mistakes.absent(&(0..0), "a topology needs a link").help("write [link.NAME] with ends = [\"HOST:INTERFACE\", \"HOST:INTERFACE\"]");
    }
    let mut interfaces: BTreeMap<End, (String, Span)> = BTreeMap::new();
    let links: BTreeMap<String, Link> = raw
        .links
        .iter()
        .filter_map(|(name, entry)| Some((name.clone(), link(name, entry, directory, &mut interfaces, mistakes)?)))
        .collect();
    let mut ends: BTreeMap<End, String> = interfaces.into_iter().map(|(end, (link, _))| (end, link)).collect();

    // If a link's ends could not be read, hosts and interfaces seem to be missing.
    let readable = raw.links.values().all(|link| link.value.ends.as_ref().is_some_and(|ends| ends.value.len() == 2));
    let mut further = Mistakes::default();
    let bonds = bond::check(raw, &links, &ends, &mut further);
    ends.extend(bonds.ends());
    let vlans = vlan::check(raw, &links, &bonds, &ends, &mut further);
    ends.extend(vlans.ends());
    mtu::check(raw, &links, &bonds, &vlans, &ends, &mut further);
    let addresses = addresses(raw, &links, &bonds, &vlans, &ends, &mut further);
    let hosts = hosts(raw, &bonds, &vlans, &ends, &addresses, &mut further);
    mistakes.append(further, |mistake| readable || !mistake.absence);
    Topology { summary, hosts, links }
}

/// The hosts that are at an end of a link.
fn hosts(
    raw: &raw::Topology,
    bonds: &Bonds,
    vlans: &Vlans,
    ends: &BTreeMap<End, String>,
    addresses: &Addresses,
    mistakes: &mut Mistakes,
) -> BTreeMap<String, Host> {
    let names: BTreeSet<&str> = ends.keys().map(|end| end.host.as_str()).collect();
    for (name, entry) in &raw.hosts {
        if !names.contains(name.as_str()) {
            mistakes.undefined(&entry.name, format!("`{name}` is not at an end of any link"), name, names.iter().copied());
        }
    }
    let check = |name: &str| {
        let written = raw.hosts.get(name);
        host::check(name, written, interfaces_of(name, written, bonds, vlans, ends, addresses), mistakes)
    };
    names.iter().copied().map(str::to_owned).zip(names.iter().copied().map(check)).collect()
}

/// The summary of a document.
pub(crate) fn summary(summary: Option<&Spanned<String>>, mistakes: &mut Mistakes) -> String {
    let Some(summary) = summary else { return String::new() };
    if summary.value.trim().is_empty() || summary.value.contains('\n') {
        mistakes.add(&summary.span, "a summary is one line: write one line that says what this is");
    }
    summary.value.clone()
}

/// The interfaces of a host.
fn interfaces_of(
    host: &str,
    written: Option<&Entry<raw::Host>>,
    bonds: &Bonds,
    vlans: &Vlans,
    ends: &BTreeMap<End, String>,
    addresses: &Addresses,
) -> BTreeMap<String, Interface> {
    ends.iter()
        .filter(|(end, _)| end.host == host)
        .map(|(end, link)| {
            let addresses = addresses.get(end).cloned().unwrap_or_default();
            let of_its_own = written.and_then(|host| host.value.interfaces.get(&end.interface));
            let masquerade = of_its_own.is_some_and(|interface| interface.value.nat.is_some());
            let tproxy = of_its_own.and_then(|interface| value(interface.value.tproxy.as_ref()));
            let mtu = of_its_own.and_then(|interface| value(interface.value.mtu.as_ref()));
            let (bond, member_of) = (bonds.at(end).cloned(), bonds.of(end).map(|bond| bond.interface.clone()));
            (
                end.interface.clone(),
                Interface { link: link.clone(), addresses, mtu, bond, vlan: vlans.at(end).cloned(), member_of, masquerade, tproxy },
            )
        })
        .collect()
}

fn link(
    name: &str,
    entry: &Entry<raw::Link>,
    directory: Option<&Path>,
    interfaces: &mut BTreeMap<End, (String, Span)>,
    mistakes: &mut Mistakes,
) -> Option<Link> {
    if let Some(complaint) = complaint("link", name, LINK_MAX) {
        let help = format!("its wire's two ends are network interfaces called {name}-a and {name}-b");
        let mistake = mistakes.add(&entry.name, complaint);
        if name.len() > LINK_MAX {
            mistake.help(help);
        }
    }
    let raw = &entry.value;
    mtu::possible(raw.mtu.as_ref(), mistakes);
    let mtu = value(raw.mtu.as_ref()).unwrap_or(MTU);
    let pinned = raw.engine.as_ref().map(|engine| (engine.value, engine.span.clone()));
    let circumstances = Circumstances { around: &raw.span, mtu, engine: pinned, directory };
    let bare = Shape::default();
    let [up, down] = conditions::replace([&bare, &bare], &raw.conditions, &circumstances, mistakes);
    let ends = ends(name, raw.ends.as_ref()?, interfaces, mistakes)?;
    Some(Link { ends, mtu, engine: value(raw.engine.as_ref()), up, down })
}

fn value<T: Copy>(written: Option<&Spanned<T>>) -> Option<T> {
    written.map(|written| written.value)
}

/// The two ends of a link. Usable ends are noted even if the link is not usable.
fn ends(
    link: &str,
    written: &Spanned<Vec<Spanned<End>>>,
    interfaces: &mut BTreeMap<End, (String, Span)>,
    mistakes: &mut Mistakes,
) -> Option<[End; 2]> {
    for end in &written.value {
        let End { host, interface } = &end.value;
        if host == WIRES {
            mistakes
                .add(&end.span, format!("no host can be called `{WIRES}`: that is the hidden namespace of all links' wires"))
                .help("write another name");
        } else if let Some(complaint) = complaint("host", host, HOST_MAX) {
            mistakes.add(&end.span, complaint);
        }
        if RESERVED.contains(&interface.as_str()) {
            mistakes
                .add(&end.span, format!("no interface of a link can be called `{interface}`: Linux uses this name itself: write another"));
        }
        match interfaces.get(&end.value) {
            Some((other, _)) if other == link => {
                mistakes.add(&end.span, format!("the link's other end is {} too", end.value)).help("write two different hosts");
            }
            Some((other, span)) => {
                mistakes
                    .add(&end.span, format!("{} is already an end of link `{other}`", end.value))
                    .help("write another interface: each is an end of one link")
                    .beside(span, "here");
            }
            None => {
                interfaces.insert(end.value.clone(), (link.to_owned(), end.span.clone()));
            }
        }
    }
    let [a, b] = written.value.as_slice() else {
        // An end that could not be read has already been reported.
        if !mistakes.any_in(&written.span) {
            mistakes
                .add(&written.span, format!("a link has 2 ends, not {}", written.value.len()))
                .help("write ends = [\"HOST:INTERFACE\", \"HOST:INTERFACE\"]");
        }
        return None;
    };
    if a.value.host == b.value.host && a.value != b.value {
        mistakes
            .add(&b.span, format!("both ends of the link are at `{}`", b.value.host))
            .help("write two different hosts")
            .beside(&a.span, "here");
    }
    Some([a.value.clone(), b.value.clone()])
}

/// The addresses of all interfaces.
fn addresses(
    raw: &raw::Topology,
    links: &BTreeMap<String, Link>,
    bonds: &Bonds,
    vlans: &Vlans,
    ends: &BTreeMap<End, String>,
    mistakes: &mut Mistakes,
) -> Addresses {
    let mut written = Addresses::new();
    let mut spans = BTreeMap::new();
    for (host, entry) in &raw.hosts {
        for (interface, entry) in &entry.value.interfaces {
            let end = End::new(host, interface);
            if !ends.contains_key(&end) {
                // A host without any link is reported elsewhere.
                if ends.keys().any(|end| end.host == *host) {
                    let known = ends.keys().filter(|end| end.host == *host).map(|end| end.interface.as_str());
                    mistakes.undefined(&entry.name, format!("{end} is not an end of any link"), interface, known);
                }
                continue;
            }
            for address in &entry.value.addresses {
                written.entry(end.clone()).or_default().push(address.value);
                // If an address is written twice, the second is the mistake.
                spans.insert((end.clone(), address.value), address.span.clone());
            }
        }
    }
    let ipv6 = raw.ipv6();
    let small = |link: &Link| link.ends.iter().any(|end| mtu::of(raw, end).unwrap_or(link.mtu) < IPV6_MTU);
    let no_ipv6 = |link: &Link| if ipv6 { small(link).then_some(Reason::Small) } else { Some(Reason::Off) };
    let cable = |link: &Link| Cable { ends: link.ends.each_ref().map(|end| bonds.of(end).unwrap_or(end).clone()), no_ipv6: no_ipv6(link) };
    let on_links = vlans.pairs(links).map(|(name, ends, link)| (name, Cable { ends, no_ipv6: no_ipv6(link) }));
    let cables = links.iter().map(|(name, link)| (name.clone(), cable(link))).chain(on_links).collect();
    let (addresses, refusals) = address::assign(&cables, &written);
    for refusal in refusals {
        let span = spans[&(refusal.end.clone(), refusal.network)].clone();
        mistakes.add(&span, format!("{} cannot have {}: {}", refusal.end, refusal.network, refusal.reason));
    }
    addresses
}
