//! `mplab check` and `mplab plan`: what a file says, without a kernel.

use std::io::IsTerminal;
use std::path::Path;

use mplab::diagnostic::LoadError;
use mplab::disk;
use mplab::names_topology;
use mplab::plan::{self, Forwarding, Job};
use mplab::suite::CaseFile;

use crate::Failure;
use crate::exit::Exit;

/// A checked file.
enum File {
    Topology(mplab::topology::Topology),
    Case(Box<Job>),
}

/// A case names its topology; a file that does not is a topology.
fn load(path: &Path) -> Result<File, LoadError> {
    let file = CaseFile::named(path);
    if disk::read_text(&file.path, disk::DOCUMENT).is_ok_and(|text| names_topology(&text)) {
        let (case, topology) = file.load()?;
        Ok(File::Case(Box::new(Job::plan(&file.name, topology, case, Forwarding::default()))))
    } else {
        mplab::topology::check::load(path).map(File::Topology)
    }
}

/// A file's mistakes as they are shown to a person.
pub(crate) fn shown(error: &LoadError) -> String {
    error.render(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
}

pub(crate) fn check(files: &[std::path::PathBuf]) -> Exit {
    let mut worst = Exit::Passed;
    for path in files {
        match load(path) {
            Ok(File::Topology(topology)) => {
                say!(
                    "{}: a topology with {}, {}",
                    path.display(),
                    several(topology.hosts.len(), "host"),
                    several(topology.links.len(), "link")
                );
            }
            Ok(File::Case(job)) => {
                let case = &job.case;
                let parts = [
                    (case.transfers.len(), "transfer"),
                    (case.processes.len(), "process"),
                    (case.steps.len(), "step"),
                    (case.expects.len(), "expectation"),
                ];
                let parts: Vec<_> = parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| several(count, what)).collect();
                say!("{}: a case with {}", path.display(), parts.join(", "));
            }
            Err(error) => {
                complain!("{}", shown(&error).trim_end());
                worst = Exit::Usage;
            }
        }
    }
    worst
}

/// A count and its noun, in the plural unless the count is 1.
fn several(count: usize, what: &str) -> String {
    match (count, what.ends_with('s')) {
        (1, _) => format!("1 {what}"),
        (_, true) => format!("{count} {what}es"),
        (_, false) => format!("{count} {what}s"),
    }
}

pub(crate) fn plan(path: &Path) -> Result<Exit, Failure> {
    let script = match load(path).map_err(|error| Failure::usage(shown(&error)))? {
        File::Topology(topology) => plan::script(&plan::lab(&topology, Forwarding::default())),
        File::Case(job) => job.script(),
    };
    show!("{script}");
    Ok(Exit::Passed)
}
