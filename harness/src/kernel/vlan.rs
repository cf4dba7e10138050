//! VLANs: interfaces for those packets of another interface that have a tag (802.1Q; rtnetlink, `ip link add type vlan`).
//! Not here: their addresses, and setting them up, which is done as for any interface (`link`).

use netlink_bindings::rt_link::{Ifinfomsg, LinkinfoDataMsg, Request};

use super::{Batch, Netlink, NetlinkError, link};

/// Makes a VLAN on an interface, down, with that interface's MTU.
pub(crate) fn add(batch: &mut Batch, name: &str, index: i32, of: i32, id: u16) {
    let mut header = Ifinfomsg::new();
    header.ifi_index = index;
    let mut request = Request::new().set_create().set_excl().op_newlink_do(&header);
    let info = request.encode().push_ifname_bytes(name.as_bytes()).push_link(of as u32).nested_linkinfo();
    drop(info.nested_data_vlan().push_id(id));
    batch.push(&request);
}

/// The interface of a VLAN, and its tag, or `None` if it is not a VLAN.
pub(crate) fn of(netlink: &mut Netlink, index: i32) -> Result<Option<(i32, u16)>, NetlinkError> {
    let mut found = None;
    link::look(netlink, index, |_, attributes| {
        if let Ok(LinkinfoDataMsg::Vlan(vlan)) = attributes.get_linkinfo().and_then(|info| info.get_data()) {
            found = attributes.get_link().ok().map(|of| of as i32).zip(vlan.get_id().ok());
        }
    })?;
    Ok(found)
}
