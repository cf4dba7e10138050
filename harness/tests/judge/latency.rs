//! Latencies of exchanges.

use mplab::case::Exchange;
use mplab::case::measure::{Latency, Rank};
use mplab::recording::{FlowRecord, Recording};
use mplab::words::Size;
use rstest::rstest;

use crate::synthetic::{S, connection, finding, flow, run};

/// The run with 200 exchanges on its connection from 0 s: each takes 50 ms but the 100th, which takes 5 s, and so ends at 9.95 s.
fn exchanges() -> Recording {
    let mut run = run();
    run.job.case.transfers.get_mut("download").unwrap().exchange = Some(Exchange { request: Size(100), response: Size(1000) });
    let connection = connection(&mut run);
    connection.connected = Some(0);
    connection.exchanges = (1..=200).map(|number| if number == 100 { 5 * S } else { 50_000 }).collect();
    run
}

#[rstest]
#[case("", Rank::Median, "<= 50ms", "50ms", true)]
#[case("", Rank::P99, "<= 50ms", "50ms", true)]
#[case("", Rank::Max, "<= 50ms", "5s", false)]
#[case("1s..4s", Rank::Max, "<= 50ms", "50ms", true)]
#[case("6s..7s", Rank::Median, ">= 5s", "5s", true)]
#[case("9.9s..10.2s", Rank::P99, "<= 1s", "5s", false)]
#[case("9.9s..10.2s", Rank::Median, "<= 50ms", "50ms", true)]
#[case("9.95s..10.2s", Rank::Max, "<= 50ms", "50ms", true)]
fn of_the_exchanges_under_way(
    #[case] during: &str,
    #[case] rank: Rank,
    #[case] constraint: &str,
    #[case] measured: &str,
    #[case] held: bool,
) {
    let finding = finding(&exchanges(), during, Latency(rank, constraint.parse().unwrap()));
    assert_eq!((finding.measured.as_str(), finding.held), (measured, held), "{finding}: {:?}", finding.why);
}

#[test]
fn the_slowest_is_told_where_it_was() {
    let finding = finding(&exchanges(), "", Latency(Rank::Max, "<= 1s".parse().unwrap()));
    assert_eq!(finding.why.as_deref(), Some("connection 1, from 4.95s to 9.95s: one of 200 exchanges"));
    assert_eq!(finding.to_string(), "download: latency.max <= 1s");
}

#[test]
fn what_was_never_answered_is_slower_than_any_time() {
    let mut run = exchanges();
    flow(&mut run).ended = None;
    for constraint in ["<= 3000s", ">= 1s"] {
        let finding = finding(&run, "", Latency(Rank::Max, constraint.parse().unwrap()));
        assert_eq!((finding.measured.as_str(), finding.held), ("never answered", false), "{constraint}");
        assert_eq!(finding.why.as_deref(), Some("connection 1, from 14.95s on"));
    }
    assert!(finding(&run, "20s..21s", Latency(Rank::Median, "<= 1s".parse().unwrap())).measured == "never answered");
    assert!(finding(&run, "", Latency(Rank::P99, "<= 50ms".parse().unwrap())).held, "one of 201");
}

#[test]
fn a_request_whose_answer_ended_early_was_never_answered() {
    let mut run = exchanges();
    connection(&mut run).up = Some(FlowRecord { sent: 201 * 100, ..FlowRecord::default() });
    assert!(!finding(&run, "", Latency(Rank::Max, "<= 3000s".parse().unwrap())).held);
    connection(&mut run).up = Some(FlowRecord { sent: 200 * 100, ..FlowRecord::default() });
    assert!(finding(&run, "", Latency(Rank::Max, "<= 3000s".parse().unwrap())).held);
}

#[test]
fn nothing_is_measured_where_there_is_none() {
    let mut run = exchanges();
    let before = finding(&run, "20s..21s", Latency(Rank::Median, "<= 1s".parse().unwrap()));
    assert_eq!((before.measured.as_str(), before.held), ("not recorded", false));
    connection(&mut run).connected = None;
    assert!(!finding(&run, "", Latency(Rank::Median, "<= 1s".parse().unwrap())).held);
}
