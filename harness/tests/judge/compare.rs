//! Many made-up runs beside each other.

use std::collections::BTreeMap;

use mplab::case::measure;
use mplab::compare::{Distance, Ended, Run, Spread, spreads};
use mplab::judge::{Reading, judge, readings};
use mplab::recording::Recording;
use mplab::report::{Style, endings, spread};
use mplab::splat::scan;
use mplab::words::{Amount, Better, Percent, Rate, Time};

use super::synthetic::{S, connection, expect, run};

/// A run as it is compared.
fn compared(recording: &Recording) -> Run {
    Run::of(recording, &judge(recording, &recording.job.case))
}

/// Runs of the seeds 1, 2, ... with one measure.
fn measured(better: Better, amounts: impl IntoIterator<Item = Amount>) -> Vec<Run> {
    let measures = |amount| BTreeMap::from([("it".to_owned(), Reading { amount, better })]);
    (1..).zip(amounts).map(|(seed, amount)| Run { seed, ended: Ended::Passed, measures: measures(amount) }).collect()
}

fn only(runs: &[Run]) -> Spread {
    spreads(runs).remove("it").expect("all have it")
}

fn millis(millis: u64) -> Amount {
    Amount::Time(Time::from_millis(millis))
}

fn megabits(megabits: u64) -> Amount {
    Amount::Rate(Rate(megabits * 1_000_000))
}

#[test]
fn every_run_has_goodput_stall_and_shares_and_what_its_case_asks_for() {
    let mut recording = run();
    expect(&mut recording, "12s..20s", measure::Share("wlan".to_owned(), ">= 99%".parse().unwrap()));
    expect(&mut recording, "", measure::Counter("MPTcpExtMPJoinSynTx".to_owned(), "= 2".parse().unwrap()));
    let readings = readings(&recording, &recording.job.case);
    let names: Vec<&str> = readings.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "download: goodput",
            "download: share.ethernet",
            "download: share.wlan",
            "download: share.wlan in 12s..20s",
            "download: stall",
            "laptop: counters.MPTcpExtMPJoinSynTx",
        ]
    );
    assert_eq!(readings["download: stall"], Reading { amount: millis(430), better: Better::Lower });
    assert_eq!(readings["download: share.wlan in 12s..20s"].better, Better::Higher);
    assert_eq!(readings["download: share.wlan"].better, Better::Neither);
}

#[test]
fn what_was_not_recorded_is_no_measure() {
    let mut recording = run();
    recording.transfers.clear();
    recording.hosts.clear();
    assert_eq!(readings(&recording, &recording.job.case), BTreeMap::new());
}

#[test]
fn a_run_ends_as_its_verdict_says() {
    let mut recording = run();
    assert_eq!(compared(&recording).ended, Ended::Passed);
    expect(&mut recording, "", measure::Stall("<= 100ms".parse().unwrap()));
    let Ended::Failed(failures) = compared(&recording).ended else { panic!("it stalls for longer") };
    assert_eq!(failures, BTreeMap::from([("download: stall <= 100ms".to_owned(), "430ms".to_owned())]));
    recording.lateness.step = S;
    assert!(matches!(compared(&recording).ended, Ended::Disturbed(_)));
    recording.splats = scan("WARNING: net/mptcp/subflow.c:1519 at subflow_data_ready+0x15f/0x170");
    assert!(matches!(compared(&recording).ended, Ended::Kernel(title) if title.contains("subflow_data_ready")));
}

#[test]
fn a_connection_that_broke_says_why() {
    let mut recording = run();
    connection(&mut recording).error = Some("connection reset".to_owned());
    let why = compared(&recording).ended.why();
    assert_eq!(why, ["download: intact = true: false"]);
}

#[test]
fn the_worst_is_told_with_its_seed() {
    let times = [millis(200), millis(900), millis(100), millis(900)];
    let lower = only(&measured(Better::Lower, times));
    assert_eq!((lower.least(), lower.median(), lower.most()), (millis(100), millis(200), millis(900)));
    assert_eq!(lower.worst(), (2, millis(900)), "the first of two that are as bad");
    assert_eq!(only(&measured(Better::Higher, times)).worst(), (3, millis(100)));
    assert_eq!(only(&measured(Better::Neither, times)).worst(), (2, millis(900)), "what is farthest from the median");
    assert_eq!(lower.histogram(4), [2, 0, 0, 2]);
    assert_eq!(only(&measured(Better::Lower, [millis(5)])).histogram(3), [1, 0, 0]);
}

#[test]
fn spreads_that_overlap_have_not_moved() {
    let fast = only(&measured(Better::Higher, [40, 42, 44].map(megabits)));
    let slow = only(&measured(Better::Higher, [18, 20, 22].map(megabits)));
    let both = only(&measured(Better::Higher, [21, 30, 41].map(megabits)));
    assert_eq!(fast.distance(&slow), Some(Distance::Times(20.0 / 42.0)));
    assert_eq!(fast.distance(&both), None);
    assert_eq!(fast.distance(&slow).unwrap().to_string(), "-52%");
    assert_eq!(slow.distance(&fast).unwrap().to_string(), "x2.1");
    let share = |percent| only(&measured(Better::Neither, [Amount::Percent(Percent(percent))]));
    assert_eq!(share(30.0).distance(&share(45.0)).unwrap().to_string(), "+15.0 points");
    assert_eq!(share(30.0).distance(&share(32.0)), None, "two points are little");
    let stall = |time| only(&measured(Better::Lower, [millis(time)]));
    assert_eq!(stall(10).distance(&stall(20)), None, "deliveries are seen every 10 ms");
    assert_eq!(stall(0).distance(&stall(200)).unwrap().to_string(), "from nothing");
}

#[test]
fn a_table_of_spreads() {
    let times = [200, 210, 200, 900].map(millis);
    let text = spread(&spreads(&measured(Better::Lower, times)), Style::Plain);
    assert_eq!(
        text,
        "measure  least  median   most  worst  seed\n\
         it       200ms   200ms  900ms  900ms     4  │█          ▃│\n"
    );
    let ended = [Ended::Passed, Ended::Kernel("BUG".to_owned()), Ended::Passed];
    assert_eq!(endings(&ended), "2 passed, 1 kernel");
}
