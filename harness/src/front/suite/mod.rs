//! Suites: the case files below a directory, by name, planned for a place and run to a verdict, alone or many at a time ([`Suite`]).
//! Not here: how a run or a verdict is shown.

mod together;
mod whole;

use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

pub use together::{CaseResult, Event, Renderer, Results, Suite, Task};
pub use whole::{Planned, WholeError, whole};

use crate::document::case::{Case, check};
use crate::document::diagnostic::LoadError;
use crate::document::topology::Topology;
use crate::document::{self, change, disk};
use crate::kernel::program;
use crate::life::execute::News;
use crate::place::{Place, PlaceError};
use crate::plan::Job;
use crate::result::compare::Run;
use crate::result::judge::{Outcome, Verdict, judge};
use crate::result::recording::{PlaceRecord, Recording};
use crate::words::feature::Lack;
use crate::words::{Feature, Snap};

/// What a job needs but the kernel of a place or this computer's programs lack.
pub fn missing<'a>(job: &'a Job, place: &PlaceRecord) -> Vec<Lack<'a>> {
    let installed = |feature: &Feature| matches!(feature, Feature::Program(name) if program::find(name).is_some());
    job.missing(&place.features).into_iter().filter(|lack| !installed(lack.feature)).collect()
}

/// How often a disturbed run is tried: the computer was too busy, and may not be the next time.
pub const ATTEMPTS: u32 = 3;

/// A case file with its name: its path below the directory `cases`, such as `survival::ethernet_unplugged`. Without such a directory, the path
/// is relative to the directory that was given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CaseFile {
    /// The name.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// The variant, if it is not the case itself. The name ends in it.
    pub variant: Option<String>,
}

/// As `mplab run` takes it: `cases/join/limits.toml`, `cases/join/limits.toml::over_ipv6`.
impl fmt::Display for CaseFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, "::{variant}"))
    }
}

impl CaseFile {
    /// The case of a path, which is a file or a file with a variant behind it: `limits.toml::over_ipv6`.
    pub fn named(path: &Path) -> Self {
        let variant = path.to_str().filter(|_| !path.exists()).and_then(|path| path.rsplit_once("::"));
        match variant {
            Some((file, variant)) => Self::new(file.into(), file.as_ref()).variant(variant),
            None => Self::new(path.to_owned(), path),
        }
    }

    /// Reads the case and its topology.
    pub fn load(&self) -> Result<(Case, Topology), LoadError> {
        match &self.variant {
            Some(variant) => check::load_variant(&self.path, variant),
            None => check::load(&self.path),
        }
    }

    fn variant(self, variant: &str) -> Self {
        Self { name: format!("{}::{variant}", self.name), variant: Some(variant.to_owned()), ..self }
    }

    /// The case and its variants. A file that cannot be read is reported when the case is planned.
    fn all(self) -> Vec<Self> {
        let text = disk::read_text(&self.path, disk::DOCUMENT).unwrap_or_default();
        let variants: Vec<Self> = change::variants(&text).into_iter().map(|(variant, _)| self.clone().variant(&variant)).collect();
        std::iter::once(self).chain(variants).collect()
    }

    fn new(path: PathBuf, root: &Path) -> Self {
        let parts: Vec<String> = path.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
        let above = match parts.iter().rposition(|part| part == "cases") {
            Some(cases) => cases + 1,
            None => root.iter().count().min(parts.len() - 1),
        };
        Self { name: parts[above..].join("::"), path, variant: None }
    }
}

/// The case files at a path: the file with its variants, one variant (`FILE::VARIANT`), or all case files below a directory, in the order of their
/// names. Topologies in the directory are left out.
pub fn find(path: &Path) -> io::Result<Vec<CaseFile>> {
    let mut found = Vec::new();
    let named = CaseFile::named(path);
    if named.variant.is_some() {
        found.push(named);
    } else if fs::metadata(path)?.is_dir() {
        search(path, path, &mut found)?;
    } else {
        found.extend(named.all());
    }
    found.sort();
    Ok(found)
}

fn search(directory: &Path, root: &Path, found: &mut Vec<CaseFile>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            search(&path, root, found)?;
        } else if path.extension().is_some_and(|extension| extension == "toml") && !is_topology_file(&path) {
            found.extend(CaseFile::new(path, root).all());
        }
    }
    Ok(())
}

/// Whether a file beside cases is a topology that they use. A file that cannot be read is reported when the case is planned.
fn is_topology_file(path: &Path) -> bool {
    disk::read_text(path, disk::DOCUMENT).is_ok_and(|text| document::is_topology(&text))
}

/// Reads a case file with its topology and plans it for a place.
pub fn plan(file: &CaseFile, seed: u64, place: &PlaceRecord) -> Result<Job, LoadError> {
    let (case, topology) = file.load()?;
    Ok(Job::plan(&file.name, topology, case, place.means(seed)))
}

/// A run and its verdict.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The run, the last one if it was tried again.
    pub recording: Recording,
    /// The verdict.
    pub verdict: Verdict,
    /// How often it was tried.
    pub attempts: u32,
}

/// Runs a job at a place and judges it. Tries again if the computer was too busy for a verdict.
pub fn run(job: &Job, at: &Place, news: &mut dyn FnMut(News)) -> Result<Judged, PlaceError> {
    settle(at.run(job, news)?, || at.run(job, news))
}

