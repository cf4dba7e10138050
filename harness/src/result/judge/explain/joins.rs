//! How far joins got: sent, arrived, answered, accepted (MP_JOIN, RFC 8684, section 3.2), and which counter says why not.
//! Not here: what is on the way.

use super::view::View;
use super::{Check, Weight, limits, path};
use crate::result::judge::counters::Stage;
use crate::words::MptcpOption;

/// `known` says that an earlier stage has the cause.
pub(super) fn checks(view: &View, known: bool) -> Vec<Check> {
    let missing = view.missing().next().is_some();
    let mut checks = Vec::new();
    for (host, meaning, count) in view.risen(Stage::Join) {
        let limit = if meaning.name == limits::REJECTED { limits::limit_rejected(view, host) } else { None };
        // The limit itself is reported.
        if limit == Some(true) {
            continue;
        }
        // A firewall that strips options is reported itself.
        let stripped = meaning.name.ends_with("NoMPJoin") && path::guilty(view, MptcpOption::MpJoin);
        let weight = match (missing, known || stripped) {
            (true, false) => Weight::Cause,
            (true, true) => Weight::Suspect,
            (false, _) => Weight::Fine,
        };
        let spared = if limit == Some(false) { "; its limit was not reached" } else { "" };
        let seen = format!("{} ({} {count} at {host}){spared}", meaning.means, meaning.name);
        checks.push(Check::new(weight, "joins", seen).change(meaning.change));
    }
    let known = known || checks.iter().any(|check| check.weight == Weight::Cause);
    let [client, server] = view.ends();
    checks.push(progress(view, [client, server], known));
    // The end that listens joins an address that the other announces with a port.
    if view.counted(server, "MPTcpExtMPJoinSynTx") > 0 {
        checks.push(progress(view, [server, client], known));
    }
    checks
}

/// Where joins from one end to the other were lost, by both ends' counters.
fn progress(view: &View, [from, to]: [&str; 2], known: bool) -> Check {
    let count = |host, name: &str| view.count(host, &format!("MPTcpExtMPJoin{name}"));
    let Some(answered) = count(from, "SynAckRx") else {
        return Check::new(Weight::Unrecorded, "joins", "not recorded");
    };
    // Older kernels do not count what they send.
    let (sent, arrived, accepted) = (count(from, "SynTx"), count(to, "SynRx"), count(to, "AckRx"));
    let shown = |count: Option<u64>| count.map_or_else(|| "an unknown number".to_owned(), |count| count.to_string());
    let reset = view.counted(from, "MPTcpExtMPRstTx");
    let itself = if reset > 0 { format!(", {from} reset {reset} itself (MPTcpExtMPRstTx)") } else { String::new() };
    let seen = format!(
        "{from} sent {}, {to} got {}, {from} got {answered} answers, {to} accepted {}{itself}",
        shown(sent),
        shown(arrived),
        shown(accepted)
    );
    let lost = if from == view.client { view.unanswered() } else { sent.map(|sent| sent.saturating_sub(accepted.unwrap_or(sent))) };
    if !(lost.is_some_and(|lost| lost > 0) && view.missing().next().is_some()) {
        return Check::new(Weight::Fine, "joins", seen);
    }
    let blamed = known || path::guilty(view, MptcpOption::MpJoin) || path::explains(view);
    let weight = if blamed { Weight::Suspect } else { Weight::Cause };
    if sent.zip(arrived).is_some_and(|(sent, arrived)| arrived < sent) && reset > 0 {
        let pass =
            "let every program that listens at the port ask for IPPROTO_MPTCP (`ss -tlnM`), and let SYNs with MP_JOIN pass unchanged";
        let why = "the answers came without MP_JOIN: the options were stripped on the way, or a TCP socket listens at the same port (SO_REUSEPORT)";
        Check::new(weight, "joins", format!("{seen}: {why}")).change(pass)
    } else if sent.zip(arrived).is_some_and(|(sent, arrived)| arrived < sent) {
        let seen = format!("{seen}: they were lost on the way there");
        Check::new(weight, "joins", seen)
            .change(format!("let SYNs with MP_JOIN pass from {from} to {to}, and check that their source addresses are routed"))
    } else if sent.or(arrived).is_some_and(|sent| answered < sent) {
        let pass = format!("let SYN/ACKs with MP_JOIN pass from {to} to {from}");
        let (why, change) = if reset > 0 {
            let why = "an end whose peer has already closed its direction does so (protocol.c, mptcp_finish_join)".to_owned();
            (why, format!("keep both directions open until the subflows are established; otherwise {pass} unchanged"))
        } else {
            (format!("the answers were lost on the way back, or {to} reset them"), pass)
        };
        Check::new(weight, "joins", format!("{seen}: {why}")).change(change)
    } else if accepted.is_some_and(|accepted| accepted < answered) {
        // subflow.c, subflow_syn_recv_sock.
        Check::new(weight, "joins", format!("{seen}: {to} refused what it had answered, or its answers were not confirmed"))
    } else {
        Check::new(Weight::Suspect, "joins", format!("{seen}: subflows ended again"))
    }
}
