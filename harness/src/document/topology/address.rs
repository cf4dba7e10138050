//! The addresses of interfaces: those that are written, and for the rest one subnet per link, numbered in the order of the links' names.
//! Pure. Not here: how addresses are written in a file, nor how an interface is given them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::words::{End, Network};

/// A link as the assignment of addresses sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cable {
    /// Its two ends, which have the addresses. Bonded links have the same two.
    pub ends: [End; 2],
    /// Why it has no IPv6, if it has none.
    pub no_ipv6: Option<Reason>,
}

/// Addresses by interface, IPv4 before IPv6.
pub type Addresses = BTreeMap<End, Vec<Network>>;

/// A written address that is impossible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The interface.
    pub end: End,
    /// The address.
    pub network: Network,
    /// Why.
    pub reason: Reason,
}

/// Why an address is impossible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It is a network or broadcast address, or cannot be a host's by its nature.
    NoHost,
    /// Another interface has it, or this one twice.
    Taken(End),
    /// The network has no address left for the other end.
    Full(End),
    /// Its network leaves none for links without written addresses.
    Wide,
    /// The MTU of an end of the link is below what IPv6 needs.
    Small,
    /// The topology has no IPv6.
    Off,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHost => f.write_str("no host can have it as its own: write another"),
            Self::Taken(end) => write!(f, "{end} has it already: write another"),
            Self::Full(end) => {
                write!(f, "its network has no other address for {end}, the other end of the link: write an address there, too")
            }
            Self::Wide => {
                f.write_str("its network leaves none for the links without addresses: write a longer prefix, or addresses for those links")
            }
            Self::Small => f.write_str("IPv6 needs a larger MTU: write an `mtu` of 1280 or more at both ends of the link"),
            Self::Off => f.write_str("the topology has no IPv6: remove the address, or `ipv6 = false`"),
        }
    }
}

/// The smallest MTU with which IPv6 works (RFC 8200, section 5).
pub const IPV6_MTU: u32 = 1280;

/// Gives every end of every link its addresses: at least one of each family, IPv6 only where it is in use.
///
/// Unless other addresses are written, the n-th link in the order of names has 10.0.n.0/24 and `fd00:0:0:n::/64`, its first end `.1` and `::1`, its
/// second `.2` and `::2`. The order in the file makes no difference. A network that overlaps a written one is replaced by one after the last
/// link's. Of links between the same two ends only the first counts.
pub fn assign(links: &BTreeMap<String, Cable>, written: &Addresses) -> (Addresses, Vec<Refusal>) {
    let mut refusals = refused(written);
    let mut addresses = Addresses::new();
    for ipv6 in [false, true] {
        let mut pool = Pool::new(ipv6, links.len() as u32, written);
        let mut done = BTreeSet::new();
        for (link, number) in links.values().zip(1..) {
            let [a, b] = &link.ends;
            if !done.insert(if a < b { [a, b] } else { [b, a] }) {
                continue;
            }
            if let Some(reason) = link.no_ipv6.as_ref().filter(|_| ipv6) {
                let ipv6 = |end| of(written, end, true).map(move |network| (end, network));
                for (end, network) in link.ends.iter().flat_map(ipv6) {
                    refusals.push(Refusal { end: end.clone(), network, reason: reason.clone() });
                }
                continue;
            }
            match pair(link, number, written, &mut pool) {
                Ok(networks) => {
                    for (end, networks) in link.ends.iter().zip(networks) {
                        let local = of(written, end, ipv6).filter(|network| is_link_local(network.address));
                        addresses.entry(end.clone()).or_default().extend(networks.into_iter().chain(local));
                    }
                }
                Err(refusal) => refusals.push(*refusal),
            }
        }
    }
    (addresses, refusals)
}

/// The addresses of one family at both ends of a link.
fn pair(link: &Cable, number: u32, written: &Addresses, pool: &mut Pool) -> Result<[Vec<Network>; 2], Box<Refusal>> {
    let routed = |end| of(written, end, pool.ipv6).filter(|network| !is_link_local(network.address)).collect::<Vec<_>>();
    let [first, second] = link.ends.each_ref().map(routed);
    match (first.first(), second.first()) {
        (None, None) => {
            let subnet = pool.subnet(number)?;
            Ok([vec![host(subnet, 1)], vec![host(subnet, 2)]])
        }
        (Some(&known), None) => Ok([first, vec![pool.neighbour(known, &link.ends)?]]),
        (None, Some(&known)) => {
            let [a, b] = link.ends.clone();
            Ok([vec![pool.neighbour(known, &[b, a])?], second])
        }
        // They may be in different networks: the plan then adds a route to each neighbour.
        (Some(_), Some(_)) => Ok([first, second]),
    }
}

/// The written addresses that no interface can have, or that are written twice.
fn refused(written: &Addresses) -> Vec<Refusal> {
    let mut owners = BTreeMap::new();
    let mut refusals = Vec::new();
    for (end, networks) in written {
        for &network in networks {
            let reason = match owners.insert(network.address, end) {
                // Each link has the same link-local network.
                Some(owner) if owner == end || !is_link_local(network.address) => Reason::Taken(owner.clone()),
                Some(_) if is_host(network) => continue,
                Some(_) => Reason::NoHost,
                None if !is_host(network) => Reason::NoHost,
                None => continue,
            };
            refusals.push(Refusal { end: end.clone(), network, reason });
        }
    }
    refusals
}

