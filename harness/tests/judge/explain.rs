//! Why there is no subflow over WLAN, on recordings that no lab makes.

use mplab::case::{Subject, measure};
use mplab::judge::counters::{At, MEANINGS, Stage};
use mplab::judge::explain::{Check, Weight, explain};
use mplab::recording::{
    About, ConnectionRecord, ConnectionSeries, EventRecord, HostRecord, LimitsRecord, NoticeRecord, Recording, StateRecord, SubflowSeries,
};
use mplab::report::{self, Style};
use mplab::topology::Endpoint;
use mplab::words::{EndpointFlag, Feature, MptcpOption, Packets, Protocol, Rule, RuleAction, Time, Window};
use rstest::rstest;

use crate::synthetic::{S, connection, finding, run};

/// A run of 10 s that is configured for a subflow over WLAN, sent one join, and has none.
pub(crate) fn refused() -> Recording {
    let mut run = run();
    run.end = 10 * S;
    run.job.case.steps.clear();
    let laptop = run.hosts.get_mut("laptop").unwrap();
    laptop.subflows.truncate(1);
    laptop.subflows[0].flags = "Mmec".into();
    laptop.counters.clear();
    let endpoint = Endpoint {
        address: [10, 0, 2, 1].into(),
        interface: Some("wlan0".into()),
        flags: vec![EndpointFlag::Subflow],
        id: Some(1),
        port: None,
    };
    let state = |endpoints| StateRecord {
        sysctls: ["enabled", "allow_join_initial_addr_port"].map(|key| (format!("net.mptcp.{key}"), "1".into())).into(),
        limits: Some(LimitsRecord { subflows: 2, add_addr_accepted: 2 }),
        endpoints: Some(endpoints),
        ways: Vec::new(),
    };
    laptop.state = Some(state(vec![endpoint]));
    let server = HostRecord { at: vec![0, 10 * S], counted: vec![0, 10 * S], state: Some(state(Vec::new())), ..HostRecord::default() };
    run.hosts.insert("server".into(), server);
    count(&mut run, "laptop", "MPTcpExtMPJoinSynTx", 1);
    run
}

pub(crate) fn count(run: &mut Recording, host: &str, counter: &str, value: u64) {
    let host = run.hosts.get_mut(host).unwrap();
    let samples = host.counted.len();
    host.counters.insert(counter.into(), vec![value; samples]);
}

pub(crate) fn explained(run: &Recording) -> (Vec<Check>, String) {
    let explanation = explain(run, &run.job.case, &Subject::Transfer("download".into()), Window::default());
    let text = report::explanation(&explanation, Style::Plain);
    (explanation.checks, text)
}

/// The one cause of a run, and the whole text.
fn cause(run: &Recording) -> (Check, String) {
    let (checks, text) = explained(run);
    let causes: Vec<&Check> = checks.iter().filter(|check| check.weight == Weight::Cause).collect();
    let [only] = causes[..] else { panic!("{text}") };
    assert_eq!(&checks[0], only, "the answer is first:\n{text}");
    (only.clone(), text)
}

#[test]
fn every_counter_of_a_refused_join_is_the_answer_where_it_rises() {
    for meaning in MEANINGS.iter().filter(|meaning| meaning.stage == Stage::Join) {
        let mut run = refused();
        count(&mut run, "server", "MPTcpExtMPJoinSynRx", 1);
        count(&mut run, if meaning.at == At::Client { "laptop" } else { "server" }, meaning.name, 3);
        let (cause, text) = cause(&run);
        assert!(cause.seen.contains(meaning.means) && cause.seen.contains(&format!("({} 3 at server)", meaning.name)), "{text}");
        assert_eq!(cause.change.as_deref(), Some(meaning.change));
    }
}

