//! Measures of what arrived.

use mplab::case::{Amount, Measure, measure};
use mplab::recording::{ConnectionRecord, TransferRecord, WrongRecord};
use mplab::words::{Size, Time};
use rstest::rstest;

use crate::synthetic::{S, connection, finding, flow, run};

/// A measure of delivery with its constraint.
fn measure(key: &str, constraint: &str) -> Measure {
    match key {
        "bytes" => Measure::from(measure::Bytes(constraint.parse().unwrap())),
        "duration" => Measure::from(measure::Duration(constraint.parse().unwrap())),
        "goodput" => Measure::from(measure::Goodput(constraint.parse().unwrap())),
        _ => Measure::from(measure::Stall(constraint.parse().unwrap())),
    }
}

#[rstest]
#[case("bytes", "", ">= 300m", "353.44m", true)]
#[case("bytes", "", "= 300m", "353.44m", false)]
#[case("bytes", "2s..4s", "30m..32m", "31.23m", true)]
#[case("bytes", "10s..10200ms", "<= 1m", "20.44k", true)]
#[case("duration", "", "= 30s", "30s", true)]
#[case("duration", "", "< 30s", "30s", false)]
#[case("goodput", "", "90mbit..100mbit", "98.83mbit", true)]
#[case("goodput", "2s..10s", ">= 131mbit", "131mbit", true)]
#[case("goodput", "12s..20s", ">= 100mbit", "36mbit", false)]
#[case("goodput", "25s..", ">= 131mbit", "131mbit", true)]
#[case("stall", "", "<= 1s", "430ms", true)]
#[case("stall", "", "<= 400ms", "430ms", false)]
#[case("stall", "2s..10s", "<= 50ms", "10ms", true)]
#[case("stall", "10200ms..12s", "<= 200ms", "230ms", false)]
#[case("stall", "9s..10100ms", "<= 200ms", "100ms", true)]
fn of_a_whole_transfer(#[case] key: &str, #[case] during: &str, #[case] constraint: &str, #[case] measured: &str, #[case] held: bool) {
    let finding = finding(&run(), during, measure(key, constraint));
    assert_eq!((finding.measured.as_str(), finding.held), (measured, held), "{finding}: {:?}", finding.why);
}

#[test]
fn a_failed_stall_says_where_it_was() {
    let finding = finding(&run(), "", measure("stall", "<= 400ms"));
    assert_eq!(finding.why.as_deref(), Some("connection 1 down, from 10s to 10.43s"));
    assert_eq!(finding.to_string(), "download: stall <= 400ms");
}

#[test]
fn rounding_never_hides_a_failure() {
    let finding = finding(&run(), "", measure("goodput", ">= 98.83mbit"));
    assert!(!finding.held);
    assert_eq!(finding.measured, "just under 98.83mbit");
}

#[test]
fn what_never_ended_stalls_until_the_run_ends_and_has_no_duration() {
    let mut run = run();
    let record = flow(&mut run);
    record.progress.retain(|pair| pair.0 <= 10 * S);
    (record.ended, record.received) = (None, record.progress.last().unwrap().1);
    run.timed_out = true;
    let stall = finding(&run, "", measure("stall", "<= 2s"));
    assert_eq!((stall.measured.as_str(), stall.held), ("20.2s", false));
    assert_eq!(finding(&run, "12s..20s", measure("stall", "<= 2s")).measured, "8s", "clipped to the window");
    let duration = finding(&run, "", measure("duration", "<= 60s"));
    assert_eq!((duration.measured.as_str(), duration.held), ("never ended", false));
    assert_eq!(duration.why.as_deref(), Some("connection 1 down never ended"));
    let intact = finding(&run, "", measure::Intact(true));
    assert!(!intact.held);
    assert_eq!(intact.why.as_deref(), Some("connection 1 down: 156.16m of 353.44m arrived\nthe deadline ended the run at 30.2s"));
}

#[test]
fn waiting_for_the_first_byte_is_a_stall() {
    let mut run = run();
    flow(&mut run).progress.retain(|pair| pair.0 >= 3 * S);
    assert_eq!(finding(&run, "", measure("stall", "<= 2s")).why.as_deref(), Some("connection 1 down, from 0s to 3s"));
}

#[test]
fn a_window_in_which_nothing_was_to_come_proves_nothing() {
    let mut run = run();
    let stall = finding(&run, "31s..", measure("stall", "<= 2s"));
    assert_eq!((stall.measured.as_str(), stall.held), ("not recorded", false));
    assert_eq!(stall.why.as_deref(), Some("the run ended at 30.2s, before this window"));
    run.end = 60 * S;
    let stall = finding(&run, "31s..", measure("stall", "<= 2s"));
    assert_eq!(stall.why.as_deref(), Some("the transfer had ended at 30s, before this window"));
}