/// Runs jobs at a place, one after the other and in a guest in one boot, and judges them. A job for which the computer was too busy is tried
/// again, alone. Returns a result for each. With a snap length, the news include the packets.
pub fn run_all(jobs: &[Job], at: &Place, capture: Option<Snap>, news: &mut dyn FnMut(usize, News)) -> Vec<Result<Judged, PlaceError>> {
    let results = at.run_all(jobs, capture, news);
    let mut again = |number: usize, job: &Job| {
        let mut results = at.run_all(std::slice::from_ref(job), capture, &mut |_, fresh| news(number, fresh));
        results.pop().expect("a result for each job")
    };
    let numbered = results.into_iter().zip(jobs).enumerate();
    numbered.map(|(number, (result, job))| settle(result?, || again(number, job))).collect()
}

/// Judges a recording. While it is disturbed, replaces it by that of another attempt.
fn settle(mut recording: Recording, mut again: impl FnMut() -> Result<Recording, PlaceError>) -> Result<Judged, PlaceError> {
    let mut attempts = 1;
    loop {
        let verdict = judge(&recording, &recording.job.case);
        if verdict.outcome != Outcome::Disturbed || attempts == ATTEMPTS {
            return Ok(Judged { recording, verdict, attempts });
        }
        attempts += 1;
        recording = again()?;
    }
}

/// A run in short, to be compared with others.
pub fn compared(seed: u64, judged: &Result<Judged, PlaceError>) -> Run {
    match judged {
        Ok(Judged { recording, verdict, .. }) => Run::of(recording, verdict),
        Err(error) => Run::broken(seed, error),
    }
}

/// The default seed.
pub const SEED: u64 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::{Failure, Kind, LocalError};
    use crate::plan::Forwarding;
    use crate::result::recording::{ConnectionRecord, FlowRecord, TransferRecord};

    /// A run of one byte that arrives or does not, a computer's that was late or was not.
    fn run(arrives: bool, late: bool) -> Recording {
        let case = "summary = \"one\"\ntopology = \"two\"\ntransfer.t = { client = \"a\", server = \"b\", bytes = \"1\" }\nexpect = [{ transfer = \"t\", intact = true }]";
        let topology = "summary = \"two\"\nlink.x.ends = [\"a:x\", \"b:x\"]";
        let (case, topology) =
            check::parse("one.toml", case, [("two", topology)].as_slice()).unwrap_or_else(|wrong| panic!("{}", wrong[0]));
        let mut recording = Recording::of_nothing(Job::plan("one", topology, case, Forwarding::Redirect));
        let flow = FlowRecord { sent: 1, received: arrives.into(), closed: Some(10), ended: Some(20), ..FlowRecord::default() };
        let connection = ConnectionRecord { connected: Some(1), up: Some(flow), ..ConnectionRecord::default() };
        recording.transfers.insert("t".to_owned(), TransferRecord { connections: vec![connection], ..TransferRecord::default() });
        recording.lateness.step = if late { 200_000 } else { 0 };
        recording
    }

    /// How it ends if the runs are these, how often it was tried, and how many runs were left.
    fn settled(mut runs: Vec<Recording>) -> (Outcome, u32, usize) {
        runs.reverse();
        let judged = settle(runs.pop().unwrap(), || Ok(runs.pop().expect("no more than these are needed"))).unwrap();
        (judged.verdict.outcome, judged.attempts, runs.len())
    }

    #[test]
    fn what_is_disturbed_is_tried_again_and_nothing_else() {
        let (disturbed, failed, passed) = (|| run(false, true), || run(false, false), || run(true, true));
        assert_eq!(settled(vec![passed(), failed()]), (Outcome::Passed, 1, 1));
        assert_eq!(settled(vec![failed(), passed()]), (Outcome::Failed, 1, 1));
        assert_eq!(settled(vec![disturbed(), passed(), failed()]), (Outcome::Passed, 2, 1));
        assert_eq!(settled(vec![disturbed(), disturbed(), failed(), passed()]), (Outcome::Failed, 3, 1));
        assert_eq!(settled(vec![disturbed(), disturbed(), disturbed(), passed()]), (Outcome::Disturbed, ATTEMPTS, 1));
    }

    #[test]
    fn a_place_that_breaks_the_second_time_is_broken() {
        let broken = || Err(LocalError::from(Box::new(Failure::says(Kind::Machinery, "gone"))).into());
        assert_eq!(settle(run(false, true), broken).unwrap_err().to_string(), "gone");
    }

    #[test]
    fn a_case_has_one_name_however_it_is_found() {
        let name = |path: &str, root: &str| CaseFile::new(path.into(), Path::new(root)).name;
        assert_eq!(name("testcases/cases/survival/a.toml", "testcases"), "survival::a");
        assert_eq!(name("testcases/cases/survival/a.toml", "testcases/cases/survival"), "survival::a");
        assert_eq!(name("cases/a.toml", "cases/a.toml"), "a");
        assert_eq!(name("mine/survival/a.toml", "mine"), "survival::a");
        assert_eq!(name("mine/a.toml", "mine/a.toml"), "a");
    }
}
