//! Whether a way was usable when the kernel tried it: it tries each endpoint once per connection, and does not try again.
//! Not here: joins that were sent and refused.

use std::net::IpAddr;

use super::cuts::cuts;
use super::endpoints::Plan;
use super::view::{Path, View, ip};
use super::{Check, Weight};
use crate::document::case::{Action, Cut, EndpointChange, How};
use crate::words::Time;

/// How long a join waits for an answer to ARP or neighbour discovery before it fails (net/core/neighbour.c: three probes, a second apart).
const RESOLUTION: Time = Time::from_millis(3_000);

/// Why a way was not usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lack {
    /// The interface was down, so that a join from it fails at once.
    Down,
    /// It had no carrier, or its packets vanished: a join fails when its neighbour does not answer.
    Silent,
    /// One of the two: the interface was not running.
    Either,
}

/// When a way was not usable.
struct Outage {
    lack: Lack,
    from: Time,
    to: Option<Time>,
}

pub(super) fn checks(view: &View) -> Vec<Check> {
    let Some(plan) = Plan::of(view) else { return Vec::new() };
    view.never().filter(|way| plan.leads_over(view, way)).filter_map(|way| tried(view, way)).collect()
}

/// Whether something explains why a join over a way was not answered.
pub(super) fn explains(view: &View) -> bool {
    checks(view).iter().any(|check| check.weight == Weight::Cause)
}

fn tried(view: &View, way: &Path) -> Option<Check> {
    let attempts = attempts(view, way);
    let lost: Vec<(Time, Outage)> = attempts.iter().filter_map(|at| Some((*at, outage(view, way, *at)?))).collect();
    // A single try while the way was usable is not explained by the others.
    let (at, outage) = lost.first().filter(|_| lost.len() == attempts.len())?;
    let until = outage.to.map_or_else(|| "the end".to_owned(), |to| to.to_string());
    let span = format!("{} to {until}", outage.from);
    let (lack, fate) = match outage.lack {
        Lack::Down => ("was set down", "such a try fails at once"),
        Lack::Silent => {
            ("had no carrier, or passed nothing", "such a try fails when ARP is not answered for some 3s, on some kernels at once")
        }
        Lack::Either => {
            ("was down or had no carrier", "such a try fails at once where it is down, else when ARP is not answered for some 3s")
        }
    };
    let seen = format!("the kernel tried it at {at}, when it {lack} ({span}): it tries each endpoint once per connection, and {fate}");
    // While the outage lasts, it is the cause itself.
    let over = outage.to.is_some_and(|to| view.window.from.is_some_and(|from| to <= from) || view.window.to.is_none_or(|end| to < end));
    let weight = if over { Weight::Cause } else { Weight::Suspect };
    let change = format!("when the link is back, remove the endpoint and add it again: {}", again(view, way));
    Some(Check::new(weight, format!("join over {}", way.end), seen).change(change))
}

/// The commands that make the kernel try again.
fn again(view: &View, way: &Path) -> String {
    let address = view.addresses(&way.end.host, &way.end.interface).into_iter().next().map_or("ADDRESS".to_owned(), |it| it.to_string());
    let kind = if way.end.host == view.client { "subflow" } else { "signal" };
    let interface = &way.end.interface;
    format!("at {}: ip mptcp endpoint delete id ID; ip mptcp endpoint add {address} dev {interface} {kind}", way.end.host)
}

/// When the kernel tried a way: for each connection, as soon as it and the endpoint existed.
fn attempts(view: &View, way: &Path) -> Vec<Time> {
    let addresses = view.addresses(&way.end.host, &way.end.interface);
    let of_way = |address: &IpAddr| addresses.contains(address);
    let added = view.case.steps.iter().filter(|step| match &step.action {
        Action::Endpoint { change: EndpointChange::Add(endpoint), .. } => of_way(&endpoint.address),
        _ => false,
    });
    let added: Vec<Time> = added.map(|step| step.at).filter(|at| view.window.to.is_none_or(|to| *at < to)).collect();
    let firsts = view.subflows.iter().filter(|subflow| subflow.flags.contains('m'));
    let made = firsts.filter_map(|subflow| {
        let events = view.host(view.client).into_iter().flat_map(|record| &record.events);
        let created = events.filter(|event| event.token == Some(subflow.token) && event.kind == "created").map(|event| event.at).next();
        created.or(subflow.at.first().copied()).map(Time::from_micros)
    });
    // Each endpoint added by a step after a connection was made is a try of its own.
    let tries = made.flat_map(|made| {
        let later: Vec<Time> = added.iter().copied().filter(|at| *at > made).collect();
        if later.is_empty() { vec![made] } else { later }
    });
    tries.collect()
}

/// Why a way was not usable at a time, if that lasted long enough for a join to fail.
fn outage(view: &View, way: &Path, at: Time) -> Option<Outage> {
    let link = view.topology.link_of(&way.end)?;
    let lasts = |lack: Lack, to: Option<Time>| lack == Lack::Down || to.is_none_or(|to| to.since(at) >= RESOLUTION);
    let cut = cuts(view, link).into_iter().find(|(from, to, _)| *from <= at && to.is_none_or(|to| to > at));
    if let Some((from, to, action)) = cut {
        let down = |cut: &Cut| matches!(&cut.how, How::Admin(ends) if ends.is_empty() || ends.contains(&way.end));
        let lack = if matches!(action, Action::Cut(cut) if down(cut)) { Lack::Down } else { Lack::Silent };
        return lasts(lack, to).then_some(Outage { lack, from, to });
    }
    let record = view.host(&way.end.host)?;
    let running = &record.interfaces.get(&way.end.interface)?.running;
    let now = record.at.partition_point(|sample| *sample <= at.micros()).checked_sub(1)?;
    if *running.get(now)? {
        return None;
    }
    let from = (0..=now).rev().take_while(|sample| !running[*sample]).last()?;
    let to = (now..running.len()).find(|sample| running[*sample]).map(|sample| Time::from_micros(record.at[sample]));
    let failed = lasts(Lack::Silent, to) || ended_at_once(view, way);
    failed.then(|| Outage { lack: Lack::Either, from: Time::from_micros(record.at[from]), to })
}

/// Whether the kernel reported that a join from a way's address could not leave, or did not try one.
fn ended_at_once(view: &View, way: &Path) -> bool {
    let addresses = view.addresses(&way.end.host, &way.end.interface);
    !way.subflows.iter().any(|subflow| ip(&subflow.local).is_some_and(|here| addresses.contains(&here)))
}
