//! The findings: what had to hold, and what was measured. Each line shows its window in the plots.
//! Not here: judging.

use maud::{Markup, html};

use crate::document::case::Subject;
use crate::result::judge::{Finding, Verdict};
use crate::result::recording::Recording;
use crate::words::{Time, Window};

/// A row for each finding, and the kernel's own failures.
pub(super) fn section(recording: &Recording, verdict: &Verdict) -> Markup {
    html! {
        section #verdicts {
            h2 { "Expectations" }
            @if !verdict.findings.is_empty() {
                p .note.screen { "Choose one to see its window in the plots." }
                div .scroll { table .verdicts {
                    thead { tr { th {} th { "measure" } th { "must be" } th .num { "measured" } th .num { "window" } } }
                    tbody { @for (number, finding) in verdict.findings.iter().enumerate() { (row(recording, number, finding)) } }
                } }
            }
            @for key in &verdict.unexpectedly_held { p .bad { b { "FAIL" } " " (key) " had to fail, but held" } }
            @for splat in &recording.splats {
                details open { summary .bad { b { "FAIL" } " the kernel: " (splat.title) } pre { (splat.text) } }
            }
        }
    }
}

fn row(recording: &Recording, number: usize, finding: &Finding) -> Markup {
    let (Subject::Transfer(of) | Subject::Host(of) | Subject::Process(of)) = &finding.subject;
    let (word, look) = if finding.condemns() { ("FAIL", "bad") } else { ("ok", "good") };
    let from = finding.window.from.map_or(0.0, Time::seconds);
    let to = finding.window.to.map_or(Time::from_micros(recording.end).seconds(), Time::seconds);
    html! {
        tr .verdict #{ "v" (number + 1) } tabindex="0" aria-selected="false" data-from=(from) data-to=(to) data-plot=(plot(&finding.key)) {
            td class=(look) { b { (word) } }
            td .what { span .of { (of) } " " (finding.key) @if let Some(item) = &finding.item { "." wbr; (item) } }
            td { (finding.constraint) }
            td .num.measured { @if finding.held { (finding.measured) } @else { b { (finding.measured) } } @if !finding.held && finding.must_fail { " (fails, as it must)" } }
            td .num { @if finding.window == Window::default() { span .note { "whole run" } } @else { (finding.window) } }
        }
        @if let Some(why) = &finding.why { tr .why { td {} td colspan="4" { pre { (why) } } } }
    }
}

/// The plot that shows a measure best.
fn plot(key: &str) -> &'static str {
    match key {
        "intact" | "bytes" | "duration" | "stall" => "delivery",
        "subflows" => "throughput",
        _ => "traffic0",
    }
}
