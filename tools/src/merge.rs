//! `mplab merge`: merges the parts that shards wrote into what the same command would have written and printed without shards.
//! Not here: which parts belong together.

use std::path::{Path, PathBuf};

use clap::ArgGroup;
use mplab::compare::{Ended, Run, spreads};
use mplab::disk;
use mplab::report::{self, Style};
use mplab::shards::{Command, Durations, Merged, Part, merge};

use crate::exit::Exit;
use crate::{Failure, format, matrix, share};

#[derive(clap::Args)]
#[command(group(ArgGroup::new("compared").arg("baseline").conflicts_with(format::PRINTED)))]
pub(crate) struct Arguments {
    /// Parts: the files that `--shard K/N` with `--results FILE` wrote
    #[arg(required = true, value_name = "PART")]
    parts: Vec<PathBuf>,
    /// Write the results to this file, byte for byte as the command would have without shards
    #[arg(long, short)]
    output: PathBuf,
    /// Merge the parts there are, and mark the rest as missing; the exit code is then never that of passed
    #[arg(long)]
    allow_missing: bool,
    /// Write how long each run took to this file, for --durations of later shards
    #[arg(long, value_name = "FILE")]
    durations: Option<PathBuf>,
    #[command(flatten)]
    formats: format::Options,
    #[command(flatten)]
    comparison: matrix::Comparison,
}

pub(crate) fn merged(arguments: &Arguments, style: Style) -> Result<Exit, Failure> {
    let baseline = arguments.comparison.read()?;
    let mut parts = Vec::new();
    let mut wrong = Vec::new();
    for path in &arguments.parts {
        match read(path) {
            Ok(part) => parts.push((path.display().to_string(), part)),
            Err(error) => wrong.push(format!("{}: {error}", path.display())),
        }
    }
    if !wrong.is_empty() {
        return Err(refused(&wrong));
    }
    let merged = merge(parts, arguments.allow_missing).map_err(|wrong| refused(&wrong))?;
    let write = |file: disk::Writing<'_>| merged.matrix.write(file).map_err(Into::into);
    disk::write_with(&arguments.output, write).map_err(|error| share::not_written(&arguments.output, &error))?;
    if let Some(path) = &arguments.durations {
        disk::write(path, Durations::of(&merged.took).to_json()).map_err(|error| share::not_written(path, &error))?;
    }
    arguments.formats.show(&merged)?;
    if !arguments.formats.print() {
        tell(&merged, style);
    }
    for line in &merged.missing {
        complain!("{line}");
    }
    let again = |case: &str, kernel: &str, seed| merged.whole.again(case, kernel, seed);
    let exit = arguments.comparison.verdict(&merged.matrix, baseline.as_ref(), false, again, style)?;
    Ok(if merged.missing.is_empty() { exit } else { exit.max(Exit::Broken) })
}

/// Reports everything that is wrong. Nothing has been written.
fn refused(wrong: &[String]) -> Failure {
    Failure::usage(format!("{}\nnothing was merged", wrong.join("\n")))
}

fn read(path: &Path) -> Result<Part, String> {
    let text = disk::read_text(path, disk::RECORDING).map_err(|error| error.to_string())?;
    Part::from_json(&text).map_err(|error| error.to_string())
}

/// Prints what the command would have printed at its end without shards.
fn tell(merged: &Merged, style: Style) {
    let Merged { whole, matrix, .. } = merged;
    let told = |run: &Run| !matches!(run.ended, Ended::Passed | Ended::Unsupported(_) | Ended::Missing(_));
    for (case, kernel, run) in merged.runs().filter(|(_, _, run)| told(run)) {
        show!("{}", report::ending(run, &format!("{case} with {kernel}"), &whole.again(case, kernel, run.seed), style));
    }
    if whole.command == Command::Explore {
        for (case, kernel, cell) in matrix.cells() {
            show!("{}", report::spread(&spreads(&cell.runs), style));
            say!("{case}: {} with kernel {kernel}", report::endings(cell.runs.iter().map(|run| &run.ended)));
        }
    } else {
        show!("{}", report::matrix(matrix, style));
    }
}
