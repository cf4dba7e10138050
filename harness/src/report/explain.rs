//! A check-list as text: what is missing, then a line for each thing that was looked at, with what to change below it.
//! Not here: looking.

use crate::case::Subject;
use crate::judge::explain::{Check, Explanation, Weight};
use crate::words::Window;

use super::style::{Colour, Style};

/// How far what to change stands to the right.
const INDENT: usize = 9;

/// The whole check-list, the likeliest cause first.
pub fn explanation(explanation: &Explanation, style: Style) -> String {
    let (Subject::Transfer(of) | Subject::Host(of) | Subject::Process(of)) = &explanation.of;
    let window = if explanation.window == Window::default() { String::new() } else { format!(" in {}", explanation.window) };
    let mut lines = vec![style.paint(Colour::Bold, &format!("{of}{window}: {}", explanation.symptom))];
    let width = explanation.checks.iter().map(|check| check.topic.chars().count()).max().unwrap_or(0);
    for check in &explanation.checks {
        let (word, colour) = match check.weight {
            Weight::Cause => ("CAUSE", Colour::Red),
            Weight::Suspect => ("maybe", Colour::Yellow),
            Weight::Fine => ("ok   ", Colour::Green),
            Weight::Unrecorded => ("?    ", Colour::Yellow),
        };
        lines.push(format!("  {}  {:<width$}  {}", style.paint(colour, word), check.topic, check.seen));
        lines.extend(change(check).map(|change| format!("{:INDENT$}{:<width$}  -> {}", "", "", style.paint(Colour::Bold, change))));
    }
    lines.join("\n") + "\n"
}

/// What to change, where it is not as it should be.
fn change(check: &Check) -> Option<&str> {
    check.change.as_deref().filter(|_| matches!(check.weight, Weight::Cause | Weight::Suspect))
}
