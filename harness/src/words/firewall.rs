//! Firewall rules: what happens to which packets, in nft's words.
//! Not here: giving them to a kernel.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// What happens to a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleAction {
    /// It vanishes silently.
    Drop,
    /// It vanishes, and its sender gets a TCP RST.
    Reset,
    /// It passes without its MPTCP option, which becomes padding.
    Strip,
    /// It passes with the first byte of its payload inverted and a matching TCP checksum.
    Corrupt,
    /// It passes with a wrong HMAC or key and a matching TCP checksum.
    Forge,
    /// It vanishes, and its sender gets an ICMP port unreachable.
    Reject,
}

/// Which packets a rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Packets {
    /// All.
    All,
    /// TCP's.
    Tcp,
    /// TCP packets with an MPTCP option.
    Mptcp,
    /// TCP packets that echo an announcement (`ADD_ADDR` with its E flag).
    AddAddrEcho,
    /// The SYN that begins another subflow.
    MpJoinSyn,
    /// The answer to that.
    MpJoinSynAck,
    /// The third packet of another subflow's handshake.
    MpJoinAck,
    /// Those that signal the end of a direction's data (`DSS` with its F flag).
    DataFin,
    /// TCP packets whose first MPTCP option is of this kind.
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
    /// Withdraws an announcement.
    RemoveAddr,
    /// Makes a subflow a backup, or no longer a backup.
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
        let parts = [
            ("add-addr-echo", Self::AddAddrEcho),
            ("mp-join-syn", Self::MpJoinSyn),
            ("mp-join-syn-ack", Self::MpJoinSynAck),
            ("mp-join-ack", Self::MpJoinAck),
            ("data-fin", Self::DataFin),
        ];
        [("all", Self::All), ("tcp", Self::Tcp), ("mptcp", Self::Mptcp)].into_iter().chain(options).chain(parts).collect()
    }

    /// The length of the MPTCP option that distinguishes these packets from others of its kind, for a join's handshake (RFC 8684, section 3.2).
    pub const fn option_length(self) -> Option<u8> {
        match self {
            Self::MpJoinSyn => Some(12),
            Self::MpJoinSynAck => Some(16),
            Self::MpJoinAck => Some(24),
            _ => None,
        }
    }

    /// The place in their MPTCP option of four bytes of what proves its sender: of an HMAC, of what the HMAC for IPv6 covers, or of the receiver's key
    /// (RFC 8684, sections 3.2, 3.4.1 and 3.5).
    pub const fn proof(self) -> Option<u8> {
        match self {
            Self::MpJoinSynAck | Self::MpJoinAck => Some(8),
            Self::Option(MptcpOption::AddAddr) => Some(12),
            Self::Option(MptcpOption::MpFastclose) => Some(4),
            _ => None,
        }
    }
}

/// The period of a rule that counts packets: longer than any run.
pub const EVER: u32 = 1 << 31;

/// A rule of a firewall. If several match a packet, the first that drops or resets it ends the evaluation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// What happens to a packet.
    #[serde(rename = "deed")]
    pub action: RuleAction,
    /// Which packets.
    pub packets: Packets,
    /// Only those that enter by this interface.
    pub enters: Option<String>,
    /// Only those that leave by this interface.
    pub leaves: Option<String>,
    /// Only those that come from this address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<IpAddr>,
    /// Only the packet with this number among those that match, counted from 1.
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
        match self.from {
            Some(IpAddr::V4(from)) => write!(f, "ip saddr {from} ")?,
            Some(IpAddr::V6(from)) => write!(f, "ip6 saddr {from} ")?,
            None => {}
        }
        match self.packets {
            Packets::All => {}
            Packets::Tcp => f.write_str("meta l4proto tcp ")?,
            Packets::Mptcp => f.write_str("meta l4proto tcp tcp option mptcp exists ")?,
            Packets::AddAddrEcho => f.write_str("meta l4proto tcp tcp option @30,16,8 0x31 ")?,
            Packets::DataFin => f.write_str("meta l4proto tcp tcp option mptcp subtype 2 tcp option @30,27,1 1 ")?,
            // Older nft has no words for subtypes.
            Packets::Option(option) => write!(f, "meta l4proto tcp tcp option mptcp subtype {} ", option.subtype())?,
            Packets::MpJoinSyn | Packets::MpJoinSynAck | Packets::MpJoinAck => {
                f.write_str("meta l4proto tcp tcp option mptcp subtype 1 ")?;
            }
        }
        if let Some(length) = self.packets.option_length() {
            write!(f, "tcp option mptcp length {length} ")?;
        }
        let proof = u32::from(self.packets.proof().unwrap_or_default()) * 8;
        match self.action {
            RuleAction::Corrupt => f.write_str("@ih,0,8 0-255 ")?,
            RuleAction::Forge => write!(f, "tcp option @30,{proof},32 0-0xffffffff ")?,
            _ => {}
        }
        if let Some(number) = self.number {
            write!(f, "numgen inc mod {EVER} {} ", number.saturating_sub(1))?;
        }
        match self.action {
            RuleAction::Corrupt => f.write_str("@ih,0,8 set @ih,0,8 ^ 0xff"),
            RuleAction::Drop => f.write_str("drop"),
            RuleAction::Forge => write!(f, "tcp option @30,{proof},32 set tcp option @30,{proof},32 ^ 0xffffffff"),
            RuleAction::Reject => f.write_str("reject with icmpx port-unreachable"),
            RuleAction::Reset => f.write_str("reject with tcp reset"),
            RuleAction::Strip => f.write_str("reset tcp option mptcp"),
        }
    }
}
