//! `mplab doctor`: what this computer can do for labs, and how to get what is missing.

use std::io::IsTerminal;

use mplab::doctor;
use mplab::judge::explain::Weight;
use mplab::report::{self, Style};

use crate::exit::Exit;
use crate::say::overwrite;

pub(crate) fn doctor(style: Style) -> Exit {
    let shown = std::io::stderr().is_terminal();
    let clear = |text: &str| {
        if shown {
            overwrite(text);
        }
    };
    let checks = doctor::examine(&mut |doing| clear(doing));
    clear("");
    show!("{}", report::examination(&checks, style));
    if checks.iter().any(|check| check.weight == Weight::Cause) { Exit::Unsupported } else { Exit::Passed }
}
