//! Rules of nf_tables in a lab's hosts: sets and reads them back.
//! Not here: what a rule matches.

use super::Room;
use super::found::{Instead, unless};
use crate::kernel::NetlinkError;
use crate::kernel::firewall::{self, Table};
use crate::plan::NftAct;

fn wanted(act: &NftAct) -> Table {
    match act {
        NftAct::Firewall { rules } => firewall::filter(rules),
        NftAct::Masquerade { devs } => firewall::masquerade(devs.iter().map(String::as_str)),
        NftAct::Intercept { ports, mark } => firewall::intercept(ports.iter().map(|(dev, port)| (dev.as_str(), *port)), *mark),
    }
}

pub(super) fn apply(room: &mut Room, act: &NftAct) -> Result<(), NetlinkError> {
    wanted(act).apply(&mut room.netlink)
}

/// What the kernel has instead of what was requested.
pub(super) fn differs(room: &mut Room, act: &NftAct) -> Instead {
    Ok(unless(wanted(act).in_force(&mut room.netlink)?, || "other rules".to_owned()))
}
