//! Firewalls and translation of addresses as tables of nf_tables.
//! Not here: sending tables to the kernel ([`super::nftables`]), or choosing rules.

use std::ffi::CStr;
use std::net::IpAddr;

use super::nftables::{self, Chain, Expression, Hook, Rule, inside, number};
use super::{Netlink, NetlinkError};
use crate::words::firewall::EVER;
use crate::words::{self, MptcpOption, Packets, RuleAction};

/// A table of the firewall's kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    name: &'static CStr,
    chains: Vec<Chain>,
}

// Registers, operators and verdicts (include/uapi/linux/netfilter/nf_tables.h).
const VERDICT: u32 = 0;
const REGISTER: u32 = 1;
const SECOND_REGISTER: u32 = 2;
/// `NFT_PAYLOAD_INNER_HEADER`: after TCP's header.
const INNER_HEADER: u32 = 3;
const EQUAL: u32 = 0;
const NOT_EQUAL: u32 = 1;
const DROP: u32 = 0;
const ACCEPT: u32 = 1;
const JUMP: u32 = -3_i32 as u32;
const META_MARK: u32 = 3;
const META_IIFNAME: u32 = 6;
const META_OIFNAME: u32 = 7;
const META_L4PROTO: u32 = 16;
const META_NFPROTO: u32 = 15;
/// `NFT_PAYLOAD_NETWORK_HEADER`.
const NETWORK_HEADER: u32 = 1;
const TCP_RESET: u32 = 1;
/// `NFT_REJECT_ICMPX_UNREACH`, for IPv4 and IPv6.
const UNREACHABLE: u32 = 2;
/// `NFT_REJECT_ICMPX_PORT_UNREACH`.
const PORT: u8 = 1;
/// `NFT_EXTHDR_OP_TCPOPT`.
const TCP_OPTION: u32 = 1;
/// MPTCP's option (RFC 8684, section 8).
const MPTCP: u8 = 30;

/// A firewall: rules for what a host forwards and receives, except from itself. What the host sends is let through, including its resets.
pub(crate) fn filter(rules: &[words::Rule]) -> Table {
    let filter = |name, place, rule| {
        let hook = Hook { kind: c"filter", number: place, priority: 0 };
        Chain { name, hook: Some(hook), rules: vec![rule] }
    };
    let jump = || verdict(JUMP, Some(c"rules"));
    let chains = vec![
        Chain { name: c"rules", hook: None, rules: rules.iter().map(rule).collect() },
        filter(c"forward", 2, vec![jump()]),
        filter(c"input", 1, [interface(META_IIFNAME, NOT_EQUAL, "lo"), vec![jump()]].concat()),
    ];
    Table { name: c"firewall", chains: if rules.is_empty() { Vec::new() } else { chains } }
}

/// Masquerading: packets that leave by one of these interfaces get its address as their source.
pub(crate) fn masquerade<'a>(devs: impl IntoIterator<Item = &'a str>) -> Table {
    let hook = Hook { kind: c"nat", number: 4, priority: 100 };
    let rule = |dev| [interface(META_OIFNAME, EQUAL, dev), vec![Expression::new(c"masq", [])]].concat();
    Table { name: c"nat", chains: vec![Chain { name: c"postrouting", hook: Some(hook), rules: devs.into_iter().map(rule).collect() }] }
}

/// Interception: TCP that enters by one of these interfaces is marked with `mark`, and goes to the socket that listens at its port and
/// accepts connections for other addresses. Routing by the mark is done elsewhere.
pub(crate) fn intercept<'a>(ports: impl IntoIterator<Item = (&'a str, u16)>, mark: u32) -> Table {
    let hook = Hook { kind: c"filter", number: 0, priority: -150 };
    let load = |value: Vec<u8>| Expression::new(c"immediate", [(1, number(REGISTER)), (2, inside(&[(1, value)]))]);
    let rule = |(dev, port): (&str, u16)| {
        let to = Expression::new(c"tproxy", [(1, number(0)), (3, number(REGISTER))]);
        let set_mark = Expression::new(c"meta", [(3, number(REGISTER)), (2, number(META_MARK))]);
        let rest = vec![load(port.to_be_bytes().to_vec()), to, load(mark.to_ne_bytes().to_vec()), set_mark, verdict(ACCEPT, None)];
        [interface(META_IIFNAME, EQUAL, dev), packets(Packets::Tcp), rest].concat()
    };
    let rules = ports.into_iter().map(rule).collect();
    Table { name: c"intercept", chains: vec![Chain { name: c"prerouting", hook: Some(hook), rules }] }
}

