//! Measures of what the kernel lists: connections, sockets in use, backups, congestion control.

use mplab::case::Expect;
use mplab::case::{Measure, Subject, measure};
use mplab::recording::{ConnectionSeries, Recording};
use rstest::rstest;

use crate::synthetic::{S, finding, run, verdict};

/// The run, whose laptop has a connection from 1 s to 3 s, two from 2 s on, and the sockets of these.
fn listed() -> Recording {
    let mut run = run();
    let laptop = run.hosts.get_mut("laptop").unwrap();
    let seen = |from: u64, to: u64| laptop.at.iter().copied().filter(|at| (from..=to).contains(at)).collect::<Vec<_>>();
    let spans = [(S, 3 * S), (2 * S, 30 * S)];
    let connections: Vec<_> =
        (7..).zip(spans).map(|(token, (from, to))| ConnectionSeries { token, at: seen(from, to), ..ConnectionSeries::default() }).collect();
    laptop.mptcp_sockets = laptop.counted.iter().map(|at| u64::from((S..=3 * S).contains(at)) + u64::from(*at >= 2 * S)).collect();
    laptop.connections = connections;
    run
}

#[rstest]
#[case("500ms", "0")]
#[case("1500ms", "1")]
#[case("2500ms", "2")]
#[case("..1900ms", "1")]
#[case("", "2")]
#[case("3500ms..5s", "1")]
fn connections_and_sockets_are_the_most_in_a_window_or_those_of_a_moment(#[case] during: &str, #[case] most: &str) {
    let wanted = || format!("= {most}").parse().unwrap();
    for measure in [Measure::from(measure::Connections(wanted())), Measure::from(measure::Sockets(wanted()))] {
        let mut run = listed();
        let during = if during.is_empty() { mplab::words::Window::default() } else { during.parse().unwrap() };
        run.job.case.expects.push(Expect { of: Subject::Host("laptop".to_owned()), during, measures: vec![measure] });
        let finding = verdict(&run).findings.pop().unwrap();
        assert_eq!((finding.measured.as_str(), finding.held), (most, true), "{:?}", finding.why);
    }
}

#[test]
fn backups_are_those_of_either_end() {
    let mut run = run();
    let backups = |run: &Recording| finding(run, "", measure::BackupSubflows("= 1".parse().unwrap())).measured;
    assert_eq!(backups(&run), "0");
    run.hosts.get_mut("laptop").unwrap().subflows[1].flags = "Jbec".to_owned();
    assert_eq!(backups(&run), "1");
    run.hosts.get_mut("laptop").unwrap().subflows[0].flags = "MBec".to_owned();
    assert_eq!(backups(&run), "2");
}

#[test]
fn the_congestion_control_is_that_of_all_subflows() {
    let mut run = run();
    let of = |run: &Recording| finding(run, "", measure::Congestion("cubic".to_owned()));
    assert!(of(&run).held);
    run.hosts.get_mut("laptop").unwrap().subflows[2].congestion = "reno".to_owned();
    let other = of(&run);
    assert_eq!((other.measured.as_str(), other.held), ("cubic and reno", false));
}
