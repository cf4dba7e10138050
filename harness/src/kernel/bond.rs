//! Bonds: several interfaces as one (rtnetlink, `ip link add type bond`).
//! Not here: making an interface a member of one, which is done as for bridges (`link`).

use netlink_bindings::rt_link::{Ifinfomsg, LinkinfoDataMsg, Request};

use super::{Batch, Netlink, NetlinkError, link};
use crate::words::{BondMode, XmitHashPolicy};

/// How a bond works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settings {
    /// `BOND_MODE_*`.
    pub mode: u8,
    /// The interval at which it looks for carriers, in milliseconds.
    pub miimon: u32,
    /// `BOND_XMIT_POLICY_*`; the kernel's choice if absent.
    pub xmit_hash_policy: Option<u8>,
}

impl Settings {
    /// The settings for these words.
    pub(crate) fn of(mode: BondMode, miimon: u32, xmit_hash_policy: Option<XmitHashPolicy>) -> Self {
        Self { mode: mode as u8, miimon, xmit_hash_policy: xmit_hash_policy.map(|policy| policy as u8) }
    }
}

/// Makes a bond without members, down.
pub(crate) fn add(batch: &mut Batch, name: &str, index: i32, mtu: u32, settings: Settings) {
    let mut header = Ifinfomsg::new();
    header.ifi_index = index;
    let mut request = Request::new().set_create().set_excl().op_newlink_do(&header);
    let info = request.encode().push_ifname_bytes(name.as_bytes()).push_mtu(mtu).nested_linkinfo();
    let mut data = info.nested_data_bond().push_mode(settings.mode).push_miimon(settings.miimon);
    if let Some(policy) = settings.xmit_hash_policy {
        data = data.push_xmit_hash_policy(policy);
    }
    drop(data);
    batch.push(&request);
}

/// The settings of an interface that is a bond, or `None` if it is not one.
pub(crate) fn settings(netlink: &mut Netlink, index: i32) -> Result<Option<Settings>, NetlinkError> {
    let mut settings = None;
    link::look(netlink, index, |_, attributes| {
        let data = attributes.get_linkinfo().and_then(|info| info.get_data());
        if let Ok(LinkinfoDataMsg::Bond(bond)) = data
            && let (Ok(mode), Ok(miimon)) = (bond.get_mode(), bond.get_miimon())
        {
            settings = Some(Settings { mode, miimon, xmit_hash_policy: bond.get_xmit_hash_policy().ok() });
        }
    })?;
    Ok(settings)
}
