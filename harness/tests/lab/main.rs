//! Living labs in network namespaces: what is built is there, what a person types makes the same, what is cut is silent.

mod altered;
mod cuts;
mod look;
mod many;
mod mtus;
mod refused;
#[path = "../support/mod.rs"]
mod support;
mod typed;

use std::collections::BTreeSet;
use std::path::Path;

use libtest_mimic::{Arguments, Trial};
use mplab::kernel::{Namespace, probe};
use mplab::lab::Lab;
use mplab::plan::{self, Forwarding, Means};
use mplab::topology::{self, Topology};
use mplab::words::feature::{absences, missing};
use mplab::words::{Engine, Feature};

use support::trial;

fn main() {
    let confined = support::leave_network();
    // Probing needs a fresh namespace of its own, and there is none to be had where this is ignored anyway.
    let features = if confined.is_none() {
        Namespace::new().and_then(|fresh| fresh.enter(probe::features)).expect("the network was left").expect("a kernel can be probed")
    } else {
        BTreeSet::new()
    };
    let arguments = Arguments::from_args();
    let mut trials: Vec<Trial> = Vec::new();
    for forwarding in [Forwarding::Redirect, Forwarding::Bridge] {
        let lacking = |needs: BTreeSet<Feature>| {
            let lacks = missing(&needs, &features);
            confined.clone().or_else(|| (!lacks.is_empty()).then(|| absences(&lacks)))
        };
        let by = if forwarding == Forwarding::Redirect { "" } else { "_on_bridges" };
        for path in support::topologies() {
            let (name, topology) = load(&path);
            // Where there is no netem, with mplab's own links: of them the kernel has the interfaces. Not every tc can write a seed.
            let setup = plan::lab(&topology, Means { forwarding, seeds: false, ..Means::of(&features, 0) });
            let missing = lacking(plan::needs(&setup));
            let typed = setup.clone();
            let built = move || {
                let mut lab = Lab::build(&setup)?;
                Ok(lab.verify(&setup)?)
            };
            trials.push(trial(&format!("{name}_is_built_and_read_back{by}"), missing.clone(), built));
            let missing = missing.or_else(|| support::without(&["ip", "tc", "sysctl", "nft", "unshare", "mount"]));
            trials.push(trial(&format!("{name}_typed_by_a_person_is_the_same{by}"), missing, move || typed::same(&typed)));
        }
        let few = |text: &str| lacking(plan::needs(&plan::lab(&parse(text), forwarding)));
        trials.extend(altered::trials(forwarding, by, few(altered::TOPOLOGY)));
        // An engine is pinned there, and what the kernel has of netem's newer options does not matter.
        let means = Means { forwarding, seeds: false, ..Means::of(&features, 0) };
        trials.extend(mtus::trials(means, by, |text| lacking(plan::needs(&plan::lab(&parse(text), means)))));
        let cables = |engine| few(&cuts::topology(engine));
        trials.extend(cuts::trials(forwarding, Engine::Kernel, by, cables(Engine::Kernel)));
        if forwarding == Forwarding::Redirect {
            trials.extend(cuts::trials(forwarding, Engine::Relay, "_on_the_relay", cables(Engine::Relay)));
            trials.extend(refused::trials(few(refused::TOPOLOGY), &features));
            trials.push(many::trial(few(&many::topology())));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn load(path: &Path) -> (String, Topology) {
    let name = path.file_stem().map(|stem| stem.to_string_lossy().replace('-', "_")).unwrap_or_default();
    (name, topology::check::load(path).unwrap_or_else(|error| panic!("{error}")))
}

/// The topology of a text that has no mistakes.
fn parse(text: &str) -> Topology {
    topology::check::parse("test.toml", text).unwrap_or_else(|wrong| panic!("{wrong}"))
}
