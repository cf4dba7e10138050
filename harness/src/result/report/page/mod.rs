//! A run as one HTML file that needs nothing else: verdicts, topology, what each link and subflow carried over time, counters, reasons.
//! Not here: measuring, and the pages of many runs. The same recording makes the same bytes.
//!
//! All that is drawn is drawn here, when the page is made. Its script only points: it shows the window of a verdict, reads values off the
//! curves, and marks the curve of a row. Everything that comes from a recording is text to `maud`, which escapes it.

mod delivery;
mod evidence;
mod head;
mod paint;
mod plot;
mod shell;
mod subflows;
mod suite;
mod thin;
mod timeline;
mod topology;
mod traffic;
mod verdicts;

use maud::html;

use crate::result::judge::Verdict;
use crate::result::recording::Recording;

use paint::Palette;
pub use suite::Suite;
use timeline::Timeline;

/// The page of a run. `up` is where the page of all runs is, as its address is seen from this one.
pub fn page(recording: &Recording, verdict: &Verdict, up: Option<&str>) -> String {
    let palette = Palette::of(&recording.job.topology);
    let timeline = Timeline::of(recording);
    let body = html! {
        (head::head(recording, verdict, up))
        (verdicts::section(recording, verdict))
        (topology::section(recording, &palette))
        (traffic::section(recording, &palette, &timeline))
        (delivery::section(recording, &timeline))
        (subflows::section(recording, &palette, &timeline))
        (evidence::sections(recording, verdict))
    };
    shell::document(&format!("{}: {}", verdict.outcome, recording.job.name), body)
}
