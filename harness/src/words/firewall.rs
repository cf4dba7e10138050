//! What a firewall does to which packets, in nft's words.
//! Not here: how it is told to a kernel.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleAction {
    /// It vanishes, and nobody is told.
    Drop,
    /// It vanishes, and its sender is told that the connection is refused or over (TCP's RST).
    Reset,
    /// It passes without its MPTCP option, which becomes padding.
    Strip,
    /// It passes with the first byte of its payload inverted, and with the TCP checksum that belongs to that.
    Corrupt,
}

/// Which packets are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Packets {
    /// All.
    All,
    /// TCP's.
    Tcp,
    /// TCP's that have an MPTCP option.
    Mptcp,
    /// TCP's that echo an announcement (`ADD_ADDR` with its E flag).
    AddAddrEcho,
    /// The SYN that begins another subflow.
    MpJoinSyn,
    /// The third packet of another subflow's handshake.
    MpJoinAck,
    /// TCP's whose first MPTCP option is of this kind.
    #[serde(untagged)]
    Option(MptcpOption),
}

/// MPTCP's options (RFC 8684, section 8; `tcp option mptcp subtype` of nft).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MptcpOption {
    /// Begins a connection.
    MpCapable,
    /// Begins another subflow of a connection.
    MpJoin,
    /// Says where a subflow's data belong, and what has arrived.
    Dss,
    /// Announces an address.
    AddAddr,
    /// Takes an announcement back.
    RemoveAddr,
    /// Makes a subflow a backup, or no longer.
    MpPrio,
    /// Begins a fallback.
    MpFail,
    /// Ends a connection at once.
    MpFastclose,
    /// Says why a subflow is reset.
    MpTcprst,
}

impl MptcpOption {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::MpCapable,
        Self::MpJoin,
        Self::Dss,
        Self::AddAddr,
        Self::RemoveAddr,
        Self::MpPrio,
        Self::MpFail,
        Self::MpFastclose,
        Self::MpTcprst,
    ];

    /// Its number on the wire.
    pub const fn subtype(self) -> u8 {
        self as u8
    }

    /// The word, as nft has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::MpCapable => "mp-capable",
            Self::MpJoin => "mp-join",
            Self::Dss => "dss",
            Self::AddAddr => "add-addr",
            Self::RemoveAddr => "remove-addr",
            Self::MpPrio => "mp-prio",
            Self::MpFail => "mp-fail",
            Self::MpFastclose => "mp-fastclose",
            Self::MpTcprst => "mp-tcprst",
        }
    }
}

impl Packets {
    /// The words for packets and what they mean.
    pub fn words() -> Vec<(&'static str, Self)> {
        let options = MptcpOption::ALL.map(|option| (option.word(), Self::Option(option)));
        let parts = [("add-addr-echo", Self::AddAddrEcho), ("mp-join-syn", Self::MpJoinSyn), ("mp-join-ack", Self::MpJoinAck)];
        [("all", Self::All), ("tcp", Self::Tcp), ("mptcp", Self::Mptcp)].into_iter().chain(options).chain(parts).collect()
    }
}

/// After how many packets one that counts them begins again: never in a run.
pub const EVER: u32 = 1 << 31;

/// A rule of a firewall. Of several that fit a packet, the first that drops or resets it is the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// What becomes of a packet.
    #[serde(rename = "deed")]
    pub action: RuleAction,
    /// Which packets.
    pub packets: Packets,
    /// Only those that enter by this interface.
    pub enters: Option<String>,
    /// Only those that leave by this interface.
    pub leaves: Option<String>,
    /// Only the one with this number among those that it fits, the first being 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(dev) = &self.enters {
            write!(f, "iifname \"{dev}\" ")?;
        }
        if let Some(dev) = &self.leaves {
            write!(f, "oifname \"{dev}\" ")?;
        }
        match self.packets {
            Packets::All | Packets::AddAddrEcho | Packets::MpJoinSyn | Packets::MpJoinAck => {}
            Packets::Tcp => f.write_str("meta l4proto tcp ")?,
            Packets::Mptcp => f.write_str("meta l4proto tcp tcp option mptcp exists ")?,
            // Older nft knows no words for subtypes.
            Packets::Option(option) => write!(f, "meta l4proto tcp tcp option mptcp subtype {} ", option.subtype())?,
        }
        match self.packets {
            Packets::AddAddrEcho => f.write_str("meta l4proto tcp tcp option @30,16,8 0x31 ")?,
            Packets::MpJoinSyn => f.write_str("meta l4proto tcp tcp option mptcp subtype 1 tcp option mptcp length 12 ")?,
            Packets::MpJoinAck => f.write_str("meta l4proto tcp tcp option mptcp subtype 1 tcp option mptcp length 24 ")?,
            _ => {}
        }
        if self.action == RuleAction::Corrupt {
            f.write_str("@ih,0,8 0-255 ")?;
        }
        if let Some(number) = self.number {
            write!(f, "numgen inc mod {EVER} {} ", number.saturating_sub(1))?;
        }
        f.write_str(match self.action {
            RuleAction::Corrupt => "@ih,0,8 set @ih,0,8 ^ 0xff",
            RuleAction::Drop => "drop",
            RuleAction::Reset => "reject with tcp reset",
            RuleAction::Strip => "reset tcp option mptcp",
        })
    }
}
