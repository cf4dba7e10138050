//! Whether links do what files say, in every place: this computer's kernel, and each imported kernel in virtual time and in real time.
//! Not here: what netem or the relay are asked to do to single packets (tests/netem, tests/relay).
//!
//! A place runs a job for each link, in which this program is a process at either end. `MPLAB_BLESS=1` writes docs/truth.md anew.

mod asked;
mod probe;
mod seen;
#[path = "../support/mod.rs"]
mod support;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::{env, fs};

use libtest_mimic::{Arguments, Failed, Trial};
use mplab::guest::store::{Form, Kernel, Store};
use mplab::guest::{Guest, SHIFT};
use mplab::local;
use mplab::place::Place;
use mplab::recording::Clockwork;
use mplab::suite;

use asked::{Link, links};
use table::{Column, PlaceColumn};

/// What the places did, in their order.
type Done = Arc<Mutex<Vec<(usize, PlaceColumn)>>>;

fn main() -> ExitCode {
    mplab::enter();
    probe::enter();
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert_with(|| std::thread::available_parallelism().map_or(1, usize::from));
    let done = Done::default();
    let trials = places().into_iter().enumerate().map(|(number, (name, at))| {
        let done = Arc::clone(&done);
        match at {
            Err(why) => support::trial(&name, Some(why), || Ok(())),
            Ok(at) => Trial::test(name.clone(), move || {
                measure(name, &at).map(|place| done.lock().expect("no trial panics here").push((number, place)))
            }),
        }
    });
    let mut trials: Vec<_> = trials.collect();
    let bless = env::var_os("MPLAB_BLESS").is_some();
    trials.push(Trial::test("the_page_has_the_links_that_are_measured", move || if bless { Ok(()) } else { page_is_whole() }));
    let measured = trials.len() - 1;
    let conclusion = libtest_mimic::run(&arguments, trials);
    let mut done = std::mem::take(&mut *done.lock().expect("no trial panics while it holds it"));
    if bless && done.len() == measured {
        done.sort_by_key(|(number, _)| *number);
        let places: Vec<_> = done.into_iter().map(|(_, place)| place).collect();
        fs::write(page(), table::page(&links().iter().map(Link::name).collect::<Vec<_>>(), &places)).expect("the page can be written");
    } else if bless {
        eprintln!("docs/truth.md stays as it is: a column for each place is wanted, and {} of {measured} were measured", done.len());
    }
    conclusion.exit_code()
}

/// Where links are measured; a place that cannot be had, with the reason.
fn places() -> Vec<(String, Result<Place, String>)> {
    let local = ("local".to_owned(), local::place().map(|_| Place::Local).map_err(|why| why.to_string()));
    let kernels = match Store::open().and_then(|store| store.list()) {
        Ok(kernels) => kernels,
        Err(error) => return vec![local, ("guests".to_owned(), Err(error.to_string()))],
    };
    let guest = |kernel: &Kernel, clock| match Guest::new(kernel.clone(), clock, None) {
        Ok(guest) => Ok(Place::Guest(Box::new(guest))),
        Err(error) => Err(error.to_string()),
    };
    let exact = support::due(&kernels).into_iter().map(|kernel| (kernel.name.clone(), guest(&kernel, Clockwork::Virtual { shift: SHIFT })));
    // Real time differs by the computer, not by the kernel. A kernel that is a program has none.
    let mut images = kernels.iter().rev().filter(|kernel| kernel.manifest.form == Form::Image);
    let real = images.find_map(|kernel| Some((format!("{} in real time", kernel.name), Ok(guest(kernel, Clockwork::Real).ok()?))));
    exact.chain([local]).chain(real).collect()
}

/// Runs a job for each link that the place can make.
fn measure(name: String, at: &Place) -> Result<PlaceColumn, Failed> {
    let what = at.place()?;
    let jobs = links().into_iter().map(|link| (link.job(&what), link));
    let (jobs, links): (Vec<_>, Vec<_>) = jobs.filter(|(job, _)| suite::missing(job, &what).is_empty()).unzip();
    let (mut cells, mut wrong, mut exact) = (Column::new(), Vec::new(), false);
    for ((link, job), result) in links.iter().zip(&jobs).zip(at.run_all(&jobs, None, &mut |_, _| ())) {
        let recording = result?;
        exact = recording.place.is_virtual();
        // A guest in real time that gets no CPU for seconds may complain of that and end: it says nothing of the link.
        let measured = match seen::measure(link, &recording) {
            Err(_) if !exact && !recording.splats.is_empty() => seen::measure(link, &at.run(job, &mut |_| ())?),
            measured => measured,
        };
        match measured {
            Ok(measured) => {
                wrong.extend(measured.wrong);
                cells.extend(measured.cells.into_iter().map(|(table, cell)| ((link.name(), table), cell)));
            }
            Err(nothing) => wrong.push(nothing),
        }
    }
    if links.is_empty() {
        wrong.push("the place can make no link".to_owned());
    }
    if wrong.is_empty() { Ok(PlaceColumn { name, exact, cells }) } else { Err((wrong.join("\n") + &format!("\n{cells:?}")).into()) }
}

fn page() -> PathBuf {
    support::repository().join("docs/truth.md")
}

/// The page in the repository has the tables and rows that this program would write, whatever the figures.
fn page_is_whole() -> Result<(), Failed> {
    let written = fs::read_to_string(page())?;
    let names: Vec<_> = links().iter().map(Link::name).collect();
    match names.into_iter().find(|name| !written.lines().any(|line| line.starts_with(&format!("| {name} |")))) {
        None => Ok(()),
        Some(name) => Err(format!("docs/truth.md has no row for {name}: write it anew with MPLAB_BLESS=1").into()),
    }
}
