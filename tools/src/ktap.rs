//! `--ktap` of `mplab run` and `mplab merge`: results in the format of the kernel's own tests (Documentation/dev-tools/ktap.rst).
//! Not here: running the cases.

use mplab::compare::Ended;
use mplab::report::{self, Style};
use mplab::shards::Merged;
use mplab::suite::{CaseResult, Event, Judged, Renderer};

/// Prints results as they come.
#[derive(Default)]
pub(crate) struct Ktap {
    /// Skipped tests, which are reported before their number is known.
    skipped: Vec<(String, String)>,
    printed: usize,
}

impl Ktap {
    /// Prints the number of tests, and the results that are known already.
    fn begin(&mut self, more: usize) {
        say!("KTAP version 1");
        say!("1..{}", self.skipped.len() + more);
        for (name, why) in std::mem::take(&mut self.skipped) {
            self.result("ok", &name, Some(&why));
        }
    }

    fn result(&mut self, word: &str, name: &str, skip: Option<&str>) {
        self.printed += 1;
        let skip = skip.map(|why| format!(" # SKIP {}", why.replace('\n', " "))).unwrap_or_default();
        say!("{word} {} {name}{skip}", self.printed);
    }

    /// Prints merged runs, each named after its kernel and case.
    pub(crate) fn merged(merged: &Merged) {
        let mut ktap = Self::default();
        ktap.begin(merged.runs().count());
        for (case, kernel, run) in merged.runs() {
            let name = format!("{kernel}::{}", merged.test(case, run.seed));
            let whole = || report::ending(run, case, &merged.whole.again(case, kernel, run.seed), Style::Plain);
            ktap.ended(&name, &run.ended, whole);
        }
    }

    fn ended(&mut self, name: &str, ended: &Ended, whole: impl FnOnce() -> String) {
        match ended {
            Ended::Passed => self.result("ok", name, None),
            // Neither is a verdict.
            Ended::Unsupported(_) | Ended::Disturbed(_) => self.result("ok", name, Some(&ended.why().join("\n"))),
            Ended::Missing(_) | Ended::Failed(_) | Ended::Kernel(_) | Ended::Broken(_) => {
                for line in whole().lines() {
                    say!("# {line}");
                }
                self.result("not ok", name, None);
            }
        }
    }
}

/// The full report of a run.
fn whole(case: &CaseResult, judged: Option<&Judged>) -> String {
    let told = judged.map(|judged| report::verdict(&judged.recording, &judged.verdict, &case.again, Style::Plain));
    told.unwrap_or_else(|| case.run.ended.why().join("\n"))
}

impl Renderer for Ktap {
    fn show(&mut self, event: &Event<'_>) {
        match event {
            Event::Unsupported(case) => self.skipped.push((case.file.name.clone(), case.run.ended.why().concat())),
            Event::Begin(count) => self.begin(*count),
            Event::Ended(case, judged) => self.ended(&case.file.name, &case.run.ended, || whole(case, judged.ok())),
            // Nothing could run.
            Event::Done(_) if !self.skipped.is_empty() => self.begin(0),
            _ => {}
        }
    }
}
