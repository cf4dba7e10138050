//! Links that the relay carries between real hosts: real sockets, real packets, and what the relay says of them.
//! Not here: how exact its times are (the model's own tests, and benches/relay.rs).

mod lab;
mod life;
mod shapes;

use std::net::{IpAddr, Ipv4Addr};

use lab::Lab;
use libtest_mimic::{Arguments, Failed, Trial};
use mplab::kernel::socket;
use mplab::words::Protocol;
use nix::sched::{CloneFlags, unshare};
use nix::unistd::Uid;

fn main() {
    let arguments = Arguments::from_args();
    // Still one thread: a user namespace can be entered.
    let namespaces = if Uid::effective().is_root() { Ok(()) } else { unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET) };
    let without = namespaces.err().map(|error| format!("neither root nor able to enter a user namespace: {error}"));
    let mptcp = socket::stream(Protocol::Mptcp, IpAddr::V4(Ipv4Addr::LOCALHOST));
    let without_mptcp = without.clone().or_else(|| mptcp.err().map(|error| format!("this kernel makes no MPTCP sockets: {error}")));
    let trials = [
        ("a_bare_link_carries_super_packets_whole", shapes::a_bare_link_carries_super_packets_whole as fn(&Lab)),
        ("a_queue_holds_exactly_its_limit", shapes::a_queue_holds_exactly_its_limit),
        ("a_rate_is_never_exceeded", shapes::a_rate_is_never_exceeded),
        ("ipv6_crosses_a_shaped_link", shapes::ipv6_crosses_a_shaped_link),
        ("everything_at_once_leaves_content_intact", shapes::everything_at_once_leaves_content_intact),
        ("a_list_of_losses_is_what_is_lost", shapes::a_list_of_losses_is_what_is_lost),
        ("the_fate_of_packets_is_the_model_s", shapes::the_fate_of_packets_is_the_model_s),
        ("a_delay_is_kept", shapes::a_delay_is_kept),
        ("a_queue_is_kept_by_codel", shapes::a_queue_is_kept_by_codel),
        ("a_trace_is_followed", shapes::a_trace_is_followed),
        ("steps_are_taken", shapes::steps_are_taken),
        ("conditions_change_while_it_runs", life::conditions_change_while_it_runs),
        ("a_black_hole_swallows_one_way", life::a_black_hole_swallows_one_way),
        ("fifty_links_are_carried", life::fifty_links_are_carried),
        ("a_link_that_goes_down_comes_back", life::a_link_that_goes_down_comes_back),
        ("what_is_wrong_is_said", life::what_is_wrong_is_said),
    ];
    let trials_of_mptcp = [("mptcp_crosses_a_shaped_link", shapes::mptcp_crosses_a_shaped_link as fn(&Lab))];
    let trials = trials.into_iter().map(|(name, test)| trial(name, test, without.as_deref()));
    let trials_of_mptcp = trials_of_mptcp.into_iter().map(|(name, test)| trial(name, test, without_mptcp.as_deref()));
    libtest_mimic::run(&arguments, trials.chain(trials_of_mptcp).collect()).exit();
}

/// A trial in a lab of its own, or one that is ignored for a reason.
fn trial(name: &str, test: fn(&Lab), missing: Option<&str>) -> Trial {
    let run = move || {
        test(&Lab::new()?);
        Ok::<_, Failed>(())
    };
    Trial::test(name, run).with_ignored_flag(missing.is_some()).with_kind(missing.unwrap_or_default())
}