#[test]
fn every_counter_of_a_fallback_is_the_answer_where_it_rises() {
    for meaning in MEANINGS.iter().filter(|meaning| meaning.stage == Stage::Fallback) {
        let mut run = refused();
        connection(&mut run).protocol = Some(Protocol::Tcp);
        count(&mut run, if meaning.at == At::Server { "server" } else { "laptop" }, meaning.name, 1);
        let (cause, text) = cause(&run);
        assert!(cause.topic == "fallback" && cause.seen.contains(meaning.means), "{text}");
    }
}

#[test]
fn counters_are_told_apart() {
    let mut names: Vec<&str> = MEANINGS.iter().map(|meaning| meaning.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), MEANINGS.len());
    assert!(MEANINGS.iter().all(|meaning| meaning.source.contains(".c") && !meaning.change.is_empty()));
}

#[rstest]
#[case(0, 0, 0, "lost on the way there")]
#[case(1, 0, 0, "lost on the way back")]
#[case(1, 1, 0, "server refused what it had answered")]
fn a_join_is_lost_where_it_was_counted_last(#[case] arrived: u64, #[case] answered: u64, #[case] accepted: u64, #[case] says: &str) {
    let mut run = refused();
    count(&mut run, "server", "MPTcpExtMPJoinSynRx", arrived);
    count(&mut run, "laptop", "MPTcpExtMPJoinSynAckRx", answered);
    count(&mut run, "server", "MPTcpExtMPJoinAckRx", accepted);
    let (cause, text) = cause(&run);
    assert!(cause.topic == "joins" && cause.seen.contains(says), "{text}");
}

/// As of Linux 6.1.
#[test]
fn a_refused_join_is_found_where_those_sent_are_not_counted() {
    let mut run = refused();
    for (host, counter, value) in [("server", "SynRx", 1), ("laptop", "SynAckRx", 1), ("server", "AckRx", 0)] {
        let counter = format!("MPTcpExtMPJoin{counter}");
        count(&mut run, host, &counter, value);
        run.place.features.insert(Feature::Counter(counter));
    }
    let (cause, text) = cause(&run);
    assert!(cause.topic == "joins" && cause.seen.contains("server refused what it had answered"), "{text}");
}

#[test]
fn what_one_of_several_connections_lacks_is_missing() {
    let mut run = refused();
    for (host, counter, value) in [("laptop", "SynTx", 2), ("server", "SynRx", 2), ("laptop", "SynAckRx", 2), ("server", "AckRx", 1)] {
        count(&mut run, host, &format!("MPTcpExtMPJoin{counter}"), value);
    }
    let connections = &mut run.transfers.get_mut("download").unwrap().connections;
    connections.push(ConnectionRecord { client: "10.0.1.1:40003".into(), token: Some(8), ..connections[0].clone() });
    let subflows = &mut run.hosts.get_mut("laptop").unwrap().subflows;
    let first = SubflowSeries { token: 8, ..subflows[0].clone() };
    let (local, remote) = ("10.0.2.1:40001".into(), "10.0.2.2:5001".into());
    let joined = SubflowSeries { local, remote, flags: "jec".into(), ..first.clone() };
    subflows.extend([first, joined]);
    let (cause, text) = cause(&run);
    assert!(cause.seen.contains("server refused what it had answered"), "{text}");
    assert!(text.contains("download: no subflow over laptop:wlan0 in 1 of 2 connections\n"), "{text}");
}

#[test]
fn what_the_kernel_said_of_a_way_is_told() {
    let mut run = refused();
    let notice = |at, now| NoticeRecord { at, about: About::Address, now, interface: Some("wlan0".into()), detail: "10.0.2.1/24".into() };
    let said = |run: &Recording| {
        let (checks, text) = explained(run);
        let check = checks.into_iter().find(|check| check.topic == "kernel of laptop").unwrap_or_else(|| panic!("{text}"));
        (check.weight, check.seen)
    };
    run.hosts.get_mut("laptop").unwrap().notices = vec![notice(2 * S, false)];
    assert_eq!(said(&run), (Weight::Suspect, "said: wlan0 lost the address 10.0.2.1/24 at 2s".to_owned()));
    run.hosts.get_mut("laptop").unwrap().notices.push(notice(3 * S, true));
    let both = "said: wlan0 lost the address 10.0.2.1/24 at 2s, wlan0 got the address 10.0.2.1/24 at 3s".to_owned();
    assert_eq!(said(&run), (Weight::Fine, both));
    run.hosts.get_mut("laptop").unwrap().notices = vec![NoticeRecord { about: About::Lost, interface: None, ..notice(S, false) }];
    assert_eq!(said(&run).0, Weight::Unrecorded);
}

