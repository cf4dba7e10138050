//! How far joins came: sent, arrived, answered, accepted (MP_JOIN, RFC 8684, section 3.2), and which counter says why not.
//! Not here: who stands on the way.

use super::sight::Sight;
use super::{Check, Weight, configuration, path};
use crate::result::judge::counters::Stage;
use crate::words::MptcpOption;

/// `known` says that an earlier stage has the cause.
pub(super) fn checks(sight: &Sight, known: bool) -> Vec<Check> {
    let missing = sight.missing().next().is_some();
    let mut checks = Vec::new();
    for (host, meaning, count) in sight.risen(Stage::Join) {
        let by_limit = meaning.name == "MPTcpExtMPJoinRejected"
            && sight.limits(host).is_none_or(|limits| configuration::limit_reached(sight, limits.subflows));
        if by_limit && host == sight.server && sight.limits(host).is_some() {
            continue;
        }
        let weight = match (missing, by_limit || known) {
            (true, false) => Weight::Cause,
            (true, true) => Weight::Suspect,
            (false, _) => Weight::Fine,
        };
        let seen = format!("{} ({} {count} at {host})", meaning.means, meaning.name);
        checks.push(Check::new(weight, "joins", seen).change(meaning.change));
    }
    let known = known || checks.iter().any(|check| check.weight == Weight::Cause);
    checks.push(progress(sight, known));
    checks
}

/// Where joins were lost, by what both ends counted.
fn progress(sight: &Sight, known: bool) -> Check {
    let (client, server) = (sight.client, sight.server);
    let count = |host, name: &str| sight.count(host, &format!("MPTcpExtMPJoin{name}"));
    let Some(answered) = count(client, "SynAckRx") else {
        return Check::new(Weight::Unrecorded, "joins", "not recorded");
    };
    // Older kernels do not count what they send.
    let (sent, arrived, accepted) = (count(client, "SynTx"), count(server, "SynRx"), count(server, "AckRx"));
    let shown = |count: Option<u64>| count.map_or_else(|| "an unknown number".to_owned(), |count| count.to_string());
    let reset = sight.counted(client, "MPTcpExtMPRstTx");
    let itself = if reset > 0 { format!(", {client} reset {reset} itself (MPTcpExtMPRstTx)") } else { String::new() };
    let seen = format!(
        "{client} sent {}, {server} got {}, {client} got {answered} answers, {server} accepted {}{itself}",
        shown(sent),
        shown(arrived),
        shown(accepted)
    );
    let lost = sight.unanswered().is_some_and(|unanswered| unanswered > 0) && sight.missing().next().is_some();
    if !lost {
        return Check::new(Weight::Fine, "joins", seen);
    }
    let blamed = known || path::guilty(sight, MptcpOption::MpJoin) || path::explains(sight);
    let weight = if blamed { Weight::Suspect } else { Weight::Cause };
    if sent.zip(arrived).is_some_and(|(sent, arrived)| arrived < sent) {
        let seen = format!("{seen}: they were lost on the way there");
        Check::new(weight, "joins", seen)
            .change(format!("let SYNs with MP_JOIN pass from {client} to {server}, and see that their source addresses are routed"))
    } else if sent.or(arrived).is_some_and(|sent| answered < sent) {
        let pass = format!("let SYN/ACKs with MP_JOIN pass from {server} to {client}");
        let (why, change) = if reset > 0 {
            let why = "so does an end whose peer has closed its direction before (protocol.c, mptcp_finish_join)".to_owned();
            (why, format!("keep both directions open until the subflows are there; else {pass} unchanged"))
        } else {
            (format!("the answers were lost on the way back, or {server} reset them"), pass)
        };
        Check::new(weight, "joins", format!("{seen}: {why}")).change(change)
    } else if accepted.is_some_and(|accepted| accepted < answered) {
        // subflow.c, subflow_syn_recv_sock.
        Check::new(weight, "joins", format!("{seen}: {server} refused what it had answered, or its answers were not confirmed"))
    } else {
        Check::new(Weight::Suspect, "joins", format!("{seen}: subflows ended again"))
    }
}
