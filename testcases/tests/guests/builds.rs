//! Two builds of mplab, debug and release, make the same recordings on a kernel that is a program: there a CPU takes no time.
//! Not here: what must hold in them, and whether they are those that are known.

use std::env;
use std::path::PathBuf;

use libtest_mimic::{Failed, Trial};
use mplab::guest::Guest;
use mplab::guest::store::{Form, Kernel};
use mplab::recording::{PlaceRecord, Recording};
use mplab::suite::{self, CaseFile};
use mplab_testcases::{files, ignored};

use super::{JUDGED, difference};

/// Names a program `mplab` that was built otherwise, of the same sources.
const OTHER: &str = "MPLAB_OTHER_BUILD";

/// The trial for a kernel, if it is a program.
pub(crate) fn trial(group: &str, kernel: &Kernel, guest: &Guest, place: &PlaceRecord) -> Option<Trial> {
    if kernel.manifest.form != Form::Program {
        return None;
    }
    let name = format!("{group}::two_builds_make_the_same_recordings");
    let Some(other) = env::var_os(OTHER).map(PathBuf::from) else {
        return Some(ignored(name, "needs two builds", format!("{OTHER} names no mplab of another build, such as target/release/mplab")));
    };
    let (guest, place) = (guest.clone(), place.clone());
    Some(Trial::test(name, move || agree(&guest, &guest.clone().with(other), &place)))
}

/// Runs every case with both, as far as the place can, and fails with each case whose recordings differ.
fn agree(one: &Guest, other: &Guest, place: &PlaceRecord) -> Result<(), Failed> {
    let mut differ = Vec::new();
    let mut same = 0;
    for file in files().iter().filter(|file| !file.name.starts_with(JUDGED)) {
        let Some((one, other)) = both(file, one, other, place)? else { continue };
        match difference(&one.to_json(), &other.to_json()) {
            None => same += 1,
            Some(where_) => differ.push(format!("{}: {where_}", file.name)),
        }
    }
    if differ.is_empty() && same > 0 {
        return Ok(());
    }
    Err(format!("{} of {} recordings differ between the builds:\n{}", differ.len(), differ.len() + same, differ.join("\n")).into())
}

/// A case's recordings; nothing if the place cannot run it.
fn both(file: &CaseFile, one: &Guest, other: &Guest, place: &PlaceRecord) -> Result<Option<(Recording, Recording)>, Failed> {
    let job = suite::plan(file, suite::SEED, place).map_err(|error| error.render(false))?;
    if !suite::missing(&job, place).is_empty() {
        return Ok(None);
    }
    let run = |guest: &Guest| -> Result<Recording, Failed> {
        Ok(guest.run(std::slice::from_ref(&job), &mut |_, _| ()).pop().ok_or("a result for each job")??)
    };
    Ok(Some((run(one)?, run(other)?)))
}
