//! Reading back: whether the kernel has what the operations told it.
//! Not here: telling it. A wrong unit and an attribute that a kernel ignores show up nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Room, kernel_address, kernel_bond, kernel_endpoint, kernel_route, kernel_rule};
use crate::kernel::link::LinkState;
use crate::kernel::qdisc::Shape;
use crate::kernel::{Netlink, NetlinkError, bond, firewall, link, mptcp, qdisc, route, sysctl, vlan};
use crate::plan::{Act, Op};
use crate::words::netem::UNLIMITED;
use crate::words::{EndpointFlag, Rate, Size};

/// Something that the kernel has otherwise than told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The operation that told it.
    pub line: String,
    /// What the kernel has instead.
    pub found: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "after `{}` it has {}", self.line, self.found)
    }
}

/// What one namespace has, each table read when it is first looked at.
#[derive(Default)]
struct Found {
    links: Option<BTreeMap<i32, LinkState>>,
    addresses: Option<BTreeSet<route::Address>>,
    routes: Option<BTreeSet<route::Route>>,
    rules: Option<BTreeSet<route::Rule>>,
    shapes: Option<BTreeMap<i32, Vec<Shape>>>,
    endpoints: Option<Vec<mptcp::Endpoint>>,
}

/// A table, read once.
fn table<'a, T>(
    slot: &'a mut Option<T>,
    netlink: &mut Netlink,
    read: impl FnOnce(&mut Netlink) -> Result<T, NetlinkError>,
) -> Result<&'a T, NetlinkError> {
    if slot.is_none() {
        *slot = Some(read(netlink)?);
    }
    Ok(slot.as_ref().expect("filled above"))
}

/// What each namespace was told: operations with their places in the plan. A veth pair is told to both.
pub(super) fn by_namespace(ops: &[Op]) -> BTreeMap<&str, Vec<(usize, &Op)>> {
    let mut told: BTreeMap<&str, Vec<(usize, &Op)>> = BTreeMap::new();
    for (place, op) in ops.iter().enumerate() {
        told.entry(&op.ns).or_default().push((place, op));
        if let Act::Veth { peer_ns, .. } = &op.act {
            told.entry(peer_ns).or_default().push((place, op));
        }
    }
    told
}

/// What a namespace has otherwise than told, with the place of each operation in the plan. Its interfaces may have been read already.
pub(super) fn compare(
    ns: &str,
    room: &mut Room,
    told: &[(usize, &Op)],
    links: Option<BTreeMap<i32, LinkState>>,
) -> Result<Vec<(usize, Difference)>, NetlinkError> {
    let mut found = Found { links, ..Found::default() };
    let mut differences = Vec::new();
    for (place, op) in told {
        let instead = match &op.act {
            // The other end has an MTU of its own.
            Act::Veth { peer, mtu, peer_mtu, .. } if op.ns != ns => other_end(room, &mut found, peer, peer_mtu.unwrap_or(*mtu))?,
            act => differs(room, &mut found, act)?,
        };
        differences.extend(instead.map(|found| (*place, Difference { line: op.to_string(), found })));
    }
    Ok(differences)
}

/// An interface of a namespace, if it is there.
fn state(room: &mut Room, found: &mut Found, dev: &str) -> Result<Option<LinkState>, NetlinkError> {
    let index = room.index(dev);
    Ok(table(&mut found.links, &mut room.netlink, links)?.get(&index).filter(|link| link.name == dev).cloned())
}

/// Every interface of a namespace by its index.
pub(super) fn links(netlink: &mut Netlink) -> Result<BTreeMap<i32, LinkState>, NetlinkError> {
    Ok(link::list(netlink)?.into_iter().map(|link| (link.index, link)).collect())
}

/// What shapes each interface of a namespace.
fn shapes(netlink: &mut Netlink) -> Result<BTreeMap<i32, Vec<Shape>>, NetlinkError> {
    let mut shapes: BTreeMap<i32, Vec<Shape>> = BTreeMap::new();
    for (index, shape) in qdisc::list(netlink)? {
        shapes.entry(index).or_default().push(shape);
    }
    Ok(shapes)
}

fn shown(state: Option<&LinkState>) -> String {
    state.map_or_else(|| "no such interface".to_owned(), |state| format!("{state:?}"))
}

fn other_end(room: &mut Room, found: &mut Found, peer: &str, mtu: u32) -> Result<Option<String>, NetlinkError> {
    let has = state(room, found, peer)?;
    Ok(if has.as_ref().is_some_and(|link| link.mtu == mtu) { None } else { Some(shown(has.as_ref())) })
}

