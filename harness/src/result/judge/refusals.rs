//! Findings about steps that the kernel must refuse: whether it did, and with which error.
//! Not here: doing them.

use super::Finding;
use crate::document::case::check::REFUSED;
use crate::document::case::{Action, Case, Subject};
use crate::result::recording::{Recording, StepRecord};
use crate::words::{Errno, Window};

/// A finding for every step that must be refused and was tried. If a step never came, the finding about its wait says so.
pub(super) fn findings(recording: &Recording, case: &Case) -> Vec<Finding> {
    let tried = |number: usize| recording.steps.iter().enumerate().find(|(index, step)| step.number.unwrap_or(*index) == number);
    let steps = recording.job.case.steps.iter().enumerate();
    let refused = steps.filter_map(|(number, step)| Some((step.refused?, step.action.host()?, &step.action, tried(number)?.1)));
    let finding = |(wanted, host, action, tried): (Errno, &str, &Action, &StepRecord)| {
        let held = tried.refused == Some(wanted);
        Finding {
            subject: Subject::Host(host.to_owned()),
            key: REFUSED.to_owned(),
            item: None,
            constraint: wanted.to_string(),
            measured: tried.refused.map_or_else(|| "the kernel accepted it".to_owned(), |errno| errno.to_string()),
            window: Window::default(),
            held,
            must_fail: case.must_fail.iter().any(|key| key == REFUSED),
            implicit: true,
            why: (!held).then(|| format!("of this step: {action}")),
        }
    };
    refused.map(finding).collect()
}
