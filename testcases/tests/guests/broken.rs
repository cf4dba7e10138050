//! Guests that are broken on purpose, and reported as what they are: a kernel that panics during a case, and one that lets nobody join.
//! Not here: guests that work.
//!
//! What breaks a kernel is given to a [`Guest`] and to nothing else. It does nothing where it does not find what a guest has, besides.

use libtest_mimic::{Failed, Trial};
use mplab::case::check;
use mplab::guest::Guest;
use mplab::judge::{Finding, Outcome, Verdict, judge};
use mplab::plan::{Job, Means};
use mplab::recording::{Place, Recording};
use mplab::report::{self, Style};
use mplab::splat::Kind;
use mplab::suite;

/// Two paths, of which the second is joined.
const TOPOLOGY: &str = include_str!("../../../topologies/laptop.toml");
/// With this the server tells its peers that its first address takes no joins (Documentation/networking/mptcp-sysctl.rst).
const NO_JOINS: &str = "\n[host.server.sysctl]\nnet.mptcp.allow_join_initial_addr_port = 0\n";

/// A download that must have both paths.
const BOTH_PATHS: &str = r#"
    summary = "Both paths are used"
    topology = "laptop"
    transfer.download = { client = "laptop", server = "server", to = "eth0", direction = "download", duration = "1s", rate = "1mbit" }
    expect = [
        { transfer = "download", subflows = 2 },
        { host = "laptop", counters = { MPTcpExtMPJoinSynAckRx = 1 } },
    ]
"#;
/// A panic in mid-download, by magic SysRq (Documentation/admin-guide/sysrq.rst).
const PANIC: &str = r#"
    process.panic = { host = "laptop", command = ["sh", "-c", "test -e /mplab/modules.json && echo c > /proc/sysrq-trigger"], start = "500ms" }
"#;

/// The trials of a kernel.
pub(crate) fn trials(group: &str, guest: &Guest, place: &Place) -> Vec<Trial> {
    let trial = |name: &str, test: fn(&Guest, &Place) -> Result<(), Failed>| {
        let (guest, place) = (guest.clone(), place.clone());
        Trial::test(format!("{group}::{name}"), move || test(&guest, &place))
    };
    vec![
        trial("a_panic_fails_the_case_that_it_came_in_and_no_other", a_panic),
        trial("a_server_that_lets_nobody_join_fails_what_needs_joins", no_joins),
    ]
}

fn a_panic(guest: &Guest, place: &Place) -> Result<(), Failed> {
    let whole = job(place, TOPOLOGY, BOTH_PATHS);
    let [before, panic, behind] = run(guest, [whole.clone(), job(place, TOPOLOGY, &(BOTH_PATHS.to_owned() + PANIC)), whole])?;
    for (_, verdict) in [before, behind] {
        assert_eq!(verdict.outcome, Outcome::Passed, "{verdict:?}");
    }
    let (recording, verdict) = panic;
    assert_eq!(verdict.outcome, Outcome::Failed);
    assert!(recording.splats.iter().any(|splat| splat.kind == Kind::Panic), "{:?}", recording.splats);
    let report = report::verdict(&recording, &verdict, "", Style::Plain);
    assert!(report.contains("FAIL  the kernel: Kernel panic - not syncing: sysrq triggered crash"), "{report}");
    Ok(())
}

fn no_joins(guest: &Guest, place: &Place) -> Result<(), Failed> {
    let broken = TOPOLOGY.to_owned() + NO_JOINS;
    let [whole, broken] = run(guest, [job(place, TOPOLOGY, BOTH_PATHS), job(place, &broken, BOTH_PATHS)])?;
    assert_eq!(whole.1.outcome, Outcome::Passed, "{:?}", whole.1);
    let (recording, verdict) = broken;
    assert_eq!((verdict.outcome, recording.splats.len()), (Outcome::Failed, 0));
    let failed = verdict.findings.iter().filter(|finding| finding.condemns());
    let failed: Vec<_> = failed.map(|finding: &Finding| (finding.to_string(), finding.measured.as_str())).collect();
    let expected = [("download: subflows = 2", "1"), ("laptop: counters.MPTcpExtMPJoinSynAckRx = 1", "0")];
    assert_eq!(failed, expected.map(|(what, measured)| (what.to_owned(), measured)));
    Ok(())
}

/// Runs jobs in one boot, as far as that goes.
fn run<const N: usize>(guest: &Guest, jobs: [Job; N]) -> Result<[(Recording, Verdict); N], Failed> {
    let recordings = guest.run(&jobs, &mut |_, _| ()).into_iter().collect::<Result<Vec<_>, _>>()?;
    let judged = recordings.into_iter().map(|recording| {
        let verdict = judge(&recording, &recording.job.case);
        (recording, verdict)
    });
    Ok(judged.collect::<Vec<_>>().try_into().expect("a recording for each job"))
}

fn job(place: &Place, topology: &str, case: &str) -> Job {
    let parsed = check::parse("case.toml", case, [("laptop", topology)].as_slice());
    let (case, topology) = parsed.unwrap_or_else(|wrong| panic!("{}", wrong[0]));
    Job::plan("broken", topology, case, Means::of(&place.features, suite::SEED))
}
