//! Watching: a run or a lab that stays, as it goes, on a screen with ratatui or as plain lines.
//! Not here: sampling, and judging.

mod case;
mod draw;
mod lab;
mod picture;
mod screen;
mod signals;
mod table;

use mplab::report::Style;
use mplab::standing;
use mplab::words::Time;

pub(crate) use case::Watch;

use crate::Failure;
use crate::exit::Exit;

/// The interval on a screen, if none is asked for.
const FAST: Time = Time::from_millis(200);
/// The interval of lines.
const SLOW: Time = Time::from_millis(1000);
/// The shortest: looking takes time, too.
const LEAST: Time = Time::from_millis(10);

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The lab, if several stand
    lab: Option<String>,
    /// Over which time speeds are measured [default: 1s; 200ms on a screen]
    #[arg(long, short = 't', value_name = "TIME")]
    interval: Option<Time>,
    /// End after this number of samples
    #[arg(long, short, value_name = "NUMBER")]
    samples: Option<u64>,
    /// Print links and subflows over one interval, and end
    #[arg(long, conflicts_with = "samples")]
    once: bool,
}

pub(crate) fn watch(arguments: &Arguments, style: Style) -> Result<Exit, Failure> {
    if arguments.interval.is_some_and(|interval| interval < LEAST) {
        return Err(Failure::usage(format!("mplab: --interval is less than {LEAST}: write a longer one")));
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
