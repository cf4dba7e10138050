//! What it costs to make runs in shards, to put many results together, and to take a run from the cache.
//! `cargo bench -p mplab-tools --bench shards -- [KERNEL] [SEEDS]`: a kernel that is a program, um-7.3 if none is named, and 1000 seeds.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use mplab::compare::{Column, Ended, Run};
use mplab::judge::Reading;
use mplab::shards::{CaseUsed, Command as Made, KernelUsed, Share, Unit, Whole};
use mplab::words::{Amount, Better, Digest, Rate, Shard, Time};
use nix::sys::resource::{UsageWho, getrusage};

type Outcome<T> = Result<T, Box<dyn Error>>;

const SHARDS: u32 = 8;
/// The case of which many seeds are run.
const EXPLORED: &str = "testcases/cases/demo/cut_and_restored.toml";
/// How many results are put together: so many cases with so many seeds.
const CASES: usize = 10;
const SEEDS: u64 = 10_000;
/// How many measures each has.
const MEASURES: u64 = 8;
/// How often the sides take turns.
const ROUNDS: usize = 3;

fn main() -> Outcome<()> {
    mplab::enter();
    let named: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let kernel = named.first().map_or("um-7.3", String::as_str);
    let seeds: u64 = named.get(1).map_or(Ok(1000), |seeds| seeds.parse())?;
    let directory = std::env::temp_dir().join(format!("mplab-bench-shards-{}", std::process::id()));
    fs::create_dir_all(&directory)?;
    // The first child of this process, so that the most memory that a child had is this one's.
    let measured = merging(&directory).and_then(|()| exploring(&directory, kernel, seeds)).and_then(|()| taking(&directory, kernel));
    fs::remove_dir_all(&directory)?;
    measured
}

/// Runs mplab in the repository, and says how long that took of the wall clock and of CPU time.
fn mplab(arguments: &[&str]) -> Outcome<(Duration, Duration)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the tools are in the repository")?;
    let used = || -> Outcome<Duration> {
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
        let micros = |time: nix::sys::time::TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
        Ok(Duration::from_micros((micros(usage.user_time()) + micros(usage.system_time())).try_into()?))
    };
    let (since, before) = (Instant::now(), used()?);
    let mut command = Command::new(env!("CARGO_BIN_EXE_mplab"));
    let status = command.args(arguments).current_dir(root).stdout(Stdio::null()).status()?;
    // Seeds may fail.
    if status.code().is_none_or(|code| code > 1) {
        return Err(format!("mplab {arguments:?}: {status}").into());
    }
    Ok((since.elapsed(), used()?.saturating_sub(before)))
}

fn merging(directory: &Path) -> Outcome<()> {
    let digest = |of: &str| Digest::of([of.as_bytes()]);
    let column = Column { name: "k".to_owned(), release: "7.3.4".to_owned(), in_virtual_time: true };
    let case = |number: usize| {
        let takes = [("k".to_owned(), Time::from_millis(1000))].into();
        (format!("case{number}"), CaseUsed { file: String::new(), digest: digest("case"), lacks: BTreeMap::new(), takes })
    };
    let whole = Whole {
        command: Made::Matrix,
        program: digest("program"),
        recording: 2,
        seeds: format!("1..{SEEDS}").parse()?,
        kernels: vec![KernelUsed { column, image: None, machine: None, options: String::new() }],
        cases: (0..CASES).map(case).collect(),
    };
    let mut parts: Vec<String> = Vec::new();
    for number in 1..=SHARDS {
        let mut share = Share::of(whole.clone(), format!("{number}/{SHARDS}").parse::<Shard>()?);
        for (Unit { case, kernel, seed }, _) in whole.units() {
            if share.has(case, kernel, seed) {
                let reading = |bits: u64| Reading { amount: Amount::Rate(Rate(94_000_000 + seed * 100 + bits)), better: Better::Higher };
                let measures = (0..MEASURES).map(|bits| (format!("download: goodput in {bits}s..9s"), reading(bits))).collect();
                share.add(case, kernel, Run { seed, ended: Ended::Passed, measures }, None);
            }
        }
        let path = directory.join(format!("part-{number}.json"));
        share.write(std::io::BufWriter::new(fs::File::create(&path)?))?;
        parts.push(path.display().to_string());
    }
    let bytes: u64 = parts.iter().map(|part| fs::metadata(part).map(|file| file.len())).sum::<Result<_, _>>()?;
    let output = directory.join("merged.json").display().to_string();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let (wall, cpu) = mplab(&[&["merge"], &parts[..], &["-o", &output]].concat())?;
    let most = getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss() >> 10;
    println!("merge of {} results, {} MB: {wall:.2?}, {cpu:.2?} of CPU, {most} MiB at the most", CASES as u64 * SEEDS, bytes / 1_000_000);
    Ok(())
}

