//! `mplab run --ktap`: a suite as the kernel's tests print theirs (Documentation/dev-tools/ktap.rst).
//! Not here: running it.

use mplab::compare::Ended;
use mplab::report::{self, Style};
use mplab::suite::{CaseResult, Event, Judged, Renderer};

/// Prints results as they come.
#[derive(Default)]
pub(crate) struct Ktap {
    /// What cannot run is told before it is known how many there are.
    skipped: Vec<(String, String)>,
    printed: usize,
}

impl Ktap {
    /// Prints how many tests there are, and those of them that are known already.
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

    fn ended(&mut self, case: &CaseResult, judged: Option<&Judged>) {
        let name = &case.file.name;
        let why = case.run.ended.why().join("\n");
        match &case.run.ended {
            Ended::Passed => self.result("ok", name, None),
            // Neither has a verdict.
            Ended::Unsupported(_) | Ended::Disturbed(_) => self.result("ok", name, Some(&why)),
            Ended::Missing(_) | Ended::Failed(_) | Ended::Kernel(_) | Ended::Broken(_) => {
                let whole = judged.map(|judged| report::verdict(&judged.recording, &judged.verdict, &case.again, Style::Plain));
                for line in whole.unwrap_or(why).lines() {
                    say!("# {line}");
                }
                self.result("not ok", name, None);
            }
        }
    }
}

impl Renderer for Ktap {
    fn show(&mut self, event: &Event<'_>) {
        match event {
            Event::Unsupported(case) => self.skipped.push((case.file.name.clone(), case.run.ended.why().concat())),
            Event::Begin(count) => self.begin(*count),
            Event::Ended(case, judged) => self.ended(case, judged.ok()),
            // Nothing could run.
            Event::Done(_) if !self.skipped.is_empty() => self.begin(0),
            _ => {}
        }
    }
}
