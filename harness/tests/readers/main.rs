//! What other programs make of a report: a browser of the page, Prometheus of OpenMetrics, Performance Co-Pilot of its archive, and what
//! the documents say of tables. A program that is not installed has its trials ignored.

mod browser;
mod pcp;
mod prometheus;
#[path = "../support/mod.rs"]
mod support;
#[path = "../judge/synthetic.rs"]
#[allow(dead_code, reason = "the judge's tests need all of it")]
mod synthetic;
mod tables;

use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::{env, fs};

use libtest_mimic::{Arguments, Failed};

fn main() {
    let arguments = Arguments::from_args();
    let trials = browser::trials().into_iter().chain(prometheus::trials()).chain(pcp::trials()).chain(tables::trials());
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

/// What a command printed, or what it said when it failed.
fn said(command: &mut Command) -> Result<String, Failed> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(out.into_owned()) } else { Err(format!("{command:?} ended with {}: {out}{err}", output.status).into()) }
}

/// A command that finds the system's own Python first, as Debian's programs want it.
fn system(program: &str) -> Command {
    let mut command = Command::new(program);
    let path = env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("/usr/bin:{path}"));
    command
}

/// A directory that is gone with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("readers-{name}-{}", process::id()));
        fs::remove_dir_all(&path).ok();
        fs::create_dir_all(&path).expect("the target directory can be written");
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).expect("the directory can be written");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}