impl Table {
    /// Puts the table in force.
    pub(crate) fn apply(&self, netlink: &mut Netlink) -> Result<(), NetlinkError> {
        nftables::replace(netlink, self.name, &self.chains)
    }

    /// Whether exactly this table is in force.
    pub(crate) fn in_force(&self, netlink: &mut Netlink) -> Result<bool, NetlinkError> {
        nftables::has(netlink, self.name, &self.chains)
    }
}

fn rule(rule: &words::Rule) -> Rule {
    let enters = rule.enters.iter().flat_map(|dev| interface(META_IIFNAME, EQUAL, dev));
    let leaves = rule.leaves.iter().flat_map(|dev| interface(META_OIFNAME, EQUAL, dev));
    let from = rule.from.iter().flat_map(|from| comes_from(*from));
    // A packet without the bytes to change is not counted.
    let changed = match rule.action {
        RuleAction::Corrupt => vec![load_payload()],
        RuleAction::Forge => vec![load_proof(rule.packets)],
        _ => Vec::new(),
    };
    let number = rule.number.iter().flat_map(|number| counted(*number));
    enters.chain(leaves).chain(from).chain(packets(rule.packets)).chain(changed).chain(number).chain(action(rule)).collect()
}

/// Whether a packet's source is this address.
fn comes_from(address: IpAddr) -> Rule {
    let (family, offset, bytes) = match address {
        IpAddr::V4(address) => (libc::NFPROTO_IPV4, 12, address.octets().to_vec()),
        IpAddr::V6(address) => (libc::NFPROTO_IPV6, 8, address.octets().to_vec()),
    };
    let source = [(1, REGISTER), (2, NETWORK_HEADER), (3, offset), (4, bytes.len() as u32)].map(|(kind, value)| (kind, number(value)));
    vec![load_meta(META_NFPROTO), compare(EQUAL, vec![family as u8]), Expression::new(c"payload", source), compare(EQUAL, bytes)]
}

/// The first byte of what TCP carries, into the register; without one the rule does not match.
fn load_payload() -> Expression {
    Expression::new(c"payload", [(1, number(REGISTER)), (2, number(INNER_HEADER)), (3, number(0)), (4, number(1))])
}

/// Four bytes of what proves a packet's sender, into the register; without these the rule does not match.
fn load_proof(packets: Packets) -> Expression {
    option(1, packets.proof().unwrap_or_default().into(), 4, 0)
}

/// Some bytes of MPTCP's option, or whether it is there, into or (by attribute 7 instead of 1) out of the register.
fn option(way: u16, offset: u32, length: u32, flags: u32) -> Expression {
    let mut attributes = vec![(way, number(REGISTER)), (2, vec![MPTCP]), (3, number(offset)), (4, number(length)), (6, number(TCP_OPTION))];
    if flags != 0 {
        attributes.push((5, number(flags)));
    }
    Expression::new(c"exthdr", attributes)
}

/// Whether this is the packet with this number so far.
fn counted(wanted: u32) -> Rule {
    let count = Expression::new(c"numgen", [(1, number(SECOND_REGISTER)), (2, number(EVER)), (3, number(0))]);
    let value = inside(&[(1, wanted.saturating_sub(1).to_ne_bytes().to_vec())]);
    vec![count, Expression::new(c"cmp", [(1, number(SECOND_REGISTER)), (2, number(EQUAL)), (3, value)])]
}

