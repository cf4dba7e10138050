//! How fast guests are: how long a case's first step takes to come, with a boot and where that was kept, how much of a case's time passes in a
//! second of the wall clock and in one of CPU time, and how much CPU time all of it takes; of kernels that are programs also what the whole suite
//! takes, and many seeds of a case. `cargo bench -p mplab --bench guest -- [KERNEL...]`; all imported kernels if none is named.

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use mplab::case::check;
use mplab::execute::Moment;
use mplab::execute::News;
use mplab::guest::store::{Form, Kernel, Store};
use mplab::guest::{Guest, SHIFT};
use mplab::judge::Outcome::Passed;
use mplab::judge::{Seen, judge};
use mplab::plan::{Job, Means};
use mplab::recording::{Clockwork, PlaceRecord, Recording};
use mplab::suite::{self, CaseFile};
use mplab::words::Window;
use nix::sys::resource::{UsageWho, getrusage};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Three links with delays; of 10 Mbit/s each they carry 28 Mbit/s.
const TOPOLOGY: &str = r#"
    summary = "three links"
    host.client.mptcp = { limits = { subflows = 2 }, endpoint = [
        { interface = "b", flags = ["subflow"] }, { interface = "c", flags = ["subflow"] } ] }
    host.server.mptcp.limits = { subflows = 2 }
    [link]
    a = { ends = ["client:a", "server:a"], rate = "10mbit", delay = "10ms" }
    b = { ends = ["client:b", "server:b"], rate = "10mbit", delay = "20ms" }
    c = { ends = ["client:c", "server:c"], rate = "10mbit", delay = "30ms" }
"#;
/// A transfer over them. The step is the first thing that happens.
const CASE: &str = r#"
    summary = "an upload"
    topology = "links"
    transfer.t = { client = "client", server = "server", duration = "20s" }
    step = [{ at = "0s", shape = { link = "a", delay = "10ms" } }]
"#;

/// The case of which many seeds are run, and how many those are.
const EXPLORED: &str = "demo/cut_and_restored";
const SEEDS: u64 = 200;
/// How many of the suite's dearest cases are named.
const DEAREST: usize = 8;

/// The option with which this program starts itself: a process that has booted nothing yet measures how long a run takes that has to.
const ALONE: &str = "--with-the-boot";

fn main() -> Outcome<()> {
    // The guest's first process is this program.
    mplab::enter();
    let (options, named): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|argument| argument.starts_with('-'));
    let kernels = Store::open()?.list()?;
    if options.iter().any(|option| option == ALONE) {
        return with_the_boot(kernels.into_iter().find(|kernel| named.contains(&kernel.name)).ok_or("it was there")?);
    }
    let ratios = ["per wall second", "per CPU second"];
    println!(
        "{:<14}{:<40}{:>12}{:>14}{:>10}{:>17}{:>16}{:>10}",
        "kernel", "what", "first step", "goodput", "lasts", ratios[0], ratios[1], "CPU"
    );
    for kernel in kernels.into_iter().filter(|kernel| named.is_empty() || named.contains(&kernel.name)) {
        of_kernel(kernel)?;
    }
    Ok(())
}

fn with_the_boot(kernel: Kernel) -> Outcome<()> {
    let guest = Guest::new(kernel.clone(), Clockwork::Virtual { shift: SHIFT }, None)?;
    let three = links(&guest.place()?, "10mbit")?;
    measure(&kernel.name, "three links of 10 Mbit/s, and the boot", &guest, &three)
}

fn of_kernel(kernel: Kernel) -> Outcome<()> {
    let guest = |clock| Guest::new(kernel.clone(), clock, None);
    let in_virtual_time = guest(Clockwork::Virtual { shift: SHIFT })?;
    let place = in_virtual_time.place()?;
    let three = links(&place, "10mbit")?;
    let emulated = kernel.manifest.form == Form::Image;
    // What the kernel can do is known now, without a boot. One that is a program boots for each run.
    if emulated && !Command::new(std::env::current_exe()?).args([ALONE, &kernel.name]).status()?.success() {
        return Err("the run with the boot failed".into());
    }
    let cases = [
        ("three links of 10 Mbit/s", three.clone()),
        ("demo, three links of 100 Mbit/s", case("demo/three_paths", &place)?),
        ("simult_flows, 10 and 10 Mbit/s", case("selftests/simult_flows", &place)?),
        ("a cut, two links of 20 Mbit/s left", case("survival/cut_enp1s0", &place)?),
        ("three links of 300 Mbit/s", links(&place, "300mbit")?),
        ("article, Ethernet unplugged", case("article/ethernet_unplugged", &place)?),
    ];
    for (what, job) in &cases {
        measure(&kernel.name, what, &in_virtual_time, job)?;
    }
    if emulated {
        return measure(&kernel.name, "the first in real time", &guest(Clockwork::Real)?, &three);
    }
    whole_suite(&kernel.name, &in_virtual_time, &place)?;
    many_seeds(&kernel.name, &in_virtual_time, &place)
}

