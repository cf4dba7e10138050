//! The hosts' kernel notices about links, addresses and routes, as lines of a timeline.
//! Not here: the notices one by one, which the page lists and CSV has.

use std::collections::BTreeMap;

use crate::result::recording::{About, NoticeRecord, Recording};

/// The notices in the order of time, with the time at which they were read. What one kernel reported at one moment is one line, and so is what
/// several reported alike.
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

/// Steps and kernel notices, in the order of time.
pub(super) fn with_steps(recording: &Recording) -> Vec<(u64, String)> {
    let mut all = super::steps::taken(recording);
    all.extend(told(recording));
    // The sort is stable: a step comes before the notices it causes.
    all.sort_by_key(|(at, _)| *at);
    all
}

/// A line for each thing reported, with the hosts whose kernels reported it.
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

/// What one kernel reported at one moment. Several routes are only counted: those of a link come and go with it.
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