/// What the kernel has instead of what `act` told it; nothing if it has just that.
fn differs(room: &mut Room, found: &mut Found, act: &Act) -> Result<Option<String>, NetlinkError> {
    let difference = |same: bool, instead: &dyn Fn() -> String| Ok(if same { None } else { Some(instead()) });
    match act {
        // What is made in a namespace is missed if the namespace is not there; of the relay the kernel knows nothing; what has come of a
        // command shows in subflows and events.
        Act::Namespace | Act::Relay { .. } | Act::Swallow { .. } | Act::Reshape { .. } | Act::Command { .. } => Ok(None),
        Act::Sysctl { key, value } => {
            let has = room.ns.enter(|| sysctl::read(key)).and_then(|read| read)?;
            let wanted = value.split_whitespace().collect::<Vec<_>>().join(" ");
            difference(has == wanted, &|| format!("{key}={has}"))
        }
        Act::Veth { dev, mtu, .. } => {
            let has = state(room, found, dev)?;
            difference(has.as_ref().is_some_and(|link| link.mtu == *mtu && link.up), &|| shown(has.as_ref()))
        }
        Act::Bridge { dev } | Act::Up { dev } => {
            let has = state(room, found, dev)?;
            difference(has.as_ref().is_some_and(|link| link.up), &|| shown(has.as_ref()))
        }
        Act::Down { dev } => {
            let has = state(room, found, dev)?;
            difference(has.as_ref().is_some_and(|link| !link.up), &|| shown(has.as_ref()))
        }
        Act::Bond { dev, mtu, xmit_hash_policy, .. } => {
            let (wanted, has) = (kernel_bond(act), state(room, found, dev)?);
            let index = room.index(dev);
            let works = bond::settings(&mut room.netlink, index)?;
            // Where it was not told, it has chosen.
            let told =
                works.map(|has| bond::Settings { xmit_hash_policy: has.xmit_hash_policy.filter(|_| xmit_hash_policy.is_some()), ..has });
            let same = told == Some(wanted) && has.as_ref().is_some_and(|link| link.mtu == *mtu);
            difference(same, &|| format!("{works:?} of {}", shown(has.as_ref())))
        }
        Act::Vlan { dev, link, id } => {
            let (index, wanted) = (room.index(dev), (room.index(link), *id));
            let has = vlan::of(&mut room.netlink, index)?;
            difference(has == Some(wanted), &|| has.map_or("no VLAN".to_owned(), |(link, id)| format!("VLAN {id} of interface {link}")))
        }
        Act::Attach { dev, master } => {
            let (has, master) = (state(room, found, dev)?, room.index(master));
            difference(has.as_ref().is_some_and(|link| link.master == master), &|| shown(has.as_ref()))
        }
        Act::Port { dev, flood } => {
            let has = link::port_floods(&mut room.netlink, room.devices[dev])?;
            difference(has == Some(*flood), &|| format!("flooding {has:?}"))
        }
        Act::Address { .. } => {
            let wanted = kernel_address(room, act);
            let has = table(&mut found.addresses, &mut room.netlink, |netlink| Ok(route::addresses(netlink)?.into_iter().collect()))?;
            difference(has.contains(&wanted), &|| "no such address".to_owned())
        }
        Act::Route { .. } => {
            let wanted = kernel_route(room, act);
            let has = table(&mut found.routes, &mut room.netlink, |netlink| Ok(route::routes(netlink)?.into_iter().collect()))?;
            let same = has.contains(&wanted)
                || (wanted.index.is_none() && has.iter().any(|route| route::Route { index: None, ..*route } == wanted));
            difference(same, &|| "no such route".to_owned())
        }
        Act::Rule { .. } => {
            let wanted = kernel_rule(act);
            let has = table(&mut found.rules, &mut room.netlink, |netlink| Ok(route::rules(netlink)?.into_iter().collect()))?;
            difference(has.contains(&wanted), &|| "no such rule".to_owned())
        }
        Act::Redirect { dev, to } => {
            let (index, to) = (room.index(dev), room.index(to));
            let has = qdisc::redirected(&mut room.netlink, index)?;
            difference(has == Some(to), &|| has.map_or("no filter".to_owned(), |index| format!("a filter to interface {index}")))
        }
        Act::Unredirect { dev } => {
            let index = room.index(dev);
            let has = qdisc::redirected(&mut room.netlink, index)?;
            difference(has.is_none(), &|| "the filter still".to_owned())
        }
        Act::Unshape { dev } => {
            let index = room.index(dev);
            let shapes = table(&mut found.shapes, &mut room.netlink, shapes)?;
            let left = shapes.get(&index).into_iter().flatten().find(|shape| matches!(shape, Shape::Tbf(..) | Shape::Netem(..)));
            difference(left.is_none(), &|| format!("{left:?}"))
        }
        Act::Ingress { dev } | Act::Tbf { dev, .. } | Act::Split { dev, .. } | Act::Netem { dev, .. } => {
            let index = room.index(dev);
            let has = table(&mut found.shapes, &mut room.netlink, shapes)?.get(&index).map_or(&[][..], Vec::as_slice);
            difference(has.iter().any(|shape| alike(act, shape)), &|| format!("{has:?}"))
        }
        Act::Firewall { rules } => {
            let has = firewall::filter(rules).in_force(&mut room.netlink)?;
            difference(has, &|| "other rules".to_owned())
        }
        Act::Intercept { ports, mark } => {
            let table = firewall::intercept(ports.iter().map(|(dev, port)| (dev.as_str(), *port)), *mark);
            let has = table.in_force(&mut room.netlink)?;
            difference(has, &|| "other rules".to_owned())
        }
        Act::EverythingIsHere { v6, table } => {
            let has = route::is_everything_here(&mut room.netlink, *v6, *table)?;
            difference(has, &|| "no such route".to_owned())
        }
        Act::Masquerade { devs } => {
            let has = firewall::masquerade(devs.iter().map(String::as_str)).in_force(&mut room.netlink)?;
            difference(has, &|| "other rules".to_owned())
        }
        Act::Limits { subflows, add_addr_accepted } => {
            let has = mptcp::limits(&mut room.netlink)?;
            let same = subflows.is_none_or(|wanted| wanted == has.subflows)
                && add_addr_accepted.is_none_or(|wanted| wanted == has.add_addr_accepted);
            difference(same, &|| format!("{has:?}"))
        }
        Act::DeleteEndpoint { address } => {
            let has = configured(table(&mut found.endpoints, &mut room.netlink, mptcp::endpoints)?);
            difference(!has.iter().any(|endpoint| endpoint.address == *address), &|| "the endpoint still".to_owned())
        }
        Act::ChangeEndpoint { address, flags } => {
            let has = configured(table(&mut found.endpoints, &mut room.netlink, mptcp::endpoints)?);
            let [backup, fullmesh] = [EndpointFlag::Backup, EndpointFlag::Fullmesh];
            let wanted = [backup, fullmesh].into_iter().filter(|flag| flags.contains(flag)).map(EndpointFlag::bit).sum::<u32>();
            let same = |endpoint: &mptcp::Endpoint| endpoint.flags & (backup.bit() | fullmesh.bit()) == wanted;
            let near: Vec<_> = has.into_iter().filter(|endpoint| endpoint.address == *address).collect();
            difference(near.iter().any(same), &|| format!("{near:?}"))
        }
        Act::FlushEndpoints => {
            let has = configured(table(&mut found.endpoints, &mut room.netlink, mptcp::endpoints)?);
            difference(has.is_empty(), &|| format!("{has:?}"))
        }
        Act::Endpoint { id, .. } => {
            let wanted = kernel_endpoint(room, act);
            let has = table(&mut found.endpoints, &mut room.netlink, mptcp::endpoints)?;
            let same =
                |endpoint: &&mptcp::Endpoint| mptcp::Endpoint { id: if id.is_some() { endpoint.id } else { 0 }, ..**endpoint } == wanted;
            let near: Vec<_> = has.iter().filter(|endpoint| endpoint.address == wanted.address).collect();
            difference(has.iter().any(|endpoint| same(&endpoint)), &|| format!("{near:?}"))
        }
    }
}

