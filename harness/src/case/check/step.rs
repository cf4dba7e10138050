//! Checking steps: their links, and that what is cut was whole and what is restored was cut.
//! Not here: cutting.

use std::collections::BTreeMap;

use super::raw::{self, Means, Way};
use crate::case::{Action, Cut, How, Step};
use crate::diagnostic::{Mistakes, Span};
use crate::document::Spanned;
use crate::topology::{Link, Topology};
use crate::words::End;

/// Checks all steps and puts them in the order of time. Without a topology, only what needs none.
pub(super) fn check(written: &[Spanned<raw::Step>], topology: Option<&Topology>, mistakes: &mut Mistakes) -> Vec<Step> {
    let mut timed: Vec<_> = written.iter().filter_map(|step| Some((step.value.at.as_ref()?.value, &step.value))).collect();
    timed.sort_by_key(|(at, _)| *at);
    let mut cuts: BTreeMap<String, Vec<(How, Span)>> = BTreeMap::new();
    let mut steps = Vec::new();
    for (at, raw) in timed {
        if let Some(written) = &raw.cut {
            let Some(cut) = cut(&written.value, topology, mistakes) else { continue };
            let made = cuts.entry(cut.link.clone()).or_default();
            if let Some((_, span)) = made.iter().find(|(how, _)| overlap(how, &cut.how)) {
                mistakes.add(&written.span, format!("link `{}` is cut in this way already", cut.link)).beside(span, "by this step");
            }
            made.push((cut.how.clone(), written.span.clone()));
            steps.push(Step { at, action: Action::Cut(cut) });
        } else if let Some(written) = &raw.restore {
            let Some(topology) = topology else { continue };
            if link(topology, written, mistakes).is_none() {
                continue;
            }
            if cuts.remove(&written.value).is_none() {
                mistakes
                    .add(&written.span, format!("link `{}` is not cut at {at}", written.value))
                    .help("write an earlier step that cuts it");
            }
            steps.push(Step { at, action: Action::Restore(written.value.clone()) });
        }
    }
    steps
}

fn link<'a>(topology: &'a Topology, name: &Spanned<String>, mistakes: &mut Mistakes) -> Option<&'a Link> {
    let found = topology.links.get(&name.value);
    if found.is_none() {
        let message = format!("the topology has no link `{}`", name.value);
        mistakes.undefined(&name.span, message, &name.value, topology.links.keys().map(String::as_str));
    }
    found
}

fn cut(raw: &raw::Cut, topology: Option<&Topology>, mistakes: &mut Mistakes) -> Option<Cut> {
    match (raw.how, &raw.end, &raw.direction) {
        (Means::Blackhole, Some(end), _) => {
            mistakes
                .add(&end.span, "a blackhole is in the middle of the link, not at an end")
                .help("write direction = \"up\" (from the link's first end to its second) or \"down\"");
        }
        (Means::Carrier | Means::Admin, _, Some(direction)) => {
            mistakes
                .add(&direction.span, "only a blackhole is in one direction: without carrier nothing passes in either")
                .help("write how = \"blackhole\", or `end` instead of `direction`");
        }
        _ => {}
    }
    let name = raw.link.as_ref()?;
    let link = link(topology?, name, mistakes)?;
    let how = match raw.how {
        Means::Carrier => How::Carrier(ends(&name.value, link, raw.end.as_ref(), mistakes)?),
        Means::Admin => How::Admin(ends(&name.value, link, raw.end.as_ref(), mistakes)?),
        Means::Blackhole => {
            let way = raw.direction.as_ref().map_or(Way::Both, |way| way.value);
            How::Blackhole { up: way != Way::Down, down: way != Way::Up }
        }
    };
    Some(Cut { link: name.value.clone(), how })
}

/// The ends of the link that are meant by a host, an interface of a host, or nothing.
fn ends(name: &str, link: &Link, written: Option<&Spanned<String>>, mistakes: &mut Mistakes) -> Option<Vec<End>> {
    let Some(written) = written else { return Some(link.ends.to_vec()) };
    let meant = link.ends.iter().find(|end| end.host == written.value || end.to_string() == written.value);
    if meant.is_none() {
        let known = link.ends.each_ref().map(ToString::to_string);
        let hosts = link.ends.each_ref().map(|end| end.host.as_str());
        let known = known.iter().map(String::as_str).chain(hosts);
        mistakes.undefined(&written.span, format!("`{}` is not an end of link `{name}`", written.value), &written.value, known);
    }
    meant.map(|end| vec![end.clone()])
}

/// Whether two cuts of a link do the same to the same part of it.
fn overlap(a: &How, b: &How) -> bool {
    match (a, b) {
        (How::Carrier(a), How::Carrier(b)) | (How::Admin(a), How::Admin(b)) => a.iter().any(|end| b.contains(end)),
        (How::Blackhole { up, down }, How::Blackhole { up: also_up, down: also_down }) => (*up && *also_up) || (*down && *also_down),
        _ => false,
    }
}
