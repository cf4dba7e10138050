//! A run as Markdown, for a comment or a step's summary on a forge: the verdict as a table, the rest as preformatted text.
//! Not here: plots.

use std::fmt::Write;

use super::Export;
use crate::result::judge::{Verdict, judge};
use crate::result::recording::Recording;
use crate::result::report::{Style, counters, headline, links, share, subflows, summary, table};
use crate::words::terminal::visible;
use crate::words::{Time, Window};

/// The format. Several recordings make one text.
pub(super) const EXPORT: Export = Export {
    ending: "md",
    is: "the text as Markdown, for a comment on GitHub or GitLab",
    make: |source| {
        let text = |recording| markdown(recording, &judge(recording, &recording.job.case), source.interval);
        source.file(Ok(source.recordings.iter().map(text).collect::<String>()))
    },
};

/// The text, with a table of bytes per `interval`.
pub fn markdown(recording: &Recording, verdict: &Verdict, interval: Time) -> String {
    let case = &recording.job.case;
    let mut text = format!("### {}\n\n{}", escaped(&case.summary), fenced(&headline(recording, verdict, Style::Plain)));
    text += "\n| | expectation | window | measured |\n|---|---|---|---|\n";
    for finding in &verdict.findings {
        let mark = if finding.condemns() { "**FAIL**" } else { "ok" };
        let window = if finding.window == Window::default() { String::new() } else { finding.window.to_string() };
        writeln!(text, "| {mark} | {} | {window} | {} |", escaped(&finding.to_string()), escaped(&finding.measured))
            .expect("writing to a string");
    }
    let reasons = verdict
        .findings
        .iter()
        .filter(|finding| finding.condemns())
        .filter_map(|finding| Some(format!("{finding}\n{}\n", finding.why.as_ref()?)));
    let splats = recording.splats.iter().map(|splat| format!("the kernel: {}\n{}\n", splat.title, splat.text));
    let held = verdict.unexpectedly_held.iter().map(|key| format!("{key} had to fail, but held\n"));
    let disturbed = verdict.disturbance.iter().map(|why| format!("{why}\n"));
    let why: String = reasons.chain(splats).chain(held).chain(disturbed).collect();
    if !why.is_empty() {
        write!(text, "\n{}", fenced(&why)).expect("writing to a string");
    }
    for name in case.transfers.keys() {
        let seen = [summary(recording, name), table(recording, name, interval), subflows(recording, name), share(recording, name)];
        write!(text, "\n{}", fenced(&seen.join("\n"))).expect("writing to a string");
    }
    write!(text, "\n{}", fenced(&(counters(recording) + "\n" + &links(recording)))).expect("writing to a string");
    visible(&text).into_owned()
}

/// Text in a fence that is longer than any in the text.
fn fenced(text: &str) -> String {
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}text\n{}\n{fence}\n", text.trim_end())
}

/// Foreign text as a line in which nothing is markup.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '\n' | '\r' => escaped.push(' '),
            _ if letter.is_ascii_punctuation() && !":,.=%;'/".contains(letter) => escaped.extend(['\\', letter]),
            _ => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::case::check;
    use crate::plan::{Forwarding, Job};

    #[test]
    fn text_of_others_is_no_markup() {
        let case = "summary = \"a | b <img> [x](y) `z`\\u001b\"\ntopology = \"two\"\ntransfer.t = { client = \"a\", server = \"b\", bytes = \"1\" }\nexpect = [{ transfer = \"t\", during = \"1s..2s\", stall = \"<= 1s\" }]";
        let topology = "summary = \"two\"\nlink.x.ends = [\"a:x\", \"b:x\"]";
        let (case, topology) =
            check::parse("one.toml", case, [("two", topology)].as_slice()).unwrap_or_else(|wrong| panic!("{}", wrong[0]));
        let recording = Recording::of_nothing(Job::plan("one", topology, case, Forwarding::Redirect));
        let text = markdown(&recording, &judge(&recording, &recording.job.case), Time::from_millis(1000));
        assert!(text.starts_with("### a \\| b \\<img\\> \\[x\\]\\(y\\) \\`z\\`\u{241b}\n\n```text\nFAIL  one"), "{text}");
        assert!(text.contains("| **FAIL** | t: stall \\<= 1s | 1s..2s | not recorded |"), "{text}");
        assert_eq!(text.matches("```").count() % 2, 0);
        assert_eq!(fenced("a ``` b"), "````text\na ``` b\n````\n");
    }
}
