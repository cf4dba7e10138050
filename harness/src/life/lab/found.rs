//! The kernel's state of a namespace: tables that are read once, on first use.
//! Not here: what was requested.

use std::collections::{BTreeMap, BTreeSet};

use super::Room;
use crate::kernel::link::LinkState;
use crate::kernel::qdisc::Shape;
use crate::kernel::{self, Netlink, NetlinkError, link};

/// What the kernel has instead of what an operation requested; `None` if it matches.
pub(super) type Instead = Result<Option<String>, NetlinkError>;

/// What there is instead, unless it matches.
pub(super) fn unless(same: bool, instead: impl FnOnce() -> String) -> Option<String> {
    (!same).then(instead)
}

/// The state of one namespace, with each table read on first use.
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
    /// Nothing has been read yet except, perhaps, the interfaces.
    pub(super) fn beginning(links: Option<BTreeMap<i32, LinkState>>) -> Self {
        Self { links, ..Self::default() }
    }

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
