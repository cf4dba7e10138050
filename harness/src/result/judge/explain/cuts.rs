//! When the links of a case were cut.
//! Not here: the effect on subflows.

use super::view::View;
use crate::document::case::Action;
use crate::words::Time;

/// When a link was cut: from, to, how.
pub(super) fn cuts<'a>(view: &'a View, link: &str) -> Vec<(Time, Option<Time>, &'a Action)> {
    let mut cuts: Vec<(Time, Option<Time>, &Action)> = Vec::new();
    for step in &view.case.steps {
        match &step.action {
            Action::Cut(cut) if cut.link == link => cuts.push((step.at, None, &step.action)),
            Action::Restore(restored) if restored == link => {
                cuts.iter_mut().filter(|(_, end, _)| end.is_none()).for_each(|(_, end, _)| *end = Some(step.at));
            }
            _ => {}
        }
    }
    cuts
}
