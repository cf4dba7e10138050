//! Addresses are handed out as the file has them, and stay where they are when it is reordered.

use super::*;

fn links(named: &[(&str, &str, &str)]) -> BTreeMap<String, Cable> {
    let cable = |a: &str, b: &str| Cable { ends: [a.parse().unwrap(), b.parse().unwrap()], no_ipv6: None };
    named.iter().map(|(name, a, b)| ((*name).to_owned(), cable(a, b))).collect()
}

fn written(addresses: &[(&str, &str)]) -> Addresses {
    let mut written = Addresses::new();
    for (end, network) in addresses {
        written.entry(end.parse().unwrap()).or_default().push(network.parse().unwrap());
    }
    written
}

/// What an end was given, as a person would write it.
fn at(addresses: &Addresses, end: &str) -> String {
    addresses[&end.parse().unwrap()].iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[test]
fn links_are_numbered_by_name_and_ends_by_order() {
    let (given, refusals) = assign(&links(&[("wlan", "l:w", "s:w"), ("ethernet", "l:e", "s:e")]), &written(&[]));
    assert_eq!(refusals, []);
    assert_eq!(at(&given, "l:e"), "10.0.1.1/24 fd00:0:0:1::1/64");
    assert_eq!(at(&given, "s:e"), "10.0.1.2/24 fd00:0:0:1::2/64");
    assert_eq!(at(&given, "s:w"), "10.0.2.2/24 fd00:0:0:2::2/64");
}

#[test]
fn the_order_of_the_file_makes_no_difference() {
    let mut file = [("b", "x:b", "y:b"), ("c", "x:c", "y:c"), ("a", "x:a", "y:a")];
    let pinned = written(&[("y:c", "10.0.1.9/24"), ("x:b", "192.168.7.1/30")]);
    let before = assign(&links(&file), &pinned);
    file.reverse();
    assert_eq!(assign(&links(&file), &pinned), before);
    file.swap(0, 1);
    assert_eq!(assign(&links(&file), &pinned), before);
}

#[test]
fn the_other_end_of_a_written_address_is_in_its_network() {
    let cables = links(&[("a", "x:a", "y:a"), ("b", "x:b", "y:b"), ("c", "x:c", "y:c")]);
    let (given, refusals) = assign(&cables, &written(&[("x:a", "192.0.2.1/24"), ("y:b", "192.0.2.9/31"), ("x:c", "fd01::5/64")]));
    assert_eq!(refusals, []);
    assert_eq!(at(&given, "y:a"), "192.0.2.2/24 fd00:0:0:1::2/64");
    assert_eq!(at(&given, "x:b"), "192.0.2.8/31 fd00:0:0:2::1/64");
    assert_eq!(at(&given, "y:c"), "10.0.3.2/24 fd01::1/64");
}

#[test]
fn a_number_whose_network_is_written_elsewhere_is_passed_over_without_moving_others() {
    let cables = links(&[("a", "x:a", "y:a"), ("b", "x:b", "y:b"), ("c", "x:c", "y:c")]);
    let (given, _) = assign(&cables, &written(&[("x:c", "10.0.1.200/28")]));
    assert_eq!(at(&given, "x:a"), "10.0.4.1/24 fd00:0:0:1::1/64");
    assert_eq!(at(&given, "x:b"), "10.0.2.1/24 fd00:0:0:2::1/64");
    assert_eq!(at(&given, "y:c"), "10.0.1.193/28 fd00:0:0:3::2/64");
}

#[test]
fn more_than_255_links_have_networks_too() {
    assert_eq!(numbered(255, false).to_string(), "10.0.255.0/24");
    assert_eq!(numbered(256, false).to_string(), "10.1.0.0/24");
    assert_eq!(numbered(1000, true).to_string(), "fd00:0:0:3e8::/64");
}

#[test]
fn small_packets_mean_no_ipv6() {
    let mut cables = links(&[("a", "x:a", "y:a")]);
    cables.get_mut("a").unwrap().no_ipv6 = Some(Reason::Small);
    assert_eq!(at(&assign(&cables, &written(&[])).0, "x:a"), "10.0.1.1/24");
    assert_eq!(assign(&cables, &written(&[("x:a", "fd01::1/64")])).1[0].reason, Reason::Small);
}

#[test]
fn addresses_that_cannot_be_are_refused() {
    let cables = links(&[("a", "x:a", "y:a"), ("b", "x:b", "y:b")]);
    let reason = |addresses: &[(&str, &str)]| assign(&cables, &written(addresses)).1.remove(0).reason;
    for no_host in ["10.9.0.0/24", "10.9.0.255/24", "fd01::/64", "127.0.0.1/8", "224.0.0.1/24", "0.0.0.0/0", "fe80::/64", "::1/128"] {
        assert_eq!(reason(&[("x:a", no_host)]), Reason::NoHost, "{no_host}");
    }
    let end = |text: &str| text.parse::<End>().unwrap();
    assert_eq!(reason(&[("x:a", "10.9.0.1/24"), ("y:b", "10.9.0.1/16")]), Reason::Taken(end("x:a")));
    assert_eq!(reason(&[("x:a", "10.9.0.1/8")]), Reason::Wide);
    assert_eq!(reason(&[("x:a", "10.9.0.1/32")]), Reason::Full(end("y:a")));
}

#[test]
fn what_linux_takes_is_taken() {
    let cables = links(&[("a", "x:a", "y:a"), ("b", "x:b", "y:b")]);
    let (given, refusals) = assign(
        &cables,
        &written(&[
            ("x:a", "192.0.2.1/32"),
            ("y:a", "169.254.1.1/32"),
            ("x:a", "fe80::2/64"),
            ("y:a", "fe80::1/64"),
            ("y:b", "fe80::1/64"),
        ]),
    );
    assert_eq!(refusals, []);
    assert_eq!(at(&given, "x:a"), "192.0.2.1/32 fd00:0:0:1::1/64 fe80::2/64", "a link-local address is one more");
    assert_eq!(at(&given, "y:a"), "169.254.1.1/32 fd00:0:0:1::2/64 fe80::1/64");
    assert_eq!(at(&given, "y:b"), "10.0.2.2/24 fd00:0:0:2::2/64 fe80::1/64");
}

#[test]
fn links_of_one_bond_have_one_network_and_move_no_others() {
    let bonded = links(&[("a", "x:bond", "y:bond"), ("b", "y:bond", "x:bond"), ("c", "x:c", "y:c")]);
    let (given, refusals) = assign(&bonded, &written(&[]));
    assert_eq!(refusals, []);
    assert_eq!(at(&given, "x:bond"), "10.0.1.1/24 fd00:0:0:1::1/64");
    assert_eq!(at(&given, "y:bond"), "10.0.1.2/24 fd00:0:0:1::2/64");
    assert_eq!(at(&given, "y:c"), "10.0.3.2/24 fd00:0:0:3::2/64");
}
