//! Printing, which may fail: the reader may be gone, or the disk full. Foreign text reaches a terminal without control characters.
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

/// Prints a line to standard error, even if nobody reads it any more.
pub(crate) fn complain(text: fmt::Arguments<'_>) {
    writeln!(io::stderr(), "{}", shown(&text.to_string())).ok();
}

/// Overwrites the terminal's last line, to show progress.
pub(crate) fn overwrite(text: &str) {
    write!(io::stderr(), "\r\x1b[K{}", shown(text)).and_then(|()| io::stderr().flush()).ok();
}

/// Prints, or exits: silently if nobody reads any more, else as broken machinery. A run ends with the program, so write what must be kept before
/// printing anything about it.
pub(crate) fn print(text: fmt::Arguments<'_>) {
    let Err(error) = io::stdout().write_all(shown(&text.to_string()).as_bytes()) else { return };
    if error.kind() == io::ErrorKind::BrokenPipe {
        end_without_a_reader().ok();
    }
    complain!("mplab: {}", told("failed to print", &error));
    process::exit(Exit::Broken.code().into())
}
