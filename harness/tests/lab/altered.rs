//! What is changed behind a lab's back is found by reading it back, and told by the line that had told the kernel otherwise.

use std::process::Command;

use libtest_mimic::{Failed, Trial};
use mplab::lab::{Lab, LabError};
use mplab::plan::{self, Forwarding};

use crate::support;

pub(crate) const TOPOLOGY: &str = r#"
    summary = "two hosts, two cables"
    ipv6 = true
    [link]
    x = { ends = ["a:x", "b:x"], rate = "10mbit" }
    y = { ends = ["a:y", "b:y"] }
    [host.a.mptcp]
    limits = { subflows = 2 }
    endpoint = [{ interface = "y", flags = ["subflow"] }]
    [host.b]
    firewall = [{ drop = "mp-join" }, { in = "x", strip = "mptcp" }]
    interface.y.nat = "masquerade"
"#;

/// What is done in which namespace, and how the one line begins that is no longer true.
const CHANGES: [(&str, &str, &str, &str); 17] = [
    ("an_mtu", "a", "ip link set x mtu 1400", "ip -n a link add x mtu 1500 "),
    ("an_mtu_on_the_wires", "wires", "ip link set x-b mtu 1400", "ip -n b link add x mtu 1500 "),
    ("an_interface_set_down", "wires", "ip link set y-b down", "ip -n wires link set y-b up"),
    ("an_address", "a", "ip address del fd00:0:0:1::1/64 dev x", "ip -n a address add fd00:0:0:1::1/64 dev x nodad"),
    ("a_rule", "a", "ip rule del priority 1001", "ip -n a rule add priority 1001 from 10.0.1.1 lookup 1001"),
    (
        "a_rule_for_ipv6",
        "b",
        "ip -6 rule del priority 1000",
        "ip -n b -6 rule add priority 1000 from all lookup main suppress_prefixlength 0",
    ),
    ("a_route", "a", "ip route del default table 1002", "ip -n a route replace default via 10.0.2.2 dev y table 1002"),
    ("a_route_for_ipv6", "a", "ip -6 route del default table 1002", "ip -n a -6 route replace default via fd00:0:0:2::2 dev y table 1002"),
    ("a_sysctl", "b", "sysctl -q -w net.ipv4.ip_forward=1", "ip netns exec b sysctl -q -w net.ipv4.ip_forward=0"),
    ("a_limit", "a", "ip mptcp limits set subflows 5", "ip -n a mptcp limits set subflows 2"),
    ("an_endpoint", "a", "ip mptcp endpoint flush", "ip -n a mptcp endpoint add 10.0.2.1 dev y subflow"),
    ("a_rule_of_a_firewall", "b", "nft add rule inet firewall rules drop", FIREWALL),
    ("a_rule_of_a_firewall_replaced", "b", "nft replace rule inet firewall rules handle 4 tcp option mptcp subtype 2 drop", FIREWALL),
    ("a_chain_of_a_firewall", "b", "nft add chain inet firewall other { type filter hook output priority 0; }", FIREWALL),
    ("a_translation", "b", "nft flush chain inet nat postrouting", "ip netns exec b nft 'table inet nat; "),
    (
        "a_rate",
        "wires",
        "tc qdisc change dev x-a root tbf rate 20mbit burst 15000 limit 75000",
        "tc -n wires qdisc replace dev x-a root tbf",
    ),
    ("a_qdisc", "wires", "tc qdisc del dev x-b root", "tc -n wires qdisc replace dev x-b root tbf"),
];
const FIREWALL: &str = "ip netns exec b nft 'table inet firewall; ";
const ON_REDIRECTION: [(&str, &str, &str, &str); 2] = [
    ("a_filter", "wires", "tc filter del dev y-a ingress", "tc -n wires filter add dev y-a ingress "),
    (
        "where_a_filter_leads",
        "wires",
        "tc filter replace dev y-a ingress protocol all prio 1 handle 800::800 u32 match u32 0 0 action mirred egress redirect dev x-b",
        "tc -n wires filter add dev y-a ingress ",
    ),
];
const ON_BRIDGES: [(&str, &str, &str, &str); 1] = [(
    "a_port",
    "wires",
    "ip link set y-a type bridge_slave flood off",
    "ip -n wires link set y-a type bridge_slave learning off flood on",
)];

pub(crate) fn trials(forwarding: Forwarding, by: &str, missing: Option<String>) -> Vec<Trial> {
    let missing = missing.or_else(|| support::without(&["ip", "tc", "sysctl", "nft"]));
    let changes: Vec<_> = match forwarding {
        Forwarding::Redirect => CHANGES.into_iter().chain(ON_REDIRECTION).collect(),
        Forwarding::Bridge => ON_BRIDGES.to_vec(),
    };
    let trial = |(what, ns, command, line)| {
        support::trial(&format!("{what}_altered_is_found{by}"), missing.clone(), move || found(forwarding, ns, command, line))
    };
    changes.into_iter().map(trial).collect()
}

fn found(forwarding: Forwarding, ns: &str, command: &str, line: &str) -> Result<(), Failed> {
    let setup = plan::lab(&crate::parse(TOPOLOGY), forwarding);
    let mut lab = Lab::build(&setup)?;
    let mut words = command.split(' ');
    let mut change = Command::new(words.next().unwrap_or_default());
    change.args(words);
    let done = lab.namespace(ns).ok_or("it was built")?.enter(|| change.output())??;
    assert!(done.status.success(), "{command}: {}", String::from_utf8_lossy(&done.stderr));
    let Err(LabError::Different(differences)) = lab.verify(&setup) else { return Err("nothing was found".into()) };
    let lines: Vec<_> = differences.iter().map(|difference| difference.line.as_str()).collect();
    assert!(lines.len() == 1 && lines[0].starts_with(line), "{differences:#?}");
    Ok(())
}
