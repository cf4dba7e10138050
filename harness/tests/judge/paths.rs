//! Measures of the ways the bytes took, of protocols, and of hosts.

use mplab::case::{Measure, measure};
use mplab::recording::{EventRecord, HostRecord, Recording};
use mplab::words::{Protocol, TransferDirection};
use rstest::rstest;

use crate::synthetic::{S, connection, finding, interface, run, topology};

fn share(of: &str, constraint: &str) -> Measure {
    Measure::from(measure::Share(of.to_owned(), constraint.parse().unwrap()))
}

#[rstest]
#[case("ethernet", "2s..10s", ">= 70%", "72.5%", true)]
#[case("laptop:wlan0", "2s..10s", ">= 30%", "27.5%", false)]
#[case("wlan", "12s..20s", ">= 99%", "100%", true)]
#[case("ethernet", "", "60%..70%", "64.1%", true)]
fn share_of_the_client_s_bytes(
    #[case] of: &str,
    #[case] during: &str,
    #[case] constraint: &str,
    #[case] measured: &str,
    #[case] held: bool,
) {
    let finding = finding(&run(), during, share(of, constraint));
    assert_eq!((finding.measured.as_str(), finding.held), (measured, held), "{:?}", finding.why);
}

/// laptop --access-- router --near-- server, and laptop --wlan-- server, 10 s long.
fn routed(direction: TransferDirection) -> Recording {
    let mut run = run();
    run.job.topology =
        topology(&[("access", "router:a", "laptop:eth0"), ("far", "server:eth0", "router:b"), ("wlan", "laptop:wlan0", "server:wlan0")]);
    run.job.case.transfers.get_mut("download").unwrap().direction = direction;
    let host = |interfaces: &[(&str, u64, u64)]| HostRecord {
        at: vec![0, 10 * S],
        interfaces: interfaces.iter().map(|&(name, rx, tx)| (name.to_owned(), interface(&[0, rx], &[0, tx]))).collect(),
        ..HostRecord::default()
    };
    run.hosts = [
        ("laptop".to_owned(), host(&[("eth0", 600, 60), ("wlan0", 400, 40)])),
        ("router".to_owned(), host(&[("a", 60, 610), ("b", 620, 50)])),
        ("server".to_owned(), host(&[("eth0", 45, 630), ("wlan0", 40, 400)])),
    ]
    .into();
    run
}

#[rstest]
#[case(TransferDirection::Download, "access", "60%")]
#[case(TransferDirection::Download, "far", "62%")]
#[case(TransferDirection::Download, "server:eth0", "63%")]
#[case(TransferDirection::Download, "router:a", "61%")]
#[case(TransferDirection::Upload, "far", "50%")]
#[case(TransferDirection::Upload, "server:eth0", "45%")]
#[case(TransferDirection::Both, "access", "60%")]
fn a_link_beyond_a_router_counts_at_its_nearer_end(#[case] direction: TransferDirection, #[case] of: &str, #[case] measured: &str) {
    let finding = finding(&routed(direction), "", share(of, "= 0%"));
    assert_eq!(finding.measured, measured, "{:?}", finding.why);
}

#[test]
fn a_share_of_nothing_or_of_the_unknown_is_not_recorded() {
    let mut run = run();
    assert_eq!(finding(&run, "", share("cellular", "= 0%")).why.as_deref(), Some("the topology has no link or interface cellular"));
    let laptop = run.hosts.get_mut("laptop").unwrap();
    laptop.interfaces.remove("wlan0");
    assert_eq!(finding(&run, "", share("ethernet", "= 0%")).why.as_deref(), Some("nothing was recorded of interface laptop:wlan0"));
    let run = {
        let mut run = routed(TransferDirection::Download);
        run.hosts.get_mut("laptop").unwrap().interfaces.values_mut().for_each(|series| *series = interface(&[0, 0], &[0, 0]));
        run
    };
    assert_eq!(finding(&run, "", share("wlan", "<= 1%")).why.as_deref(), Some("nothing crossed an interface of laptop"));
}

#[rstest]
#[case("", "2", "2", true)]
#[case("11s..19s", "2", "1", false)]
#[case("21s..", "2", "2", true)]
#[case("..150ms", "1", "1", true)]
fn subflows_at_one_time(#[case] during: &str, #[case] constraint: &str, #[case] measured: &str, #[case] held: bool) {
    let finding = finding(&run(), during, measure::Subflows(constraint.parse().unwrap()));
    assert_eq!((finding.measured.as_str(), finding.held), (measured, held), "{:?}", finding.why);
}