#[test]
fn each_connection_may_use_as_many_announced_addresses_as_the_limit_says() {
    let mut run = refused();
    let endpoints = |run: &mut Recording, host: &str| {
        std::mem::take(run.hosts.get_mut(host).unwrap().state.as_mut().unwrap().endpoints.as_mut().unwrap())
    };
    let mut announced = endpoints(&mut run, "laptop");
    (announced[0].address, announced[0].flags) = ([10, 0, 2, 2].into(), vec![EndpointFlag::Signal]);
    run.hosts.get_mut("server").unwrap().state.as_mut().unwrap().endpoints = Some(announced);
    let hear = |run: &mut Recording, token, id| {
        let event = EventRecord { at: S, kind: "announced".into(), token: Some(token), detail: format!("remid={id} daddr4=10.0.{id}.2") };
        run.hosts.get_mut("laptop").unwrap().events.push(event);
    };
    let limits = |run: &Recording| {
        let (checks, text) = explained(run);
        checks.into_iter().find(|check| check.topic == "limits of laptop").unwrap_or_else(|| panic!("{text}"))
    };
    for (token, id) in [(7, 2), (7, 3), (8, 2), (8, 3), (8, 3)] {
        hear(&mut run, token, id);
    }
    assert_eq!(limits(&run).weight, Weight::Fine);
    hear(&mut run, 8, 4);
    assert_eq!(limits(&run).change.as_deref(), Some("at laptop: ip mptcp limits set add_addr_accepted 3"));
}

#[test]
fn a_rejected_join_is_the_limit_s_fault_only_where_that_was_reached() {
    let mut run = refused();
    count(&mut run, "server", "MPTcpExtMPJoinRejected", 1);
    assert!(cause(&run).0.seen.ends_with("(MPTcpExtMPJoinRejected 1 at server); its limit was not reached"));
    let server = run.hosts.get_mut("server").unwrap();
    server.connections = vec![ConnectionSeries { at: vec![0, 10 * S], extra_subflows: vec![0, 2], ..ConnectionSeries::default() }];
    let (cause, text) = cause(&run);
    assert!(cause.topic == "limits of server" && cause.change.unwrap().ends_with("limits set subflows 3"), "{text}");
}

#[test]
fn a_limit_that_another_connection_reached_later_is_not_to_blame() {
    let mut run = refused();
    let server = run.hosts.get_mut("server").unwrap();
    server.at = vec![0, S, 2 * S, 10 * S];
    server.counted = server.at.clone();
    server.connections = vec![ConnectionSeries { at: vec![10 * S], extra_subflows: vec![2], ..ConnectionSeries::default() }];
    server.counters.insert("MPTcpExtMPJoinRejected".into(), vec![0, 1, 1, 1]);
    assert!(cause(&run).0.seen.contains("either end had closed its direction"));
}

/// Whoever asked for the join: the kernel, a program, or the server, which joins what a client announces.
#[rstest]
#[case("server", "kernel")]
#[case("server", "userspace")]
#[case("laptop", "kernel")]
fn a_limit_of_none_is_to_blame_at_either_end(#[case] host: &str, #[case] client: &str) {
    let mut run = refused();
    sysctl(&mut run, "laptop", "net.mptcp.path_manager", client);
    run.hosts.get_mut(host).unwrap().state.as_mut().unwrap().limits = Some(LimitsRecord { subflows: 0, add_addr_accepted: 0 });
    count(&mut run, host, "MPTcpExtMPJoinRejected", 1);
    let (cause, text) = cause(&run);
    assert!(cause.topic == format!("limits of {host}") && cause.seen.contains("and rejected 1 (MPTcpExtMPJoinRejected)"), "{text}");
    assert!(!text.contains("not reached"), "{text}");
}

