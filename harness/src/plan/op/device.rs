//! Operations on interfaces: `ip link`.
//! Not here: addresses and what shapes them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::words::{BondMode, Feature, Time, XmitHashPolicy};

/// One operation on an interface.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceAct {
    /// Makes a veth pair: one end here and, unless `down`, up; the other in `peer_ns` and down.
    Veth {
        /// The end here.
        dev: String,
        /// The other end's namespace.
        peer_ns: String,
        /// The other end.
        peer: String,
        /// The MTU of the end here.
        mtu: u32,
        /// The MTU of the other end, if different.
        #[serde(default)]
        peer_mtu: Option<u32>,
        /// Whether the end here is down, too.
        #[serde(default)]
        down: bool,
    },
    /// Makes a bridge, up.
    Bridge {
        /// Its name.
        dev: String,
    },
    /// Sets an interface up.
    Up {
        /// The interface.
        dev: String,
    },
    /// Sets an interface down.
    Down {
        /// The interface.
        dev: String,
    },
    /// Sets an interface's MTU.
    Mtu {
        /// The interface.
        dev: String,
        /// The MTU in bytes.
        bytes: u32,
    },
    /// Makes a bond without members, down.
    Bond {
        /// Its name.
        dev: String,
        /// The MTU.
        mtu: u32,
        /// How it chooses among its members.
        mode: BondMode,
        /// The interval at which it looks for their carriers.
        miimon: Time,
        /// What it hashes; the kernel chooses if absent.
        xmit_hash_policy: Option<XmitHashPolicy>,
    },
    /// Makes a VLAN on an interface, down.
    Vlan {
        /// Its name.
        dev: String,
        /// The interface.
        link: String,
        /// The tag.
        id: u16,
    },
    /// Makes an interface a port of a bridge or, being down, a member of a bond, which sets it up.
    Attach {
        /// The interface.
        dev: String,
        /// The bridge or bond.
        #[serde(alias = "bridge")]
        master: String,
    },
    /// Sets whether a bridge sends frames out by a port. Ports learn no addresses: with two of them the bridge is a cable.
    Port {
        /// The interface.
        dev: String,
        /// Whether frames leave by it.
        flood: bool,
    },
}

impl DeviceAct {
    /// The feature that it needs, if not every place has it.
    pub(super) fn needs(&self) -> Option<Feature> {
        match self {
            Self::Bridge { .. } => Some(Feature::Bridge),
            Self::Bond { .. } => Some(Feature::Bonding),
            Self::Vlan { .. } => Some(Feature::Vlan),
            Self::Veth { .. } | Self::Up { .. } | Self::Down { .. } | Self::Mtu { .. } | Self::Attach { .. } | Self::Port { .. } => None,
        }
    }

    /// Writes the line that a person would type, for a namespace.
    pub(super) fn line(&self, ns: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Veth { dev, peer_ns, peer, mtu, peer_mtu, down } => {
                let (up, queues) = (if *down { "" } else { " up" }, "numtxqueues 1 numrxqueues 1");
                let there = peer_mtu.unwrap_or(*mtu);
                write!(
                    f,
                    "ip -n {ns} link add {dev} mtu {mtu} {queues}{up} type veth peer name {peer} mtu {there} {queues} netns {peer_ns}"
                )
            }
            Self::Bridge { dev } => write!(f, "ip -n {ns} link add {dev} up type bridge mcast_snooping 0"),
            Self::Up { dev } => write!(f, "ip -n {ns} link set {dev} up"),
            Self::Down { dev } => write!(f, "ip -n {ns} link set {dev} down"),
            Self::Mtu { dev, bytes } => write!(f, "ip -n {ns} link set {dev} mtu {bytes}"),
            Self::Bond { dev, mtu, mode, miimon, xmit_hash_policy } => {
                write!(f, "ip -n {ns} link add {dev} mtu {mtu} type bond mode {mode} miimon {}", miimon.millis())?;
                xmit_hash_policy.map_or(Ok(()), |policy| write!(f, " xmit_hash_policy {policy}"))
            }
            Self::Vlan { dev, link, id } => write!(f, "ip -n {ns} link add link {link} name {dev} type vlan id {id}"),
            Self::Attach { dev, master } => write!(f, "ip -n {ns} link set {dev} master {master}"),
            Self::Port { dev, flood } => {
                let flood = if *flood { "on" } else { "off" };
                write!(f, "ip -n {ns} link set {dev} type bridge_slave learning off flood {flood} mcast_flood {flood} bcast_flood {flood}")
            }
        }
    }
}
