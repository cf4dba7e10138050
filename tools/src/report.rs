//! `mplab report`: recordings as text, or as files whose names say in which form.

use std::path::{Path, PathBuf};

use mplab::recording::Recording;
use mplab::report;
use mplab::words::Time;
use mplab::{disk, judge};

use crate::Failure;
use crate::exit::Exit;
use crate::recordings::{read, spare};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A recording
    #[arg(required = true)]
    recordings: Vec<PathBuf>,
    /// Write a file instead of text: FILE.html is a page, FILE.svg a drawing of the throughput. May be given several times
    #[arg(long, short, value_name = "FILE")]
    output: Vec<PathBuf>,
    /// The interval of the table
    #[arg(long, default_value = "1s")]
    interval: Time,
}

/// What a file is to be, by its name.
#[derive(Clone, Copy)]
enum Form {
    Html,
    Svg,
}

impl Form {
    fn of(path: &Path) -> Result<Self, Failure> {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("html") => Ok(Self::Html),
            Some("svg") => Ok(Self::Svg),
            _ => Err(Failure::usage(format!("{}: a report's name ends in .html or .svg", path.display()))),
        }
    }
}

pub(crate) fn report(arguments: &Arguments) -> Result<Exit, Failure> {
    // Before anything is read or written.
    let outputs = arguments.output.iter().map(|path| Form::of(path).map(|form| (path.as_path(), form)));
    let outputs: Vec<(&Path, Form)> = outputs.collect::<Result<_, _>>()?;
    let recordings: Vec<Recording> = arguments.recordings.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
    for recording in recordings.iter().filter(|_| outputs.is_empty()) {
        text(recording, arguments.interval);
    }
    for (output, _) in &outputs {
        arguments.recordings.iter().try_for_each(|recording| spare(recording, output))?;
    }
    for (path, form) in outputs {
        let [recording] = recordings.as_slice() else {
            return Err(Failure::usage(format!("{}: this form takes one recording, not {}", path.display(), recordings.len())));
        };
        let made = match form {
            Form::Html => report::page(recording, &judge::judge(recording, &recording.job.case), None),
            Form::Svg => match recording.job.case.transfers.keys().next() {
                Some(transfer) => report::svg(recording, transfer),
                None => return Err(Failure::usage(format!("{}: the case has no transfer to draw", path.display()))),
            },
        };
        disk::write(path, &made).map_err(|error| Failure::broken(format!("failed to write {}: {error}", path.display())))?;
    }
    Ok(Exit::Passed)
}

fn text(recording: &Recording, interval: Time) {
    say!("{}: {}", recording.job.name, recording.job.case.summary);
    show!("\n{}", report::links(recording));
    for name in recording.job.case.transfers.keys() {
        say!("\n{}", report::summary(recording, name));
        say!("{}", report::table(recording, name, interval));
        say!("{}", report::subflows(recording, name));
        show!("{}", report::share(recording, name));
    }
    if recording.job.case.transfers.is_empty() {
        show!("\n{}", report::subflows_of_hosts(recording));
    }
    show!("\n{}", report::counters(recording));
}
