//! Reading back: whether the kernel has what the operations told it. Each domain compares its own; this owns the tables that they look into.
//! Not here: telling it. A wrong unit and an attribute that a kernel ignores show up nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Room, device, host, mptcp, nft, qdisc, route};
use crate::kernel::link::LinkState;
use crate::kernel::qdisc::Shape;
use crate::kernel::{self, Netlink, NetlinkError, link};
use crate::plan::{Act, DeviceAct, Op};

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

/// What the kernel has instead of what an operation told it; nothing if it has just that.
pub(super) type Instead = Result<Option<String>, NetlinkError>;

/// What there is instead, unless it is the same.
pub(super) fn unless(same: bool, instead: impl FnOnce() -> String) -> Option<String> {
    (!same).then(instead)
}

/// What one namespace has, each table read when it is first looked at.
#[derive(Default)]
pub(super) struct Found {
    links: Option<BTreeMap<i32, LinkState>>,
    addresses: Option<BTreeSet<kernel::route::Address>>,
    routes: Option<BTreeSet<kernel::route::Route>>,
    rules: Option<BTreeSet<kernel::route::Rule>>,
    shapes: Option<BTreeMap<i32, Vec<Shape>>>,
    endpoints: Option<Vec<kernel::mptcp::Endpoint>>,
}

/// A table, read once.
fn table<'a, T>(
    slot: &'a mut Option<T>,
    room: &mut Room,
    read: impl FnOnce(&mut Netlink) -> Result<T, NetlinkError>,
) -> Result<&'a T, NetlinkError> {
    if slot.is_none() {
        *slot = Some(read(&mut room.netlink)?);
    }
    Ok(slot.as_ref().expect("filled above"))
}

impl Found {
    /// An interface, if it is there.
    pub(super) fn link(&mut self, room: &mut Room, dev: &str) -> Result<Option<LinkState>, NetlinkError> {
        let index = room.index(dev);
        Ok(table(&mut self.links, room, links)?.get(&index).filter(|link| link.name == dev).cloned())
    }

    pub(super) fn addresses(&mut self, room: &mut Room) -> Result<&BTreeSet<kernel::route::Address>, NetlinkError> {
        table(&mut self.addresses, room, |netlink| Ok(kernel::route::addresses(netlink)?.into_iter().collect()))
    }

    pub(super) fn routes(&mut self, room: &mut Room) -> Result<&BTreeSet<kernel::route::Route>, NetlinkError> {
        table(&mut self.routes, room, |netlink| Ok(kernel::route::routes(netlink)?.into_iter().collect()))
    }

    pub(super) fn rules(&mut self, room: &mut Room) -> Result<&BTreeSet<kernel::route::Rule>, NetlinkError> {
        table(&mut self.rules, room, |netlink| Ok(kernel::route::rules(netlink)?.into_iter().collect()))
    }

    /// What shapes an interface.
    pub(super) fn shapes(&mut self, room: &mut Room, dev: &str) -> Result<&[Shape], NetlinkError> {
        let index = room.index(dev);
        Ok(table(&mut self.shapes, room, shapes)?.get(&index).map_or(&[], Vec::as_slice))
    }

    pub(super) fn endpoints(&mut self, room: &mut Room) -> Result<&[kernel::mptcp::Endpoint], NetlinkError> {
        Ok(table(&mut self.endpoints, room, kernel::mptcp::endpoints)?)
    }
}

/// What each namespace was told: operations with their places in the plan. A veth pair is told to both.
pub(super) fn by_namespace(ops: &[Op]) -> BTreeMap<&str, Vec<(usize, &Op)>> {
    let mut told: BTreeMap<&str, Vec<(usize, &Op)>> = BTreeMap::new();
    for (place, op) in ops.iter().enumerate() {
        told.entry(&op.ns).or_default().push((place, op));
        if let Act::Device(DeviceAct::Veth { peer_ns, .. }) = &op.act {
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
            Act::Device(DeviceAct::Veth { peer, mtu, peer_mtu, .. }) if op.ns != ns => {
                device::other_end_differs(room, &mut found, peer, peer_mtu.unwrap_or(*mtu))
            }
            Act::Host(act) => host::differs(room, act),
            Act::Device(act) => device::differs(room, &mut found, act),
            Act::Route(act) => route::differs(room, &mut found, act),
            Act::Qdisc(act) => qdisc::differs(room, &mut found, act),
            // The kernel knows nothing of it.
            Act::Relay(_) => Ok(None),
            Act::Nft(act) => nft::differs(room, act),
            Act::Mptcp(act) => mptcp::differs(room, &mut found, act),
        }?;
        differences.extend(instead.map(|found| (*place, Difference { line: op.to_string(), found })));
    }
    Ok(differences)
}

/// Every interface of a namespace by its index.
pub(super) fn links(netlink: &mut Netlink) -> Result<BTreeMap<i32, LinkState>, NetlinkError> {
    Ok(link::list(netlink)?.into_iter().map(|link| (link.index, link)).collect())
}

/// What shapes each interface of a namespace.
fn shapes(netlink: &mut Netlink) -> Result<BTreeMap<i32, Vec<Shape>>, NetlinkError> {
    let mut shapes: BTreeMap<i32, Vec<Shape>> = BTreeMap::new();
    for (index, shape) in kernel::qdisc::list(netlink)? {
        shapes.entry(index).or_default().push(shape);
    }
    Ok(shapes)
}
