//! What the documents say of tables in other tools: each line is run as it stands there, and finds what was recorded.

use std::fs;
use std::process::Command;

use libtest_mimic::{Failed, Trial};
use mplab::report::{self, MEASURES};

use crate::support::{repository, trial};
use crate::synthetic::run;
use crate::{Scratch, said};

/// The Python modules that have a line.
const MODULES: [&str; 3] = ["pandas", "polars", "duckdb"];

pub(crate) fn trials() -> Vec<Trial> {
    let line = |module: &'static str| {
        let missing = said(Command::new("python3").args(["-c", &format!("import {module}")])).is_err();
        let missing = missing.then(|| format!("not installed: python3's {module}"));
        trial(&format!("the_line_for_{module}_finds_what_was_recorded"), missing, move || the_line_finds_what_was_recorded(module))
    };
    let mut trials: Vec<Trial> = MODULES.into_iter().map(line).collect();
    trials.push(trial("every_measure_is_documented", None, || {
        every_measure_is_documented();
        Ok(())
    }));
    trials
}

fn document() -> String {
    fs::read_to_string(repository().join("docs/report.md")).expect("the document is there")
}

fn the_line_finds_what_was_recorded(module: &str) -> Result<(), Failed> {
    let document = document();
    let line =
        document.lines().find(|line| line.starts_with(&format!("python3 -c \"import {module}"))).ok_or("the document has no such line")?;
    let run = run();
    let scratch = Scratch::new(module);
    scratch.write("run.csv", &report::csv([&run]));
    let told = said(Command::new("sh").args(["-c", line]).current_dir(&scratch.0))?;
    for (interface, link) in [("eth0", "ethernet"), ("wlan0", "wlan")] {
        let bytes = run.hosts["laptop"].interfaces[interface].rx_bytes.last().copied().unwrap_or(0).to_string();
        assert!(told.lines().any(|line| line.contains(link) && line.contains(&bytes)), "{link} {bytes}: {told}");
    }
    Ok(())
}

fn every_measure_is_documented() {
    let document = document();
    for measure in &MEASURES {
        let row = format!("| {} | `{}` | {} | {} |", measure.kind, measure.name, measure.unit, measure.means);
        assert!(document.contains(&row), "docs/report.md has no line\n{row}");
    }
    assert!(document.contains(&report::CSV_COLUMNS.join(",")), "docs/report.md has not the columns of CSV");
}
