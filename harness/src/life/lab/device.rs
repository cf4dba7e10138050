//! Interfaces of a lab: makes, changes and reads them back.
//! Not here: their addresses, and what shapes them.

use std::sync::Arc;

use super::Room;
use super::found::{Found, Instead, unless};
use crate::kernel::link::LinkState;
use crate::kernel::{Batch, Namespace, bond, link, vlan};
use crate::plan::DeviceAct;
use crate::words::{BondMode, Time, XmitHashPolicy};

/// The other end of a veth pair, for which its namespace has reserved an index.
pub(super) struct Peer {
    pub(super) index: i32,
    pub(super) ns: Arc<Namespace>,
}

/// Adds an operation to a batch. A veth pair needs its other end.
pub(super) fn add(room: &mut Room, batch: &mut Batch, act: &DeviceAct, peer: Option<&Peer>) {
    match act {
        DeviceAct::Veth { dev, peer: name, mtu, peer_mtu, down, .. } => {
            let peer = peer.expect("its other end is set aside before");
            let here = link::NewEnd { name: dev, index: room.new_device(dev) };
            let there = link::NewEnd { name, index: peer.index };
            link::veth(batch, &here, !down, &peer.ns, &there, [*mtu, peer_mtu.unwrap_or(*mtu)]);
        }
        DeviceAct::Bridge { dev } => link::bridge(batch, dev, room.new_device(dev)),
        DeviceAct::Bond { dev, mtu, mode, miimon, xmit_hash_policy } => {
            bond::add(batch, dev, room.new_device(dev), *mtu, settings(*mode, *miimon, *xmit_hash_policy));
        }
        DeviceAct::Vlan { dev, link, id } => vlan::add(batch, dev, room.new_device(dev), room.index(link), *id),
        DeviceAct::Up { dev } => link::set_up(batch, room.index(dev), true),
        DeviceAct::Down { dev } => link::set_up(batch, room.index(dev), false),
        DeviceAct::Mtu { dev, bytes } => link::set_mtu(batch, room.index(dev), *bytes),
        DeviceAct::Attach { dev, master } => link::attach(batch, room.index(dev), room.index(master)),
        DeviceAct::Port { dev, flood } => link::bridge_port(batch, room.index(dev), *flood),
    }
}

/// What the kernel has instead of what was requested.
pub(super) fn differs(room: &mut Room, found: &mut Found, act: &DeviceAct) -> Instead {
    let is =
        |wanted: &dyn Fn(&LinkState) -> bool, has: Option<LinkState>| Ok(unless(has.as_ref().is_some_and(wanted), || shown(has.as_ref())));
    match act {
        DeviceAct::Veth { dev, mtu, .. } => is(&|link| link.mtu == *mtu && link.up, found.link(room, dev)?),
        DeviceAct::Bridge { dev } | DeviceAct::Up { dev } => is(&|link| link.up, found.link(room, dev)?),
        DeviceAct::Down { dev } => is(&|link| !link.up, found.link(room, dev)?),
        DeviceAct::Mtu { dev, bytes } => is(&|link| link.mtu == *bytes, found.link(room, dev)?),
        DeviceAct::Attach { dev, master } => {
            let master = room.index(master);
            is(&|link| link.master == master, found.link(room, dev)?)
        }
        DeviceAct::Bond { dev, mtu, mode, miimon, xmit_hash_policy } => {
            let (wanted, has) = (settings(*mode, *miimon, *xmit_hash_policy), found.link(room, dev)?);
            let index = room.index(dev);
            let works = bond::settings(&mut room.netlink, index)?;
            // What was not requested, the kernel has chosen.
            let told =
                works.map(|has| bond::Settings { xmit_hash_policy: has.xmit_hash_policy.filter(|_| xmit_hash_policy.is_some()), ..has });
            let same = told == Some(wanted) && has.as_ref().is_some_and(|link| link.mtu == *mtu);
            Ok(unless(same, || format!("{works:?} of {}", shown(has.as_ref()))))
        }
        DeviceAct::Vlan { dev, link, id } => {
            let (index, wanted) = (room.index(dev), (room.index(link), *id));
            let has = vlan::of(&mut room.netlink, index)?;
            let instead = || has.map_or("no VLAN".to_owned(), |(link, id)| format!("VLAN {id} of interface {link}"));
            Ok(unless(has == Some(wanted), instead))
        }
        DeviceAct::Port { dev, flood } => {
            let has = link::port_floods(&mut room.netlink, room.devices[dev])?;
            Ok(unless(has == Some(*flood), || format!("flooding {has:?}")))
        }
    }
}

/// What the kernel has instead of the requested other end of a veth pair, which has an MTU of its own.
pub(super) fn other_end_differs(room: &mut Room, found: &mut Found, peer: &str, mtu: u32) -> Instead {
    let has = found.link(room, peer)?;
    Ok(unless(has.as_ref().is_some_and(|link| link.mtu == mtu), || shown(has.as_ref())))
}

fn settings(mode: BondMode, miimon: Time, policy: Option<XmitHashPolicy>) -> bond::Settings {
    bond::Settings::of(mode, miimon.millis() as u32, policy)
}

fn shown(state: Option<&LinkState>) -> String {
    state.map_or_else(|| "no such interface".to_owned(), |state| format!("{state:?}"))
}
