//! Reads and checks the rules of firewalls, as a topology and the steps of a case write them.
//! Not here: what they do to packets, which [`crate::words::firewall`] knows.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Interface;
use super::interfaces::known_interface;
use crate::document::diagnostic::Mistakes;
use crate::document::toml::{Read, Shape, Spanned, Table, Value, word};
use crate::words::{self, Packets, RuleAction};

/// The table that holds a rule.
pub(crate) const RULE: Shape = Shape {
    heading: "`firewall`",
    what: "a firewall's rule",
    keys: &["drop", "reject", "reset", "strip", "corrupt", "forge", "in", "out", "from", "number"],
};

/// What a rule can do, by its key.
const ACTIONS: [(&str, RuleAction); 6] = [
    ("drop", RuleAction::Drop),
    ("reject", RuleAction::Reject),
    ("reset", RuleAction::Reset),
    ("strip", RuleAction::Strip),
    ("corrupt", RuleAction::Corrupt),
    ("forge", RuleAction::Forge),
];

/// How many rules a firewall can have: all are sent to the kernel at once.
const MOST: usize = 50;

/// A rule as it is written.
#[derive(Debug)]
pub(crate) struct Rule {
    action: RuleAction,
    packets: Option<Spanned<Packets>>,
    enters: Option<Spanned<String>>,
    leaves: Option<Spanned<String>>,
    from: Option<Spanned<IpAddr>>,
    number: Option<Spanned<u32>>,
}

impl Read for Rule {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let mut table = Table::open(value, &RULE, mistakes)?;
        table.exactly_one(&ACTIONS.map(|(key, _)| key));
        let mut written = None;
        for (key, action) in ACTIONS {
            let packets = table.optional(key);
            written = written.or(packets.map(|packets| (action, packets)));
        }
        let (action, packets) = written.map_or((RuleAction::Drop, None), |(action, packets)| (action, Some(packets)));
        let [enters, leaves] = ["in", "out"].map(|key| table.optional(key));
        Some(Self { action, packets, enters, leaves, from: table.optional("from"), number: table.optional("number") })
    }
}

impl Read for Packets {
    fn read(value: &Value<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        word(value, "kind of packet", &Self::words(), mistakes)
    }
}

/// Checks the rules of a host that has these interfaces, and that may be a router.
pub(crate) fn check(
    host: &str,
    forward: bool,
    written: &[Spanned<Rule>],
    interfaces: &BTreeMap<String, Interface>,
    mistakes: &mut Mistakes,
) -> Vec<words::Rule> {
    if let Some(first) = written.get(MOST) {
        mistakes.add(&first.span, format!("there are too many rules: write at most {MOST}"));
    }
    for leaves in written.iter().filter_map(|rule| rule.value.leaves.as_ref()).filter(|_| !forward) {
        mistakes
            .add(
                &leaves.span,
                format!("`out` matches nothing, since `{host}` is not a router and a firewall lets through what the host itself sends"),
            )
            .help("remove `out`, or write forward = true in the table of the host");
    }
    written.iter().filter_map(|rule| check_one(host, &rule.value, interfaces, mistakes)).collect()
}

fn check_one(host: &str, raw: &Rule, interfaces: &BTreeMap<String, Interface>, mistakes: &mut Mistakes) -> Option<words::Rule> {
    for interface in [&raw.enters, &raw.leaves].into_iter().flatten() {
        known_interface(host, interface, interfaces, mistakes);
    }
    let packets = raw.packets.as_ref()?;
    match (raw.action, packets.value) {
        (RuleAction::Reset, Packets::All) => {
            mistakes.add(&packets.span, "only TCP can be reset").help("write reset = \"tcp\", or drop = \"all\"");
        }
        (RuleAction::Strip, Packets::All | Packets::Tcp) => {
            mistakes
                .add(&packets.span, "only MPTCP options can be stripped")
                .help("write strip = \"mptcp\", or one of them, such as \"mp-join\"");
        }
        (RuleAction::Corrupt, Packets::All) => {
            mistakes.add(&packets.span, "only TCP payload can be corrupted").help("write corrupt = \"tcp\"");
        }
        (RuleAction::Forge, packet) if packet.proof().is_none() => {
            let help = "write forge = \"mp-join-syn-ack\", \"mp-join-ack\", \"add-addr\" or \"mp-fastclose\"";
            mistakes.add(&packets.span, "these packets have neither HMAC nor key").help(help);
        }
        _ => {}
    }
    if let Some(number) = raw.number.as_ref().filter(|number| number.value == 0) {
        mistakes.add(&number.span, "packets are numbered from 1").help("write 1 or more");
    }
    let name = |written: &Option<Spanned<String>>| written.as_ref().map(|written| written.value.clone());
    Some(words::Rule {
        action: raw.action,
        packets: packets.value,
        enters: name(&raw.enters),
        leaves: name(&raw.leaves),
        from: raw.from.as_ref().map(|from| from.value),
        number: raw.number.as_ref().map(|number| number.value),
    })
}
