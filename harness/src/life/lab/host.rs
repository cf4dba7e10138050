//! Sysctls of a lab's namespaces: set and read back.
//! Not here: making a namespace, which is missed by whatever is made in it if it is not there.

use std::io;

use super::Room;
use super::found::{Instead, unless};
use crate::kernel::sysctl;
use crate::plan::HostAct;

/// Sets a sysctl.
pub(super) fn set(room: &Room, key: &str, value: &str) -> io::Result<()> {
    room.ns.enter(|| sysctl::write(key, value)).and_then(|written| written)
}

/// What the kernel has instead of what it was told.
pub(super) fn differs(room: &Room, act: &HostAct) -> Instead {
    let HostAct::Sysctl { key, value } = act else { return Ok(None) };
    let has = room.ns.enter(|| sysctl::read(key)).and_then(|read| read)?;
    let wanted = value.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(unless(has == wanted, || format!("{key}={has}")))
}
