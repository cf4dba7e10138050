//! Links made by netem and links made by the relay are the same to those who use them: five cases with either, on a kernel that has both, in
//! virtual time. This is a program of its own, like `guests`.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use mplab::case;
use mplab::guest::store::{Kernel, Store};
use mplab::guest::{Guest, GuestError, SHIFT};
use mplab::judge::Seen;
use mplab::plan::{Job, Means};
use mplab::recording::{Clockwork, PlaceRecord, Recording};
use mplab::words::{Engine, Time, Window};
use mplab_testcases::ignored;

/// How far goodput, and the part of it that the first link carries, may be apart.
const TOLERANCE: f64 = 0.03;
/// What is compared is the mean over these: connections that lose packets are never twice the same.
const SEEDS: [u64; 2] = [1, 2];

/// A name, the conditions of one or two links, and what happens meanwhile.
const CASES: [(&str, &[&str], &str); 5] = [
    (
        "a_clean_and_a_lossy_path",
        &[r#"rate = "20mbit", delay = "1ms""#, r#"rate = "8mbit", delay = "8ms", jitter = "2ms", loss = "0.1%""#],
        "",
    ),
    ("two_paths_of_different_delays", &[r#"rate = "10mbit", delay = "1ms""#, r#"rate = "3mbit", delay = "25ms""#], ""),
    ("a_short_queue_behind_a_delay", &[r#"rate = "20mbit", delay = "20ms", limit = 60"#], ""),
    ("a_jitter_before_a_rate", &[r#"rate = "10mbit", delay = "25ms", jitter = { amount = "4ms", distribution = "normal" }"#], ""),
    (
        "a_path_whose_delay_grows",
        &[r#"rate = "10mbit", delay = "5ms""#, r#"rate = "6mbit", delay = "5ms""#],
        r#"step = [{ at = "4s", shape = { link = "y", delay = "60ms", over = "4s" } }]"#,
    ),
];

fn main() -> ExitCode {
    mplab::enter();
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert_with(|| std::thread::available_parallelism().map_or(1, usize::from));
    let kernels = Store::open().and_then(|store| store.list());
    let trials = match kernels.map(|mut kernels| kernels.pop()) {
        Ok(None) => vec![ignored("engines", "needs kernels", "no kernel is imported: `tools/fetch-kernels` fetches four")],
        Ok(Some(kernel)) => of_kernel(kernel),
        Err(error) => vec![Trial::test("engines", move || Err(error.into()))],
    };
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn of_kernel(kernel: Kernel) -> Vec<Trial> {
    let ready = || -> Result<(Guest, PlaceRecord), GuestError> {
        let guest = Guest::new(kernel, Clockwork::Virtual { shift: SHIFT }, None)?;
        let place = guest.place()?;
        Ok((guest, place))
    };
    let (guest, place) = match ready() {
        Ok(ready) => ready,
        Err(error @ GuestError::NoQemu(_)) => return vec![ignored("engines", "needs QEMU", error.to_string())],
        Err(error) => return vec![Trial::test("engines", move || Err(error.into()))],
    };
    let trial = |(name, links, step)| {
        let (guest, place) = (guest.clone(), place.clone());
        Trial::test(format!("engines::{name}"), move || agree(&guest, &place, links, step))
    };
    CASES.into_iter().map(trial).collect()
}

fn agree(guest: &Guest, place: &PlaceRecord, links: &[&str], step: &str) -> Result<(), Failed> {
    let jobs: Vec<_> =
        [Engine::Netem, Engine::Relay].iter().flat_map(|engine| SEEDS.map(|seed| plan(place, *engine, links, step, seed))).collect();
    let recordings = guest.run(&jobs, &mut |_, _| ()).into_iter().collect::<Result<Vec<_>, _>>()?;
    let (netem, relay) = recordings.split_at(SEEDS.len());
    let (netem, relay) = (mean(netem)?, mean(relay)?);
    for (what, netem, relay) in [("goodput", netem.0, relay.0), ("the part of the first link", netem.1, relay.1)] {
        assert!((netem / relay - 1.0).abs() <= TOLERANCE, "{what}: {netem} by netem and {relay} by the relay");
    }
    Ok(())
}

/// A download of some seconds over links that an engine makes.
fn plan(place: &PlaceRecord, engine: Engine, links: &[&str], step: &str, seed: u64) -> Job {
    let written = links
        .iter()
        .zip(["x", "y"])
        .map(|(conditions, name)| format!("{name} = {{ ends = [\"a:{name}\", \"b:{name}\"], engine = \"{engine}\", {conditions} }}\n"));
    let second = if links.len() > 1 {
        r#"host.a.mptcp = { limits = { subflows = 2 }, endpoint = [{ interface = "y", flags = ["subflow"] }] }"#
    } else {
        ""
    };
    let topology =
        format!("summary = \"paths\"\n{second}\nhost.b.mptcp.limits = {{ subflows = 2 }}\n[link]\n{}", written.collect::<String>());
    let case = format!(
        r#"
        summary = "a download"
        topology = "paths"
        transfer.t = {{ client = "a", server = "b", to = "x", direction = "download", duration = "12s" }}
        {step}
        expect = [{{ transfer = "t", intact = true }}]
        "#
    );
    let parsed = case::check::parse("case.toml", &case, [("paths", topology.as_str())].as_slice());
    let (case, topology) = parsed.unwrap_or_else(|wrong| panic!("{}", wrong[0]));
    Job::plan("engines", topology, case, Means::of(&place.features, seed))
}

/// The goodput once all was under way, and the part of all bytes that the first link carried.
fn mean(recordings: &[Recording]) -> Result<(f64, f64), Failed> {
    let window = Window { from: Some(Time::from_millis(2000)), to: Some(Time::from_millis(12_000)) };
    let (mut goodput, mut share) = (0.0, 0.0);
    for recording in recordings {
        let seen = Seen::find(&recording.run(&recording.job.case), "t")?;
        if let Some(problem) = seen.problems().pop() {
            return Err(problem.into());
        }
        goodput += seen.goodput(window).0 as f64 / recordings.len() as f64;
        let interfaces = &recording.hosts.get("a").ok_or("host a was recorded")?.interfaces;
        let bytes = |name: &str| interfaces.get(name).and_then(|series| series.rx_bytes.last().copied()).unwrap_or_default() as f64;
        share += bytes("x") / (bytes("x") + bytes("y")) / recordings.len() as f64;
    }
    Ok((goodput, share))
}
