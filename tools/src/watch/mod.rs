//! Watching a run or a standing lab live, on a screen with ratatui or as plain lines.
//! Not here: sampling, and judging.

mod aside;
mod case;
mod draw;
mod held;
mod lab;
mod picture;
mod screen;
mod table;

use mplab::report::Style;
use mplab::standing;
use mplab::words::Time;

pub(crate) use case::Watch;

use crate::Failure;
use crate::exit::Exit;

/// The default interval on a screen.
const FAST: Time = Time::from_millis(200);
/// The default interval of plain lines.
const SLOW: Time = Time::from_millis(1000);
/// The shortest interval: looking takes time, too.
const LEAST: Time = Time::from_millis(10);

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The lab [default: the only one there is]
    lab: Option<String>,
    /// Interval over which throughput is measured [default: 200ms on a terminal, else 1s]
    #[arg(long, short = 't', value_name = "TIME")]
    interval: Option<Time>,
    /// Exit after this number of samples
    #[arg(long, short, value_name = "NUMBER")]
    samples: Option<u64>,
    /// Print links and subflows over one interval, and exit
    #[arg(long, conflicts_with = "samples")]
    once: bool,
}

pub(crate) fn watch(arguments: &Arguments, style: Style) -> Result<Exit, Failure> {
    if arguments.interval.is_some_and(|interval| interval < LEAST) {
        return Err(Failure::usage(format!("mplab: --interval must be at least {LEAST}")));
    }
    let lab = standing::find(arguments.lab.as_deref())?;
    let interval = |otherwise| arguments.interval.unwrap_or(otherwise);
    if arguments.once {
        lab::once(&lab, interval(SLOW))?;
    } else if screen::there_is() {
        lab::screen(&lab, interval(FAST), arguments.samples, style)?;
    } else {
        lab::rows(&lab, interval(SLOW), arguments.samples)?;
    }
    Ok(Exit::Passed)
}
