//! What findings make of a run.

use mplab::case::{Measure, measure};
use mplab::judge::{Outcome, Verdict, judge};
use mplab::recording::{Lateness, RelayRecord, RelayedDirection};
use rstest::rstest;

use crate::synthetic::{expect, flow, run, verdict};

fn stall(constraint: &str) -> Measure {
    Measure::from(measure::Stall(constraint.parse().unwrap()))
}

#[test]
fn a_case_without_expectations_still_wants_every_byte() {
    let mut run = run();
    let verdict_of = verdict(&run);
    assert_eq!((verdict_of.outcome, verdict_of.findings.len()), (Outcome::Passed, 1));
    assert!(verdict_of.findings[0].implicit);
    flow(&mut run).received -= 1;
    assert_eq!(verdict(&run).outcome, Outcome::Failed);
    assert_eq!(verdict(&run).findings[0].why.as_deref(), Some("connection 1 down: all but 1 bytes of 353.44m arrived"));
    expect(&mut run, "", measure::Intact(false));
    assert_eq!(verdict(&run).outcome, Outcome::Passed, "said otherwise, the implicit one is gone");
    assert_eq!(verdict(&run).findings.len(), 1);
}

#[rstest]
#[case(&["stall"], "<= 400ms", Outcome::Passed)]
#[case(&["stall"], "<= 1s", Outcome::Failed)]
#[case(&[], "<= 400ms", Outcome::Failed)]
#[case(&["intact", "stall"], "<= 400ms", Outcome::Failed)]
#[case(&["goodput"], "<= 1s", Outcome::Failed)]
fn what_must_fail_and_nothing_else_fails(#[case] must_fail: &[&str], #[case] constraint: &str, #[case] outcome: Outcome) {
    let mut run = run();
    expect(&mut run, "", stall(constraint));
    run.job.case.must_fail = must_fail.iter().map(|&key| key.to_owned()).collect();
    assert_eq!(verdict(&run).outcome, outcome);
}

#[test]
fn the_implicit_measure_can_be_the_one_that_must_fail() {
    let mut run = run();
    flow(&mut run).corrupt_at = Some(0);
    run.job.case.must_fail = vec!["intact".to_owned()];
    assert_eq!(verdict(&run).outcome, Outcome::Passed);
}

#[test]
fn what_was_not_recorded_did_not_fail_as_it_must() {
    let mut run = run();
    expect(&mut run, "", stall("<= 400ms"));
    run.job.case.must_fail = vec!["stall".to_owned()];
    assert_eq!(verdict(&run).outcome, Outcome::Passed);
    run.transfers.clear();
    let verdict = verdict(&run);
    assert_eq!((verdict.outcome, verdict.unexpectedly_held), (Outcome::Failed, vec!["stall".to_owned()]));
}

#[rstest]
#[case(Lateness { step: 100_000, sample: 200_000, stolen: 10, waited: 60, ..Lateness::default() }, Outcome::Failed)]
#[case(Lateness { step: 100_001, ..Lateness::default() }, Outcome::Disturbed)]
#[case(Lateness { sample: 200_001, ..Lateness::default() }, Outcome::Disturbed)]
#[case(Lateness { stolen: 11, ..Lateness::default() }, Outcome::Disturbed)]
#[case(Lateness { waited: 61, ..Lateness::default() }, Outcome::Disturbed)]
fn a_busy_computer_disturbs_what_would_have_failed(#[case] lateness: Lateness, #[case] outcome: Outcome) {
    let mut run = run();
    run.lateness = lateness;
    assert_eq!(verdict(&run).outcome, Outcome::Passed, "a pass is a pass");
    expect(&mut run, "", stall("<= 400ms"));
    let verdict = verdict(&run);
    assert_eq!(verdict.outcome, outcome);
    assert_eq!(verdict.disturbance.is_some(), outcome == Outcome::Disturbed);
}

/// One packet in a hundred more than 10 ms late, or one in a thousand missed, in either direction.
#[rstest]
#[case(RelayedDirection { late_p99: 10_000, late_worst: 900_000, ..RelayedDirection::default() }, Outcome::Failed)]
#[case(RelayedDirection { late_p99: 10_001, ..RelayedDirection::default() }, Outcome::Disturbed)]
#[case(RelayedDirection { offered: 1000, missed: 1, lost: 500, dropped: 400, cut: 90, ..RelayedDirection::default() }, Outcome::Failed)]
#[case(RelayedDirection { offered: 999, missed: 1, ..RelayedDirection::default() }, Outcome::Disturbed)]
fn a_relay_that_was_late_disturbs_what_would_have_failed(#[case] way: RelayedDirection, #[case] outcome: Outcome) {
    let (up, down) = (RelayRecord { up: way, ..RelayRecord::default() }, RelayRecord { down: way, ..RelayRecord::default() });
    for record in [up, down] {
        let mut run = run();
        run.relayed.insert("wlan".to_owned(), record);
        assert_eq!(verdict(&run).outcome, Outcome::Passed, "a pass is a pass");
        expect(&mut run, "", stall("<= 400ms"));
        let verdict = verdict(&run);
        assert_eq!(verdict.outcome, outcome);
        let why = verdict.disturbance.unwrap_or_default();
        assert_eq!(why.contains("link wlan"), outcome == Outcome::Disturbed, "{why}");
    }
}

#[test]
fn another_case_can_judge_an_old_recording() {
    let run = run();
    let mut case = run.job.case.clone();
    case.must_fail = vec!["intact".to_owned()];
    assert_eq!(judge(&run, &case).outcome, Outcome::Failed);
    assert_eq!(judge(&run, &case).unexpectedly_held, ["intact"]);
}

#[test]
fn verdicts_are_written_and_read() {
    let mut run = run();
    expect(&mut run, "2s..10s", stall("<= 1ms"));
    let verdict = verdict(&run);
    let json = serde_json::to_string(&verdict).unwrap();
    assert_eq!(serde_json::from_str::<Verdict>(&json).unwrap(), verdict);
    assert!(json.starts_with("{\"outcome\":\"failed\""), "{json}");
}