#[test]
fn a_path_manager_in_user_space_keeps_no_limits() {
    let mut run = refused();
    sysctl(&mut run, "server", "net.mptcp.path_manager", "userspace");
    run.hosts.get_mut("server").unwrap().state.as_mut().unwrap().limits = Some(LimitsRecord { subflows: 0, add_addr_accepted: 0 });
    count(&mut run, "server", "MPTcpExtMPJoinRejected", 1);
    assert_eq!(cause(&run).0.topic, "joins");
}

#[test]
fn what_a_rejected_join_is_counted_as_claims_nothing_of_the_limit() {
    let means = MEANINGS.iter().find(|meaning| meaning.name == "MPTcpExtMPJoinRejected").unwrap().means;
    assert!(means.contains("limit of subflows was reached, or") && means.contains("closed its direction"), "{means}");
}

#[test]
fn what_was_not_recorded_is_said_and_blamed_on_nothing() {
    let mut run = refused();
    run.hosts.remove("server");
    run.hosts.get_mut("laptop").unwrap().state = None;
    let (checks, text) = explained(&run);
    let unrecorded = |topic: &str| checks.iter().any(|check| check.topic == topic && check.weight == Weight::Unrecorded);
    for topic in ["MPTCP of server", "limits of laptop", "routes by source", "path manager of server", "scheduler of laptop"] {
        assert!(unrecorded(topic), "{topic}\n{text}");
    }
    run.hosts.clear();
    let (checks, text) = explained(&run);
    assert_eq!((checks.len(), checks[0].weight), (1, Weight::Unrecorded), "{text}");
}

#[test]
fn a_missed_measure_has_the_answer_below_it() {
    let mut run = refused();
    run.hosts.get_mut("laptop").unwrap().state.as_mut().unwrap().endpoints = Some(Vec::new());
    run.hosts.get_mut("laptop").unwrap().counters.clear();
    let why = finding(&run, "", measure::Subflows("= 2".parse().unwrap())).why.unwrap();
    assert!(
        why.starts_with("endpoints: none brings a subflow over laptop:wlan0: laptop has none; server has none\n  -> at laptop: ip mptcp")
    );
    assert_eq!(finding(&run, "", measure::Subflows("= 1".parse().unwrap())).why, None);
}

#[test]
fn a_kernel_that_does_not_count_what_it_sends_is_believed_what_was_seen() {
    let mut run = refused();
    run.place.features = ["MPTcpExtMPJoinSynRx".to_owned()].map(Feature::Counter).into();
    run.hosts.get_mut("laptop").unwrap().state.as_mut().unwrap().endpoints = Some(Vec::new());
    assert_eq!(cause(&run).0.topic, "endpoints");
    run.place.features.insert(Feature::Counter("MPTcpExtMPJoinNoTokenFound".into()));
    count(&mut run, "server", "MPTcpExtMPJoinSynRx", 1);
    count(&mut run, "server", "MPTcpExtMPJoinNoTokenFound", 1);
    assert_eq!(cause(&run).0.topic, "joins");
}

#[test]
fn a_checklist_is_aligned_and_begins_with_the_answer() {
    let mut run = refused();
    count(&mut run, "server", "MPTcpExtMPJoinNoTokenFound", 1);
    let (_, text) = explained(&run);
    let lines: Vec<&str> = text.lines().take(4).collect();
    let gap = " ".repeat(lines[1].find("a join named").unwrap() - "  CAUSE  joins".len());
    assert_eq!(lines[0], "download: no subflow over laptop:wlan0");
    assert!(lines[1].starts_with(&format!("  CAUSE  joins{gap}a join named a connection that the host does not have")));
    assert_eq!(lines[2].find("->"), lines[1].find("a join named"));
    assert!(lines[3].starts_with("  maybe  joins"), "{text}");
}

