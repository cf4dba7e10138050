//! Lists every case under `cases/` as a trial of its own for each imported kernel, `virtual::debian_7_2::survival::ethernet_unplugged`, and
//! runs it in virtual time when asked to. This is a program of its own: guests keep all cores busy, and cases on this computer's kernel
//! would be disturbed.
//!
//! Every case on every kernel takes long. So unless `MPLAB_GUESTS` is set only those below [`DIRECTORIES`] run, on each kernel. With `turns`, as CI
//! has it, the last kernel by name runs every case (where there are kernels that are programs, one of them is that, and quick), and one of QEMU's a
//! part of them: `MPLAB_ROUND` says which one and which part. With `all` every kernel runs all but those that must fail, which the last has. Of what
//! cases notice the last kernel tries a part with `turns`, and everything with `all`. What is not run is ignored with that reason; `-- --ignored NAME`
//! runs one.

mod broken;
mod builds;
mod known;
mod left;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use libtest_mimic::{Arguments, Failed, Trial};
use mplab::guest::store::{Form, Kernel, Store};
use mplab::guest::{Guest, GuestError, SHIFT};
use mplab::place::Place;
use mplab::recording::{Clockwork, PlaceRecord};
use mplab::suite::{self, CaseFile};
use mplab_testcases::{Group, files, ignored};

/// The cases that run on every kernel: one path, three paths, and every kind of cut.
const DIRECTORIES: [&str; 2] = ["demo::", "survival::"];

/// The cases that have nothing to do with the kernel: they show that the judge notices.
const JUDGED: &str = "must_fail::";

fn main() -> ExitCode {
    mplab::enter();
    let mut arguments = Arguments::from_args();
    let kernels = Store::open().and_then(|store| store.list());
    let trials = match kernels {
        Ok(kernels) if kernels.is_empty() => {
            vec![ignored("virtual", "needs kernels", "no kernel is imported: `tools/fetch-kernels` fetches four")]
        }
        Ok(kernels) => {
            let round: usize = std::env::var("MPLAB_ROUND").ok().and_then(|round| round.parse().ok()).unwrap_or(0);
            let count = kernels.len();
            let images: Vec<_> = (0..count).filter(|&number| kernels[number].manifest.form == Form::Image).collect();
            let due = images.get(round / PARTS % images.len().max(1)).copied();
            let turns = (0..count).map(|number| Turn { number, last: number + 1 == count, due: due == Some(number), round });
            kernels.into_iter().zip(turns).flat_map(|(kernel, turn)| of_kernel(kernel, turn, &arguments)).collect()
        }
        Err(error) => vec![Trial::test("virtual", move || Err(error.into()))],
    };
    arguments.test_threads.get_or_insert_with(|| std::thread::available_parallelism().map_or(1, usize::from));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A kernel's place among the imported ones.
#[derive(Clone, Copy)]
struct Turn {
    number: usize,
    last: bool,
    /// Whether it is the one of QEMU's that is enough beside the last.
    due: bool,
    /// How often the parts have moved on.
    round: usize,
}

/// A kernel that has not every case has one of so many.
const PARTS: usize = 8;

impl Turn {
    /// Whether it has a case, as the name alone says: a new case moves no other. The last has every one.
    fn has(self, name: &str) -> bool {
        self.last || self.part_has(name)
    }

    /// Whether the part that is due has it.
    fn part_has(self, name: &str) -> bool {
        let part = name.bytes().map(usize::from).sum::<usize>() + self.number + self.round % PARTS;
        part.is_multiple_of(PARTS)
    }
}

fn of_kernel(kernel: Kernel, turn: Turn, arguments: &Arguments) -> Vec<Trial> {
    let name = format!("virtual::{}", kernel.name.replace(['-', '.'], "_"));
    let which = std::env::var("MPLAB_GUESTS").unwrap_or_default();
    if which == "turns" && !turn.last && !turn.due {
        let unseen = || Err("it is not this round's kernel: `MPLAB_GUESTS=all` has every one".into());
        return vec![Trial::test(name, unseen).with_kind("its turn is in another round").with_ignored_flag(true)];
    }
    let ready = || -> Result<(Guest, PlaceRecord), GuestError> {
        let guest = Guest::new(kernel.clone(), Clockwork::Virtual { shift: SHIFT }, None)?;
        let place = guest.place()?;
        Ok((guest, place))
    };
    match ready() {
        Ok((guest, place)) => {
            let broken = broken::trials(&name, &kernel, &guest, &place);
            let left = left::trial(&name, &kernel);
            let builds = builds::trial(&name, &kernel, &guest, &place);
            let at = Place::Guest(Box::new(guest));
            let known = known::trial(&name, &kernel, &at, &place);
            let repeated = Trial::test(format!("{name}::a_seed_makes_one_recording_however_busy_the_computer"), {
                let (at, place) = (at.clone(), place.clone());
                move || repeats(&at, &place)
            });
            let group = Group { name, at, place, failures: env!("CARGO_TARGET_TMPDIR").into(), arguments: arguments.clone() };
            let always = |file: &CaseFile| DIRECTORIES.iter().any(|directory| file.name.starts_with(directory));
            let case = |file: CaseFile| {
                let (runs, elsewhere) = match which.as_str() {
                    "all" => (turn.last || !file.name.starts_with(JUDGED), "another kernel has it"),
                    "turns" => (turn.has(&file.name), "another kernel has it"),
                    _ => (always(&file), "MPLAB_GUESTS=turns has it on the last kernel, =all on each"),
                };
                group.trial(file, (!runs).then_some(elsewhere))
            };
            let files = files();
            let without = group.trials_without(&files, |name| turn.last && (which == "all" || which == "turns" && turn.part_has(name)));
            files.into_iter().map(case).chain(without).chain(broken).chain([left, repeated]).chain(known).chain(builds).collect()
        }
        Err(error @ GuestError::NoQemu(_)) => vec![ignored(name, "needs QEMU", error.to_string())],
        Err(error) => vec![Trial::test(name, move || Err(error.into()))],
    }
}

/// The same case and seed twice, the second time beside a busy loop on every core, and once with another seed.
fn repeats(at: &Place, place: &PlaceRecord) -> Result<(), Failed> {
    let file = files().into_iter().find(|file| file.name == "demo::cut_and_restored").ok_or("the demo's case is gone")?;
    let run = |seed| -> Result<_, Failed> {
        let job = suite::plan(&file, seed, place).map_err(|error| error.render(false))?;
        Ok(at.run(&job, &mut |_| ())?)
    };
    let once = run(1)?;
    let busy = AtomicBool::new(true);
    let again = thread::scope(|scope| {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..cores {
            scope.spawn(|| {
                while busy.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let again = run(1);
        busy.store(false, Ordering::Relaxed);
        again
    })?;
    if once.hosts.values().all(|host| host.connections.is_empty()) {
        return Err("nothing was recorded that could differ".into());
    }
    if let Some(difference) = difference(&once.to_json(), &again.to_json()) {
        return Err(format!("the same seed made another recording: {difference}").into());
    }
    if once.hosts == run(2)?.hosts {
        return Err("another seed made the same run".into());
    }
    Ok(())
}

/// Where two texts differ first, with what is around it.
fn difference(one: &str, other: &str) -> Option<String> {
    if one == other {
        return None;
    }
    let at = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let around = |text: &str| String::from_utf8_lossy(&text.as_bytes()[at.saturating_sub(200)..text.len().min(at + 100)]).into_owned();
    Some(format!("from byte {at} on\n{}\n{}", around(one), around(other)))
}
