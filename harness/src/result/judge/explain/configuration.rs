//! What the two ends' path managers were told besides endpoints and limits: whose they are, and whether the initial address may be joined.
//! Not here: what they made of it.

use super::blame::blame;
use super::endpoints::{self, Plan};
use super::sight::Sight;
use super::{Check, Weight, limits};
use crate::document::case::{Action, Command};

/// The sysctl of the end that listens, whose `0` is told to the peer (RFC 8684, section 3.1, the C flag).
const ALLOW: &str = "net.mptcp.allow_join_initial_addr_port";

pub(super) fn checks(sight: &Sight) -> Vec<Check> {
    let mut checks: Vec<Check> = sight.ends().into_iter().map(|host| managed(sight, host)).collect();
    checks.extend(sight.ends().into_iter().map(|host| defaults(sight, host)));
    if sight.managed_by(sight.client) == Some("userspace") {
        return checks;
    }
    let Some(plan) = Plan::of(sight) else {
        checks.push(Check::new(Weight::Unrecorded, "endpoints", "not recorded"));
        return checks;
    };
    checks.push(initial_address(sight, &plan));
    checks.push(endpoints::covered(sight, &plan));
    checks.extend(endpoints::added(sight));
    checks.extend(limits::checks(sight, &plan));
    checks
}

fn managed(sight: &Sight, host: &str) -> Check {
    let topic = format!("path manager of {host}");
    let Some(name) = sight.managed_by(host) else { return Check::new(Weight::Unrecorded, topic, "not recorded") };
    if name != "userspace" || host == sight.server {
        return Check::new(Weight::Fine, topic, name);
    }
    let told = sight
        .case
        .steps
        .iter()
        .filter(|step| matches!(&step.action, Action::PathManager { host: of, command: Command::Create { .. }, .. } if of == host));
    let told = told.count();
    let seen = format!("in user space: the kernel makes no subflow by itself, and {told} were asked for by steps");
    let check = Check::new(blame(sight, told == 0), topic, seen);
    check.change(format!("start a program that manages paths (mptcpd), or at {host}: sysctl net.mptcp.path_manager=kernel"))
}

/// Sysctls below `net.mptcp` that bear on subflows: their defaults, and what another value means (Documentation/networking/mptcp-sysctl.rst).
const DEFAULTS: [(&str, &str, &str); 5] = [
    ("add_addr_timeout", "120", "the longest time in seconds until an announcement is repeated, 0 for never"),
    ("stale_loss_cnt", "4", "how many intervals without progress make a subflow stale, 0 for none"),
    ("checksum_enabled", "0", "whether data have checksums, which find what changes them on the way and end the subflow"),
    ("blackhole_timeout", "3600", "for how many seconds MPTCP is not asked for after SYNs with it have vanished"),
    ("syn_retrans_before_tcp_fallback", "2", "how many SYNs with MPTCP are repeated before one without it"),
];

fn defaults(sight: &Sight, host: &str) -> Check {
    let topic = format!("net.mptcp of {host}");
    if sight.state(host).is_none() {
        return Check::new(Weight::Unrecorded, topic, "not recorded");
    }
    let told = DEFAULTS.iter().filter_map(|(key, default, means)| {
        let value = sight.sysctl(host, &format!("net.mptcp.{key}")).filter(|value| value != default)?;
        Some(format!("{key} = {value} ({default} by default): {means}"))
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() {
        return Check::new(Weight::Fine, topic, "timeouts and checksums are the kernel's defaults");
    }
    let needy = sight.missing().chain(sight.idle()).next().is_some();
    let check = Check::new(if needy { Weight::Suspect } else { Weight::Fine }, topic, told.join("; "));
    check.change(format!("at {host}: try it with the defaults"))
}

fn initial_address(sight: &Sight, plan: &Plan) -> Check {
    let topic = format!("first address of {}", sight.server);
    match sight.sysctl(sight.server, ALLOW) {
        Some("0") => {
            let relied = plan.client().iter().any(|endpoint| plan.makes(endpoint));
            let seen =
                format!("{ALLOW} = 0: the client may not join the address that it connected to, so its own endpoints make no subflow");
            let check = Check::new(blame(sight, relied), topic, seen);
            check.change(format!("at {0}: sysctl {ALLOW}=1, or announce another address of {0} (`signal`)", sight.server))
        }
        Some(value) => Check::new(Weight::Fine, topic, format!("{ALLOW} = {value}")),
        None => Check::new(Weight::Unrecorded, topic, "not recorded"),
    }
}
