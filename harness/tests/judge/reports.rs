//! Whole texts of reports.

use mplab::report;

use crate::synthetic::run;

#[test]
fn look() {
    let run = run();
    println!("{}", report::table(&run, "download", mplab::words::Time::from_millis(1000)));
    println!("{}", report::share(&run, "download"));
    println!("{}", report::subflows(&run, "download"));
    println!("{}", report::summary(&run, "download"));
    std::fs::write("/tmp/target-judge/x.svg", report::svg(&run, "download")).unwrap();
}