/// Runs every case that the place can, one after the other, and prints what they take together, and which take most.
fn whole_suite(kernel: &str, guest: &Guest, place: &PlaceRecord) -> Outcome<()> {
    let (before, begin) = (children()?, Instant::now());
    let mut dear = Vec::new();
    let (mut passed, mut virtually) = (0, 0.0);
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testcases/cases");
    for file in suite::find(&cases)?.iter().filter(|file| !file.name.starts_with("must_fail")) {
        let job = suite::plan(file, suite::SEED, place).map_err(|error| error.render(false))?;
        if !suite::missing(&job, place).is_empty() {
            continue;
        }
        let before = children()?;
        let recording = guest.run(&[job], &mut |_, _| ()).pop().ok_or("a result for each job")??;
        passed += u32::from(judge(&recording, &recording.job.case).outcome == Passed);
        virtually += recording.end as f64 / 1e6;
        dear.push((children()?.saturating_sub(before), file.name.clone()));
    }
    let (cpu, wall) = (children()?.saturating_sub(before).as_secs_f64(), begin.elapsed().as_secs_f64());
    println!(
        "{kernel:<14}the suite: {passed} of {} cases passed, {virtually:.0} virtual seconds in {cpu:.1} CPU seconds, {wall:.1} s",
        dear.len()
    );
    dear.sort();
    for (cpu, name) in dear.iter().rev().take(DEAREST) {
        println!("{kernel:<14}    {:.2} CPU seconds: {name}", cpu.as_secs_f64());
    }
    Ok(())
}

/// Runs a case with many seeds on two cores.
fn many_seeds(kernel: &str, guest: &Guest, place: &PlaceRecord) -> Outcome<()> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testcases/cases").join(EXPLORED).with_extension("toml");
    let file = CaseFile { name: EXPLORED.to_owned(), path: file, variant: None };
    let jobs: Vec<_> =
        (1..=SEEDS).map(|seed| suite::plan(&file, seed, place)).collect::<Result<_, _>>().map_err(|error| error.render(false))?;
    let (before, begin) = (children()?, Instant::now());
    std::thread::scope(|scope| {
        let half = |jobs| scope.spawn(move || jobs_run(guest, jobs));
        let halves: Vec<_> = jobs.chunks(jobs.len().div_ceil(2)).map(half).collect();
        halves.into_iter().try_for_each(|half| half.join().map_err(|_| "a thread panicked".to_owned())?)
    })?;
    let (cpu, wall) = (children()?.saturating_sub(before).as_secs_f64(), begin.elapsed().as_secs_f64());
    println!("{kernel:<14}{SEEDS} seeds of {EXPLORED} on two cores: {wall:.1} s, {cpu:.1} CPU seconds");
    Ok(())
}

fn jobs_run(guest: &Guest, jobs: &[Job]) -> Result<(), String> {
    let run = |job| guest.run(std::slice::from_ref(job), &mut |_, _| ()).into_iter().try_for_each(|result| result.map(drop));
    jobs.iter().try_for_each(run).map_err(|error| error.to_string())
}

/// Three links that are this fast.
fn links(place: &PlaceRecord, rate: &str) -> Outcome<Job> {
    let topology = TOPOLOGY.replace("10mbit", rate);
    let parsed = check::parse("case.toml", CASE, [("links", topology.as_str())].as_slice());
    let (case, topology) = parsed.map_err(|mistakes| mistakes[0].to_string())?;
    Ok(Job::plan("links", topology, case, Means::of(&place.features, suite::SEED)))
}

fn case(name: &str, place: &PlaceRecord) -> Outcome<Job> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testcases/cases").join(name).with_extension("toml");
    suite::plan(&CaseFile { name: name.to_owned(), path, variant: None }, suite::SEED, place).map_err(|error| error.render(false).into())
}

/// Runs a job and prints a row. What passes between the first and the last sample is the case's time.
fn measure(kernel: &str, what: &str, guest: &Guest, job: &Job) -> Outcome<()> {
    let (cpu, begin) = (children()?, Instant::now());
    let (mut step, mut first, mut last) = (None, None, None);
    let mut hear = |_, fresh| match fresh {
        News::Step { .. } => drop(step.get_or_insert_with(|| begin.elapsed())),
        News::Sample(Moment { at, .. }) => {
            last = Some((begin.elapsed(), Duration::from_micros(at)));
            first = first.or(last);
        }
        _ => {}
    };
    let recording = guest.run(std::slice::from_ref(job), &mut hear).pop().ok_or("a result for each job")??;
    let cpu = children()?.saturating_sub(cpu).as_secs_f64();
    let ((sampled, from), (ended, to)) = first.zip(last).ok_or("there was no sample")?;
    let passed = to.saturating_sub(from).as_secs_f64();
    let (step, ratio) = (step.unwrap_or(sampled).as_secs_f64(), passed / ended.saturating_sub(sampled).as_secs_f64());
    let goodput = goodput(&recording)?;
    println!("{kernel:<14}{what:<40}{step:>11.2}s{goodput:>14}{passed:>9.1}s{ratio:>17.2}{:>16.2}{cpu:>9.2}s", passed / cpu);
    Ok(())
}

/// Of the one transfer, in the whole run.
fn goodput(recording: &Recording) -> Outcome<String> {
    let name = recording.job.case.transfers.keys().next().ok_or("a transfer")?;
    Ok(Seen::find(&recording.run(&recording.job.case), name)?.goodput(Window::default()).to_string())
}

/// The CPU time of what this program started and has ended.
fn children() -> Outcome<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let times = [usage.user_time(), usage.system_time()];
    Ok(times.iter().map(|time| Duration::new(time.tv_sec().unsigned_abs(), time.tv_usec().unsigned_abs() as u32 * 1000)).sum())
}