/// What a run is made of for a sentence to be said.
type Makes = fn(&mut Recording);

fn joins(run: &mut Recording, counts: [u64; 3]) {
    count(run, "server", "MPTcpExtMPJoinSynRx", counts[0]);
    count(run, "laptop", "MPTcpExtMPJoinSynAckRx", counts[1]);
    count(run, "server", "MPTcpExtMPJoinAckRx", counts[2]);
}

pub(crate) fn sysctl(run: &mut Recording, host: &str, key: &str, value: &str) {
    run.hosts.get_mut(host).unwrap().state.as_mut().unwrap().sysctls.insert(key.into(), value.into());
}

pub(crate) fn endpoint(run: &mut Recording) -> &mut Endpoint {
    &mut run.hosts.get_mut("laptop").unwrap().state.as_mut().unwrap().endpoints.as_mut().unwrap()[0]
}

fn rule(run: &mut Recording, action: RuleAction) {
    joins(run, [0, 0, 0]);
    let rule = Rule { packets: Packets::Option(MptcpOption::MpJoin), action, enters: None, leaves: None, from: None, number: None };
    run.job.topology.hosts.get_mut("server").unwrap().firewall.push(rule);
}

/// Sentences that say what to do are worth as much as those that say what was seen.
#[rstest]
#[case("joins", "a TCP socket listens at the same port (SO_REUSEPORT)", "(`ss -tlnM`)", |run: &mut Recording| {
    joins(run, [0, 0, 0]);
    count(run, "laptop", "MPTcpExtMPRstTx", 1);
})]
#[case("joins", "laptop reset 1 itself (MPTcpExtMPRstTx)", "let every program that listens", |run: &mut Recording| {
    joins(run, [0, 0, 0]);
    count(run, "laptop", "MPTcpExtMPRstTx", 1);
})]
#[case("joins", "whose peer has already closed its direction", "keep both directions open", |run: &mut Recording| {
    joins(run, [1, 0, 0]);
    count(run, "laptop", "MPTcpExtMPRstTx", 1);
})]
#[case("joins", "the answers were lost on the way back, or server reset them", "let SYN/ACKs with MP_JOIN pass from server to laptop", |run: &mut Recording| joins(run, [1, 0, 0]))]
#[case("joins", "they were lost on the way there", "check that their source addresses are routed", |run: &mut Recording| joins(run, [0, 0, 0]))]
#[case("scheduler of laptop", "redundant: it decides which subflows carry data", "net.mptcp.scheduler=default", |run: &mut Recording| sysctl(run, "laptop", "net.mptcp.scheduler", "redundant"))]
#[case("net.mptcp of laptop", "add_addr_timeout = 9 (120 by default): the longest time in seconds before an announcement is repeated", "try it with the defaults", |run: &mut Recording| sysctl(run, "laptop", "net.mptcp.add_addr_timeout", "9"))]
#[case("net.mptcp of laptop", "stale_loss_cnt = 9 (4 by default): the number of intervals without progress that make a subflow stale", "the defaults", |run: &mut Recording| sysctl(run, "laptop", "net.mptcp.stale_loss_cnt", "9"))]
#[case("net.mptcp of laptop", "checksum_enabled = 1 (0 by default): whether data has checksums", "the defaults", |run: &mut Recording| sysctl(run, "laptop", "net.mptcp.checksum_enabled", "1"))]
#[case("net.mptcp of laptop", "blackhole_timeout = 9 (3600 by default): the number of seconds for which MPTCP is not requested", "the defaults", |run: &mut Recording| sysctl(run, "laptop", "net.mptcp.blackhole_timeout", "9"))]
#[case("net.mptcp of laptop", "syn_retrans_before_tcp_fallback = 9 (2 by default): the number of repeated SYNs with MPTCP before one without", "the defaults", |run: &mut Recording| sysctl(run, "laptop", "net.mptcp.syn_retrans_before_tcp_fallback", "9"))]
#[case("first address of server", "the client may not join the address that it connected to", "announce another address of server (`signal`)", |run: &mut Recording| sysctl(run, "server", "net.mptcp.allow_join_initial_addr_port", "0"))]
#[case("MPTCP of server", "existing listeners go on accepting MPTCP", "restart programs that fell back to TCP", |run: &mut Recording| sysctl(run, "server", "net.mptcp.enabled", "0"))]
#[case("sockets of server", "the listening socket speaks TCP", "server_protocol = \"mptcp\"", |run: &mut Recording| run.transfers.get_mut("download").unwrap().listener = Some(Protocol::Tcp))]
#[case("endpoints", "10.0.1.1 of laptop already has the first subflow", "ip mptcp endpoint add", |run: &mut Recording| endpoint(run).address = [10, 0, 1, 1].into())]
#[case("endpoints", "10.0.2.1 of laptop has neither `subflow` nor `fullmesh`", "ip mptcp endpoint add", |run: &mut Recording| endpoint(run).flags.clear())]
#[case("endpoints", "10.9.0.1 is not an address of laptop", "ip mptcp endpoint add", |run: &mut Recording| endpoint(run).address = [10, 9, 0, 1].into())]
#[case("firewall of server", "such packets are dropped; mp-join was lost", "let packets with MPTCP options pass", |run: &mut Recording| rule(run, RuleAction::Drop))]
#[case("firewall of server", "such packets are answered with a reset; mp-join was lost", "let packets", |run: &mut Recording| rule(run, RuleAction::Reset))]
#[case("firewall of server", "such packets are passed on without their MPTCP option; mp-join was lost", "let packets", |run: &mut Recording| rule(run, RuleAction::Strip))]
fn a_sentence_is_said_with_its_remedy(#[case] topic: &str, #[case] seen: &str, #[case] change: &str, #[case] make: Makes) {
    let mut run = refused();
    make(&mut run);
    let (checks, text) = explained(&run);
    let said = checks.iter().any(|check| {
        check.topic == topic && check.seen.contains(seen) && check.change.as_deref().is_some_and(|told| told.contains(change))
    });
    assert!(said, "{text}");
}

