//! Measures of what the kernel lists and what sockets tell: connections, sockets in use, backups, congestion control, marks, subflows.

use mplab::case::Expect;
use mplab::case::{Measure, Subject, measure};
use mplab::recording::{AnswersRecord, ConnectionSeries, Recording, SubflowAnswer};
use rstest::rstest;

use crate::synthetic::{S, connection, finding, run, verdict};

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

/// The run, whose server saw the subflows, too.
fn seen_by_both() -> Recording {
    let mut run = run();
    let mut server = run.hosts["laptop"].clone();
    for subflow in &mut server.subflows {
        std::mem::swap(&mut subflow.local, &mut subflow.remote);
        subflow.token += 1;
    }
    run.hosts.insert("server".to_owned(), server);
    run
}

#[test]
fn the_mark_is_that_of_all_subflows_at_both_ends() {
    let mut run = seen_by_both();
    let of = |run: &Recording| {
        let of = finding(run, "", measure::Mark(0));
        (of.measured, of.held)
    };
    assert_eq!(of(&run), ("0".to_owned(), true));
    for host in ["laptop", "server"] {
        let mut marked = run.clone();
        marked.hosts.get_mut(host).unwrap().subflows.last_mut().unwrap().mark = 7;
        assert_eq!(of(&marked), ("0 and 7".to_owned(), false), "{host}");
    }
    run.hosts.get_mut("server").unwrap().subflows.clear();
    assert!(!of(&run).1, "there is no end without subflows");
}

/// The run, whose sockets told what is true.
fn asked() -> Recording {
    let mut run = seen_by_both();
    let answers = |run: &Recording, host: &str, sent: u64, received: u64| {
        let all = &run.hosts[host].subflows;
        let told = |(id, subflow): (u32, &mplab::recording::SubflowSeries)| SubflowAnswer {
            id,
            local: subflow.local.clone(),
            remote: subflow.remote.clone(),
            bytes_sent: sent,
            bytes_received: received,
        };
        let token = all[0].token;
        let subflows = (1..).zip(all.iter().filter(|subflow| subflow.token == token)).map(told).collect();
        Some(AnswersRecord { token, bytes_sent: sent, bytes_received: received, subflows, wrong: Vec::new() })
    };
    let bytes = connection(&mut run).down.as_ref().unwrap().received;
    let (client, server) = (answers(&run, "laptop", 0, bytes), answers(&run, "server", bytes, 0));
    let connection = connection(&mut run);
    (connection.client_answers, connection.server_answers) = (client, server);
    run
}

/// What a socket of the laptop, or of the server, told falsely.
type Lie = fn(&mut AnswersRecord, &mut AnswersRecord);

#[test]
fn what_sockets_tell_is_compared_with_what_was_seen() {
    let lies: [(&str, Lie); 7] = [
        ("laptop: MPTCP_INFO has 1 bytes sent, and 0 were", |client, _| client.bytes_sent = 1),
        ("laptop: MPTCP_INFO has 1 bytes received, and ", |client, _| client.bytes_received = 1),
        ("server: MPTCP_INFO has 1 bytes sent, and ", |_, server| server.bytes_sent = 1),
        ("server: its subflows have 0 bytes sent, and ", |_, server| server.subflows.iter_mut().for_each(|subflow| subflow.bytes_sent = 0)),
        ("laptop: inet_diag has no subflow from 10.9.9.9:1 to ", |client, _| client.subflows[0].local = "10.9.9.9:1".to_owned()),
        ("laptop: it told of no subflow", |client, _| client.subflows.clear()),
        ("server: it is wrong", |_, server| server.wrong.push("it is wrong".to_owned())),
    ];
    let of = |run: &Recording| finding(run, "", measure::Getsockopt(true));
    assert!(of(&asked()).held, "{:?}", of(&asked()).why);
    for (why, lie) in lies {
        let mut run = asked();
        let connection = connection(&mut run);
        lie(connection.client_answers.as_mut().unwrap(), connection.server_answers.as_mut().unwrap());
        let found = of(&run);
        assert!(!found.held && found.why.as_ref().is_some_and(|said| said.starts_with(why)), "{why}: {:?}", found.why);
    }
}

#[test]
fn sockets_that_were_not_asked_told_nothing() {
    let mut run = asked();
    connection(&mut run).server_answers = None;
    let found = finding(&run, "", measure::Getsockopt(true));
    assert!(!found.held && found.why.as_ref().is_some_and(|why| why.contains("no socket of server was asked")), "{:?}", found.why);
}
