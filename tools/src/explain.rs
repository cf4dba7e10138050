//! `mplab explain`: why a path has no subflow, or why its subflow carries nothing.

use std::path::{Path, PathBuf};

use mplab::judge::{explain, judge};
use mplab::recording::Recording;
use mplab::report::{self, Style};
use mplab::suite::{self, CaseFile};
use mplab::words::feature::absences;

use crate::exit::Exit;
use crate::{Failure, check, place, recordings};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A recording (*.json), or a case file or a variant (FILE::VARIANT), which is run first
    file: PathBuf,
    /// The seed of that run
    #[arg(long, default_value_t = suite::SEED)]
    seed: u64,
    #[command(flatten)]
    place: place::Options,
}

pub(crate) fn explain(arguments: &Arguments, style: Style) -> Result<Exit, Failure> {
    let is_recording = arguments.file.extension().is_some_and(|ending| ending == "json");
    let recording = if is_recording { recordings::read(&arguments.file)? } else { run(&arguments.file, arguments)? };
    let verdict = judge(&recording, &recording.job.case);
    say!("{}", report::headline(&recording, &verdict, style));
    for explanation in explain::explanations(&recording, &recording.job.case, &verdict) {
        show!("\n{}", report::explanation(&explanation, style));
    }
    Ok(Exit::Passed)
}

fn run(file: &Path, arguments: &Arguments) -> Result<Recording, Failure> {
    let at = arguments.place.place()?;
    let place = at.place().map_err(Failure::broken)?;
    let job = suite::plan(&CaseFile::named(file), arguments.seed, &place).map_err(|error| Failure::usage(check::shown(&error)))?;
    let missing = suite::missing(&job, &place);
    if !missing.is_empty() {
        return Err(Failure { text: format!("mplab: {}", absences(&missing)), exit: Exit::Unsupported });
    }
    Ok(suite::run(&job, &at, &mut |_| ()).map_err(Failure::broken)?.recording)
}
