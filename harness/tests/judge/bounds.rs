//! Measures against each other: subflows at their fewest, counters of two hosts, what may grow, the order of events, and the ideal duration.

use mplab::case::{Amount, Measure, Subject, measure};
use mplab::recording::{EventRecord, HostRecord, Recording};
use mplab::words::{Percent, Protocol, Rate, Size, Time, TransferDirection, Window};
use rstest::rstest;

use crate::synthetic::{S, finding, run, verdict};

#[rstest]
#[case("", "1", "1", true)]
#[case("5s..9s", "2", "2", true)]
#[case("9s..19s", ">= 2", "1", false)]
#[case("15s", "1", "1", true)]
#[case("25s", "2", "2", true)]
#[case("25050ms", "2", "2", true)]
fn the_fewest_subflows(#[case] during: &str, #[case] constraint: &str, #[case] measured: &str, #[case] held: bool) {
    let finding = finding(&run(), during, measure::FewestSubflows(constraint.parse().unwrap()));
    assert_eq!((finding.measured.as_str(), finding.held), (measured, held), "{:?}", finding.why);
}

#[test]
fn a_moment_is_of_the_samples_before_it() {
    let most = |during: &str| finding(&run(), during, measure::Subflows("0".parse().unwrap())).measured;
    assert_eq!(["150ms", "250ms", "12s", "29s"].map(most), ["1", "2", "1", "2"]);
}

/// A run with a server that counted, whose finding is of the laptop.
fn counted(laptop: &[(&str, u64)], server: &[(&str, u64)]) -> Recording {
    let mut run = run();
    let host = |counters: &[(&str, u64)]| HostRecord {
        at: vec![0, S],
        counted: vec![0, S],
        counters: counters.iter().map(|(name, value)| ((*name).to_owned(), vec![0, *value])).collect(),
        ..HostRecord::default()
    };
    run.hosts = [("laptop".to_owned(), host(laptop)), ("server".to_owned(), host(server))].into();
    run
}

fn of_laptop(mut run: Recording, measure: impl Into<Measure>) -> (String, bool) {
    let of = Subject::Host("laptop".to_owned());
    run.job.case.expects.push(mplab::case::Expect { of, during: Window::default(), measures: vec![measure.into()] });
    let finding = verdict(&run).findings.pop().unwrap();
    (finding.measured, finding.held)
}

#[rstest]
#[case("=", 2, true)]
#[case("=", 3, false)]
#[case("<=", 3, true)]
#[case(">", 1, true)]
fn a_counter_beside_another_host_s(#[case] operator: &str, #[case] there: u64, #[case] held: bool) {
    let (host, other) = ("server".to_owned(), "MPTcpExtMPJoinSynRx".to_owned());
    let beside = measure::CounterBeside { counter: "MPTcpExtMPJoinSynTx".to_owned(), operator: operator.to_owned(), host, other };
    let run = counted(&[("MPTcpExtMPJoinSynTx", 2)], &[("MPTcpExtMPJoinSynRx", there)]);
    assert_eq!(of_laptop(run, beside.clone()), (format!("2, there {there}"), held));
    let mut alone = counted(&[("MPTcpExtMPJoinSynTx", 2)], &[]);
    alone.hosts.remove("server");
    assert_eq!(of_laptop(alone, beside), ("not recorded".to_owned(), false));
}

#[test]
fn only_what_may_grow_grew() {
    let run = || counted(&[("MPTcpExtMPJoinSynTx", 2), ("MPTcpExtRmAddr", 1), ("TcpActiveOpens", 3), ("MPTcpExtAddAddr", 0)], &[]);
    let may_grow = |names: &[&str]| of_laptop(run(), measure::MayGrow(names.iter().map(|name| (*name).to_owned()).collect()));
    assert_eq!(may_grow(&["MPTcpExtMPJoin*", "MPTcpExtRmAddr"]), ("no other".to_owned(), true));
    assert_eq!(may_grow(&["MPTcpExtMPJoin"]), ("MPTcpExtMPJoinSynTx 2, MPTcpExtRmAddr 1".to_owned(), false));
    let mut unseen = run();
    unseen.hosts.get_mut("laptop").unwrap().counted.clear();
    assert_eq!(of_laptop(unseen, measure::MayGrow(Vec::new())), ("not recorded".to_owned(), false));
}

#[test]
fn events_come_in_an_order_or_not_at_all() {
    let run = |kinds: &[&str]| {
        let mut run = run();
        let event = |(at, kind): (usize, &&str)| EventRecord { at: at as u64, kind: (*kind).to_owned(), ..EventRecord::default() };
        run.hosts.get_mut("laptop").unwrap().events = kinds.iter().enumerate().map(event).collect();
        run
    };
    let came = ["created", "established", "announced", "sub-established", "closed"];
    let order = |kinds: &[&str]| of_laptop(run(&came), measure::EventOrder(kinds.iter().map(|kind| (*kind).to_owned()).collect()));
    assert!(order(&["created", "sub-established", "closed"]).1);
    assert!(!order(&["sub-established", "announced"]).1, "the other way round");
    assert!(!order(&["created", "created"]).1, "once is not twice");
    assert_eq!(of_laptop(run(&[]), measure::NoEvents), ("none".to_owned(), true));
    assert_eq!(of_laptop(run(&came[..2]), measure::NoEvents), ("created, established".to_owned(), false));
}

/// 30 s of a download, and what it would have taken on links of 8 and 4 Mbit/s with 10 and 30 ms.
fn ideal(direction: TransferDirection, protocol: Protocol, paced: Option<Rate>) -> (String, bool) {
    let mut run = run();
    for (link, rate, delay) in [("ethernet", 8_000_000, 10), ("wlan", 4_000_000, 30)] {
        let link = run.job.topology.links.get_mut(link).unwrap();
        for shape in [&mut link.up, &mut link.down] {
            (shape.rate, shape.delay) = (Some(Rate(rate)), Time::from_millis(delay));
        }
    }
    let transfer = run.job.case.transfers.get_mut("download").unwrap();
    (transfer.amount, transfer.rate, transfer.direction) = (Amount::Bytes(Size(12_000_000)), paced, direction);
    (transfer.client_protocol, transfer.server_protocol) = (protocol, protocol);
    let ideal = measure::IdealDuration { operator: "<=".to_owned(), more: Percent(300.0) };
    let finding = finding(&run, "", ideal);
    (finding.measured, finding.held)
}

#[rstest]
#[case(TransferDirection::Download, Protocol::Mptcp, None, "8.04s", "12mbit", "40ms", true)]
#[case(TransferDirection::Download, Protocol::Tcp, None, "12.04s", "8mbit", "40ms", true)]
#[case(TransferDirection::Download, Protocol::Mptcp, Some(Rate(48_000_000)), "8.04s", "12mbit", "40ms", true)]
#[case(TransferDirection::Download, Protocol::Mptcp, Some(Rate(1_000_000)), "96.04s", "1mbit", "40ms", true)]
fn the_ideal_is_of_rates_and_delays(
    #[case] direction: TransferDirection,
    #[case] protocol: Protocol,
    #[case] paced: Option<Rate>,
    #[case] ideal_time: &str,
    #[case] rate: &str,
    #[case] delays: &str,
    #[case] held: bool,
) {
    let (measured, holds) = ideal(direction, protocol, paced);
    assert!(measured.ends_with(&format!("(ideal {ideal_time}: 11.44m at {rate}, and {delays} of delays)")), "{measured}");
    assert_eq!(holds, held);
}
