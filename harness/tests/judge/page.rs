//! The page of a run.

use std::time::Instant;

use mplab::case::{Process, measure};
use mplab::recording::{OutputLine, ProcessRecord, Recording};
use mplab::report;
use mplab::words::Signal;

use crate::synthetic::{S, expect, many, run, verdict};

fn page(recording: &Recording) -> String {
    report::page(recording, &verdict(recording), None)
}

#[test]
fn it_says_what_had_to_hold_and_draws_what_was_seen() {
    let mut run = run();
    expect(&mut run, "12s..20s", measure::Share("wlan".to_owned(), ">= 99%".parse().unwrap()));
    expect(&mut run, "", measure::Stall("<= 400ms".parse().unwrap()));
    let page = page(&run);
    assert_eq!(page, self::page(&run), "the same recording makes the same bytes");
    for part in [
        "FAIL",
        "A download survives losing Ethernet",
        "mplab run survival/ethernet_unplugged.toml --seed 7",
        "data-from=\"12\" data-to=\"20\"",
        "connection 1 down, from 10s to 10.43s",
        "cut ethernet (carrier)",
        "the longest was 430ms, from 10.00s to 10.43s",
        "data-name=\"wlan\"",
        "data-name=\"download: connection 1 down\"",
        "data-name=\"10.0.2.1:40001 to 10.0.2.2:5001\"",
        "joins begun",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("NaN") && !page.contains("inf "));
    for elsewhere in ["http:", "https:", "src=", "@import", "url("] {
        assert!(!page.contains(elsewhere), "a page needs nothing from elsewhere: {elsewhere}");
    }
}

#[test]
fn what_others_wrote_is_text() {
    let evil = "</script><script>alert(1)</script><img src=x onerror='alert(2)'>\"&";
    let mut run = run();
    run.job.case.summary = evil.to_owned();
    run.job.name = evil.to_owned();
    run.job.topology.summary = evil.to_owned();
    run.place.kernel = evil.to_owned();
    run.place.name = evil.to_owned();
    let output = OutputLine { at: 5, stderr: false, text: evil.to_owned() };
    let record = ProcessRecord { command: evil.to_owned(), error: Some(evil.to_owned()), output: vec![output], ..ProcessRecord::default() };
    run.processes.insert(evil.to_owned(), record);
    let process = Process {
        host: "laptop".to_owned(),
        command: vec![evil.to_owned()],
        programs: [].into(),
        env: [].into(),
        files: [].into(),
        input: None,
        mptcpize: false,
        privileged: false,
        start: None,
        after: [].into(),
        ready: None,
        serves: false,
        stop: Signal::TERM,
    };
    run.job.case.processes.insert(evil.to_owned(), process);
    let laptop = run.hosts.get_mut("laptop").unwrap();
    laptop.counters.insert(evil.to_owned(), laptop.counted.iter().map(|at| *at / S).collect());
    laptop.subflows[0].local = evil.to_owned();
    laptop.subflows[1].flags = evil.to_owned();
    let host = run.hosts["laptop"].clone();
    run.hosts.insert(evil.to_owned(), host);
    expect(&mut run, "", measure::Output(evil.to_owned()));
    let page = page(&run);
    assert!(page.matches("&lt;script&gt;alert(1)").count() > 10, "it is there");
    assert_eq!(page.matches("<script>").count(), 1, "the page's own");
    assert!(!page.contains("<img") && !page.contains("\"&\""));
}

#[test]
fn a_run_of_which_nothing_is_known_has_a_page() {
    let mut run = run();
    run.hosts.clear();
    run.transfers.clear();
    run.end = 0;
    let page = page(&run);
    assert!(page.contains("No subflow was seen.") && page.contains("Nothing was recorded of a host"), "{page}");
    assert!(!page.contains("NaN"));
}

#[test]
fn what_an_older_recording_lacks_is_not_plotted() {
    let plotted = |run: &Recording| ["rtt", "cwnd", "flight"].map(|plot| page(run).contains(&format!("id=\"{plot}\"")));
    let mut run = run();
    assert_eq!(plotted(&run), [true, true, true]);
    run.hosts.get_mut("laptop").unwrap().subflows.iter_mut().for_each(|subflow| subflow.in_flight.clear());
    let json = run.to_json();
    assert!(!json.contains("in_flight"));
    let run = Recording::from_json(&json).unwrap();
    assert_eq!(plotted(&run), [true, true, false]);
}

/// 64 subflows over 20 links for an hour, as the article measured.
#[test]
fn a_long_run_of_many_subflows_and_links_is_small() {
    let run = many();
    let verdict = verdict(&run);
    let begun = Instant::now();
    let page = report::page(&run, &verdict, None);
    println!("{} bytes in {:?}", page.len(), begun.elapsed());
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    assert!(page.contains("data-name=\"path19\"") && page.contains("10.0.4.1:40063 to 10.0.4.2:5001"));
}
