//! `--ktap`: results in the format of the kernel's own tests (Documentation/dev-tools/ktap.rst).
//! Not here: running the cases.

use mplab::compare::Ended;

use super::{About, Described, Format, Test};

/// Its option.
pub(super) const ABOUT: About = About::Printed {
    option: Described {
        name: "ktap",
        help: "Print the results in KTAP, as the kernel's own tests do",
        writes: "KTAP on standard output (Documentation/dev-tools/ktap.rst), as the kernel's own tests print it. \
                 The verdict of a failure precedes it, in lines that begin with `#`.",
    },
    new: || Box::<Ktap>::default(),
};

/// Prints results as they come.
#[derive(Default)]
struct Ktap {
    printed: usize,
}

impl Ktap {
    fn result(&mut self, word: &str, name: &str, skip: Option<&str>) {
        self.printed += 1;
        let skip = skip.map(|why| format!(" # SKIP {}", why.replace('\n', " "))).unwrap_or_default();
        say!("{word} {} {name}{skip}", self.printed);
    }
}

impl Format for Ktap {
    fn begin(&mut self, _: &[&str], count: usize) {
        if count > 0 {
            say!("KTAP version 1");
            say!("1..{count}");
        }
    }

    fn add(&mut self, test: &Test<'_>) {
        let (name, why) = (&test.full_name, || test.ended.why().join("\n"));
        match test.ended {
            Ended::Passed => self.result("ok", name, None),
            // Neither is a verdict.
            Ended::Unsupported(_) | Ended::Disturbed(_) => self.result("ok", name, Some(&why())),
            Ended::Missing(_) | Ended::Failed(_) | Ended::Kernel(_) | Ended::Broken(_) => {
                for line in test.report().unwrap_or_else(why).lines() {
                    say!("# {line}");
                }
                self.result("not ok", name, None);
            }
        }
    }
}
