//! Made-up matrices: what differs between kernels, and what is worse than it was.

use std::collections::BTreeMap;

use mplab::compare::{Change, Column, Distance, Ended, Matrix, Run, changes};
use mplab::judge::Reading;
use mplab::report::{self, Style};
use mplab::words::{Amount, Better, Percent, Rate};

/// Seeds 1, 2, ... of a case on a kernel, each with its end and its goodput in Mbit/s.
fn add(matrix: &mut Matrix, case: &str, kernel: &str, runs: &[(Ended, u64)]) {
    for (seed, (ended, megabits)) in (1..).zip(runs) {
        let goodput = Reading { amount: Amount::Rate(Rate(megabits * 1_000_000)), better: Better::Higher };
        let measures = BTreeMap::from([("download: goodput".to_owned(), goodput)]);
        matrix.insert(case, kernel, Run { seed, ended: ended.clone(), measures });
    }
}

fn empty() -> Matrix {
    let kernel = |name: &str, release: &str| Column { name: name.to_owned(), release: release.to_owned(), in_virtual_time: true };
    Matrix::new(vec![kernel("old", "6.1.0"), kernel("new", "7.2.0")])
}

fn failed(claim: &str, measured: &str) -> Ended {
    Ended::Failed(BTreeMap::from([(claim.to_owned(), measured.to_owned())]))
}

fn kernel(title: &str) -> Ended {
    Ended::Kernel(title.to_owned())
}

/// A matrix with one case on one kernel.
fn one(runs: &[(Ended, u64)]) -> Matrix {
    let mut matrix = empty();
    add(&mut matrix, "a::case", "new", runs);
    matrix
}

fn told(changes: &[Change]) -> Vec<&str> {
    changes.iter().map(|change| change.what.as_str()).collect()
}

#[test]
fn a_matrix_tells_what_differs_and_what_moved() {
    let mut matrix = empty();
    let stall = failed("download: stall <= 2s", "2.4s");
    add(&mut matrix, "a::case", "old", &[(Ended::Passed, 38), (Ended::Passed, 39), (Ended::Passed, 40)]);
    add(&mut matrix, "a::case", "new", &[(Ended::Passed, 20), (stall, 19), (Ended::Passed, 18)]);
    add(&mut matrix, "b::case", "old", &[(Ended::Unsupported("no netem".to_owned()), 0)]);
    add(&mut matrix, "b::case", "new", &[(Ended::Passed, 0)]);
    add(&mut matrix, "c::case", "old", &[(Ended::Passed, 30), (Ended::Passed, 40)]);
    add(&mut matrix, "c::case", "new", &[(Ended::Passed, 31), (Ended::Passed, 50)]);
    assert_eq!(matrix.differing(), ["a::case", "b::case"]);
    let moved = matrix.moved();
    assert_eq!(moved.len(), 1, "the seeds of c overlap");
    assert_eq!(moved[0].distance, Distance::Times(19.0 / 39.0));
    assert_eq!(
        report::matrix(&matrix, Style::Plain),
        "  old: Linux 6.1.0, virtual time\n  new: Linux 7.2.0, virtual time\n\n\
         case     old          new\n\
         a::case  passed       failed 1 of 3\n\
         b::case  unsupported  passed\n\
         c::case  passed       passed\n\
         \ndiffers between kernels\n\
         \x20 a::case\n    old: passed\n    new: failed 1 of 3\n      download: stall <= 2s: 2.4s\n\
         \x20 b::case\n    old: unsupported\n      no netem\n    new: passed\n\
         \nmoved between kernels (medians; no seed of one kernel is within the other's)\n\
         \x20 a::case download: goodput: -51% from old to new\n    old 39mbit, new 19mbit\n"
    );
    assert_eq!(Matrix::from_json(&matrix.to_json()).unwrap(), matrix);
}

#[test]
fn another_format_is_refused() {
    assert!(Matrix::from_json("{\"format\": 99}").unwrap_err().to_string().contains("format 99"));
    assert!(Matrix::from_json("[]").is_err());
}

#[test]
fn only_what_is_worse_than_it_was_is_a_regression() {
    let stall = || failed("download: stall <= 2s", "2.4s");
    let share = || failed("download: share.wlan >= 99%", "97%");
    let lacks = || Ended::Unsupported("no netem".to_owned());
    let late = || Ended::Disturbed("a sample was 1s late".to_owned());
    let pass = Ended::Passed;
    // (before, now): regressions, mended, unknown
    for (was, is, counts) in [
        (pass.clone(), pass.clone(), (0, 0, 0)),
        (pass.clone(), stall(), (1, 0, 0)),
        (stall(), stall(), (0, 0, 0)),
        (stall(), share(), (1, 0, 0)),
        (stall(), pass.clone(), (0, 1, 0)),
        (pass.clone(), kernel("WARNING"), (1, 0, 0)),
        (stall(), kernel("WARNING"), (1, 0, 0)),
        (kernel("WARNING"), stall(), (0, 1, 0)),
        (kernel("WARNING"), kernel("BUG"), (0, 0, 0)),
        (pass.clone(), lacks(), (1, 0, 0)),
        (lacks(), lacks(), (0, 0, 0)),
        (lacks(), pass.clone(), (0, 1, 0)),
        (lacks(), stall(), (0, 0, 1)),
        (pass.clone(), late(), (0, 0, 1)),
        (late(), stall(), (0, 0, 1)),
        (pass, Ended::Broken("no QEMU".to_owned()), (0, 0, 1)),
    ] {
        let changes = changes(&one(&[(was.clone(), 0)]), &one(&[(is.clone(), 0)]), None);
        let seen = (changes.regressions.len(), changes.mended.len(), changes.unknown.len());
        assert_eq!(seen, counts, "{was:?} became {is:?}: {changes:?}");
    }
    let changes = changes(&one(&[(Ended::Passed, 0), (Ended::Passed, 0)]), &one(&[(Ended::Passed, 0), (stall(), 0)]), None);
    assert_eq!(told(&changes.regressions), ["download: stall <= 2s: 2.4s"]);
}

#[test]
fn a_case_that_the_baseline_has_not_got_is_new() {
    let changes = changes(&empty(), &one(&[(failed("a", "b"), 0)]), None);
    assert_eq!((changes.new, changes.regressions.len()), (1, 0));
}

#[test]
fn a_measure_is_a_regression_if_a_tolerance_says_so() {
    let before = one(&[(Ended::Passed, 40), (Ended::Passed, 41)]);
    let now = one(&[(Ended::Passed, 30), (Ended::Passed, 31)]);
    let told = |before: &Matrix, now: &Matrix, tolerance: Option<f64>| changes(before, now, tolerance.map(Percent)).regressions;
    assert_eq!(told(&before, &now, None), []);
    assert_eq!(told(&before, &now, Some(30.0)), []);
    let regressions = told(&before, &now, Some(20.0));
    assert_eq!(regressions.len(), 1);
    assert_eq!(regressions[0].what, "download: goodput: 30mbit, was 40mbit (-25%)");
    assert_eq!(told(&now, &before, Some(20.0)), [], "faster is no regression");
}
