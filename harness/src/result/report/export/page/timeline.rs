//! What all plots of a page share: the length of the run, its steps, kernel notices, and when nothing arrived.
//! Not here: what is plotted.

use maud::{Markup, html};

use crate::result::recording::Recording;
use crate::result::report::stalls::{STALL, silences};
use crate::result::report::ticks::seconds;
use crate::result::report::{notices, steps};
use crate::words::Time;

/// How many notices are listed and marked, the first ones.
pub(super) const NOTICES: usize = 24;

/// The course of a run.
pub(super) struct Timeline {
    /// Its end, in µs.
    pub(super) end: u64,
    /// The steps taken, with their times.
    pub(super) steps: Vec<(u64, String)>,
    /// The kernel notices, with their times.
    pub(super) notices: Vec<(u64, String)>,
    /// The long times in which nothing arrived.
    pub(super) stalls: Vec<(u64, u64)>,
}

impl Timeline {
    pub(super) fn of(recording: &Recording) -> Self {
        let sampled = recording.hosts.values().filter_map(|host| host.at.last().copied());
        let end = sampled.chain([recording.end]).max().unwrap_or(0).max(1);
        Self { end, steps: steps::taken(recording), notices: notices::told(recording), stalls: silences(recording) }
    }

    /// The steps, kernel notices and the longest stall in words, with their marks in the plots.
    pub(super) fn legend(&self) -> Markup {
        let longest = self.stalls.iter().max_by_key(|(from, to)| to - from);
        html! {
            @if !self.steps.is_empty() {
                ol .steps {
                    @for (number, (at, what)) in self.steps.iter().enumerate() {
                        li { span .flag { (number + 1) } span .num { (seconds(*at, 2)) } " " (what) }
                    }
                }
            }
            @if !self.notices.is_empty() {
                ul .notices title="notices of the hosts' kernels about links, addresses and routes" {
                    @for (at, what) in self.notices.iter().take(NOTICES) { li { span .tick {} span .num { (seconds(*at, 2)) } " " (what) } }
                    @if self.notices.len() > NOTICES { li .note { "and " (self.notices.len() - NOTICES) " later ones" } }
                }
            }
            @if let Some((from, to)) = longest {
                p .note {
                    span .swatch.stall {} "no byte of any transfer arrived for more than " (STALL) "; the longest was "
                    (Time::from_micros(to - from)) ", from " (seconds(*from, 2)) " to " (seconds(*to, 2))
                }
            }
        }
    }
}
