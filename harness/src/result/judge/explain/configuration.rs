//! The two ends' path-manager configuration besides endpoints and limits: who manages paths, and whether the initial address may be joined.
//! Not here: its effects.

use super::blame::blame;
use super::endpoints::{self, Plan};
use super::view::View;
use super::{Check, Weight, limits};
use crate::document::case::{Action, Command};

/// The sysctl of the end that listens, whose `0` is sent to the peer (RFC 8684, section 3.1, the C flag).
const ALLOW: &str = "net.mptcp.allow_join_initial_addr_port";

pub(super) fn checks(view: &View) -> Vec<Check> {
    let mut checks: Vec<Check> = view.ends().into_iter().map(|host| managed(view, host)).collect();
    checks.extend(view.ends().into_iter().map(|host| defaults(view, host)));
    if view.managed_by(view.client) == Some("userspace") {
        checks.extend(limits::rejections(view));
        return checks;
    }
    let Some(plan) = Plan::of(view) else {
        checks.push(Check::new(Weight::Unrecorded, "endpoints", "not recorded"));
        checks.extend(limits::rejections(view));
        return checks;
    };
    checks.push(initial_address(view, &plan));
    checks.push(endpoints::covered(view, &plan));
    checks.extend(endpoints::added(view));
    checks.extend(limits::checks(view, &plan));
    checks
}

fn managed(view: &View, host: &str) -> Check {
    let topic = format!("path manager of {host}");
    let Some(name) = view.managed_by(host) else { return Check::new(Weight::Unrecorded, topic, "not recorded") };
    if name != "userspace" || host == view.server {
        return Check::new(Weight::Fine, topic, name);
    }
    let told = view
        .case
        .steps
        .iter()
        .filter(|step| matches!(&step.action, Action::PathManager { host: of, command: Command::Create { .. }, .. } if of == host));
    let told = told.count();
    let seen = format!("in user space: the kernel makes no subflow by itself, and steps asked for {told}");
    let check = Check::new(blame(view, told == 0), topic, seen);
    check.change(format!("start a program that manages paths (mptcpd), or at {host}: sysctl net.mptcp.path_manager=kernel"))
}

/// Sysctls below `net.mptcp` that bear on subflows: their defaults, and what another value means (Documentation/networking/mptcp-sysctl.rst).
const DEFAULTS: [(&str, &str, &str); 5] = [
    ("add_addr_timeout", "120", "the longest time in seconds before an announcement is repeated, 0 for never"),
    ("stale_loss_cnt", "4", "the number of intervals without progress that make a subflow stale, 0 for never"),
    ("checksum_enabled", "0", "whether data has checksums, which detect changes on the way and end the subflow"),
    ("blackhole_timeout", "3600", "the number of seconds for which MPTCP is not requested after SYNs with it have vanished"),
    ("syn_retrans_before_tcp_fallback", "2", "the number of repeated SYNs with MPTCP before one without"),
];

fn defaults(view: &View, host: &str) -> Check {
    let topic = format!("net.mptcp of {host}");
    if view.state(host).is_none() {
        return Check::new(Weight::Unrecorded, topic, "not recorded");
    }
    let told = DEFAULTS.iter().filter_map(|(key, default, means)| {
        let value = view.sysctl(host, &format!("net.mptcp.{key}")).filter(|value| value != default)?;
        Some(format!("{key} = {value} ({default} by default): {means}"))
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() {
        return Check::new(Weight::Fine, topic, "timeouts and checksums are the kernel's defaults");
    }
    let needy = view.missing().chain(view.idle()).next().is_some();
    let check = Check::new(if needy { Weight::Suspect } else { Weight::Fine }, topic, told.join("; "));
    check.change(format!("at {host}: try it with the defaults"))
}

fn initial_address(view: &View, plan: &Plan) -> Check {
    let topic = format!("first address of {}", view.server);
    match view.sysctl(view.server, ALLOW) {
        Some("0") => {
            let relied = plan.client().iter().any(|endpoint| plan.makes(endpoint));
            let seen =
                format!("{ALLOW} = 0: the client may not join the address that it connected to, so its own endpoints make no subflow");
            let check = Check::new(blame(view, relied), topic, seen);
            check.change(format!("at {0}: sysctl {ALLOW}=1, or announce another address of {0} (`signal`)", view.server))
        }
        Some(value) => Check::new(Weight::Fine, topic, format!("{ALLOW} = {value}")),
        None => Check::new(Weight::Unrecorded, topic, "not recorded"),
    }
}
