//! What is changed in a netem behind a lab's back is found by reading it back, whichever of its settings it is.
//! Not here: the table of delays, which no kernel tells.

use libtest_mimic::Failed;
use mplab::lab::{Lab, LabError};
use mplab::plan::{self, Act, Forwarding, Means, Op, QdiscAct};
use mplab::topology;
use mplab::words::shape::{Chance, Gemodel, Jitter, Loss, Reorder, Slot};
use mplab::words::{Netem, Percent, Rate, Size, Time};

use crate::crossing;

/// Everything at once, in one netem for the fates and one for the queue.
const CONDITIONS: &str = r#"rate = "8mbit", limit = 50, delay = "30ms", jitter = { amount = "3ms", distribution = "normal" },
    loss = { random = "2%", correlation = "10%" }, corrupt = { percent = "0.5%", correlation = "7%" }, reorder = { percent = "4%", correlation = "50%", gap = 3 },
    duplicate = { percent = "1%", correlation = "5%" }, slot = { min = "2ms", max = "3ms", packets = 50, bytes = "64k" }"#;

type Change = fn(&mut Netem);

fn chance(of: &mut Option<Chance>) -> &mut Chance {
    of.get_or_insert_default()
}

fn reorder(netem: &mut Netem) -> &mut Reorder {
    netem.reorder.as_mut().expect("it is among the conditions")
}

fn slot(netem: &mut Netem) -> &mut Slot {
    netem.slot.as_mut().expect("it is among the conditions")
}

/// What is changed in the netem that has the fates.
const FATES: [(&str, Change); 14] = [
    ("a limit", |netem| netem.limit += 1),
    ("a delay", |netem| netem.delay = Time(netem.delay.0 + 1)),
    ("a jitter", |netem| netem.jitter = netem.jitter.map(|jitter| Jitter { amount: Time(jitter.amount.0 - 1), ..jitter })),
    ("a correlation of delays", |netem| netem.jitter = netem.jitter.map(|jitter| Jitter { correlation: Percent(1.0), ..jitter })),
    ("a loss", |netem| netem.loss = Some(Loss::Random(Chance { percent: Percent(2.1), correlation: Percent(10.0) }))),
    ("a correlation of losses", |netem| netem.loss = Some(Loss::Random(Chance::of(2.0)))),
    ("a model of losses", |netem| netem.loss = Some(Loss::Gemodel(Gemodel { p: Percent(2.0), r: None, bad: None, good: None }))),
    ("a part of duplicates", |netem| chance(&mut netem.duplicate).percent = Percent(0.0)),
    ("a correlation of duplicates", |netem| chance(&mut netem.duplicate).correlation = Percent(6.0)),
    ("a part of corrupted packets", |netem| chance(&mut netem.corrupt).percent = Percent(0.6)),
    ("a correlation of corrupted packets", |netem| chance(&mut netem.corrupt).correlation = Percent(0.0)),
    ("a part of reordered packets", |netem| reorder(netem).percent = Percent(5.0)),
    ("a correlation of reordered packets", |netem| reorder(netem).correlation = Percent(40.0)),
    ("a gap", |netem| reorder(netem).gap = 4),
];
/// In the one that has the queue.
const QUEUE: [(&str, Change); 8] = [
    ("a limit of the queue", |netem| netem.limit -= 1),
    ("a rate", |netem| netem.rate = Some(Rate(8_000_100))),
    ("no rate", |netem| netem.rate = None),
    ("a slot's shortest time", |netem| slot(netem).min = Time::from_millis(1)),
    ("a slot's longest time", |netem| slot(netem).max = Time::from_millis(4)),
    ("a slot's packets", |netem| slot(netem).packets = Some(51)),
    ("a slot's bytes", |netem| slot(netem).bytes = Some(Size(65_535))),
    ("no slot", |netem| netem.slot = None),
];

pub(crate) fn what_is_altered_is_found() -> Result<(), Failed> {
    // Without a delay beside a rate, one netem has it all: no kernel refuses to duplicate then.
    let conditions = CONDITIONS.replace("duplicate = { percent = \"1%\", correlation = \"5%\" }, ", "");
    let both = setup(&conditions)?;
    let alone = setup("loss = \"1%\", duplicate = { percent = \"1%\", correlation = \"5%\" }")?;
    let duplicates = |(what, _): &&(&str, Change)| what.contains("duplicates");
    found(&alone, 0, &FATES.iter().filter(duplicates).collect::<Vec<_>>())?;
    found(&both, 0, &FATES.iter().filter(|change| !duplicates(change)).collect::<Vec<_>>())?;
    found(&both, 1, &QUEUE.iter().collect::<Vec<_>>())
}

/// A seed is read back where the kernel has one.
pub(crate) fn an_altered_seed_is_found() -> Result<(), Failed> {
    let topology = parse("loss = \"1%\"")?;
    let seeded = plan::lab(&topology, Means { seed: 7, ..Means::from(Forwarding::Redirect) });
    found(&seeded, 0, &[&("a seed", |netem| netem.seed = Some(8))])
}

fn parse(conditions: &str) -> Result<mplab::topology::Topology, Failed> {
    topology::check::parse("test.toml", &crossing::topology(conditions)).map_err(|wrong| wrong.to_string().into())
}

fn setup(conditions: &str) -> Result<Vec<Op>, Failed> {
    Ok(plan::lab(&parse(conditions)?, Means { seeds: false, ..Means::from(Forwarding::Redirect) }))
}

/// Makes changes, one after the other, in one of the lab's netems.
fn found(setup: &[Op], which: usize, changes: &[&(&str, Change)]) -> Result<(), Failed> {
    let mut lab = Lab::build(setup)?;
    let told = setup.iter().filter(|op| matches!(op.act, Act::Qdisc(QdiscAct::Netem { .. }))).nth(which).ok_or("it has as many")?;
    let Act::Qdisc(QdiscAct::Netem { dev, place, netem }) = &told.act else { unreachable!("found by it") };
    let mut tell = |netem: Netem| {
        // Told again, it keeps nothing.
        let netem = Box::new(Netem { again: true, ..netem });
        lab.apply(&[Op::new(&told.ns, QdiscAct::Netem { dev: dev.clone(), place: *place, netem })])?;
        lab.verify(setup)
    };
    for (what, change) in changes {
        let mut other = (**netem).clone();
        change(&mut other);
        let Err(LabError::Different(differences)) = tell(other) else { return Err(format!("{what} was not found").into()) };
        let lines: Vec<_> = differences.iter().map(|difference| &difference.line).collect();
        assert_eq!(lines, [&told.to_string()], "{what}");
        tell((**netem).clone()).map_err(|error| format!("{what} is as it was: {error}"))?;
    }
    Ok(())
}
