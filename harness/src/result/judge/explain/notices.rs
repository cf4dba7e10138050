//! The two ends' kernel notices about the links, addresses and routes of each way.
//! Not here: steps that were taken, and samples.

use super::view::{Path, View};
use super::{Check, Weight};
use crate::result::recording::{About, NoticeRecord};
use crate::words::Time;

/// How many notices of a way are shown; the others are counted.
const TOLD: usize = 4;

/// A line for each way with notices up to the window's end, and one if notices were lost.
pub(super) fn checks(view: &View) -> Vec<Check> {
    let mut checks: Vec<Check> = view.ways.iter().filter_map(|way| said(view, way)).collect();
    let lost = |host: &&str| view.host(host).is_some_and(|record| record.notices.iter().any(|notice| notice.about == About::Lost));
    checks.extend(view.ends().into_iter().filter(lost).map(|host| {
        let seen = "dropped notices about links, addresses and routes, because too many came at once";
        Check::new(Weight::Unrecorded, format!("kernel of {host}"), seen)
    }));
    checks
}

fn said(view: &View, way: &Path) -> Option<Check> {
    let to = view.window.to.map_or(u64::MAX, Time::micros);
    let notices = view.host(&way.end.host)?.notices.iter();
    let of_way = |notice: &&NoticeRecord| notice.interface.as_ref() == Some(&way.end.interface) && notice.at <= to;
    let notices: Vec<&NoticeRecord> = notices.filter(of_way).collect();
    let told = notices.iter().take(TOLD).map(|notice| format!("{notice} at {}", Time::from_micros(notice.at)));
    let mut told: Vec<String> = told.collect();
    if told.is_empty() {
        return None;
    }
    if notices.len() > TOLD {
        told.push(format!("and {} more", notices.len() - TOLD));
    }
    // What went away and did not come back may be what is missing. If it is the cause, steps or samples show that already.
    let gone = |notice: &&NoticeRecord| {
        let same = |other: &&&NoticeRecord| (other.about, &other.detail) == (notice.about, &notice.detail);
        !notice.now && notices.iter().rfind(same).is_some_and(|last| !last.now)
    };
    let missing = !way.joined && notices.iter().any(gone);
    let weight = if missing { Weight::Suspect } else { Weight::Fine };
    Some(Check::new(weight, format!("kernel of {}", way.end.host), format!("said: {}", told.join(", "))))
}
