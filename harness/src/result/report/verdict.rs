//! A verdict line by line: what had to hold, what was measured and, for a failure, everything needed to reproduce it.
//! Not here: judging.

use crate::result::judge::{Finding, Outcome, Verdict};
use crate::result::recording::Recording;
use crate::words::{Time, Window};

use super::links;
use super::style::{Colour, Style};

/// The indentation of what belongs to the line above.
const INDENT: &str = "        ";

/// The verdict in one line: `PASS  survival::ethernet_unplugged  31.2s  local, Linux 6.18.44, seed 7, links by kernel`.
pub fn headline(recording: &Recording, verdict: &Verdict, style: Style) -> String {
    let (word, colour) = match verdict.outcome {
        Outcome::Passed => ("PASS", Colour::Green),
        Outcome::Failed => ("FAIL", Colour::Red),
        Outcome::Disturbed => ("LATE", Colour::Yellow),
    };
    let (place, job) = (&recording.place, &recording.job);
    let time = if place.is_virtual() { " (virtual time)" } else { "" };
    let rounded = place.rounds_to().map(|tick| format!(", delays rounded up to {tick}")).unwrap_or_default();
    let engines = links::engines(recording).map(|engines| format!(", {engines}")).unwrap_or_default();
    let unshaped = job.unshaped.as_ref().map(|(rate, links)| {
        let links: Vec<&str> = links.iter().map(String::as_str).collect();
        format!(", {rate} for {}", links.join(" and "))
    });
    let unshaped = unshaped.unwrap_or_default();
    let facts = format!("{}{time}, Linux {}{rounded}, seed {}{engines}{unshaped}", place.name, place.kernel, job.seed);
    let name = job.name.replace('/', "::");
    let took = format!("{:.1}s", Time::from_micros(recording.end).seconds());
    format!(
        "{}  {}  {took:>6}   {}",
        style.paint(colour, word),
        style.paint(Colour::Bold, &format!("{name:<36}")),
        style.paint(Colour::Dim, &facts)
    )
}

/// The whole verdict. If something failed, it includes the engine of each link, and `again`, the command that repeats the run.
pub fn verdict(recording: &Recording, verdict: &Verdict, again: &str, style: Style) -> String {
    let mut lines = vec![headline(recording, verdict, style)];
    let width = |column: fn(&Finding) -> String| verdict.findings.iter().map(|finding| column(finding).chars().count()).max().unwrap_or(0);
    let (claims, windows) = (width(Finding::to_string), width(window));
    for finding in &verdict.findings {
        let mark = if finding.condemns() { style.paint(Colour::Red, "FAIL") } else { style.paint(Colour::Green, "ok  ") };
        let gap = if windows == 0 { "" } else { "  " };
        let measured = match (finding.held, finding.must_fail) {
            (true, _) => finding.measured.clone(),
            (false, true) => format!("{}  (fails, as it must)", finding.measured),
            (false, false) => style.paint(Colour::Bold, &finding.measured),
        };
        lines.push(format!("  {mark}  {:<claims$}{gap}{:<windows$}    {measured}", finding.to_string(), window(finding)));
        let why = finding.why.iter().flat_map(|why| why.lines());
        lines.extend(why.map(|line| format!("{INDENT}{}", style.paint(Colour::Dim, line))));
    }
    for splat in &recording.splats {
        lines.push(format!("  {}  the kernel: {}", style.paint(Colour::Red, "FAIL"), style.paint(Colour::Bold, &splat.title)));
        lines.extend(splat.text.lines().map(|line| format!("{INDENT}{}", style.paint(Colour::Dim, line))));
    }
    for key in &verdict.unexpectedly_held {
        lines.push(format!("  {}  {key} had to fail, but held", style.paint(Colour::Red, "FAIL")));
    }
    if let Some(disturbance) = &verdict.disturbance {
        lines.push(format!("  {}  {disturbance}", style.paint(Colour::Yellow, "LATE")));
    }
    if verdict.outcome != Outcome::Passed {
        lines.extend(links::links(recording).lines().map(|line| format!("{INDENT}{}", style.paint(Colour::Dim, line))));
        lines.push(format!("{INDENT}again: {}", style.paint(Colour::Bold, again)));
    }
    lines.join("\n") + "\n"
}

/// A finding in one line: `ok    download: stall <= 2s in 2s..10s: 1.2s`.
pub(super) fn found(finding: &Finding) -> String {
    let word = if finding.condemns() { "FAIL" } else { "ok  " };
    let within = window(finding);
    let gap = if within.is_empty() { "" } else { " " };
    let why = finding.why.iter().flat_map(|why| why.lines());
    let lines =
        std::iter::once(format!("{word}  {finding}{gap}{within}: {}", finding.measured)).chain(why.map(|line| format!("      {line}")));
    lines.collect::<Vec<_>>().join("\n")
}

fn window(finding: &Finding) -> String {
    if finding.window == Window::default() { String::new() } else { format!("in {}", finding.window) }
}
