//! Links that the kernel's netem makes, by frames with numbers that are sent over them: what becomes of them is what the topology says.
//! Not here: the relay (tests/relay), which promises the same.

mod altered;
mod crossing;
mod fates;
mod guests;
#[path = "../support/mod.rs"]
mod support;
mod times;

use std::collections::BTreeSet;

use libtest_mimic::{Arguments, Failed};
use mplab::kernel::{Namespace, probe};
use mplab::words::Feature;

type Test = fn() -> Result<(), Failed>;

/// What chance decides.
const BY_CHANCE: [(&str, Test); 8] = [
    ("random_losses_are_as_many_as_was_asked_for", fates::random_losses_are_as_many_as_was_asked_for),
    ("correlated_losses_are_the_relay_s", fates::correlated_losses_are_the_relay_s),
    ("duplicates_are_as_many_as_was_asked_for", fates::duplicates_are_as_many_as_was_asked_for),
    ("corrupted_packets_are_as_many_as_was_asked_for", fates::corrupted_packets_are_as_many_as_was_asked_for),
    ("packets_sent_at_once_are_as_many_as_was_asked_for", fates::packets_sent_at_once_are_as_many_as_was_asked_for),
    ("packets_sent_at_once_skip_the_rate", fates::packets_sent_at_once_skip_the_rate),
    ("losses_come_in_bursts", fates::losses_come_in_bursts),
    ("jitter_has_its_distribution", times::jitter_has_its_distribution),
];

const TRIALS: [(&str, Test); 9] = [
    ("super_packets_are_taken_apart_on_the_wire", fates::super_packets_are_taken_apart_on_the_wire),
    ("a_large_even_jitter_is_skewed", times::a_large_even_jitter_is_skewed),
    ("jitter_is_not_correlated", times::jitter_is_not_correlated),
    ("a_delay_is_kept", times::a_delay_is_kept),
    ("a_queue_holds_its_limit_whatever_is_delayed", times::a_queue_holds_its_limit_whatever_is_delayed),
    ("a_rate_with_jitter_keeps_the_order", times::a_rate_with_jitter_keeps_the_order),
    ("slots_are_kept", times::slots_are_kept),
    ("what_is_altered_is_found", altered::what_is_altered_is_found),
    ("a_change_keeps_what_is_on_its_way", times::a_change_keeps_what_is_on_its_way),
];

/// Makes a test of what chance decides again if it fails. An interval has what comes 999 times of 1000, so one of thirty tests on three kernels
/// is outside sooner or later; what is wrong is outside both times.
fn at_most_twice(test: Test) -> Result<(), Failed> {
    if matches!(std::panic::catch_unwind(test), Ok(Ok(()))) { Ok(()) } else { test() }
}

fn main() {
    mplab::enter();
    // Guests are found from the computer's network, and need none.
    let guests = guests::trials();
    let confined = support::leave_network();
    // Probing needs a fresh namespace of its own, and there is none to be had where this is ignored anyway.
    let features = if confined.is_none() {
        Namespace::new().and_then(|fresh| fresh.enter(probe::features)).expect("the network was left").expect("a kernel can be probed")
    } else {
        BTreeSet::new()
    };
    let arguments = Arguments::from_args();
    let lacking = |needs: &[Feature]| {
        let absent: Vec<_> = needs.iter().filter(|feature| !features.contains(feature)).map(Feature::absence).collect();
        confined.clone().or_else(|| (!absent.is_empty()).then(|| absent.join("; ")))
    };
    let needs = [Feature::Netem, Feature::Tbf, Feature::Redirect];
    let by_chance = BY_CHANCE.into_iter().map(|(name, test)| support::trial(name, lacking(&needs), move || at_most_twice(test)));
    let trials = TRIALS.into_iter().map(|(name, test)| support::trial(name, lacking(&needs), test));
    let needs = [&needs[..], &[Feature::NetemSeed]].concat();
    let seeded: [(&str, Test); 2] =
        [("a_seed_is_a_fate", fates::a_seed_is_a_fate), ("an_altered_seed_is_found", altered::an_altered_seed_is_found)];
    let seeded = seeded.into_iter().map(|(name, test)| support::trial(name, lacking(&needs), test));
    libtest_mimic::run(&arguments, by_chance.chain(trials).chain(seeded).chain(guests).collect()).exit();
}
