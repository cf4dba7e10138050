//! Printing, which may fail: what reads may have seen enough, and a disk may be full. Text of others reaches a terminal as text alone.
//! Not here: what is printed.

use std::fmt;
use std::io::{self, Write};
use std::process;

use mplab::kernel::limits::told;
use mplab::kernel::process::end_without_a_reader;
use mplab::words::terminal::shown;

use crate::exit::Exit;

/// Prints as `println!` does.
macro_rules! say {
    ($($text:tt)*) => { $crate::say::print(format_args!("{}\n", format_args!($($text)*))) };
}

/// Prints as `print!` does.
macro_rules! show {
    ($($text:tt)*) => { $crate::say::print(format_args!($($text)*)) };
}

/// Prints a line to standard error as `eprintln!` does.
macro_rules! complain {
    ($($text:tt)*) => { $crate::say::complain(format_args!($($text)*)) };
}

/// Prints a line to standard error, whoever still reads that.
pub(crate) fn complain(text: fmt::Arguments<'_>) {
    writeln!(io::stderr(), "{}", shown(&text.to_string())).ok();
}

/// Writes a line on a terminal over what its last line was, for progress.
pub(crate) fn overwrite(text: &str) {
    write!(io::stderr(), "\r\x1b[K{}", shown(text)).and_then(|()| io::stderr().flush()).ok();
}

/// Prints, or ends this program: quietly where nobody reads any more, else as machinery that broke. A run ends with it, so what is to be kept is
/// written before anything is said of it.
pub(crate) fn print(text: fmt::Arguments<'_>) {
    let Err(error) = io::stdout().write_all(shown(&text.to_string()).as_bytes()) else { return };
    if error.kind() == io::ErrorKind::BrokenPipe {
        end_without_a_reader().ok();
    }
    complain!("mplab: {}", told("failed to print", &error));
    process::exit(Exit::Broken.code().into())
}
