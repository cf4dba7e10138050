//! Whole texts of reports.

use std::collections::BTreeMap;

use mplab::case::{Amount, measure};
use mplab::plan::Choice;
use mplab::recording::{About, HostRecord, NoticeRecord, Recording, RelayRecord, RelayedDirection, SubflowSeries};
use mplab::report::{self, Colour, IntervalTable, Style, TableLine};
use mplab::words::{Engine, Size, Time};

use crate::synthetic::{S, connection, expect, flow, many, run, verdict};

const AGAIN: &str = "mplab run testcases/cases/survival/ethernet_unplugged.toml --seed 7";

/// Its verdict as plain text.
fn verdict_text(recording: &Recording) -> String {
    report::verdict(recording, &verdict(recording), AGAIN, Style::Plain)
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

#[test]
fn a_pass_is_told_line_by_line() {
    let mut run = run();
    expect(&mut run, "", measure::Stall("<= 2s".parse().unwrap()));
    expect(&mut run, "12s..20s", measure::Share("wlan".to_owned(), ">= 99%".parse().unwrap()));
    let expected = "\
PASS  survival::ethernet_unplugged           30.2s   local, Linux 6.18.44, seed 7
  ok    download: intact = true                     true
  ok    download: stall <= 2s                       430ms
  ok    download: share.wlan >= 99%  in 12s..20s    100%
";
    assert_eq!(lines(&verdict_text(&run)), lines(expected));
}

#[test]
fn a_kernel_that_rounds_delays_up_is_told_of_first() {
    let mut run = run();
    for (timers, told) in [(Some(4_000_000), true), (Some(1), false), (None, false)] {
        run.place.timers = timers;
        let text = verdict_text(&run);
        assert_eq!(lines(&text)[0].contains("Linux 6.18.44, delays rounded up to 4ms, seed 7"), told, "{timers:?}: {text}");
    }
}

#[test]
fn a_failure_is_told_with_all_that_is_needed_to_see_it_again() {
    let mut run = run();
    expect(&mut run, "", measure::Stall("<= 400ms".parse().unwrap()));
    expect(&mut run, "", measure::Subflows("= 3".parse().unwrap()));
    let text = verdict_text(&run);
    let expected = "\
FAIL  survival::ethernet_unplugged           30.2s   local, Linux 6.18.44, seed 7
  ok    download: intact = true     true
  FAIL  download: stall <= 400ms    430ms
        connection 1 down, from 10s to 10.43s
  FAIL  download: subflows = 3      2
        MPTcpExtMPJoinSynTx laptop 2: joins begun: SYNs with MP_JOIN handed to TCP, those that never left included
        again: mplab run testcases/cases/survival/ethernet_unplugged.toml --seed 7
";
    assert_eq!(lines(&text), lines(expected));
}

#[test]
fn failures_that_must_be_and_those_that_are_missing_are_told_apart() {
    let mut run = run();
    expect(&mut run, "", measure::Stall("<= 400ms".parse().unwrap()));
    run.job.case.must_fail = vec!["stall".to_owned(), "goodput".to_owned()];
    run.lateness.step = 812_000;
    let expected = "\
LATE  survival::ethernet_unplugged           30.2s   local, Linux 6.18.44, seed 7
  ok    download: intact = true     true
  ok    download: stall <= 400ms    430ms  (fails, as it must)
        connection 1 down, from 10s to 10.43s
  FAIL  goodput had to fail, but held
  LATE  a step or transfer was 812ms late, more than 100ms: this computer was too busy to trust the run
        again: mplab run testcases/cases/survival/ethernet_unplugged.toml --seed 7
";
    assert_eq!(lines(&verdict_text(&run)), lines(expected));
}

#[test]
fn what_made_each_link_is_told_and_why() {
    let mut run = run();
    let choice = |engine, why: &str| Choice { engine, why: why.to_owned() };
    run.job.engines.insert("ethernet".to_owned(), choice(Engine::Kernel, "only a rate is asked for"));
    run.job.engines.insert("wlan".to_owned(), choice(Engine::Relay, "netem cannot follow a trace"));
    let up = RelayedDirection { offered: 1000, packets: 900, lost: 50, dropped: 40, cut: 9, missed: 1, ..RelayedDirection::default() };
    let down =
        RelayedDirection { offered: 7, packets: 7, late_median: 60, late_p99: 1500, late_worst: 20_000, ..RelayedDirection::default() };
    run.relayed.insert("wlan".to_owned(), RelayRecord { up, down, not_realtime: Some("Operation not permitted".to_owned()) });
    let expected = "\
ethernet  kernel: only a rate is asked for
wlan      relay: netem cannot follow a trace
            up   1000 packets in, 900 out, 50 lost, 40 dropped by the queue, 9 cut off, 1 missed; late by 0s (median), 0s (p99), 0s (worst)
            down 7 packets in, 7 out, 0 lost, 0 dropped by the queue, 0 cut off, 0 missed; late by 60us (median), 1.5ms (p99), 20ms (worst)
            without real-time priority: Operation not permitted
";
    assert_eq!(lines(&report::links(&run)), lines(expected));
    let text = verdict_text(&run);
    assert!(text.lines().next().is_some_and(|line| line.ends_with(", seed 7, links by kernel and relay")), "{text}");
    assert!(!text.contains("netem cannot follow"), "a run that passes is a line: {text}");
    flow(&mut run).received -= 1;
    let text = verdict_text(&run);
    assert!(expected.lines().all(|line| text.contains(&format!("\n        {line}\n"))), "{text}");
}

#[test]
fn colour_changes_nothing_but_colour() {
    let run = run();
    let coloured = report::verdict(&run, &verdict(&run), AGAIN, Style::Ansi);
    let coloured = mplab::words::terminal::shown(&coloured);
    assert!(coloured.starts_with("\x1b[32mPASS\x1b[0m"));
    let codes = [Colour::Green, Colour::Red, Colour::Yellow, Colour::Dim, Colour::Bold]
        .map(|colour| mplab::words::terminal::shown(&Style::Ansi.paint(colour, "")).into_owned());
    let mut plain = coloured.replace("\x1b[0m", "");
    for code in codes {
        plain = plain.replace(code.trim_end_matches("\x1b[0m"), "");
    }
    assert_eq!(plain, verdict_text(&run));
}

#[test]
fn the_table_shows_where_the_bytes_went_when() {
    let expected = "\
download: bytes received by laptop
                eth0      wlan0      total
     time       MB/s       MB/s       MB/s
     5.0s      11.88       4.50      16.38
    10.0s      11.88       4.50      16.38
   10.00s  -- cut ethernet (carrier)
    15.0s       0.00       4.12       4.12
    20.0s       0.00       4.50       4.50
   20.00s  -- restore ethernet
    25.0s      11.88       4.50      16.38
    30.0s      11.88       4.50      16.38
";
    assert_eq!(lines(&report::table(&run(), "download", Time::from_millis(5000))), lines(expected));
}

#[test]
fn a_live_table_reads_between_its_samples() {
    let mut table = IntervalTable::new(&["enp1s0"], Time::from_millis(500));
    assert_eq!(lines(&table.header()), ["              enp1s0      total", "     time       MB/s       MB/s"]);
    let row = |text: &str| TableLine::Interval(text.to_owned());
    assert!(table.push(400_000, &[400_000]).is_empty());
    assert_eq!(table.push(600_000, &[800_000]), [row("     0.5s       1.20       1.20")]);
    table.mark(700_000, "cut enp1s0 (carrier)");
    let late = table.push(1_600_000, &[800_000]);
    assert_eq!(
        late,
        [
            TableLine::Mark("    0.70s  -- cut enp1s0 (carrier)".to_owned()),
            row("     1.0s       0.40       0.40"),
            row("     1.5s       0.00       0.00")
        ],
        "a late sample completes several lines"
    );
    assert_eq!(table.finish(), [row("     1.6s       0.00       0.00")]);
}

/// The server of a download is the one whose sender is stuck.
#[test]
fn subflows_are_told_as_each_end_saw_them() {
    let mut run = run();
    let mirrored = run.hosts["laptop"].subflows[..2].iter().map(|subflow| {
        let mut mirrored = subflow.clone();
        (mirrored.local, mirrored.remote, mirrored.token) = (subflow.remote.clone(), subflow.local.clone(), 9);
        std::mem::swap(&mut mirrored.bytes_acked, &mut mirrored.bytes_received);
        mirrored.retransmits = vec![12; mirrored.at.len()];
        mirrored
    });
    let other = SubflowSeries { local: "10.0.1.2:5001".into(), remote: "10.9.9.9:1".into(), token: 10, ..SubflowSeries::default() };
    let subflows = mirrored.chain([other]).collect();
    run.hosts.insert("server".into(), HostRecord { subflows, ..HostRecord::default() });
    let expected = "\
host    local           remote          interface  id   flags     sent  received  retrans     rtt  cwnd   established
laptop  10.0.1.1:40000  10.0.1.2:5001   eth0       0/0  mec         0b   113.25m        0  17.3ms    10   0.1s..10.4s
laptop  10.0.2.1:40001  10.0.2.2:5001   wlan0      1/1  jec         0b   126.94m        1  17.3ms    10   0.2s..30.0s
laptop  10.0.1.1:40002  10.0.1.2:5001   eth0       2/2  jec         0b   112.53m        2  17.3ms    10  20.1s..30.0s
server  10.0.1.2:5001   10.0.1.1:40000  eth0       0/0  mec    113.25m        0b       12  17.3ms    10   0.1s..10.4s
server  10.0.2.2:5001   10.0.2.1:40001  wlan0      1/1  jec    126.94m        0b       12  17.3ms    10   0.2s..30.0s
";
    assert_eq!(lines(&report::subflows(&run, "download")), lines(expected));
}

#[test]
fn counters_that_grew_are_told_with_what_they_count() {
    let mut run = run();
    let samples = run.hosts["laptop"].counted.len();
    let laptop = run.hosts.get_mut("laptop").unwrap();
    laptop.counters.insert("TcpExtTCPHPHits".into(), vec![5; samples]);
    let counters = [("TcpRetransSegs".into(), vec![0, 17])].into();
    run.hosts.insert("server".into(), HostRecord { counted: vec![0, 1], counters, ..HostRecord::default() });
    let expected = "\
counter              laptop  server  what it counts
MPTcpExtMPJoinSynTx       2       0  joins begun: SYNs with MP_JOIN handed to TCP, those that never left included
TcpRetransSegs            0      17  segments sent again
also grew: TcpExtTCPHPHits (laptop 5)
";
    assert_eq!(lines(&report::counters(&run)), lines(expected));
    run.hosts.clear();
    assert_eq!(report::counters(&run), "no counter grew, or none was recorded\n");
}

#[test]
fn shares_are_bars() {
    let expected = "
 eth0 │█████████████████████████▋              │  64.1%    226.5m
wlan0 │██████████████▍                         │  35.9%   126.94m";
    assert_eq!(lines(&report::share(&run(), "download")), lines(expected.trim_start_matches('\n')));
}

#[test]
fn a_summary_has_two_lines() {
    let expected = "\
download: 353.44m in 30s, goodput 98.83mbit, spoke mptcp; every byte arrived intact
          longest stall 430ms (connection 1 down, from 10s to 10.43s)";
    assert_eq!(lines(&report::summary(&run(), "download")), lines(expected));
    let mut run = run();
    run.job.case.transfers.get_mut("download").unwrap().amount = Amount::Bytes(Size(1 << 30));
    (connection(&mut run).protocol, flow(&mut run).ended) = (None, None);
    let expected = "\
download: 353.44m until the run ended, goodput 98.83mbit, spoke unknown; NOT intact: connection 1 down: 353.44m of 1g arrived
          longest stall 430ms (connection 1 down, from 10s to 10.43s)";
    assert_eq!(lines(&report::summary(&run, "download")), lines(expected));
}

#[test]
fn the_drawing_shows_interfaces_steps_and_stalls() {
    let mut run = run();
    run.job.case.summary = "Ethernet & WLAN".to_owned();
    let svg = report::svg(&run, "download");
    assert_eq!(svg, report::svg(&run, "download"));
    for part in [
        ">Ethernet &amp; WLAN<",
        ">eth0 64%<",
        ">wlan0 36%<",
        ">cut ethernet (carrier)<",
        ">restore ethernet<",
        ">430ms without a byte<",
        ">150<",
        ">30 s<",
    ] {
        assert!(svg.contains(part), "{part}");
    }
    assert!(!svg.contains("NaN"));
}

#[test]
fn a_drawing_of_many_links_and_steps_keeps_its_words_apart() {
    let svg = report::svg(&many(), "download");
    // The words that begin at a place, row by row.
    let mut rows: BTreeMap<&str, Vec<(f64, &str)>> = BTreeMap::new();
    for text in svg.split("<text x=\"").skip(1).filter(|text| text.contains("text-anchor=\"start\"")) {
        let (x, rest) = text.split_once("\" y=\"").unwrap();
        let words = rest.split_once('>').unwrap().1.split_once('<').unwrap().0;
        rows.entry(rest.split_once('"').unwrap().0).or_default().push((x.parse().unwrap(), words));
    }
    assert!(rows.values().flatten().filter(|(_, words)| words.starts_with("if")).count() == 20 && svg.contains(">cut path00 ("), "{svg}");
    for row in rows.values_mut() {
        row.sort_by(|one, other| one.0.total_cmp(&other.0));
        let ends = row.iter().map(|(x, words)| x + words.chars().count() as f64 * 6.0);
        let next = row.iter().skip(1).map(|(x, _)| *x).chain([960.0]);
        assert!(ends.zip(next).all(|(end, next)| end <= next), "{row:?}");
    }
}

#[test]
fn what_the_kernels_said_is_in_every_report() {
    let mut run = run();
    for (host, interface) in [("laptop", "eth0"), ("server", "eth0")] {
        let notice = |at, about, now, detail: &str| NoticeRecord {
            at,
            about,
            now,
            interface: Some(interface.to_owned()),
            detail: detail.to_owned(),
        };
        run.hosts.entry(host.to_owned()).or_default().notices = vec![
            notice(10 * S + 800, About::Carrier, false, ""),
            notice(20 * S + 800, About::Carrier, true, ""),
            notice(20 * S + 800, About::Route, true, "default via 10.0.1.9 dev eth0 table 1"),
            notice(20 * S + 800, About::Route, true, "10.0.1.0/24 dev eth0"),
        ];
    }
    run.hosts.get_mut("server").unwrap().notices.pop();
    let (back, route) = ("eth0 has a carrier again, 2 routes added", "eth0 has a carrier again, route added: default via");
    let table = report::table(&run, "download", Time::from_millis(1000));
    let lines: Vec<&str> = table.lines().filter(|line| line.contains("-- ")).map(|line| line.split_once("-- ").unwrap().1).collect();
    let expected = [
        "cut ethernet (carrier)",
        "laptop, server: eth0 lost its carrier",
        "restore ethernet",
        &format!("laptop: {back}"),
        &format!("server: {route} 10.0.1.9 dev eth0 table 1"),
    ];
    assert_eq!(lines, expected);
    let markdown = report::markdown(&run, &verdict(&run), Time::from_millis(1000));
    let page = report::page(&run, &verdict(&run), None);
    let drawing = report::svg(&run, "download");
    for report in [&markdown, &page, &drawing] {
        assert!(report.contains("laptop, server: eth0 lost its carrier"), "{report}");
    }
    assert!(page.contains(&format!("laptop: {back}")) && page.contains("<td>route added: 10.0.1.0/24 dev eth0</td>"));
    let csv = report::csv([&run]);
    for line in [
        "laptop,notice,eth0,ethernet,carrier,10.000800,0",
        "laptop,notice,eth0,ethernet,carrier,20.000800,1",
        "laptop,notice,10.0.1.0/24 dev eth0,ethernet,route,20.000800,1",
    ] {
        assert_eq!(csv.lines().filter(|other| other.ends_with(line)).count(), 1, "{line}");
    }
    assert!(report::beside(["a", "b"], [&run, &self::run()], Style::Plain).contains("laptop: eth0 lost its carrier"));
}

#[test]
fn without_data_every_report_says_so() {
    let mut run = run();
    run.hosts.clear();
    assert_eq!(report::table(&run, "download", Time::from_millis(1000)), "no table: nothing was recorded of host laptop\n");
    assert_eq!(report::share(&run, "download"), "no shares: nothing was recorded of host laptop\n");
    assert_eq!(report::subflows(&run, "download"), "no subflows: nothing was recorded of host laptop\n");
    assert_eq!(report::summary(&run, "upload"), "upload: the case has no transfer upload\n");
    assert!(report::svg(&run, "download").contains("Nothing to draw: nothing was recorded of host laptop"));
    run.transfers.clear();
    assert_eq!(report::summary(&run, "download"), "download: nothing was recorded of transfer download\n");
}

#[test]
fn a_time_that_no_run_had_makes_no_report_without_end() {
    let mut run = run();
    // Not even where a later sample is earlier.
    run.hosts.get_mut("laptop").unwrap().at.extend([1 << 53, 7]);
    run.end = 1 << 53;
    let text = report::table(&run, "download", Time::from_millis(500));
    assert!(text.starts_with("no table: it would have 18014398509 lines, more than 20000: use an interval of "), "{text}");
    assert!(report::svg(&run, "download").len() < 100_000);
    assert!(report::beside(["one", "other"], [&run, &run], Style::Plain).len() < 100_000);
    run.end = u64::MAX;
    let said = Recording::from_json(&run.to_json()).unwrap_err().to_string();
    assert!(said.contains("18446744073709551615 is too large for a time or count of a run at line 1 column"), "{said}");
}

#[test]
fn an_empty_host_and_a_run_of_no_time_can_be_drawn() {
    let mut run = run();
    run.end = 0;
    let laptop = run.hosts.get_mut("laptop").unwrap();
    laptop.at = vec![0];
    laptop.interfaces.values_mut().for_each(|series| (series.rx_bytes, series.tx_bytes) = (vec![0], vec![0]));
    let svg = report::svg(&run, "download");
    assert!(svg.ends_with("</svg>\n") && !svg.contains("NaN") && !svg.contains("inf"));
}