fn action(rule: &words::Rule) -> Rule {
    let one = |expression| vec![expression];
    let inverted = |length: usize| {
        let [mask, flip] = [4, 5].map(|kind| (kind, inside(&[(1, vec![0xff; length])])));
        Expression::new(c"bitwise", [(1, number(REGISTER)), (2, number(REGISTER)), (3, number(length as u32)), mask, flip])
    };
    match rule.action {
        RuleAction::Drop => one(verdict(DROP, None)),
        RuleAction::Reset => one(Expression::new(c"reject", [(1, number(TCP_RESET))])),
        RuleAction::Strip => one(Expression::new(c"exthdr", [(2, vec![MPTCP]), (6, number(TCP_OPTION))])),
        RuleAction::Corrupt => {
            // The checksum of TCP is found and repaired, wherever it is (`NFT_PAYLOAD_L4CSUM_PSEUDOHDR`).
            let store = [(5, number(REGISTER)), (2, number(INNER_HEADER)), (3, number(0)), (4, number(1)), (8, number(1))];
            vec![inverted(1), Expression::new(c"payload", store)]
        }
        RuleAction::Forge => {
            let store = option(7, rule.packets.proof().unwrap_or_default().into(), 4, 0);
            vec![inverted(4), store]
        }
        RuleAction::Reject => one(Expression::new(c"reject", [(1, number(UNREACHABLE)), (2, vec![PORT])])),
    }
}

fn packets(packets: Packets) -> Rule {
    let tcp = || [load_meta(META_L4PROTO), compare(EQUAL, vec![libc::IPPROTO_TCP as u8])].to_vec();
    // Whether these bits of a byte of the option are so.
    let bits = |offset: u32, mask: u8, wanted: u8| {
        let data = |byte: u8| inside(&[(1, vec![byte])]);
        let mask = [(1, number(REGISTER)), (2, number(REGISTER)), (3, number(1)), (4, data(mask)), (5, data(0))];
        vec![option(1, offset, 1, 0), Expression::new(c"bitwise", mask), compare(EQUAL, vec![wanted])]
    };
    match packets {
        Packets::All => Vec::new(),
        Packets::Tcp => tcp(),
        Packets::Mptcp => [tcp(), vec![option(1, 0, 1, 1), compare(EQUAL, vec![1])]].concat(),
        // Subtype and flags are the third byte, and E is the lowest bit of it (RFC 8684, section 3.4.1).
        Packets::AddAddrEcho => {
            let echo = MptcpOption::AddAddr.subtype() << 4 | 1;
            [tcp(), vec![option(1, 2, 1, 0), compare(EQUAL, vec![echo])]].concat()
        }
        // The second byte is the option's length.
        Packets::MpJoinSyn | Packets::MpJoinSynAck | Packets::MpJoinAck => {
            let length = packets.option_length().into_iter().collect();
            [self::packets(Packets::Option(MptcpOption::MpJoin)), vec![option(1, 1, 1, 0), compare(EQUAL, length)]].concat()
        }
        // F is the fifth bit of the fourth byte (RFC 8684, section 3.3).
        Packets::DataFin => [self::packets(Packets::Option(MptcpOption::Dss)), bits(3, 0x10, 0x10)].concat(),
        // The subtype is in the upper half of the third byte.
        Packets::Option(kind) => [tcp(), bits(2, 0xf0, kind.subtype() << 4)].concat(),
    }
}

/// An interface's name, padded as the kernel has it.
fn interface(key: u32, operator: u32, dev: &str) -> Rule {
    let mut name = dev.as_bytes().to_vec();
    name.resize(libc::IFNAMSIZ, 0);
    vec![load_meta(key), compare(operator, name)]
}

fn load_meta(key: u32) -> Expression {
    Expression::new(c"meta", [(1, number(REGISTER)), (2, number(key))])
}

fn compare(operator: u32, value: Vec<u8>) -> Expression {
    Expression::new(c"cmp", [(1, number(REGISTER)), (2, number(operator)), (3, inside(&[(1, value)]))])
}

fn verdict(code: u32, chain: Option<&CStr>) -> Expression {
    let mut attributes = vec![(1, number(code))];
    attributes.extend(chain.map(|chain| (2, chain.to_bytes_with_nul().to_vec())));
    Expression::new(c"immediate", [(1, number(VERDICT)), (2, inside(&[(2, inside(&attributes))]))])
}