#[test]
fn a_transfer_of_no_bytes_is_intact() {
    let mut run = run();
    run.job.case.transfers.get_mut("download").unwrap().amount = Amount::Bytes(Size(0));
    let record = flow(&mut run);
    (record.sent, record.received, record.ended) = (0, 0, Some(5_000));
    record.progress.clear();
    for measure in [Measure::from(measure::Intact(true)), measure("bytes", "= 0"), measure("stall", "= 0s"), measure("goodput", "= 0bit")] {
        let finding = finding(&run, "", measure);
        assert!(finding.held, "{finding}: {}", finding.measured);
    }
}

#[test]
fn a_wrong_byte_is_told_with_all_that_is_known_of_it() {
    let mut run = run();
    let wrong = WrongRecord { at: 15_050_000, wanted: "0a0b".to_owned(), got: "0a0c".to_owned(), belongs: None };
    (flow(&mut run).corrupt_at, flow(&mut run).wrong) = (Some(4096), Some(wrong));
    let why = |run: &mplab::recording::Recording| finding(run, "", measure::Intact(true)).why.unwrap();
    let begins = "connection 1 down: the byte at 4096 is wrong: wanted 0a0b, got 0a0c, read by laptop at 15.05s from ";
    assert!(why(&run).starts_with(&format!("{begins}a subflow that was not seen")), "{}", why(&run));
    // Only WLAN's receives while Ethernet is cut.
    for subflow in &mut run.hosts.get_mut("laptop").unwrap().subflows[1..2] {
        subflow.bytes_received = (0..subflow.at.len() as u64).collect();
    }
    assert!(why(&run).starts_with(&format!("{begins}the subflow 10.0.2.2:5001 to 10.0.2.1:40001")), "{}", why(&run));
    flow(&mut run).wrong.as_mut().unwrap().belongs = Some(9000);
    assert!(why(&run).contains("got 0a0c (the bytes at 9000), read by laptop"), "{}", why(&run));
}

#[test]
fn every_way_not_to_be_intact_is_told() {
    let mut run = run();
    let asked = run.job.case.transfers.get_mut("download").unwrap();
    (asked.connections, asked.amount) = (5, Amount::Bytes(Size(370_610_000)));
    let first = connection(&mut run).clone();
    let down = |change: fn(&mut mplab::recording::FlowRecord)| {
        let mut connection = first.clone();
        change(connection.down.as_mut().unwrap());
        connection
    };
    let refused = ConnectionRecord { error: Some("connect: Connection refused".to_owned()), ..ConnectionRecord::default() };
    let wrong = down(|flow| flow.corrupt_at = Some(4096));
    let endless = down(|flow| flow.ended = None);
    let short = down(|flow| (flow.sent, flow.received) = (12 << 20, 12 << 20));
    run.transfers.get_mut("download").unwrap().connections = vec![refused, wrong, endless, short];
    let told = finding(&run, "", measure::Intact(true));
    assert_eq!(
        told.why.as_deref(),
        Some(
            "4 of 5 connections were made\nconnection 1: connect: Connection refused\nconnection 2 down: the byte at 4096 is wrong\nand 2 more"
        )
    );
    assert!(finding(&run, "", measure::Intact(false)).held);
    run.transfers.get_mut("download").unwrap().connections.drain(..2);
    let told = finding(&run, "", measure::Intact(true)).why.unwrap();
    assert!(
        told.contains("connection 1 down: 353.44m arrived, but never the end of the stream\nconnection 2 down: 12m of 353.44m arrived"),
        "{told}"
    );
}

#[test]
fn nothing_recorded_is_no_panic_and_no_pass() {
    let mut run = run();
    run.transfers.insert("download".to_owned(), TransferRecord::default());
    assert_eq!(finding(&run, "", measure("duration", "<= 1min")).measured, "never ended");
    assert_eq!(finding(&run, "", measure("stall", "<= 1s")).measured, Time::from_micros(run.end).to_string());
    run.transfers.clear();
    run.hosts.clear();
    for key in ["bytes", "duration", "goodput", "stall"] {
        let finding = finding(
            &run,
            "",
            measure(
                key,
                if key == "bytes" {
                    "<= 1g"
                } else if key == "goodput" {
                    "<= 1gbit"
                } else {
                    "<= 1min"
                },
            ),
        );
        assert_eq!((finding.measured.as_str(), finding.held), ("not recorded", false));
        assert_eq!(finding.why.as_deref(), Some("nothing was recorded of transfer download"));
    }
}

#[rstest]
#[case(0, false)]
#[case(-1, false)]
#[case(1, true)]
#[case(2, false)]
fn a_transfer_whose_kernel_told_of_too_few_or_too_many_bytes_is_not_intact(#[case] more: i64, #[case] intact: bool) {
    let mut run = run();
    run.job.case.transfers.get_mut("download").unwrap().inq = true;
    let flow = flow(&mut run);
    flow.told = if more == 0 { 0 } else { flow.sent.checked_add_signed(more).unwrap() };
    assert_eq!(finding(&run, "", measure::Intact(true)).held, intact);
}
