//! `mplab demo`: three runs, shown live, of what MPTCP does with three network cards. It needs no file and no other program.

use std::path::Path;
use std::time::Instant;

use mplab::case::check::parse;
use mplab::disk;
use mplab::execute::News;
use mplab::judge::{carried, judge};
use mplab::local;
use mplab::plan::{Job, Means};
use mplab::recording::InterfaceSeries;
use mplab::report::{self, IntervalTable, Style};
use mplab::suite;
use mplab::words::Time;
use mplab::words::feature::absences;

use crate::exit::Exit;
use crate::{Failure, recordings};

/// The demo's topologies by name.
const TOPOLOGIES: [(&str, &str); 2] = [
    ("two-guests", include_str!("../demo/two-guests.toml")),
    ("two-guests-configured", include_str!("../demo/two-guests-configured.toml")),
];

/// One of the demo's runs.
struct Part {
    name: &'static str,
    text: &'static str,
    /// What to look for.
    says: &'static str,
}

const PARTS: [Part; 3] = [
    Part {
        name: "demo::default_uses_one_path",
        text: include_str!("../demo/default_uses_one_path.toml"),
        says: "Two guests, three network cards each, a link of 100 Mbit/s per pair, MPTCP sockets, nothing configured.\n\
               The connection uses the interface it was made on and no other.",
    },
    Part {
        name: "demo::three_paths",
        text: include_str!("../demo/three_paths.toml"),
        says: "The same with limits on both guests and two addresses announced by the server (`signal` endpoints).\n\
               One connection, three subflows: each interface carries its share.",
    },
    Part {
        name: "demo::cut_and_restored",
        text: include_str!("../demo/cut_and_restored.toml"),
        says: "The same again, and after two seconds one cable is pulled; three seconds later it is back.\n\
               The transfer goes on over the other two, and every byte arrives.",
    },
];

/// The interval between two lines of the live table.
const INTERVAL: Time = Time::from_millis(500);

pub(crate) fn demo(output: &Path, style: Style) -> Result<Exit, Failure> {
    let place = local::place().map_err(Failure::broken)?;
    let mut worst = Exit::Passed;
    let began = Instant::now();
    for (number, part) in (1..).zip(&PARTS) {
        let parsed = parse(&format!("{}.toml", part.name), part.text, &TOPOLOGIES[..]);
        let (case, topology) = parsed.expect("the demo's own files have no mistakes: a test checks them");
        let job = Job::plan(part.name, topology, case, Means::of(&place.features, suite::SEED));
        say!("{}\n{}\n", style.paint(report::Colour::Bold, &format!("{number}. {}", job.case.summary)), part.says);
        let missing = suite::missing(&job, &place);
        if !missing.is_empty() {
            say!("Cannot run here: {}.\n", absences(&missing));
            worst = worst.max(Exit::Unsupported);
            continue;
        }
        worst = worst.max(play(&job, output, style)?);
    }
    say!(
        "Done in {:.1} s. Next: `mplab run testcases/cases` runs every case; `mplab plan FILE` prints the commands that build a lab.",
        began.elapsed().as_secs_f64()
    );
    Ok(worst)
}

/// Runs one part, with a line per interval while it lasts.
fn play(job: &Job, output: &Path, style: Style) -> Result<Exit, Failure> {
    let (name, transfer) = job.case.transfers.iter().next().expect("each of the demo's cases has a transfer");
    let interfaces: Vec<&String> = job.topology.hosts[&transfer.client].interfaces.keys().collect();
    let mut table = IntervalTable::new(&interfaces, INTERVAL);
    say!("{}", table.header());
    let recording = local::run(job, &mut |news| match news {
        News::Step { at, number } => table.mark(at, job.case.steps[number].action.to_string()),
        News::Sample(moment) => {
            let of = |interface: &&String| {
                moment.hosts.get(&transfer.client).and_then(|seen| seen.interfaces.get(*interface)).copied().unwrap_or_default()
            };
            let bytes: Vec<u64> = interfaces.iter().map(|interface| bytes(of(interface), transfer.direction)).collect();
            for line in table.push(moment.at, &bytes) {
                say!("{line}");
            }
        }
        _ => {}
    })
    .map_err(Failure::broken)?;
    let path = disk::of_recording(output, &job.name);
    let written = recordings::write(&path, &recording);
    for line in table.finish() {
        say!("{line}");
    }
    let verdict = judge(&recording, &recording.job.case);
    say!("\n{}", report::subflows(&recording, name));
    say!("{}", report::share(&recording, name));
    say!("{}", report::summary(&recording, name));
    show!("{}", report::verdict(&recording, &verdict, "mplab demo", style));
    written?;
    say!("      recorded in {}\n", path.display());
    Ok(verdict.outcome.into())
}

/// The bytes of an interface that a transfer in this direction moves.
fn bytes((rx, tx): (u64, u64), direction: mplab::words::TransferDirection) -> u64 {
    let series = InterfaceSeries { rx_bytes: vec![rx], tx_bytes: vec![tx], ..InterfaceSeries::default() };
    carried(&series, direction)[0]
}
