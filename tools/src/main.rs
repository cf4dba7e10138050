//! The mplab command line. It is thin: the library does the work.

#[macro_use]
mod say;

mod bisect;
mod capture;
mod check;
mod demo;
mod doctor;
mod exit;
mod explain;
mod explore;
mod failure;
mod format;
mod kernel;
mod lines;
mod matrix;
mod merge;
mod new;
mod place;
mod png;
mod progress;
mod proxy;
mod recordings;
mod replay;
mod report;
mod run;
mod schema;
mod share;
mod standing;
#[cfg(test)]
mod table;
mod watch;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use mplab::report::Style;

use crate::exit::Exit;
use crate::failure::Failure;

/// A lab for multipath transports on one Linux machine
///
/// Exit codes: 0 passed, 1 failed, 2 wrong usage or a mistake in a file, 3 the machinery broke, 4 nothing could run here (as kselftest's
/// skip), 5 the computer was too busy for a verdict.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show in 20 seconds what MPTCP does with one path, with three paths, and when a path is cut
    Demo {
        /// Directory for recordings
        #[arg(long, default_value = "recordings")]
        output: PathBuf,
    },
    /// Write a commented topology or case to start from
    #[command(subcommand)]
    New(new::New),
    /// Check topology and case files
    Check {
        /// Topology or case files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Print the ip, tc and sysctl commands that a topology or case stands for, without running anything
    Plan {
        /// A topology or case file
        file: PathBuf,
    },
    /// Run cases and judge them
    Run(run::Arguments),
    /// Run a case with many seeds in virtual time, and show how its measures spread
    Explore(explore::Arguments),
    /// Run cases on several kernels, and show what differs or, with a baseline, what got worse
    Matrix(matrix::Arguments),
    /// Merge the results of shards (`--shard K/N` with `--results FILE`) if they are complete and belong together
    Merge(merge::Arguments),
    /// Find the first bad kernel in a list, or judge one kernel for `git bisect run` (exit codes: 0 good, 1 bad, 125 skip, 255 stop)
    Bisect(bisect::Arguments),
    /// Repeat a run in virtual time to see more of it: capture packets, attach a debugger, sample more often
    Replay(replay::Arguments),
    /// Judge a recording again, by its own expectations or by those of another case
    Judge {
        /// A recording
        recording: PathBuf,
        /// A case file whose expectations to use [default: those in the recording]
        case: Option<PathBuf>,
    },
    /// Compare two recordings: first difference, measures, counters, events, subflows
    Diff {
        /// The first recording
        one: PathBuf,
        /// The second recording
        other: PathBuf,
    },
    /// Show a recording: bytes per interval and interface, subflows at both ends, shares, counters that grew
    Report(report::Arguments),
    /// Check what this computer can do for labs, and say how to get what is missing
    Doctor,
    /// Say why a path has no subflow, or why its subflow carries nothing
    Explain(explain::Arguments),
    /// Build a lab that stays up until `mplab down`
    Up {
        /// A topology file
        topology: PathBuf,
        /// Name of the lab [default: the file's name without .toml]
        #[arg(long)]
        name: Option<String>,
    },
    /// Run a command in a host of a lab that is up
    Exec {
        #[command(flatten)]
        which: standing::Which,
        /// The host
        host: String,
        /// The command and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
    /// Start a shell in a host of a lab that is up
    Shell {
        #[command(flatten)]
        which: standing::Which,
        /// The host
        host: String,
    },
    /// Cut a link of a lab that is up
    Cut(standing::Cut),
    /// Undo all cuts of a link of a lab that is up
    Restore {
        /// The link
        link: String,
        #[command(flatten)]
        which: standing::Which,
    },
    /// Change the conditions of a link of a lab that is up
    Shape(standing::Shape),
    /// Show the labs that are up: hosts, addresses, links and their state
    Status {
        /// The lab [default: all]
        name: Option<String>,
    },
    /// Watch a lab that is up: link throughput and subflows, with keys that cut, restore and shape links
    Watch(watch::Arguments),
    /// Take a lab down, or clean up after one whose process is gone
    Down {
        /// The lab [default: the only one there is]
        name: Option<String>,
    },
    /// Print a JSON schema that lets an editor complete and check topology or case files
    Schema(schema::Arguments),
    /// Print a script that lets a shell complete mplab's commands
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Turn TCP into MPTCP, or MPTCP into TCP, for each connection accepted
    Proxy(proxy::Arguments),
    /// Import, build, list and remove the kernels that guests boot
    #[command(subcommand)]
    Kernel(kernel::Command),
}

fn main() -> ExitCode {
    mplab::enter();
    mplab::standing::enter();
    let level = tracing_subscriber::EnvFilter::try_from_env("MPLAB_LOG").unwrap_or_else(|_| "warn".into());
    let colours = |terminal: bool| terminal && std::env::var_os("NO_COLOR").is_none();
    let ansi = colours(std::io::stderr().is_terminal());
    tracing_subscriber::fmt().with_env_filter(level).with_writer(std::io::stderr).with_ansi(ansi).init();
    if let Some(why) = mplab::kernel::limits::too_small() {
        complain!("mplab: {why}");
        return Exit::Broken.into();
    }
    let style = if colours(std::io::stdout().is_terminal()) { Style::Ansi } else { Style::Plain };
    let done = match arguments().command {
        Command::Demo { output } => demo::demo(&output, style),
        Command::New(what) => new::new(&what),
        Command::Check { files } => Ok(check::check(&files)),
        Command::Plan { file } => check::plan(&file),
        Command::Run(arguments) => run::run(&arguments, style),
        Command::Explore(arguments) => explore::explore(&arguments, style),
        Command::Matrix(arguments) => matrix::matrix(&arguments, style),
        Command::Merge(arguments) => merge::merged(&arguments, style),
        Command::Bisect(arguments) => bisect::bisect(&arguments, style),
        Command::Replay(arguments) => replay::replay(&arguments, style),
        Command::Judge { recording, case } => recordings::judge(&recording, case.as_deref(), style),
        Command::Diff { one, other } => recordings::diff([&one, &other], style),
        Command::Report(arguments) => report::report(&arguments),
        Command::Doctor => Ok(doctor::doctor(style)),
        Command::Explain(arguments) => explain::explain(&arguments, style),
        Command::Up { topology, name } => standing::up(&topology, name, style),
        Command::Exec { which, host, command } => standing::exec(&host, &command, &which),
        Command::Shell { which, host } => standing::shell(&host, &which),
        Command::Cut(cut) => standing::cut(&cut),
        Command::Restore { link, which } => standing::restore(&link, &which),
        Command::Shape(shape) => standing::shape(&shape),
        Command::Status { name } => standing::status(name.as_deref(), style),
        Command::Watch(arguments) => watch::watch(&arguments, style),
        Command::Down { name } => standing::down(name.as_deref()),
        Command::Schema(arguments) => schema::schema(&arguments),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "mplab", &mut script);
            show!("{}", String::from_utf8_lossy(&script));
            Ok(Exit::Passed)
        }
        Command::Proxy(arguments) => proxy::proxy(&arguments).map(|never| match never {}),
        Command::Kernel(command) => kernel::kernel(&command),
    };
    done.unwrap_or_else(|failure| {
        complain!("{}", failure.text.trim_end());
        failure.exit
    })
    .into()
}

/// Parses the command line. Wrong usage of `bisect` has a code of its own: `git bisect run` would take the usual one for a bad kernel.
fn arguments() -> Arguments {
    let bisects = std::env::args_os().nth(1).is_some_and(|command| command == "bisect");
    Arguments::try_parse().unwrap_or_else(|error| {
        if !error.use_stderr() {
            error.exit();
        }
        // The message may quote a file name that somebody else chose.
        complain!("{}", error.render().to_string().trim_end());
        let exit = if bisects { Exit::Stop } else { Exit::Usage };
        std::process::exit(exit.code().into())
    })
}
