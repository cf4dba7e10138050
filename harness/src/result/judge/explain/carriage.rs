//! Subflows that existed: why one carries nothing, came late, or ended.
//! Not here: subflows that never existed.

use super::view::{Path, View};
use super::{Check, Weight};
use crate::document::case::{Action, Command, EndpointChange};
use crate::result::judge::counters::Stage;
use crate::result::recording::{EventRecord, SubflowSeries};
use crate::words::Time;

pub(super) fn checks(view: &View) -> Vec<Check> {
    let mut checks: Vec<Check> = view.idle().map(|way| idle(view, way)).collect();
    checks.extend(view.missing().filter(|way| way.ever).map(|way| gone(view, way)));
    let needy = view.idle().next().is_some() || view.missing().any(|way| way.ever);
    let removed = removal(view);
    checks.extend(view.risen(Stage::Carriage).map(|(host, meaning, count)| {
        let seen = format!("{} ({} {count} at {host})", meaning.means, meaning.name);
        let weight = if needy { Weight::Suspect } else { Weight::Fine };
        match removed.filter(|_| meaning.name.ends_with("RmAddr") || meaning.name.ends_with("RmSubflow")) {
            Some(at) => Check::new(Weight::Fine, "subflows", format!("{seen}, as requested by a step of the case at {at}")),
            None => Check::new(weight, "subflows", seen).change(meaning.change),
        }
    }));
    checks.extend(view.ends().into_iter().map(|host| scheduler(view, host, needy)));
    checks.extend(paced(view));
    checks
}

fn idle(view: &View, way: &Path) -> Check {
    let topic = format!("subflow over {}", way.end);
    let backup = |subflow: &&&SubflowSeries| subflow.flags.contains(['b', 'B']);
    let part = way.part.map(|part| part.to_string()).unwrap_or_default();
    if let Some(subflow) = way.subflows.iter().find(backup) {
        let seen = format!("a backup ({}, flags {}): it carries data only where no other subflow can", subflow.local, subflow.flags);
        let change = format!("take the `backup` flag off the endpoints of {} and {}", view.client, view.server);
        return Check::new(Weight::Cause, topic, seen).change(change);
    }
    if let Some(late) =
        way.subflows.iter().filter_map(|subflow| subflow.at.first()).min().filter(|late| **late > view.window.from.map_or(0, Time::micros))
    {
        let seen = format!("it carried {part} of the bytes, and was first seen at {}", Time::from_micros(*late));
        return Check::new(Weight::Suspect, topic, seen).change("look at a later part of the run, or let it last longer");
    }
    Check::new(Weight::Suspect, topic, format!("it carried {part} of the bytes"))
        .change("compare the subflows' rtt, cwnd and retransmits (mplab report)")
}

/// When a step of the case first removed an endpoint, an announcement or a subflow of one of the ends.
fn removal(view: &View) -> Option<Time> {
    let takes = |action: &Action| match action {
        Action::Endpoint {
            change: EndpointChange::Remove(_) | EndpointChange::RemoveId(_) | EndpointChange::RemoveInitial(_) | EndpointChange::Flush,
            host,
        } => view.ends().contains(&host.as_str()),
        Action::Destroy { .. } | Action::PathManager { command: Command::Remove { .. } | Command::Destroy { .. }, .. } => true,
        _ => false,
    };
    let steps = view.case.steps.iter().filter(|step| view.window.to.is_none_or(|to| step.at < to));
    steps.filter(|step| takes(&step.action)).map(|step| step.at).min()
}

/// A subflow that existed before the window, and how it ended.
fn gone(view: &View, way: &Path) -> Check {
    let topic = format!("subflow over {}", way.end);
    let addresses = view.addresses(&way.end.host, &way.end.interface);
    let of_it =
        |event: &&EventRecord| event.kind == "sub-closed" && addresses.iter().any(|address| event.detail.contains(&address.to_string()));
    let mut events = view.host(&way.end.host).into_iter().flat_map(|record| &record.events);
    let seen = if let Some(event) = events.rfind(of_it) {
        let why = reason(&event.detail).map(|why| format!(": {why}")).unwrap_or_default();
        format!("it ended at {}{why}", Time::from_micros(event.at))
    } else {
        let last = way.subflows.iter().filter_map(|subflow| subflow.at.last()).max().copied().unwrap_or(0);
        format!("it was last seen at {}", Time::from_micros(last))
    };
    let last = way.subflows.iter().filter_map(|subflow| subflow.at.last()).max().copied().unwrap_or(0);
    match removal(view).filter(|at| at.micros() <= last + view.case.sample.micros()) {
        Some(at) => {
            let seen = format!("{seen}; a step of the case at {at} removed its endpoint or address");
            let change =
                "add the endpoint again, with limits that allow one additional subflow more, or look at an earlier part of the run";
            Check::new(Weight::Suspect, topic, seen).change(change)
        }
        None => Check::new(Weight::Suspect, topic, seen).change("look at what happened to the link, the address and the endpoint then"),
    }
}

/// Why a subflow ended, as the kernel reports it: an errno (errno(3)), a reason of MP_TCPRST (RFC 8684, section 3.6).
fn reason(detail: &str) -> Option<String> {
    let field = |name: &str| detail.split(' ').find_map(|field| field.strip_prefix(name)?.parse::<u32>().ok());
    let reset = field("reset_reason=").map(|reason| match reason {
        1 => "reset for an MPTCP error".to_owned(),
        2 => "reset for want of resources".to_owned(),
        3 => "reset because it was prohibited".to_owned(),
        4 => "reset for too much data outstanding".to_owned(),
        5 => "reset for bad performance".to_owned(),
        6 => "reset because something on the way interfered".to_owned(),
        _ => "reset".to_owned(),
    });
    let error = field("error=").map(|error| match error {
        101 => "the network was unreachable".to_owned(),
        104 => "the peer reset it".to_owned(),
        110 => "it timed out".to_owned(),
        111 => "it was refused".to_owned(),
        113 => "the host was unreachable".to_owned(),
        other => format!("error {other}"),
    });
    reset.or(error)
}

fn scheduler(view: &View, host: &str, needy: bool) -> Check {
    let topic = format!("scheduler of {host}");
    match view.sysctl(host, "net.mptcp.scheduler") {
        None => Check::new(Weight::Unrecorded, topic, "not recorded"),
        Some("default") => Check::new(Weight::Fine, topic, "default"),
        Some(other) => {
            let weight = if needy { Weight::Suspect } else { Weight::Fine };
            Check::new(weight, topic, format!("{other}: it decides which subflows carry data"))
                .change(format!("at {host}: sysctl net.mptcp.scheduler=default"))
        }
    }
}

/// A sender slower than one path needs no other.
fn paced(view: &View) -> Option<Check> {
    let rate = view.asked()?.rate?;
    let needy = view.idle().next().is_some();
    needy.then(|| {
        let seen =
            format!("the transfer is paced at {rate}: a scheduler prefers the path with the shortest round trip while that has room");
        Check::new(Weight::Suspect, "transfer", seen).change("pace it faster than one path, or not at all")
    })
}
