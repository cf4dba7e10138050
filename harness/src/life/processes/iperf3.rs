//! The numbers in iperf3's JSON (`iperf3 --json`).
//! Not here: expectations about them.

use serde::Deserialize;

use crate::result::recording::{Iperf3Interval, Iperf3Record};

#[derive(Deserialize)]
struct Report {
    #[serde(default)]
    intervals: Vec<Interval>,
    #[serde(default)]
    end: End,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Interval {
    sum: Sum,
    sum_bidir_reverse: Option<Sum>,
}

#[derive(Default, Deserialize)]
struct End {
    #[serde(rename = "sum_sent")]
    sent: Option<Sum>,
    #[serde(rename = "sum_received")]
    received: Option<Sum>,
    #[serde(rename = "sum_sent_bidir_reverse")]
    sent_back: Option<Sum>,
    #[serde(rename = "sum_received_bidir_reverse")]
    received_back: Option<Sum>,
}

/// Of all streams of a direction. Times in seconds from iperf3's start.
#[derive(Deserialize)]
struct Sum {
    start: f64,
    end: f64,
    bytes: u64,
    retransmits: Option<u64>,
}

fn micros(seconds: f64) -> u64 {
    (seconds * 1e6) as u64
}

/// The sum of what is known, if anything is.
fn total<const N: usize>(sums: [Option<&Sum>; N], of: impl Fn(&Sum) -> Option<u64>) -> Option<u64> {
    sums.into_iter().flatten().filter_map(of).reduce(|a, b| a + b)
}

/// Reads the output of an iperf3 that was started at `started` (in µs), or returns `None` if that is not its JSON.
pub(super) fn read(text: &str, started: u64) -> Option<Iperf3Record> {
    let report: Report = serde_json::from_str(text).ok()?;
    let intervals = report.intervals.iter().map(|interval| {
        let both = [Some(&interval.sum), interval.sum_bidir_reverse.as_ref()];
        Iperf3Interval {
            from: started + micros(interval.sum.start),
            to: started + micros(interval.sum.end),
            bytes: total(both, |sum| Some(sum.bytes)).unwrap_or(0),
            retransmits: total(both, |sum| sum.retransmits),
        }
    });
    let received = [report.end.received.as_ref(), report.end.received_back.as_ref()];
    let sent = [report.end.sent.as_ref(), report.end.sent_back.as_ref()];
    Some(Iperf3Record {
        intervals: intervals.collect(),
        received: total(received, |sum| Some(sum.bytes)),
        took: micros(received.into_iter().flatten().map(|sum| sum.end - sum.start).fold(0.0, f64::max)),
        retransmits: total(sent, |sum| sum.retransmits),
        error: report.error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_are_added() {
        let sum = |start: u32, end: u32, bytes: u64, more: &str| {
            format!("{{\"start\": {start}, \"end\": {end}.5, \"seconds\": 1, \"bytes\": {bytes}, \"sender\": true{more}}}")
        };
        let text = format!(
            "{{\"start\": {{}}, \"intervals\": [{{\"streams\": [], \"sum\": {}, \"sum_bidir_reverse\": {}}}], \
             \"end\": {{\"sum_sent\": {}, \"sum_received\": {}, \"sum_received_bidir_reverse\": {}}}}}",
            sum(0, 1, 100, ", \"retransmits\": 3"),
            sum(0, 1, 10, ""),
            sum(0, 2, 300, ", \"retransmits\": 4"),
            sum(0, 2, 290, ""),
            sum(0, 2, 20, ""),
        );
        let record = read(&text, 1000).unwrap();
        let interval = Iperf3Interval { from: 1000, to: 1_501_000, bytes: 110, retransmits: Some(3) };
        assert_eq!(record.intervals, [interval]);
        assert_eq!((record.received, record.took, record.retransmits, record.error), (Some(310), 2_500_000, Some(4), None));
    }

    #[test]
    fn its_errors_are_read_and_other_texts_are_not() {
        let text = "{\"start\": {}, \"intervals\": [], \"end\": {}, \"error\": \"unable to connect to server\"}";
        assert_eq!(read(text, 0).unwrap().error.unwrap(), "unable to connect to server");
        assert_eq!(read("Server listening on 5201\n", 0), None);
    }
}
