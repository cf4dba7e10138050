//! The counters that grew: how much at each host, and what each counts.
//! Not here: which of them explains something.

use std::fmt::Write;

use crate::result::judge::counters::growth;
use crate::result::recording::Recording;
use crate::words::Window;

/// A line for each counter that grew in the run and that mplab has a sentence for, and below them the others in a few lines.
pub fn counters(recording: &Recording) -> String {
    let grown = growth(recording, Window::default());
    if grown.is_empty() {
        return "no counter grew, or none was recorded\n".to_owned();
    }
    let (known, others): (Vec<_>, Vec<_>) = grown.iter().partition(|counter| counter.means.is_some());
    let hosts: Vec<&String> = recording.hosts.iter().filter(|(_, record)| !record.counters.is_empty()).map(|(name, _)| name).collect();
    let counts = |by: &[(String, u64)]| {
        let count =
            |host: &&String| by.iter().find(|(name, _)| name == *host).map_or_else(|| "0".to_owned(), |(_, count)| count.to_string());
        hosts.iter().map(count).collect::<Vec<_>>()
    };
    let head = (String::from("counter"), hosts.iter().map(|host| (*host).clone()).collect::<Vec<_>>(), "what it counts");
    let rows = known.iter().map(|counter| (counter.name.clone(), counts(&counter.by), counter.means.unwrap_or_default()));
    let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
    let name = rows.iter().map(|row| row.0.chars().count()).max().unwrap_or(0);
    let width = |column: usize| rows.iter().map(|row| row.1[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..hosts.len()).map(width).collect();
    let mut text = String::new();
    for (counter, counts, means) in &rows {
        write!(text, "{counter:<name$}").expect("writing to a string");
        for (count, &width) in counts.iter().zip(&widths) {
            write!(text, "  {count:>width$}").expect("writing to a string");
        }
        writeln!(text, "  {means}").expect("writing to a string");
    }
    if !others.is_empty() {
        let others: Vec<String> = others.iter().map(|counter| format!("{} ({})", counter.name, counter.counts())).collect();
        writeln!(text, "also grew: {}", others.join(", ")).expect("writing to a string");
    }
    text
}