/// The unused networks of one family.
struct Pool {
    ipv6: bool,
    written: Vec<(End, Network)>,
    taken: BTreeSet<IpAddr>,
    spare: u32,
}

impl Pool {
    fn new(ipv6: bool, links: u32, written: &Addresses) -> Self {
        let pairs = written.iter().flat_map(|(end, networks)| networks.iter().map(move |network| (end.clone(), *network)));
        let written: Vec<_> = pairs.filter(|(_, network)| network.address.is_ipv6() == ipv6).collect();
        let taken = written.iter().map(|(_, network)| network.address).collect();
        Self { ipv6, written, taken, spare: links }
    }

    /// A network for the link with this number.
    fn subnet(&mut self, number: u32) -> Result<Network, Box<Refusal>> {
        let mut subnet = numbered(number, self.ipv6);
        while let Some((end, network)) = self.written.iter().find(|(_, written)| overlap(*written, subnet)) {
            self.spare += 1;
            if self.spare > LAST {
                return Err(Box::new(Refusal { end: end.clone(), network: *network, reason: Reason::Wide }));
            }
            subnet = numbered(self.spare, self.ipv6);
        }
        Ok(subnet)
    }

    /// The lowest free address beside `known`, which is written at the first of two ends.
    fn neighbour(&mut self, known: Network, [end, other]: &[End; 2]) -> Result<Network, Box<Refusal>> {
        let subnet = subnet_of(known);
        let free = (0..=self.taken.len() as u128 + 1)
            .map(|number| host(subnet, number))
            .find(|candidate| contains(subnet, candidate.address) && is_host(*candidate) && !self.taken.contains(&candidate.address))
            .ok_or_else(|| Box::new(Refusal { end: end.clone(), network: known, reason: Reason::Full(other.clone()) }))?;
        self.taken.insert(free.address);
        Ok(free)
    }
}

/// The number of the last default network: 10.255.255.0/24.
const LAST: u32 = 0xffff;

/// The n-th default network.
fn numbered(number: u32, ipv6: bool) -> Network {
    if ipv6 {
        let (high, low) = ((number >> 16) as u16, number as u16);
        return Network { address: Ipv6Addr::new(0xfd00, 0, high, low, 0, 0, 0, 0).into(), prefix: 64 };
    }
    let [_, _, high, low] = number.to_be_bytes();
    Network { address: Ipv4Addr::new(10, high, low, 0).into(), prefix: 24 }
}

fn of<'a>(written: &'a Addresses, end: &End, ipv6: bool) -> impl Iterator<Item = Network> + use<'a> {
    written.get(end).into_iter().flatten().copied().filter(move |network| network.address.is_ipv6() == ipv6)
}

/// The network that an address is in, its host part zero.
pub fn subnet_of(network: Network) -> Network {
    let (bits, width) = bits(network.address);
    Network { address: address(bits & mask(network.prefix, width), network.address), prefix: network.prefix }
}

/// Whether `address` is in the same network as `network`.
pub fn contains(network: Network, address: IpAddr) -> bool {
    network.address.is_ipv6() == address.is_ipv6() && subnet_of(network) == subnet_of(Network { address, prefix: network.prefix })
}

fn overlap(a: Network, b: Network) -> bool {
    contains(a, b.address) || contains(b, a.address)
}

/// Whether an address is valid only on its own link: IPv6's fe80::/10 (RFC 4291, section 2.5.6). Linux routes IPv4's 169.254.0.0/16 like any
/// other network.
pub fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local())
}

/// The address with this number in a network.
fn host(subnet: Network, number: u128) -> Network {
    let (bits, _) = bits(subnet.address);
    Network { address: address(bits.wrapping_add(number), subnet.address), prefix: subnet.prefix }
}

/// Whether an interface can have it as its own address.
fn is_host(network: Network) -> bool {
    let (bits, width) = bits(network.address);
    let part = bits & !mask(network.prefix, width) & mask(width, width);
    // Networks of two addresses (RFC 3021, RFC 6164) and of one have neither a network address nor a broadcast address.
    let ends = network.prefix + 1 >= width;
    let broadcast = network.address.is_ipv4() && part == !mask(network.prefix, width) & mask(width, width);
    let unusual = match network.address {
        IpAddr::V4(v4) => v4.is_broadcast() || v4.octets()[0] == 0,
        IpAddr::V6(v6) => v6.to_ipv4_mapped().is_some(),
    };
    let special = network.address.is_unspecified() || network.address.is_multicast() || network.address.is_loopback() || unusual;
    !special && (ends || (part != 0 && !broadcast))
}

fn bits(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    }
}

/// The address with these bits, of the family that `like` has.
fn address(bits: u128, like: IpAddr) -> IpAddr {
    match like {
        IpAddr::V4(_) => Ipv4Addr::from_bits(bits as u32).into(),
        IpAddr::V6(_) => Ipv6Addr::from_bits(bits).into(),
    }
}

/// The upper `prefix` of `width` bits.
fn mask(prefix: u8, width: u8) -> u128 {
    let all = u128::MAX >> (128 - width);
    all & !all.checked_shr(u32::from(prefix)).unwrap_or(0)
}

#[cfg(test)]
mod tests;
