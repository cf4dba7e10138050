//! Lists every case under `cases/` as a trial of its own for each imported kernel, `virtual::debian_7_2::survival::ethernet_unplugged`, and
//! runs it in virtual time when asked to. This is a program of its own: guests keep all cores busy, and cases on this computer's kernel
//! would be disturbed.
//!
//! All cases on all kernels take a quarter of an hour: unless `MPLAB_GUESTS=all` is set, only those below [`DIRECTORIES`] run, and the others are
//! ignored with that reason.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use mplab::guest::store::{Kernel, Store};
use mplab::guest::{Guest, GuestError, SHIFT};
use mplab::local;
use mplab::place::{PlaceError, Somewhere};
use mplab::recording::{Clockwork, Place};
use mplab::suite::CaseFile;
use mplab_testcases::{files, ignored, trial};

/// The cases that always run: one path, three paths, and every kind of cut.
const DIRECTORIES: [&str; 2] = ["demo::", "survival::"];

fn main() -> ExitCode {
    local::enter();
    let mut arguments = Arguments::from_args();
    let kernels = Store::open().and_then(|store| store.list());
    let trials = match kernels {
        Ok(kernels) if kernels.is_empty() => {
            vec![ignored("virtual", "needs kernels", "no kernel is imported: `tools/fetch-kernels` brings three")]
        }
        Ok(kernels) => kernels.into_iter().flat_map(of_kernel).collect(),
        Err(error) => vec![Trial::test("virtual", move || Err(error.into()))],
    };
    arguments.test_threads.get_or_insert_with(|| std::thread::available_parallelism().map_or(1, usize::from));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn of_kernel(kernel: Kernel) -> Vec<Trial> {
    let group = format!("virtual::{}", kernel.name.replace(['-', '.'], "_"));
    let ready = || -> Result<(Somewhere, Place), PlaceError> {
        let at = Somewhere::Guest(Box::new(Guest::new(kernel, Clockwork::Virtual { shift: SHIFT }, None)?));
        let place = at.place()?;
        Ok((at, place))
    };
    match ready() {
        Ok((at, place)) => {
            let all = std::env::var("MPLAB_GUESTS").is_ok_and(|which| which == "all");
            let runs = |name: &str| all || DIRECTORIES.iter().any(|directory| name.starts_with(directory));
            let one = |file: CaseFile| {
                if runs(&file.name) {
                    trial(file, &group, &at, &place)
                } else {
                    ignored(format!("{group}::{}", file.name), "takes long", "set MPLAB_GUESTS=all to run it")
                }
            };
            files().into_iter().map(one).collect()
        }
        Err(PlaceError::Guest(error @ GuestError::NoQemu(_))) => vec![ignored(group, "needs QEMU", error.to_string())],
        Err(error) => vec![Trial::test(group, move || Err(error.into()))],
    }
}
