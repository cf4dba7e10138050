//! The evidence for a verdict: the checklist of subflows, the kernel's counters and events, programs, and the links' engines.
//! Not here: what is plotted.

use maud::{Markup, html};

use crate::document::case::Subject;
use crate::document::case::measure::{Topic, topic};
use crate::result::judge::Verdict;
use crate::result::judge::counters::{Grown, growth};
use crate::result::judge::explain::{Check, Explanation, Weight, explanations};
use crate::result::recording::{EventRecord, NoticeRecord, OutputLine, ProcessRecord, Recording};
use crate::result::report::links::links;
use crate::result::report::ticks::seconds;
use crate::words::Window;

/// How many lines of a program's output are shown, the last ones.
const LINES: usize = 200;
/// How many path-manager events and how many notices are shown, the first ones.
const EVENTS: usize = 400;

/// The sections, without empty ones.
pub(super) fn sections(recording: &Recording, verdict: &Verdict) -> Markup {
    html! {
        (reasons(recording, verdict))
        (counters(recording))
        (programs(recording))
        (events(recording))
        (notices(recording))
        @let made = links(recording);
        @if !made.is_empty() { section { details open[recording.job.engines.len() <= 4] { summary { h2 { "What made the links" } } pre { (made) } } } }
    }
}

/// The checklists; open if something is missing.
fn reasons(recording: &Recording, verdict: &Verdict) -> Markup {
    let found = explanations(recording, &recording.job.case, verdict);
    let missing = verdict.findings.iter().any(|finding| finding.condemns() && topic(&finding.key) == Topic::Paths);
    html! {
        @if !found.is_empty() {
            section #explain { details open[missing] {
                summary { h2 { "Why the subflows are as they are" } }
                @for explanation in &found { (checklist(explanation)) }
            } }
        }
    }
}

fn checklist(explanation: &Explanation) -> Markup {
    let (Subject::Transfer(of) | Subject::Host(of) | Subject::Process(of)) = &explanation.of;
    let word = |check: &Check| match check.weight {
        Weight::Cause => ("CAUSE", "bad"),
        Weight::Suspect => ("maybe", "unsure"),
        Weight::Fine => ("ok", "good"),
        Weight::Unrecorded => ("?", "unsure"),
    };
    html! {
        h3 { (of) @if explanation.window != Window::default() { " in " (explanation.window) } ": " (explanation.symptom) }
        div .scroll { table { tbody {
            @for check in &explanation.checks {
                @let (word, look) = word(check);
                tr {
                    td class=(look) { b { (word) } }
                    td { (check.topic) }
                    td .wide { (check.seen) @if let Some(change) = check.change.as_ref().filter(|_| matches!(check.weight, Weight::Cause | Weight::Suspect)) { br; "→ " b { (change) } } }
                }
            }
        } } }
    }
}

/// The counters that grew: those that mplab has a sentence for, and the others in a line.
fn counters(recording: &Recording) -> Markup {
    let grown = growth(recording, Window::default());
    let (known, others): (Vec<_>, Vec<_>) = grown.into_iter().partition(|counter| counter.means.is_some());
    let hosts: Vec<&String> = recording.hosts.iter().filter(|(_, record)| !record.counters.is_empty()).map(|(name, _)| name).collect();
    let count = |counter: &Grown, host: &str| counter.by.iter().find(|(name, _)| name == host).map_or(0, |(_, count)| *count);
    html! {
        @if !(known.is_empty() && others.is_empty()) {
            section #counters {
                h2 { "Counters that grew" }
                div .scroll { table {
                    thead { tr { th { "counter" } @for host in &hosts { th .num { (host) } } th { "what it counts" } } }
                    tbody { @for counter in &known {
                        tr {
                            td { code { (counter.name) } @if counter.is_fault() { " " span .unsure title="it counts what was refused, lost or given up" { "!" } } }
                            @for host in &hosts { td .num { (count(counter, host)) } }
                            td .wide { (counter.means.unwrap_or_default()) }
                        }
                    } }
                } }
                @if !others.is_empty() { p .note { "Also grew: " @for counter in &others { span .also { code { (counter.name) } " " (counter.counts()) } " " } } }
            }
        }
    }
}

fn programs(recording: &Recording) -> Markup {
    html! {
        @if !recording.processes.is_empty() {
            section {
                h2 { "Programs" }
                @for (name, process) in &recording.processes {
                    details {
                        summary { b { (name) } " " code { (process.command) } " " span .note { (ending(process)) } }
                        pre { @for OutputLine { at, text, .. } in process.output.iter().skip(process.output.len().saturating_sub(LINES)) { (format!("{:>9}  ", seconds(*at, 3))) (text) "\n" } }
                        @if process.output.len() > LINES { p .note { "The last " (LINES) " of " (process.output.len()) " lines." } }
                    }
                }
            }
        }
    }
}

fn ending(process: &ProcessRecord) -> String {
    let at = |what: &str, time: Option<u64>| time.map(|time| format!("{what} at {}", seconds(time, 2)));
    let exit = process.exit.as_ref().map(|exit| format!("exit {exit}"));
    let told = [process.error.clone(), at("started", process.started), at("ready", process.ready), at("ended", process.ended), exit];
    told.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The path-manager events of all hosts, in the order of time.
fn events(recording: &Recording) -> Markup {
    let mut events: Vec<(&String, &EventRecord)> =
        recording.hosts.iter().flat_map(|(host, record)| record.events.iter().map(move |event| (host, event))).collect();
    events.sort_by_key(|(_, event)| event.at);
    html! {
        @if !events.is_empty() {
            section { details {
                summary { h2 { "Path-manager events" } }
                div .scroll.tall { table {
                    thead { tr { th .num { "time" } th { "host" } th { "event" } th { "token" } th { "details" } } }
                    tbody { @for (host, event) in events.iter().take(EVENTS) {
                        tr { td .num { (seconds(event.at, 3)) } td { (host) } td { (event.kind) } td { @if let Some(token) = event.token { (format!("{token:08x}")) } } td { code { (event.detail) } } }
                    } }
                } }
                @if events.len() > EVENTS { p .note { "The first " (EVENTS) " of " (events.len()) " events." } }
            } }
        }
    }
}

/// The kernel notices of all hosts about links, addresses and routes, in the order of time.
fn notices(recording: &Recording) -> Markup {
    let mut notices: Vec<(&String, &NoticeRecord)> =
        recording.hosts.iter().flat_map(|(host, record)| record.notices.iter().map(move |notice| (host, notice))).collect();
    notices.sort_by_key(|(_, notice)| notice.at);
    html! {
        @if !notices.is_empty() {
            section { details {
                summary { h2 { "What the kernels said of links, addresses and routes" } }
                div .scroll.tall { table {
                    thead { tr { th .num { "time" } th { "host" } th { "notice" } } }
                    tbody { @for (host, notice) in notices.iter().take(EVENTS) {
                        tr { td .num { (seconds(notice.at, 3)) } td { (host) } td { (notice) } }
                    } }
                } }
                @if notices.len() > EVENTS { p .note { "The first " (EVENTS) " of " (notices.len()) " notices." } }
            } }
        }
    }
}
