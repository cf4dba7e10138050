//! Addresses, routes and rules of a lab: sets and reads them back.
//! Not here: which ones a host has.

use super::Room;
use super::found::{Found, Instead, unless};
use crate::kernel::{Batch, route};
use crate::plan::{MAIN_TABLE, RouteAct};

/// What the kernel should have after an operation, or should not have if it was removed.
enum Wanted {
    Address(route::Address, bool),
    Route(route::Route, bool),
    Rule(route::Rule),
    EverythingIsHere { v6: bool, table: u32 },
}

fn wanted(room: &Room, act: &RouteAct) -> Wanted {
    match act {
        RouteAct::Address { dev, address } => {
            Wanted::Address(route::Address { index: room.index(dev), address: address.address, prefix: address.prefix }, true)
        }
        RouteAct::DeleteAddress { dev, address } => {
            Wanted::Address(route::Address { index: room.index(dev), address: address.address, prefix: address.prefix }, false)
        }
        RouteAct::DeleteRoute { to, via, dev, table } => {
            let index = dev.as_ref().map(|dev| room.index(dev));
            let table = table.unwrap_or(MAIN_TABLE);
            Wanted::Route(route::Route { to: to.address, prefix: to.prefix, via: *via, index, table, onlink: false }, false)
        }
        RouteAct::Route { to, via, dev, table, onlink } => {
            let index = dev.as_ref().map(|dev| room.index(dev));
            let table = table.unwrap_or(MAIN_TABLE);
            Wanted::Route(route::Route { to: to.address, prefix: to.prefix, via: *via, index, table, onlink: *onlink }, true)
        }
        RouteAct::Rule { v6, priority, from, mark, table, suppress_default } => {
            let (priority, table, suppress_default) = (*priority, *table, *suppress_default);
            Wanted::Rule(route::Rule { v6: *v6, priority, from: *from, mark: *mark, table, suppress_default })
        }
        RouteAct::EverythingIsHere { v6, table } => Wanted::EverythingIsHere { v6: *v6, table: *table },
    }
}

/// Adds an operation to a batch.
pub(super) fn add(room: &Room, batch: &mut Batch, act: &RouteAct) {
    match wanted(room, act) {
        Wanted::Address(address, true) => route::add_address(batch, &address),
        Wanted::Address(address, false) => route::delete_address(batch, &address),
        Wanted::Route(route, true) => route::replace_route(batch, &route),
        Wanted::Route(route, false) => route::delete_route(batch, &route),
        Wanted::Rule(rule) => route::add_rule(batch, &rule),
        Wanted::EverythingIsHere { v6, table } => route::everything_is_here(batch, v6, table),
    }
}

/// What the kernel has instead of what was requested.
pub(super) fn differs(room: &mut Room, found: &mut Found, act: &RouteAct) -> Instead {
    match wanted(room, act) {
        Wanted::Address(wanted, there) => {
            let has = found.addresses(room)?.contains(&wanted);
            Ok(unless(has == there, || if has { "an address that should be gone" } else { "no such address" }.to_owned()))
        }
        Wanted::Route(wanted, there) => {
            let has = found.routes(room)?;
            let same = has.contains(&wanted)
                || (wanted.index.is_none() && has.iter().any(|route| route::Route { index: None, ..*route } == wanted));
            Ok(unless(same == there, || if same { "a route that should be gone" } else { "no such route" }.to_owned()))
        }
        Wanted::Rule(wanted) => Ok(unless(found.rules(room)?.contains(&wanted), || "no such rule".to_owned())),
        Wanted::EverythingIsHere { v6, table } => {
            Ok(unless(route::is_everything_here(&mut room.netlink, v6, table)?, || "no such route".to_owned()))
        }
    }
}
