//! Checking steps: their links, that what is cut was whole and what is restored was cut, and which conditions are in force then.
//! Not here: cutting and shaping, nor whether conditions go together.

use std::collections::BTreeMap;
use std::path::Path;

use super::paths::{self, Endpoints};
use super::process::known;
use super::raw::{self, Means, Way};
use super::transfer::host;
use crate::document::case::{Action, Cut, How, Reshape, Step, Transfer, Verb};
use crate::document::diagnostic::{Mistakes, Span};
use crate::document::toml::Spanned;
use crate::document::topology::conditions::{self, Circumstances};
use crate::document::topology::{Link, Topology, firewall};
use crate::words::{End, Shape, Time};

/// The conditions of a link: both directions, and until when they change and by which step.
struct InForce {
    shapes: [Shape; 2],
    changing: Option<(Time, Span)>,
}

/// Checks all steps and puts them in the order of time. Without a topology, only what needs none. What steps name is in `directory`.
pub(super) fn check(
    case: &raw::Case,
    topology: Option<&Topology>,
    transfers: &BTreeMap<String, Transfer>,
    directory: Option<&Path>,
    mistakes: &mut Mistakes,
) -> Vec<Step> {
    let mut timed: Vec<_> = case.steps.iter().filter_map(|step| Some((step.value.at.as_ref()?.value, &step.value))).collect();
    timed.sort_by_key(|(at, _)| *at);
    let mut cuts: BTreeMap<String, Vec<(How, Span)>> = BTreeMap::new();
    let mut conditions: BTreeMap<String, InForce> = BTreeMap::new();
    let mut endpoints = Endpoints::of(topology);
    let mut started: BTreeMap<&str, Span> = BTreeMap::new();
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
        } else if let Some(written) = &raw.shape {
            let Some(shape) = shape(at, written, topology, directory, &mut conditions, mistakes) else { continue };
            steps.push(Step { at, action: Action::Shape(Box::new(shape)) });
        } else if let Some(written) = &raw.firewall {
            let (Some(topology), Some(name)) = (topology, &written.value.host) else { continue };
            let Some(host) = host(topology, name, mistakes) else { continue };
            let Some(rules) = &written.value.rules else { continue };
            let rules = firewall::check(&name.value, host.forward, &rules.value, &host.interfaces, mistakes);
            steps.push(Step { at, action: Action::Firewall { host: name.value.clone(), rules } });
        } else if let Some((verb, name)) = &raw.process {
            if !known(name, &case.processes, mistakes) {
                continue;
            }
            if let Some(span) = (*verb == Verb::Start).then(|| started.insert(&name.value, name.span.clone())).flatten() {
                let message = format!("`{}` is started already", name.value);
                mistakes.add(&name.span, message).beside(&span, "by this step").help("write a second process");
            }
            steps.push(Step { at, action: Action::Process(*verb, name.value.clone()) });
        } else if let Some(topology) = topology {
            let endpoint = raw.endpoint.as_ref().and_then(|written| endpoints.change(&written.value, topology, mistakes));
            let limits = || raw.limits.as_ref().and_then(|written| paths::limits(&written.value, topology, mistakes));
            let action = endpoint.or_else(limits).or_else(|| {
                let written = raw.path_manager.as_ref()?;
                paths::command(&written.value, &written.span, topology, transfers, mistakes)
            });
            steps.extend(action.map(|action| Step { at, action }));
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

fn shape(
    at: Time,
    written: &Spanned<raw::Reshape>,
    topology: Option<&Topology>,
    directory: Option<&Path>,
    conditions: &mut BTreeMap<String, InForce>,
    mistakes: &mut Mistakes,
) -> Option<Reshape> {
    let raw = &written.value;
    let name = raw.link.as_ref()?;
    let link = link(topology?, name, mistakes)?;
    let over = raw.over.as_ref().map_or(Time::ZERO, |over| over.value);
    let until = at.after(over);
    let start = || InForce { shapes: [link.up.clone(), link.down.clone()], changing: None };
    let in_force = conditions.entry(name.value.clone()).or_insert_with(start);
    if let Some((until, span)) = in_force.changing.as_ref().filter(|(until, _)| at < *until) {
        mistakes.add(&written.span, format!("link `{}` is still changing: until {until}", name.value)).beside(span, "by this step");
    }
    let engine = link.engine.map(|engine| (engine, written.span.clone()));
    let circumstances = Circumstances { around: &written.span, mtu: link.mtu, engine, directory };
    let [up, down] = conditions::replace(in_force.shapes.each_ref(), &raw.conditions, &circumstances, mistakes);
    *in_force = InForce { shapes: [up.clone(), down.clone()], changing: Some((until, written.span.clone())) };
    Some(Reshape { link: name.value.clone(), up, down, over })
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
