//! `mplab proxy`: turns TCP into MPTCP and back until it is killed.
//! Not here: its options and what it does, which are in the library.

use std::convert::Infallible;

use mplab::proxy::Options;
use mplab::proxy::command::{USAGE, run};

use crate::Failure;

#[derive(clap::Args)]
#[command(disable_help_flag = true, override_usage = "mplab proxy --listen ADDRESS:PORT (--to ADDRESS:PORT | --transparent) ...")]
pub(crate) struct Arguments {
    /// See `mplab proxy --help`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

pub(crate) fn proxy(arguments: &Arguments) -> Result<Infallible, Failure> {
    if ["--help", "-h"].iter().any(|help| arguments.words.iter().any(|word| word == help)) {
        show!("{USAGE}");
        std::process::exit(0);
    }
    let options = Options::read(&arguments.words).map_err(|wrong| Failure::usage(format!("error: {wrong}\n\n{USAGE}")))?;
    run(options).map_err(|error| Failure::system(format!("failed to run a proxy at {}", options.listen), &error))
}
