//! Checklists as text: a line for each thing that was checked, with what to change below it.
//! Not here: checking.

use crate::document::case::Subject;
use crate::result::judge::explain::{Check, Explanation, Weight};
use crate::words::Window;

use super::style::{Colour, Style};

/// The indentation of what to change.
const INDENT: usize = 9;

/// Why there is no subflow: what is missing, and the checklist with the likeliest cause first.
pub fn explanation(explanation: &Explanation, style: Style) -> String {
    let (Subject::Transfer(of) | Subject::Host(of) | Subject::Process(of)) = &explanation.of;
    let window = if explanation.window == Window::default() { String::new() } else { format!(" in {}", explanation.window) };
    let title = style.paint(Colour::Bold, &format!("{of}{window}: {}", explanation.symptom));
    format!("{title}\n{}", checklist(&explanation.checks, ["CAUSE", "maybe"], style))
}

/// What a computer can do for labs.
pub fn examination(checks: &[Check], style: Style) -> String {
    checklist(checks, ["FAIL ", "lacks"], style)
}

/// `words` are those for [`Weight::Cause`] and [`Weight::Suspect`].
fn checklist(checks: &[Check], words: [&str; 2], style: Style) -> String {
    let width = checks.iter().map(|check| check.topic.chars().count()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for check in checks {
        let (word, colour) = match check.weight {
            Weight::Cause => (words[0], Colour::Red),
            Weight::Suspect => (words[1], Colour::Yellow),
            Weight::Fine => ("ok   ", Colour::Green),
            Weight::Unrecorded => ("?    ", Colour::Yellow),
        };
        lines.push(format!("  {}  {:<width$}  {}\n", style.paint(colour, word), check.topic, check.seen));
        lines.extend(change(check).map(|change| format!("{:INDENT$}{:<width$}  -> {}\n", "", "", style.paint(Colour::Bold, change))));
    }
    lines.concat()
}

/// What to change, if something is not as it should be.
fn change(check: &Check) -> Option<&str> {
    check.change.as_deref().filter(|_| matches!(check.weight, Weight::Cause | Weight::Suspect))
}
