//! An archive of Performance Co-Pilot: the real pmrep prints the article's table of it, as the recording has it.

use libtest_mimic::{Failed, Trial};
use mplab::recording::growth;
use mplab::report;
use mplab::words::Time;

use crate::support::{repository, trial, without};
use crate::synthetic::run;
use crate::{Scratch, said, system};

pub(crate) fn trials() -> Vec<Trial> {
    let no_module = || said(system("/usr/bin/python3").args(["-c", "import cpmapi; from pcp import pmi"])).is_err();
    let missing = without(&["pmrep"]).or_else(|| no_module().then(|| "not installed: python3-pcp and libpcp-import1".to_owned()));
    vec![
        trial("pmrep_prints_what_was_recorded", missing.clone(), pmrep_prints_what_was_recorded),
        trial("an_archive_of_two_runs_or_over_another_is_refused", missing, an_archive_is_refused),
    ]
}

fn pmrep_prints_what_was_recorded() -> Result<(), Failed> {
    let run = run();
    let scratch = Scratch::new("pcp");
    let (source, directory) = (scratch.write("run.csv", &report::csv([&run])), scratch.0.join("archive"));
    said(system(&repository().join("tools/pcp-archive").display().to_string()).args([&source, &directory]))?;
    let archive = directory.join("laptop");
    let table = said(system("pmrep").arg("-a").arg(&archive).args(["-t", "2s", "network.interface.in.bytes"]))?;
    assert!(["eth0", "wlan0", "byte/s"].iter().all(|word| table.contains(word)), "{table}");
    let lines = said(system("pmrep").arg("-a").arg(&archive).args(["-t", "2s", "-o", "csv", "-P", "3", "network.interface.in.bytes"]))?;
    let columns: Vec<&str> = lines.lines().next().unwrap_or_default().split(',').collect();
    let host = &run.hosts["laptop"];
    let mut compared = 0;
    for (index, line) in lines.lines().skip(1).enumerate().skip(1) {
        let (from, to) = (Time::from_millis(index as u64 * 2000 - 2000), Time::from_millis(index as u64 * 2000));
        for (column, cell) in columns.iter().zip(line.split(',')) {
            let Some(series) = ["eth0", "wlan0"].iter().find(|name| column.trim_matches('"').ends_with(&format!("-{name}"))) else {
                continue;
            };
            let recorded = growth(&host.at, &host.interfaces[*series].rx_bytes, from, to) as f64 / 2.0;
            let printed: f64 = cell.parse().map_err(|_| format!("{series} at {to}: {line}"))?;
            assert!((printed - recorded).abs() <= recorded / 1000.0 + 1.0, "{series} at {to}: recorded {recorded}, printed {printed}");
            compared += 1;
        }
    }
    assert_eq!(compared, 30, "15 lines of two interfaces: {lines}");
    Ok(())
}

fn an_archive_is_refused() -> Result<(), Failed> {
    let scratch = Scratch::new("refused");
    let mut other = run();
    other.job.seed += 1;
    let source = scratch.write("runs.csv", &report::csv([&run(), &other]));
    let tool = repository().join("tools/pcp-archive").display().to_string();
    let refused = |source: &std::path::Path, directory: &str| {
        said(system(&tool).arg(source).arg(scratch.0.join(directory))).expect_err("it is refused")
    };
    assert!(refused(&source, "archive").message().is_some_and(|why| why.contains("more than one run")));
    let one = scratch.write("run.csv", &report::csv([&run()]));
    assert!(refused(&one, "runs.csv").message().is_some_and(|why| why.contains("there already")));
    let left: Vec<_> = scratch.0.read_dir()?.map(|entry| entry.map(|entry| entry.file_name())).collect::<Result<_, _>>()?;
    assert_eq!(left.len(), 2, "nothing half-made is left: {left:?}");
    Ok(())
}
