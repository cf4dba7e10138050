//! Each kind of host gets the routes and rules it needs.

use crate::document::topology::check::parse;
use crate::plan::{Forwarding, lab};

/// Two ways through routers, and a host behind them.
const ROUTED: &str = r#"
    summary = "client - left or right - gateway - server"
    host = { left = { forward = true }, right = { forward = true }, gateway = { forward = true } }
    [link]
    a = { ends = ["client:left", "left:client"] }
    b = { ends = ["client:right", "right:client"] }
    c = { ends = ["left:gateway", "gateway:left"] }
    d = { ends = ["right:gateway", "gateway:right"] }
    e = { ends = ["gateway:server", "server:eth0"] }
"#;
const CABLES: &str = r#"
    summary = "two hosts, two cables"
    [link]
    x = { ends = ["l:x", "s:x"] }
    y = { ends = ["l:y", "s:y"] }
"#;

/// The lines about a host's IPv4 routes and rules, without what they have in common.
fn lines(topology: &str, host: &str) -> Vec<String> {
    let topology = parse("x.toml", topology).unwrap_or_else(|wrong| panic!("{wrong}"));
    let lines = lab(&topology, Forwarding::Redirect).into_iter().map(|op| op.to_string());
    let about = |kind: &str| format!("ip -n {host} {kind} ");
    let line = |line: String| {
        let route = line.strip_prefix(&about("route")).and_then(|rest| rest.strip_prefix("replace "));
        route.or_else(|| line.strip_prefix(&about("rule")).and_then(|rest| rest.strip_prefix("add priority "))).map(str::to_owned)
    };
    lines.filter_map(line).collect()
}

#[test]
fn a_host_with_several_interfaces_has_a_table_for_each() {
    assert_eq!(
        lines(ROUTED, "client"),
        [
            "1002 from 10.0.2.1 lookup 1002",
            "1001 from 10.0.1.1 lookup 1001",
            "1000 from all lookup main suppress_prefixlength 0",
            "default via 10.0.1.2 dev left",
            "default via 10.0.1.2 dev left table 1001",
            "default via 10.0.2.2 dev right table 1002",
        ]
    );
}

#[test]
fn a_host_with_one_interface_has_a_default_route_and_no_rules() {
    assert_eq!(lines(ROUTED, "server"), ["default via 10.0.5.1 dev eth0"]);
}

#[test]
fn a_router_has_a_route_to_every_network_by_the_nearest_router() {
    // Networks 1 to 5 are those of links a to e; left has 1 and 3.
    assert_eq!(
        lines(ROUTED, "left"),
        ["10.0.2.0/24 via 10.0.3.2 dev gateway", "10.0.4.0/24 via 10.0.3.2 dev gateway", "10.0.5.0/24 via 10.0.3.2 dev gateway"]
    );
    assert_eq!(lines(ROUTED, "gateway"), ["10.0.1.0/24 via 10.0.3.1 dev left", "10.0.2.0/24 via 10.0.4.1 dev right"]);
}

#[test]
fn neighbours_without_a_router_have_tables_but_no_default_route() {
    assert_eq!(
        lines(CABLES, "l"),
        [
            "1002 from 10.0.2.1 lookup 1002",
            "1001 from 10.0.1.1 lookup 1001",
            "1000 from all lookup main suppress_prefixlength 0",
            "default via 10.0.1.2 dev x table 1001",
            "default via 10.0.2.2 dev y table 1002",
        ]
    );
}

#[test]
fn the_order_of_the_file_changes_no_route() {
    let mut reversed: Vec<&str> = ROUTED.lines().collect();
    let links = reversed.iter().position(|line| line.contains("[link]")).unwrap();
    reversed[links + 1..].reverse();
    let reversed = reversed.join("\n");
    for host in ["client", "left", "right", "gateway", "server"] {
        assert_eq!(lines(&reversed, host), lines(ROUTED, host));
    }
}

#[test]
fn a_route_that_is_written_takes_the_place_of_one_that_follows_from_the_links() {
    let written = ROUTED
        .replace("gateway = { forward = true }", "gateway = { forward = true, route = [{ to = \"10.0.2.0/24\", via = \"10.0.3.1\" }] }");
    assert_eq!(lines(&written, "gateway"), ["10.0.1.0/24 via 10.0.3.1 dev left", "10.0.2.0/24 via 10.0.3.1"]);
}

#[test]
fn a_route_that_is_written_comes_last() {
    let written = format!("{CABLES}\n[host.l]\nroute = [{{ to = \"10.9.0.0/16\", via = \"10.0.2.2\", interface = \"y\" }}]\n");
    assert_eq!(lines(&written, "l").last().unwrap(), "10.9.0.0/16 via 10.0.2.2 dev y");
}

#[test]
fn a_bond_is_one_interface_and_its_members_are_none() {
    let bonded = r#"
        summary = "client - router - server, the first two by a bond"
        host.client.bond.bond0 = { mode = "active-backup", interfaces = ["x", "y"] }
        host.router.forward = true
        host.router.bond.bond0 = { mode = "active-backup", interfaces = ["x", "y"] }
        [link]
        x = { ends = ["client:x", "router:x"] }
        y = { ends = ["client:y", "router:y"] }
        z = { ends = ["router:z", "server:z"] }
    "#;
    assert_eq!(lines(bonded, "client"), ["default via 10.0.1.2 dev bond0"]);
    assert_eq!(lines(bonded, "server"), ["default via 10.0.3.1 dev z"]);
}

#[test]
fn a_vlan_is_a_network_of_its_own() {
    let tagged = r#"
        summary = "client - near - far - server, the first two by a cable with a VLAN"
        host.client.vlan.v = { interface = "x", id = 10 }
        host.near = { forward = true, vlan.v = { interface = "x", id = 10 } }
        host.far.forward = true
        [link]
        x = { ends = ["client:x", "near:x"] }
        y = { ends = ["near:y", "far:y"] }
        z = { ends = ["far:z", "server:z"] }
    "#;
    assert_eq!(
        lines(tagged, "client"),
        [
            "1002 from 10.0.1.1 lookup 1002",
            "1001 from 10.0.4.1 lookup 1001",
            "1000 from all lookup main suppress_prefixlength 0",
            "default via 10.0.1.2 dev x",
            "default via 10.0.4.2 dev v table 1001",
            "default via 10.0.1.2 dev x table 1002"
        ]
    );
    assert_eq!(lines(tagged, "far"), ["10.0.1.0/24 via 10.0.2.1 dev y", "10.0.4.0/24 via 10.0.2.1 dev y"]);
}

#[test]
fn a_next_hop_in_no_network_is_on_the_link_that_is_written() {
    let onlink = format!("{CABLES}\n[host.l]\nroute = [{{ to = \"10.9.0.0/16\", via = \"192.0.2.1\", interface = \"y\" }}]\n");
    assert_eq!(lines(&onlink, "l").last().unwrap(), "10.9.0.0/16 via 192.0.2.1 dev y onlink");
    let routed = onlink.replace("route = [", "route = [{ to = \"192.0.2.0/24\", interface = \"y\" }, ");
    assert_eq!(lines(&routed, "l").last().unwrap(), "10.9.0.0/16 via 192.0.2.1 dev y");
}