/// RFC 8684, section 3.6; errno(3).
#[rstest]
#[case("reset_reason=1", "reset for an MPTCP error")]
#[case("reset_reason=2", "reset for want of resources")]
#[case("reset_reason=3", "reset because it was prohibited")]
#[case("reset_reason=4", "reset for too much data outstanding")]
#[case("reset_reason=5", "reset for bad performance")]
#[case("reset_reason=6", "reset because something on the way interfered")]
#[case("error=101", "the network was unreachable")]
#[case("error=104", "the peer reset it")]
#[case("error=110", "it timed out")]
#[case("error=111", "it was refused")]
#[case("error=113", "the host was unreachable")]
#[case("error=5", "error 5")]
fn a_subflow_that_ended_ended_for_a_reason(#[case] detail: &str, #[case] says: &str) {
    let mut run = refused();
    let laptop = run.hosts.get_mut("laptop").unwrap();
    let first = laptop.subflows[0].clone();
    let (local, remote) = ("10.0.2.1:40001".into(), "10.0.2.2:5001".into());
    laptop.subflows.push(SubflowSeries { local, remote, at: vec![S], ..first });
    let detail = format!("saddr4=10.0.2.1 daddr4=10.0.2.2 {detail} backup=0");
    laptop.events.push(EventRecord { at: 2 * S, kind: "sub-closed".into(), token: Some(7), detail });
    let explanation =
        explain(&run, &run.job.case, &Subject::Transfer("download".into()), Window { from: Some(Time::from_millis(5000)), to: None });
    let text = report::explanation(&explanation, Style::Plain);
    assert!(text.contains(&format!("it ended at 2s: {says}\n")), "{text}");
}
