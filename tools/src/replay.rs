//! `mplab replay`: repeats a recorded run, to look at it more closely.

use std::num::NonZeroU16;
use std::path::{Path, PathBuf};

use mplab::capture::Capture;
use mplab::case::check::SAMPLES;
use mplab::compare::differences;
use mplab::execute::News;
use mplab::guest::store::Store;
use mplab::guest::{Guest, Inspection};
use mplab::judge::{Outcome, judge};
use mplab::plan::Job;
use mplab::recording::{Clockwork, Recording};
use mplab::report::{self, Style};
use mplab::words::Time;

use crate::exit::Exit;
use crate::{Failure, capture, recordings};

/// How many differences are printed at most.
const TOLD: usize = 10;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A recording of a run in virtual time
    recording: PathBuf,
    #[command(flatten)]
    capture: capture::Capturing,
    /// Make the kernel wait for gdb: on this port in QEMU, or as a process if the kernel is a program
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "1234")]
    gdb: Option<NonZeroU16>,
    /// Run this program in the guest: the test program of `cargo test` that made the recording
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Take samples at this interval. The run then differs from the recorded one, since samples take time
    #[arg(long)]
    sample: Option<Time>,
    /// File for the new recording [default: beside the old one]
    #[arg(long)]
    output: Option<PathBuf>,
}

pub(crate) fn replay(arguments: &Arguments, style: Style) -> Result<Exit, Failure> {
    let old = recordings::read(&arguments.recording)?;
    arguments.output.as_deref().map_or(Ok(()), |output| recordings::spare(&arguments.recording, output))?;
    let Some(clock) = old.place.machine.as_ref().map(|machine| machine.clock).filter(|clock| *clock != Clockwork::Real) else {
        let path = arguments.recording.display();
        return Err(Failure::usage(format!(
            "{path} was recorded in real time, and only a run in virtual time can be repeated: `mplab run` makes another run"
        )));
    };
    if let Some(sample) = arguments.sample.filter(|sample| !SAMPLES.contains(sample)) {
        return Err(Failure::usage(format!("{sample}: the sampling interval must be {} to {}", SAMPLES.start(), SAMPLES.end())));
    }
    let kernel = Store::open()?.get(&old.place.name)?;
    let inspection = Inspection { gdb: arguments.gdb.map(NonZeroU16::get), capture: arguments.capture.snap() };
    let guest = Guest::new(kernel, clock, None).map_err(Failure::broken)?.watched(inspection);
    let guest = match &arguments.program {
        Some(program) => {
            let found = program.canonicalize().map_err(|error| Failure::path(program, error))?;
            guest.with(found)
        }
        None => guest.lasting(),
    };
    let mut job = old.job.clone();
    job.case.sample = arguments.sample.unwrap_or(job.case.sample);
    let output = arguments.output.clone().unwrap_or_else(|| arguments.recording.with_extension("replay.json"));
    let mut captured = arguments.capture.snap().map(|snap| Capture::new(output.parent().unwrap_or(Path::new(".")), snap));
    let new = run(&guest, &job, clock, captured.as_mut())?;
    let verdict = judge(&new, &new.job.case);
    let written = recordings::write(&output, &new);
    if verdict.outcome == Outcome::Passed {
        say!("{}", report::headline(&new, &verdict, style));
    } else {
        let again = format!("mplab replay {}", arguments.recording.display());
        show!("{}", report::verdict(&new, &verdict, &again, style));
    }
    let exit = told(arguments, &old, &new);
    written?;
    say!("        recorded in {}", output.display());
    if let Some(captured) = captured {
        let path = output.with_extension("pcapng");
        let again = format!("mplab replay {} --capture", arguments.recording.display());
        let kept = captured.write(&path, &new, &verdict, &again);
        if let Some(line) = capture::told(&path, &kept) {
            say!("        {line}");
        }
        kept.map_err(|error| Failure::system(capture::not_written(&path), &error))?;
    }
    Ok(exit.max(verdict.outcome.into()))
}

fn run(guest: &Guest, job: &Job, clock: Clockwork, mut captured: Option<&mut Capture>) -> Result<Recording, Failure> {
    let mut hear = |_, news| {
        if let Some(captured) = &mut captured {
            captured.hear(&news);
        }
        if let News::Waits { gdb } = news {
            say!("the kernel waits: {gdb}");
            if clock == Clockwork::Events {
                say!("gdb does not change the run, however long it stops the kernel: no virtual time passes meanwhile");
            } else {
                say!("VMLINUX is a vmlinux with symbols, from a build tree or from Debian's linux-image-*-dbg");
                say!("attaching gdb does not change the run, but each stop does: virtual time then jumps to the kernel's next timer");
            }
        }
    };
    let mut results = guest.run(std::slice::from_ref(job), &mut hear);
    results.pop().expect("a result for each job").map_err(Failure::broken)
}

/// Prints whether it was the same run. A difference that nothing explains is broken machinery.
fn told(arguments: &Arguments, old: &Recording, new: &Recording) -> Exit {
    let differences = differences(old, new, TOLD);
    if differences.is_empty() {
        say!("        the same run, to the last value");
        return Exit::Passed;
    }
    let events = new.place.machine.as_ref().is_some_and(|machine| machine.clock == Clockwork::Events);
    let (why, exit) = match (arguments.sample, arguments.gdb) {
        (Some(sample), _) => {
            let why = if events { "each reading of the clock takes 256 ns" } else { "samples take time" };
            (format!("another run, since {why}: the samples were {} apart, and now are {sample}", old.job.case.sample), Exit::Passed)
        }
        (None, Some(_)) if !events => ("another run, which is normal if gdb stopped the kernel".to_owned(), Exit::Passed),
        (None, _) => {
            let same = if events { "version of mplab and" } else { "mplab (--program), QEMU," };
            (format!("NOT the same run: repeating one takes the same {same} kernel and system libraries"), Exit::Broken)
        }
    };
    say!("        {why}");
    for difference in differences {
        say!("          {difference}");
    }
    exit
}
