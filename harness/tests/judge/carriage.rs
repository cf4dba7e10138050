//! Why a subflow that is there carries nothing, on recordings made up in code.

use mplab::case::{Action, EndpointChange, Step, Subject};
use mplab::judge::counters::{MEANINGS, Stage};
use mplab::judge::explain::{Check, Weight, explain};
use mplab::recording::Recording;
use mplab::report::{self, Style};
use rstest::rstest;

use crate::explain::count;
use crate::synthetic::{interface, run};

/// A run whose subflow over WLAN carried a two hundredth of the bytes.
fn idle() -> Recording {
    let mut run = run();
    run.job.case.steps.clear();
    let laptop = run.hosts.get_mut("laptop").unwrap();
    let [much, little] = [199_000_u64, 1_000].map(|each| (0..laptop.at.len() as u64).map(|sample| sample * each).collect::<Vec<_>>());
    laptop.interfaces.insert("eth0".into(), interface(&much, &much));
    laptop.interfaces.insert("wlan0".into(), interface(&little, &little));
    run
}

fn explained(run: &Recording, during: &str) -> (Vec<Check>, String) {
    let explanation = explain(run, &run.job.case, &Subject::Transfer("download".into()), during.parse().unwrap());
    let text = report::explanation(&explanation, Style::Plain);
    (explanation.checks, text)
}

fn about<'a>(checks: &'a [Check], topic: &str) -> &'a Check {
    checks.iter().find(|check| check.topic == topic).unwrap_or_else(|| panic!("nothing is said of {topic}: {checks:#?}"))
}

#[rstest]
#[case("5s..9s", "it carried 0.5% of the bytes", "compare the subflows' rtt, cwnd and retransmits (mplab report)")]
#[case("..9s", "it carried 0.5% of the bytes, and was first seen at 200ms", "look at a later part of the run, or let it last longer")]
fn an_idle_subflow_has_its_part_and_whether_it_came_late(#[case] during: &str, #[case] seen: &str, #[case] change: &str) {
    let (checks, text) = explained(&idle(), during);
    assert!(text.contains(": subflows over laptop:wlan0 that carry nothing\n"), "{text}");
    let check = about(&checks, "subflow over laptop:wlan0");
    assert_eq!((check.weight, check.seen.as_str(), check.change.as_deref()), (Weight::Suspect, seen, Some(change)));
}

#[test]
fn a_backup_is_the_cause_and_not_merely_late() {
    let mut run = idle();
    run.hosts.get_mut("laptop").unwrap().subflows[1].flags = "jecb".into();
    let (checks, _) = explained(&run, "..9s");
    let check = about(&checks, "subflow over laptop:wlan0");
    assert!(check.weight == Weight::Cause && check.seen.starts_with("a backup (10.0.2.1:40001, flags jecb)"), "{check:?}");
}

#[test]
fn a_paced_sender_is_suspected_where_a_subflow_is_idle_alone() {
    let mut run = idle();
    let paced = |run: &Recording| explained(run, "5s..9s").0.into_iter().find(|check| check.topic == "transfer");
    assert_eq!(paced(&run), None);
    run.job.case.transfers.get_mut("download").unwrap().rate = Some("2mbit".parse().unwrap());
    let check = paced(&run).unwrap();
    assert_eq!((check.weight, check.change.as_deref()), (Weight::Suspect, Some("pace it faster than one path, or not at all")));
    assert!(check.seen.starts_with("the transfer is paced at 2mbit: "), "{check:?}");
    let mut busy = crate::synthetic::run();
    busy.job.case.steps.clear();
    busy.job.case.transfers.get_mut("download").unwrap().rate = Some("2mbit".parse().unwrap());
    assert_eq!(paced(&busy), None);
}

/// Those of what happens to a subflow that is there.
#[test]
fn every_counter_of_carriage_is_told_with_its_remedy() {
    for meaning in MEANINGS.iter().filter(|meaning| meaning.stage == Stage::Carriage) {
        let mut run = idle();
        count(&mut run, "laptop", meaning.name, 3);
        let (checks, _) = explained(&run, "5s..9s");
        let check = about(&checks, "subflows");
        assert_eq!(check.seen, format!("{} ({} 3 at laptop)", meaning.means, meaning.name));
        assert_eq!((check.weight, check.change.as_deref()), (Weight::Suspect, Some(meaning.change)));
    }
}

#[test]
fn what_a_step_asked_for_is_not_to_blame() {
    let mut run = idle();
    count(&mut run, "laptop", "MPTcpExtRmSubflow", 1);
    let change = EndpointChange::Remove([10, 0, 2, 1].into());
    let action = Action::Endpoint { host: "laptop".into(), change };
    run.job.case.steps = vec![Step { at: "6s".parse().unwrap(), when: None, refused: None, action }];
    let (checks, _) = explained(&run, "7s..9s");
    let check = about(&checks, "subflows");
    assert!(check.weight == Weight::Fine && check.seen.ends_with(", as requested by a step of the case at 6s"), "{check:?}");
}