/// As Linux 6.1 shows one for the round trip until the server's reset comes.
#[test]
fn a_subflow_that_the_server_refuses_is_none() {
    let mut run = run();
    run.hosts.get_mut("laptop").unwrap().subflows[1].flags = "Jjc".into();
    let finding = finding(&run, "..19s", measure::Subflows("2".parse().unwrap()));
    assert_eq!((finding.measured.as_str(), finding.held), ("1", false), "{:?}", finding.why);
}

#[test]
fn every_connection_must_have_its_subflows_and_tcp_is_one() {
    let mut run = run();
    let mut plain = connection(&mut run).clone();
    (plain.client, plain.token, plain.protocol) = ("10.0.1.1:40100".to_owned(), None, Some(Protocol::Tcp));
    run.transfers.get_mut("download").unwrap().connections.push(plain);
    let both = finding(&run, "", measure::Subflows(">= 2".parse().unwrap()));
    assert_eq!((both.measured.as_str(), both.held), ("1..2", false));
    let protocol = finding(&run, "", measure::Protocol(Protocol::Mptcp));
    assert_eq!((protocol.measured.as_str(), protocol.held), ("mptcp and tcp", false));
}

#[test]
fn a_connection_without_a_token_is_found_by_its_addresses() {
    let mut run = run();
    connection(&mut run).token = None;
    assert!(finding(&run, "", measure::Subflows("= 2".parse().unwrap())).held);
}

#[test]
fn protocols() {
    let mut run = run();
    assert!(finding(&run, "", measure::Protocol(Protocol::Mptcp)).held);
    assert!(finding(&run, "", measure::Listener(Protocol::Mptcp)).held);
    assert_eq!(finding(&run, "", measure::Listener(Protocol::Tcp)).measured, "mptcp");
    connection(&mut run).protocol = None;
    run.transfers.get_mut("download").unwrap().listener = None;
    for measure in [Measure::from(measure::Protocol(Protocol::Tcp)), Measure::from(measure::Listener(Protocol::Tcp))] {
        let finding = finding(&run, "", measure);
        assert_eq!((finding.measured.as_str(), finding.held), ("not recorded", false));
    }
}

#[rstest]
#[case("MPTcpExtMPJoinSynTx", "", "= 2", "2", true)]
#[case("MPTcpExtMPJoinSynTx", "2s..10s", ">= 1", "0", false)]
#[case("MPTcpExtMPJoinSynTx", "15s..", "= 1", "1", true)]
#[case("MPTcpExtMPFallbackTokenInit", "", "= 0", "0", true)]
fn counters_grow_in_their_window(
    #[case] name: &str,
    #[case] during: &str,
    #[case] constraint: &str,
    #[case] measured: &str,
    #[case] held: bool,
) {
    let finding = finding(&run(), during, measure::Counter(name.to_owned(), constraint.parse().unwrap()));
    assert_eq!((finding.measured.as_str(), finding.held), (measured, held), "{:?}", finding.why);
}

#[test]
fn events_are_counted_by_kind_and_window() {
    let mut run = run();
    let event = |at, kind: &str| EventRecord { at, kind: kind.to_owned(), ..EventRecord::default() };
    run.hosts.get_mut("laptop").unwrap().events =
        vec![event(S, "sub-established"), event(11 * S, "sub-closed"), event(20 * S, "sub-established")];
    let came = |during, kind: &str| finding(&run, during, measure::Event(kind.to_owned(), "= 1".parse().unwrap())).measured;
    assert_eq!(came("", "sub-established"), "2");
    assert_eq!(came("15s..", "sub-established"), "1");
    assert_eq!(came("", "removed"), "0");
}

#[test]
fn a_host_that_was_not_recorded_fails_even_a_zero() {
    let mut run = run();
    run.hosts.clear();
    let zero = || "= 0".parse().unwrap();
    for measure in [
        Measure::from(measure::Counter("MPTcpExtMPJoinSynTx".to_owned(), zero())),
        Measure::from(measure::Event("removed".to_owned(), zero())),
        Measure::from(measure::Subflows(zero())),
        share("wlan", "= 0%"),
    ] {
        let finding = finding(&run, "", measure);
        assert_eq!((finding.measured.as_str(), finding.held), ("not recorded", false));
        assert!(finding.why.unwrap().starts_with("nothing was recorded of"));
    }
}
