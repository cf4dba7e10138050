//! Many runs as one page, and series for other tools.

use mplab::case::measure;
use mplab::compare::Run;
use mplab::recording::Recording;
use mplab::report::{self, Suite};

use crate::synthetic::{expect, flow, run, verdict};

fn added(suite: &mut Suite, recording: &Recording) -> bool {
    let address = format!("all/{}/{}.html", recording.place.name, recording.job.seed);
    suite.add(&recording.job.name, &recording.place, Run::of(recording, &verdict(recording)), address)
}

#[test]
fn each_run_of_many_is_led_to() {
    let mut suite = Suite::default();
    for (place, seed) in [("local", 1), ("local", 2), ("debian-7.2", 1), ("debian-7.2", 2)] {
        let mut run = run();
        run.place.name = place.to_owned();
        run.job.seed = seed;
        expect(&mut run, "", measure::Stall("<= 1s".parse().unwrap()));
        if (place, seed) == ("local", 2) {
            flow(&mut run).received -= 1;
        }
        assert!(added(&mut suite, &run));
        assert!(!added(&mut suite, &run), "a run is there once");
    }
    let page = suite.page();
    for part in [
        "4 runs: 3 passed, 1 failed",
        "href=\"all/local/2.html\"",
        "href=\"all/debian-7.2/1.html\"",
        "failed 1 of 2",
        "download: intact = true: false",
        "download: stall",
        "seed 2: 430ms",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("NaN") && !page.contains("inf"));
}

#[test]
fn a_case_of_any_name_is_text() {
    let mut suite = Suite::default();
    let mut run = run();
    run.job.name = "<script>alert(1)</script>".to_owned();
    run.place.name = "\"><img>".to_owned();
    assert!(added(&mut suite, &run));
    let page = suite.page();
    assert_eq!(page.matches("<script>").count(), 1, "the page's own");
    assert!(!page.contains("<img>"));
}

#[test]
fn every_value_has_a_line_of_csv() {
    let mut run = run();
    run.job.name = "a, \"case\"".to_owned();
    let text = report::csv([&run]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "case,place,kernel,seed,host,kind,name,link,measure,time,value");
    let begin = "\"a, \"\"case\"\"\",local,6.18.44,7,laptop,";
    let last = run.hosts["laptop"].interfaces["wlan0"].rx_bytes[300];
    assert!(lines.contains(&format!("{begin}interface,wlan0,wlan,rx_bytes,30.000000,{last}").as_str()));
    assert!(lines.contains(&format!("{begin}interface,lo,,rx_bytes,0.000000,999").as_str()));
    assert!(lines.contains(&format!("{begin}subflow,00000007 10.0.2.1:40001 10.0.2.2:5001,,rtt,0.200000,17300").as_str()));
    assert!(lines.contains(&format!("{begin}counter,MPTcpExtMPJoinSynTx,,count,20.000000,2").as_str()));
    let arrived = flow(&mut run).received;
    assert!(lines.contains(&format!("{begin}transfer,download 1 down,,delivered,30.000000,{arrived}").as_str()));
    let subflows = run.hosts["laptop"].subflows.iter().map(|subflow| subflow.at.len() * 7).sum::<usize>();
    // Received and sent bytes of two interfaces and of lo, the subflows, a counter, and the delivery with its start and end.
    let wanted = 301 * 4 + 2 + subflows + 301 + flow(&mut run).progress.len() + 1;
    assert_eq!(lines.len() - 1, wanted);
}

#[test]
fn openmetrics_have_each_metric_once_and_in_order() {
    let mut other = run();
    other.job.seed = 8;
    other.place.kernel = "a \"kernel\"\\\n".to_owned();
    let text = report::openmetrics([&run(), &other]);
    assert!(text.ends_with("\n# EOF\n"));
    assert!(text.contains("kernel=\"a \\\"kernel\\\"\\\\\\n\""));
    let first = "mplab_subflow_rtt_seconds{case=\"survival/ethernet_unplugged\",place=\"local\",kernel=\"6.18.44\",seed=\"7\",host=\"laptop\",\
                 subflow=\"00000007 10.0.1.1:40000 10.0.1.2:5001\"} 0.0173 1767225600.100000";
    assert!(text.lines().any(|line| line == first), "{first}");
    let mut before: Option<(&str, f64)> = None;
    let mut seen = std::collections::BTreeSet::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (metric, rest) = line.split_once("} ").unwrap();
        let time: f64 = rest.split(' ').nth(1).unwrap().parse().unwrap();
        match before {
            Some((last, earlier)) if last == metric => assert!(time > earlier, "{line}"),
            _ => assert!(seen.insert(metric), "{metric} is in two places"),
        }
        before = Some((metric, time));
    }
}
