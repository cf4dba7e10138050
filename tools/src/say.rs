//! Printing, which may fail: what reads may have seen enough, and a disk may be full.
//! Not here: what is printed.

use std::fmt;
use std::io::{self, Write};
use std::process;

use mplab::kernel::process::end_without_a_reader;

use crate::exit::Exit;

/// Prints as `println!` does.
macro_rules! say {
    ($($text:tt)*) => { $crate::say::print(format_args!("{}\n", format_args!($($text)*))) };
}

/// Prints as `print!` does.
macro_rules! show {
    ($($text:tt)*) => { $crate::say::print(format_args!($($text)*)) };
}

/// Prints, or ends this program: quietly where nobody reads any more, else as machinery that broke. A run ends with it, so what is to be kept is
/// written before anything is said of it.
pub(crate) fn print(text: fmt::Arguments<'_>) {
    let Err(error) = io::stdout().write_fmt(text) else { return };
    if error.kind() == io::ErrorKind::BrokenPipe {
        end_without_a_reader().ok();
    }
    eprintln!("mplab: failed to print: {error}");
    process::exit(Exit::Broken.code().into())
}
