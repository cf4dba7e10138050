//! Bonding's own words, spelled as `ip link` and the kernel spell them (Documentation/networking/bonding.rst).
//! Not here: which interfaces are bonded.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a bond chooses the member by which a frame leaves. The numbers are the kernel's (include/uapi/linux/if_bonding.h, `BOND_MODE_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum BondMode {
    /// Each frame by the next member.
    #[serde(rename = "balance-rr")]
    BalanceRr,
    /// All by one member, and by another when that has no carrier.
    #[serde(rename = "active-backup")]
    ActiveBackup,
    /// By a hash of the frame's addresses.
    #[serde(rename = "balance-xor")]
    BalanceXor,
    /// All by every member.
    #[serde(rename = "broadcast")]
    Broadcast,
    /// By a hash, among members that the other end declares to belong together (LACP).
    #[serde(rename = "802.3ad")]
    Lacp,
    /// By a hash that follows each member's load.
    #[serde(rename = "balance-tlb")]
    BalanceTlb,
    /// The same, and incoming traffic is balanced by ARP replies.
    #[serde(rename = "balance-alb")]
    BalanceAlb,
}

impl BondMode {
    /// All modes, in the kernel's order.
    pub const ALL: [Self; 7] =
        [Self::BalanceRr, Self::ActiveBackup, Self::BalanceXor, Self::Broadcast, Self::Lacp, Self::BalanceTlb, Self::BalanceAlb];

    /// The word, as `ip link` has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::BalanceRr => "balance-rr",
            Self::ActiveBackup => "active-backup",
            Self::BalanceXor => "balance-xor",
            Self::Broadcast => "broadcast",
            Self::Lacp => "802.3ad",
            Self::BalanceTlb => "balance-tlb",
            Self::BalanceAlb => "balance-alb",
        }
    }

    /// Whether it uses an [`XmitHashPolicy`].
    pub const fn hashes(self) -> bool {
        matches!(self, Self::BalanceXor | Self::Lacp | Self::BalanceTlb)
    }
}

impl fmt::Display for BondMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The part of a frame that is hashed. The numbers are the kernel's (`BOND_XMIT_POLICY_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum XmitHashPolicy {
    /// The Ethernet addresses: the same for all traffic between two hosts.
    #[serde(rename = "layer2")]
    Layer2,
    /// IP addresses and ports: the same for all packets of a connection.
    #[serde(rename = "layer3+4")]
    Layer34,
    /// Ethernet and IP addresses.
    #[serde(rename = "layer2+3")]
    Layer23,
    /// As `layer2+3`, for the packet inside a tunnel.
    #[serde(rename = "encap2+3")]
    Encap23,
    /// As `layer3+4`, for the packet inside a tunnel.
    #[serde(rename = "encap3+4")]
    Encap34,
    /// The VLAN and the sender's Ethernet address.
    #[serde(rename = "vlan+srcmac")]
    VlanSrcmac,
}

impl XmitHashPolicy {
    /// All policies, in the kernel's order.
    pub const ALL: [Self; 6] = [Self::Layer2, Self::Layer34, Self::Layer23, Self::Encap23, Self::Encap34, Self::VlanSrcmac];

    /// The word, as `ip link` has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Layer2 => "layer2",
            Self::Layer34 => "layer3+4",
            Self::Layer23 => "layer2+3",
            Self::Encap23 => "encap2+3",
            Self::Encap34 => "encap3+4",
            Self::VlanSrcmac => "vlan+srcmac",
        }
    }
}

impl fmt::Display for XmitHashPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
