//! What is between the ends where a subflow is missing: announcements, routes, the reverse-path filter; and programs that never asked for
//! MPTCP. On recordings made up in code.

use std::collections::BTreeMap;

use mplab::case::{Process, Subject};
use mplab::judge::counters::{MEANINGS, Stage};
use mplab::judge::explain::{Check, Weight, explain};
use mplab::recording::{Recording, RouteRecord};
use mplab::words::{EndpointFlag, Protocol, Window};
use rstest::rstest;

use crate::explain::{count, endpoint, explained, refused, sysctl};

/// The checks of a topic.
fn of<'a>(checks: &'a [Check], topic: &str) -> Vec<&'a Check> {
    checks.iter().filter(|check| check.topic == topic).collect()
}

/// Of packets from an address of the host to another.
fn route(run: &mut Recording, host: &str, from: [u8; 4], to: [u8; 4], by: Option<&str>) {
    let record = RouteRecord { from: from.into(), to: to.into(), bound: None, by: by.map(str::to_owned), via: None };
    run.hosts.get_mut(host).unwrap().state.as_mut().unwrap().ways.push(record);
}

#[rstest]
#[case(Some("eth0"), "packets from 10.0.2.1 (wlan0) to 10.0.1.2 leave by eth0")]
#[case(None, "packets from 10.0.2.1 (wlan0) have no route to 10.0.1.2")]
fn a_route_that_does_not_begin_at_its_interface_is_the_cause(#[case] by: Option<&str>, #[case] seen: &str) {
    let mut run = refused();
    route(&mut run, "laptop", [10, 0, 2, 1], [10, 0, 1, 2], by);
    let (checks, text) = explained(&run);
    let said = of(&checks, "routes by source");
    assert_eq!((said.len(), said[0].weight, said[0].seen.as_str()), (1, Weight::Cause, seen), "{text}");
    let change = "at laptop: ip route add default via 10.0.2.2 dev wlan0 table 100; ip rule add from 10.0.2.1 lookup 100; or bind the endpoint to its interface (dev wlan0)";
    assert_eq!(said[0].change.as_deref(), Some(change));
}

#[test]
fn a_route_by_its_own_interface_is_fine() {
    let mut run = refused();
    route(&mut run, "laptop", [10, 0, 2, 1], [10, 0, 1, 2], Some("wlan0"));
    let (checks, _) = explained(&run);
    let said = of(&checks, "routes by source");
    assert_eq!((said[0].weight, said[0].seen.as_str()), (Weight::Fine, "10.0.2.1 to 10.0.1.2 by wlan0"));
}

#[test]
fn packets_that_the_reverse_path_filter_counted_are_the_cause() {
    let mut run = refused();
    count(&mut run, "server", "TcpExtIPReversePathFilter", 3);
    let (checks, text) = explained(&run);
    let [said] = of(&checks, "rp_filter of server")[..] else { panic!("{text}") };
    assert_eq!(said.weight, Weight::Cause);
    assert!(said.seen.starts_with("3 packets were dropped because answers to them would leave by another interface"), "{said:?}");
    assert!(said.change.as_deref().unwrap().starts_with("at server: sysctl net.ipv4.conf.all.rp_filter=2"), "{said:?}");
}

/// The filter drops ARP's packets too, and counts none of these. The greater of the two sysctls holds, and 2 is loose.
#[rstest]
#[case(
    "1",
    "0",
    Some("strict at server:wlan0, and answers to 10.0.2.1 would leave by eth0, so the kernel drops packets from that address there")
)]
#[case(
    "0",
    "1",
    Some("strict at server:wlan0, and answers to 10.0.2.1 would leave by eth0, so the kernel drops packets from that address there")
)]
#[case("2", "1", None)]
#[case("0", "0", None)]
fn a_strict_filter_is_found_by_the_way_of_the_answers(#[case] all: &str, #[case] own: &str, #[case] seen: Option<&str>) {
    let mut run = refused();
    sysctl(&mut run, "server", "net.ipv4.conf.all.rp_filter", all);
    sysctl(&mut run, "server", "net.ipv4.conf.wlan0.rp_filter", own);
    route(&mut run, "server", [10, 0, 2, 2], [10, 0, 2, 1], Some("eth0"));
    let (checks, text) = explained(&run);
    let said = of(&checks, "rp_filter of server");
    assert_eq!(said.first().map(|check| (check.weight, check.seen.as_str())), seen.map(|seen| (Weight::Cause, seen)), "{text}");
}

