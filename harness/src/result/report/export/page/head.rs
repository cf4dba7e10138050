//! The head of a page: the run's outcome, its case, where it ran, and the command that repeats it.
//! Not here: the reasons for the outcome.

use maud::{Markup, html};

use crate::result::judge::{Outcome, Verdict};
use crate::result::recording::{Clockwork, PlaceRecord, Recording};
use crate::result::report::links;
use crate::words::Time;

/// The top of the page.
pub(super) fn head(recording: &Recording, verdict: &Verdict, up: Option<&str>) -> Markup {
    let (place, job) = (&recording.place, &recording.job);
    html! {
        header {
            @if let Some(up) = up { p { a href=(up) { "all runs" } } }
            p { span class={ "badge " (verdict.outcome) } { (word(verdict.outcome)) } " " span .name { (job.name) } }
            h1 { (job.case.summary) }
            dl .facts {
                @for (fact, value) in facts(recording) { div { dt { (fact) } dd { (value) } } }
            }
            p .again { span .note { "again " } code { (again(&job.name, job.seed, place)) } }
            @if let Some(why) = &verdict.disturbance { p .late { (why) } }
            @if recording.timed_out { p .late { "The deadline of " (job.case.deadline) " ended the run." } }
        }
    }
}

pub(super) const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "PASS",
        Outcome::Failed => "FAIL",
        Outcome::Disturbed => "LATE",
    }
}

fn facts(recording: &Recording) -> Vec<(&'static str, String)> {
    let (place, job) = (&recording.place, &recording.job);
    let mut facts = vec![
        ("topology", job.case.topology.clone()),
        ("ran", format!("{:.1} s", Time::from_micros(recording.end).seconds())),
        ("place", place.name.clone()),
        ("kernel", format!("Linux {}", place.kernel)),
        ("time", time(place)),
        ("seed", job.seed.to_string()),
    ];
    facts.extend(links::engines(recording).map(|engines| ("links", engines.trim_start_matches("links ").to_owned())));
    facts.push(("sampled", format!("every {}", job.case.sample)));
    facts.extend(place.rounds_to().map(|tick| ("timers", format!("delays rounded up to {tick}"))));
    if !place.is_virtual() {
        let late = &recording.lateness;
        facts.push(("late", format!("steps by {}, samples by {} at most", Time::from_micros(late.step), Time::from_micros(late.sample))));
    }
    facts
}

fn time(place: &PlaceRecord) -> String {
    match place.machine.as_ref().map(|machine| machine.clock) {
        Some(Clockwork::Virtual { .. }) => "virtual, by instructions".to_owned(),
        Some(Clockwork::Events) => "virtual, by events".to_owned(),
        Some(Clockwork::Real) | None => "real".to_owned(),
    }
}

/// The command. A recording knows its case by its name: the path below the directory of cases.
fn again(name: &str, seed: u64, place: &PlaceRecord) -> String {
    let path = format!("{}.toml", name.replace("::", "/"));
    let path = shlex::try_quote(&path).map_or_else(|_| path.clone(), std::borrow::Cow::into_owned);
    let kernel = place.machine.as_ref().map(|machine| {
        let time = if matches!(machine.clock, Clockwork::Virtual { .. }) { " --virtual" } else { "" };
        format!(" --kernel {}{time}", place.name)
    });
    format!("mplab run {path} --seed {seed}{}", kernel.unwrap_or_default())
}