/// The endpoints that the kernel did not make itself.
fn configured(endpoints: &[mptcp::Endpoint]) -> Vec<mptcp::Endpoint> {
    endpoints.iter().filter(|endpoint| endpoint.flags & EndpointFlag::Implicit.bit() == 0).copied().collect()
}

/// Whether a qdisc is what the operation told. A token bucket keeps its size in ticks.
fn alike(act: &Act, shape: &Shape) -> bool {
    let near = |wanted: f64, has: f64, part: f64| (wanted - has).abs() <= wanted.abs() * part + f64::EPSILON;
    let near_rate = |wanted: Rate, has: Rate| near(wanted.0 as f64, has.0 as f64, 1e-6) || wanted.0.abs_diff(has.0) <= 8;
    let near_size = |wanted: Size, has: Size| near(wanted.0 as f64, has.0 as f64, 0.01);
    match (act, shape) {
        (Act::Ingress { .. }, Shape::Ingress) => true,
        (Act::Tbf { rate, burst, limit, .. }, Shape::Tbf(has_rate, has_burst, has_limit)) => {
            near_rate(*rate, *has_rate) && near_size(*burst, *has_burst) && limit == has_limit
        }
        // The bucket is full in less than a tick, and the kernel says no other size.
        (Act::Split { packet, queue, .. }, Shape::Tbf(rate, _, limit)) => *rate == UNLIMITED && *limit == queue.unwrap_or(*packet),
        (Act::Netem { place, netem, .. }, Shape::Netem(has_place, settings)) => place == has_place && settings.obey(netem),
        _ => false,
    }
}