fn exploring(directory: &Path, kernel: &str, seeds: u64) -> Outcome<()> {
    let seeds = format!("1..{seeds}");
    let explore = |file: &Path, more: &[&str]| -> Outcome<(Duration, Duration)> {
        let (output, file) = (directory.display().to_string(), file.display().to_string());
        mplab(&[&["explore", EXPLORED, "--kernel", kernel, "--seeds", &seeds, "--output", &output, "--results", &file], more].concat())
    };
    let (mut alone, mut sharded) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        alone.push(explore(&directory.join("whole.json"), &[])?);
        let mut all = (Duration::ZERO, Duration::ZERO);
        let parts: Vec<PathBuf> = (1..=SHARDS).map(|number| directory.join(format!("explored-{number}.json"))).collect();
        for (number, part) in (1..).zip(&parts) {
            let took = explore(part, &["--shard", &format!("{number}/{SHARDS}")])?;
            all = (all.0 + took.0, all.1 + took.1);
        }
        let merged = directory.join("explored.json");
        let names: Vec<String> = parts.iter().chain([&merged]).map(|part| part.display().to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let took = mplab(&[&["merge"], &names[..SHARDS as usize], &["-o", names[SHARDS as usize]]].concat())?;
        sharded.push((all.0 + took.0, all.1 + took.1));
        if fs::read(merged)? != fs::read(directory.join("whole.json"))? {
            return Err("the merged results are others".into());
        }
    }
    let (alone, sharded) = (median(alone), median(sharded));
    let more = |one: Duration, other: Duration| (other.as_secs_f64() / one.as_secs_f64() - 1.0) * 100.0;
    println!("{EXPLORED}, seeds {seeds}, with {kernel}: one process {:.2?}, {:.2?} of CPU", alone.0, alone.1);
    println!(
        "  in {SHARDS} shards one after the other, and merged: {:.2?} ({:+.1} %), {:.2?} of CPU ({:+.1} %)",
        sharded.0,
        more(alone.0, sharded.0),
        sharded.1,
        more(alone.1, sharded.1)
    );
    Ok(())
}

/// The medians of wall clock and CPU time.
fn median(measured: Vec<(Duration, Duration)>) -> (Duration, Duration) {
    let of = |which: fn(&(Duration, Duration)) -> Duration| {
        let mut all: Vec<Duration> = measured.iter().map(which).collect();
        all.sort_unstable();
        all[all.len() / 2]
    };
    (of(|both| both.0), of(|both| both.1))
}

fn taking(directory: &Path, kernel: &str) -> Outcome<()> {
    let cache = directory.join("cache").display().to_string();
    let output = directory.display().to_string();
    let explore = |seeds: &str| {
        mplab(&["explore", EXPLORED, "--kernel", kernel, "--jobs", "1", "--seeds", seeds, "--output", &output, "--cache", &cache])
    };
    explore("1..101")?;
    let (mut one, mut many) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        one.push(explore("1..1")?);
        many.push(explore("1..101")?);
    }
    let (one, many) = (median(one), median(many));
    println!("a run taken from the cache: {:.2?} each, besides {:.2?} for the command", (many.0.saturating_sub(one.0)) / 100, one.0);
    Ok(())
}
