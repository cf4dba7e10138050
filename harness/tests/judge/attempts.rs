//! Why a join over a way came to nothing where the way was not there when the kernel tried it, on recordings made up in code.

use mplab::case::{Action, Cut, EndpointChange, How, Step};
use mplab::judge::explain::{Check, Weight};
use mplab::recording::Recording;
use mplab::words::Time;
use rstest::rstest;

use crate::explain::{endpoint, explained, refused};
use crate::synthetic::interface;

fn step(at: u64, action: Action) -> Step {
    Step { at: Time::from_millis(at), when: None, refused: None, action }
}

/// A cut of WLAN, from and to in milliseconds. The connection begins at 100 ms.
fn cut(how: How, from: u64, to: u64) -> Recording {
    let mut run = refused();
    run.job.case.steps = vec![step(from, Action::Cut(Cut { link: "wlan".into(), how })), step(to, Action::Restore("wlan".into()))];
    run
}

/// What is said of the kernel's try, if anything.
fn tried(run: &Recording) -> Option<Check> {
    explained(run).0.into_iter().find(|check| check.topic == "join over laptop:wlan0")
}

fn down() -> How {
    How::Admin(vec!["laptop:wlan0".parse().unwrap()])
}

const BLACKHOLE: How = How::Blackhole { up: true, down: true };

#[rstest]
#[case(cut(down(), 0, 1_000), "was set down (0s to 1s)", "such a try fails at once")]
#[case(cut(How::Carrier(Vec::new()), 0, 4_000), "had no carrier, or passed nothing (0s to 4s)", "ARP is not answered for some 3s")]
#[case(cut(BLACKHOLE, 0, 4_000), "had no carrier, or passed nothing (0s to 4s)", "on some kernels at once")]
fn a_way_that_a_step_took_away(#[case] run: Recording, #[case] lack: &str, #[case] fate: &str) {
    let check = tried(&run).unwrap();
    assert_eq!(check.weight, Weight::Cause);
    assert!(check.seen.starts_with("the kernel tried it at 100ms, when it ") && check.seen.contains("once per connection"), "{check:?}");
    assert!(check.seen.contains(lack) && check.seen.contains(fate), "{check:?}");
    let change = check.change.unwrap();
    assert!(change.ends_with("at laptop: ip mptcp endpoint delete id ID; ip mptcp endpoint add 10.0.2.1 dev wlan0 subflow"), "{change}");
}

/// An interface that is down at the other end, or carriers that are back before ARP gives up.
#[rstest]
#[case(cut(How::Carrier(Vec::new()), 0, 2_000))]
#[case(cut(BLACKHOLE, 0, 2_000))]
#[case(cut(How::Admin(vec!["server:wlan0".parse().unwrap()]), 0, 2_000))]
#[case(cut(down(), 200, 4_000))]
fn a_way_that_was_there_in_time_is_not_blamed(#[case] run: Recording) {
    assert_eq!(tried(&run), None);
}

/// Nobody took it away: what was seen of the interface says so, and not how.
#[test]
fn a_way_that_was_seen_not_to_run() {
    let mut run = refused();
    let laptop = run.hosts.get_mut("laptop").unwrap();
    let mut wlan = interface(&vec![0; laptop.at.len()], &vec![0; laptop.at.len()]);
    wlan.running = (0..laptop.at.len()).map(|sample| sample > 40).collect();
    laptop.interfaces.insert("wlan0".into(), wlan);
    let check = tried(&run).unwrap();
    assert_eq!(check.weight, Weight::Cause);
    assert!(check.seen.contains("was down or had no carrier (0s to 4.1s)"), "{check:?}");
    assert!(check.seen.ends_with("such a try fails at once where it is down, else when ARP is not answered for some 3s"), "{check:?}");
}

/// As long as it lasts, what is in the way is the outage.
#[test]
fn an_outage_that_lasts_is_said_before_the_try() {
    let mut run = cut(down(), 0, 10_000);
    run.job.case.steps.pop();
    let (checks, text) = explained(&run);
    assert_eq!(tried(&run).unwrap().weight, Weight::Suspect, "{text}");
    assert!(checks[0].topic == "link wlan" && checks[0].weight == Weight::Cause, "{text}");
}

#[test]
fn an_endpoint_that_a_step_added_is_tried_then() {
    let mut run = cut(down(), 0, 1_000);
    let again = endpoint(&mut run).clone();
    let (host, added) = ("laptop".to_owned(), EndpointChange::Add(again));
    run.job.case.steps.push(step(500, Action::Endpoint { host: host.clone(), change: added.clone() }));
    assert!(tried(&run).unwrap().seen.starts_with("the kernel tried it at 500ms"));
    run.job.case.steps.push(step(2_000, Action::Endpoint { host, change: added }));
    assert_eq!(tried(&run), None, "the last try was when it was there");
}
