//! Sysctls of a lab's namespaces: sets and reads them back.
//! Not here: making a namespace. If one were missing, everything made in it would fail.

use std::io;

use super::Room;
use super::found::{Instead, unless};
use crate::kernel::sysctl;
use crate::plan::HostAct;

/// Sets a sysctl.
pub(super) fn set(room: &Room, key: &str, value: &str) -> io::Result<()> {
    room.ns.enter(|| sysctl::write(key, value)).and_then(|written| written)
}

/// What the kernel has instead of what was requested.
pub(super) fn differs(room: &Room, act: &HostAct) -> Instead {
    let HostAct::Sysctl { key, value } = act else { return Ok(None) };
    let has = room.ns.enter(|| sysctl::read(key)).and_then(|read| read)?;
    let wanted = value.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(unless(has == wanted, || format!("{key}={has}")))
}
