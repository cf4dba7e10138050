//! Reading back: checks that the kernel's state matches what the operations requested. Wrong units and ignored attributes show up nowhere else.
//! Not here: comparing, which each domain does for its own operations, and the tables of the kernel that it looks into (`found`).

use std::collections::BTreeMap;
use std::fmt;

use super::found::Found;
use super::{Room, device, host, mptcp, nft, qdisc, route};
use crate::kernel::NetlinkError;
use crate::kernel::link::LinkState;
use crate::plan::{Act, DeviceAct, Op};

/// Something in the kernel's state that differs from what was requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The operation that requested it.
    pub line: String,
    /// What the kernel has instead.
    pub found: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "after `{}` it has {}", self.line, self.found)
    }
}

/// The operations of each namespace, with their places in the plan. A veth pair belongs to two namespaces.
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

/// What differs in a namespace from what was requested, with the place of each operation in the plan. Its interfaces may already have been read.
pub(super) fn compare(
    ns: &str,
    room: &mut Room,
    told: &[(usize, &Op)],
    links: Option<BTreeMap<i32, LinkState>>,
) -> Result<Vec<(usize, Difference)>, NetlinkError> {
    let mut found = Found::beginning(links);
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
            // The kernel does not know about these.
            Act::Relay(_) => Ok(None),
            Act::Nft(act) => nft::differs(room, act),
            Act::Mptcp(act) => mptcp::differs(room, &mut found, act),
        }?;
        differences.extend(instead.map(|found| (*place, Difference { line: op.to_string(), found })));
    }
    Ok(differences)
}
