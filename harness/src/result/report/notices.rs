//! What the kernels of the hosts said of links, addresses and routes, as lines of a timeline.
//! Not here: the notices one by one, which the page lists and CSV has.

use std::collections::BTreeMap;

use crate::result::recording::{About, NoticeRecord, Recording};

/// The notices in the order of time, with the time at which they were read. What one kernel said at one moment is one line, and so is what
/// several said alike.
pub(super) fn told(recording: &Recording) -> Vec<(u64, String)> {
    notices(recording.hosts.iter().map(|(host, record)| (host.as_str(), record.notices.as_slice())))
}

/// The same of the notices of some hosts.
pub fn notices<'a>(of: impl Iterator<Item = (&'a str, &'a [NoticeRecord])>) -> Vec<(u64, String)> {
    let mut moments: BTreeMap<u64, BTreeMap<&str, Vec<&NoticeRecord>>> = BTreeMap::new();
    for (host, notices) in of {
        for notice in notices {
            moments.entry(notice.at).or_default().entry(host).or_default().push(notice);
        }
    }
    moments.into_iter().flat_map(|(at, hosts)| lines(hosts).into_iter().map(move |line| (at, line))).collect()
}

/// Both what was done and what the kernels said of it, in the order of time.
pub(super) fn with_steps(recording: &Recording) -> Vec<(u64, String)> {
    let mut all = super::steps::taken(recording);
    all.extend(told(recording));
    // A stable sort: a step comes before what is said of it.
    all.sort_by_key(|(at, _)| *at);
    all
}

/// A line for each thing that was said, with the hosts whose kernels said it.
fn lines(hosts: BTreeMap<&str, Vec<&NoticeRecord>>) -> Vec<String> {
    let mut lines: Vec<(Vec<&str>, String)> = Vec::new();
    for (host, notices) in hosts {
        let said = sentence(&notices);
        match lines.iter_mut().find(|(_, other)| *other == said) {
            Some((hosts, _)) => hosts.push(host),
            None => lines.push((vec![host], said)),
        }
    }
    lines.into_iter().map(|(hosts, said)| format!("{}: {said}", hosts.join(", "))).collect()
}

/// What one kernel said at one moment. Several routes are counted: those of a link come and go with it.
fn sentence(notices: &[&NoticeRecord]) -> String {
    let route = |now: bool| move |notice: &&&NoticeRecord| notice.about == About::Route && notice.now == now;
    let mut parts: Vec<String> = notices.iter().filter(|notice| notice.about != About::Route).map(ToString::to_string).collect();
    for (now, verb) in [(false, "withdrawn"), (true, "added")] {
        match notices.iter().filter(route(now)).count() {
            0 => {}
            1 => parts.extend(notices.iter().find(route(now)).map(ToString::to_string)),
            several => parts.push(format!("{several} routes {verb}")),
        }
    }
    parts.join(", ")
}
