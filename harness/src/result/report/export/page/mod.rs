//! A run as one HTML file that needs nothing else: verdicts, topology, what each link and subflow carried over time, counters, reasons.
//! Not here: measuring, and the pages of many runs. The same recording gives the same bytes.
//!
//! Everything is drawn when the page is made. Its script only points: it shows the window of a verdict, reads values off the curves, and
//! highlights the curve of a row. `maud` escapes everything that comes from a recording.

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

use super::Export;
use crate::result::judge::{Verdict, judge};
use crate::result::recording::Recording;

use paint::Palette;
pub use suite::Suite;
use timeline::Timeline;

/// The format.
pub(super) const EXPORT: Export = Export {
    ending: "html",
    is: "a page",
    make: |source| match source.recordings {
        [one] => source.file(Ok(page(one, &judge(one, &one.job.case), None))),
        _ => suite::files(source),
    },
};

/// The page of a run. `up` is the relative URL of the page of all runs.
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
