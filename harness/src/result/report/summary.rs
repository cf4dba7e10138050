//! A transfer in two lines: its goodput, its longest stall, how long its exchanges took, and whether it is intact.
//! Not here: what was expected of it.

use crate::result::judge::Seen;
use crate::result::recording::Recording;
use crate::words::Window;

/// The summary of a transfer.
pub fn summary(recording: &Recording, transfer: &str) -> String {
    let seen = match Seen::find(&recording.run(&recording.job.case), transfer) {
        Ok(seen) => seen,
        Err(why) => return format!("{transfer}: {why}\n"),
    };
    let whole = Window::default();
    let protocol = |protocol: Option<crate::words::Protocol>| protocol.map_or("unknown".to_owned(), |protocol| protocol.to_string());
    let mut spoken: Vec<String> = seen.record.connections.iter().map(|connection| protocol(connection.protocol)).collect();
    spoken.sort();
    spoken.dedup();
    let spoken = if spoken.is_empty() { "nothing".to_owned() } else { spoken.join(" and ") };
    let took = seen.duration().map_or_else(|_| "until the run ended".to_owned(), |duration| format!("in {duration}"));
    let stall = match seen.longest_stall(whole) {
        Ok(Some(stall)) => format!("{} ({stall})", stall.length()),
        _ => "none".to_owned(),
    };
    let problems = seen.problems();
    let integrity = match problems.first() {
        None => "every byte arrived intact".to_owned(),
        Some(problem) => format!("NOT intact: {problem}"),
    };
    let latencies = seen.latencies().map(|latencies| format!("; {latencies}")).unwrap_or_default();
    format!(
        "{transfer}: {} {took}, goodput {}, spoke {spoken}; {integrity}\n{:width$}  longest stall {stall}{latencies}\n",
        seen.bytes(whole),
        seen.goodput(whole),
        "",
        width = transfer.chars().count(),
    )
}