#[test]
fn every_counter_of_announcements_is_told_with_its_remedy() {
    for meaning in MEANINGS.iter().filter(|meaning| meaning.stage == Stage::Announcement) {
        let mut run = refused();
        count(&mut run, "server", meaning.name, 2);
        let (checks, text) = explained(&run);
        let told = format!("{} ({} 2 at server)", meaning.means, meaning.name);
        let said: Vec<_> = of(&checks, "announcements").into_iter().filter(|check| check.seen == told).collect();
        assert_eq!(said.len(), 1, "{text}");
        assert_eq!((said[0].weight, said[0].change.as_deref()), (Weight::Suspect, Some(meaning.change)));
    }
}

/// A server that announces its second address to a client that has no endpoints, and how far that came.
fn announced(sent: u64, heard: u64) -> Recording {
    let mut run = refused();
    let mut signal = endpoint(&mut run).clone();
    (signal.address, signal.flags) = ([10, 0, 2, 2].into(), vec![EndpointFlag::Signal]);
    run.hosts.get_mut("server").unwrap().state.as_mut().unwrap().endpoints = Some(vec![signal]);
    run.hosts.get_mut("laptop").unwrap().state.as_mut().unwrap().endpoints = Some(Vec::new());
    for (host, counter, value) in [("laptop", "MPJoinSynTx", 0), ("server", "AddAddrTx", sent), ("laptop", "AddAddr", heard)] {
        count(&mut run, host, &format!("MPTcpExt{counter}"), value);
    }
    run
}

#[rstest]
#[case(0, 0, Weight::Suspect, "although it has 1 `signal` endpoints", "begin connections of server after its endpoints were added")]
#[case(
    1,
    0,
    Weight::Cause,
    "laptop received 0 (MPTcpExtAddAddr): they were lost on the way",
    "let ADD_ADDR options pass from server to laptop"
)]
#[case(
    1,
    1,
    Weight::Suspect,
    "0 joins were sent: the kernel ignores an announcement that comes once either end has closed",
    "keep the programs' input open"
)]
fn an_announcement_is_lost_where_it_was_counted_last(
    #[case] sent: u64,
    #[case] heard: u64,
    #[case] weight: Weight,
    #[case] seen: &str,
    #[case] change: &str,
) {
    let (checks, text) = explained(&announced(sent, heard));
    let [said] = of(&checks, "announcements")[..] else { panic!("{text}") };
    assert!(said.weight == weight && said.seen.contains(seen), "{text}");
    assert!(said.change.as_deref().unwrap().contains(change), "{text}");
}

/// Two programs, and no MPTCP connection.
#[test]
fn programs_that_were_not_run_under_mptcpize_are_named() {
    let mut run = refused();
    let process = |host: &str| Process {
        host: host.into(),
        command: vec!["iperf3".into()],
        programs: [].into(),
        env: BTreeMap::new(),
        files: BTreeMap::new(),
        input: None,
        mptcpize: false,
        privileged: false,
        start: None,
        after: [].into(),
        ready: None,
        serves: false,
        stop: "TERM".parse().unwrap(),
    };
    (run.job.case.transfers, run.transfers) = (BTreeMap::new(), BTreeMap::new());
    run.job.case.processes = [("listens".to_owned(), process("server")), ("asks".to_owned(), process("laptop"))].into();
    run.hosts.get_mut("laptop").unwrap().subflows.clear();
    run.hosts.get_mut("server").unwrap().listeners = [("10.0.1.2:5201".parse().unwrap(), Protocol::Tcp)].into();
    let checks = explain(&run, &run.job.case, &Subject::Process("asks".into()), Window::default()).checks;
    let said = |topic: &str| of(&checks, topic).into_iter().map(|check| (check.weight, check.seen.clone())).collect::<Vec<_>>();
    assert_eq!(said("sockets of server"), [(Weight::Cause, "listeners at 5201 speak TCP".to_owned())]);
    let plain = "asks was not run under mptcpize, and no MPTCP connection was seen";
    assert_eq!(said("sockets of laptop"), [(Weight::Suspect, plain.to_owned())]);
    assert_eq!(said("fallback"), [(Weight::Suspect, "no MPTCP connection was seen, and no counter of a fallback rose".to_owned())]);
    let change = |topic: &str| of(&checks, topic)[0].change.clone().unwrap();
    assert_eq!(change("sockets of server"), "run the program under mptcpize, or let it ask for IPPROTO_MPTCP");
    assert_eq!(change("sockets of laptop"), "mptcpize = true, if the program does not ask for IPPROTO_MPTCP itself");
}
