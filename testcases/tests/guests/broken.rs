//! Guests that are broken on purpose, and reported as what they are: kernels that panic, warn or stop during a case, a program that never
//! waits, and a server that lets nobody join.
//! Not here: guests that work.
//!
//! What breaks a kernel is given to a [`Guest`] and to nothing else. It does nothing where it does not find what a guest has, besides.

use std::fs;
use std::time::Duration;

use libtest_mimic::{Failed, Trial};
use mplab::case::check;
use mplab::guest::Guest;
use mplab::guest::store::{Form, Kernel};
use mplab::judge::{Finding, Outcome, Verdict, judge};
use mplab::plan::{Job, Means};
use mplab::recording::{PlaceRecord, Recording};
use mplab::report::{self, Style};
use mplab::splat::Kind;
use mplab::suite;
use mplab_testcases::ignored;

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
/// What the image of a kernel that can be broken at crash points has in it (Documentation/fault-injection/provoke-crashes.rst).
const CRASH_POINTS: &[u8] = b"provoke-crash";
/// By magic SysRq (Documentation/admin-guide/sysrq.rst), or by a crash point where there is none: in kernels that are programs.
const PANIC: &str =
    "echo c > /proc/sysrq-trigger; mount -t debugfs none /sys/kernel/debug; echo PANIC > /sys/kernel/debug/provoke-crash/DIRECT";
const WARNING: &str = "mount -t debugfs none /sys/kernel/debug; echo WARNING > /sys/kernel/debug/provoke-crash/DIRECT";
/// The kernel runs in circles with interrupts off.
const STOP: &str = "mount -t debugfs none /sys/kernel/debug; echo HARDLOCKUP > /sys/kernel/debug/provoke-crash/DIRECT";
const NEVER_WAIT: &str = "while :; do :; done";
/// How long a guest that hangs is waited for. It boots and downloads in a tenth of that.
const SILENCE: Duration = Duration::from_secs(30);

const NEVER_WAITS: &str = "a_program_that_never_waits_is_a_hang_of_a_program";
const STOPS: &str = "a_kernel_that_stops_with_interrupts_off_is_a_hang_of_the_kernel";
const LETS_NOBODY_JOIN: &str = "a_server_that_lets_nobody_join_fails_what_needs_joins";

/// Trials of a kernel in which a guest works for seconds, unless it is killed.
pub(crate) fn that_last(kernel: &Kernel) -> Vec<&'static str> {
    match kernel.manifest.form {
        Form::Image => vec![LETS_NOBODY_JOIN],
        Form::Program if has_crash_points(kernel) => vec![NEVER_WAITS, STOPS],
        Form::Program => vec![NEVER_WAITS],
    }
}

fn has_crash_points(kernel: &Kernel) -> bool {
    fs::read(kernel.image()).is_ok_and(|image| image.windows(CRASH_POINTS.len()).any(|here| here == CRASH_POINTS))
}

/// The trials of a kernel.
pub(crate) fn trials(group: &str, kernel: &Kernel, guest: &Guest, place: &PlaceRecord) -> Vec<Trial> {
    // In a machine of QEMU time passes while something runs, and no loop makes it silent for long.
    let is_program = kernel.manifest.form == Form::Program;
    let has_crash_points = is_program && has_crash_points(kernel);
    let trial = |name: &str, can: bool, test: fn(&Guest, &PlaceRecord) -> Result<(), Failed>| {
        let (guest, place, name) = (guest.clone(), place.clone(), format!("{group}::{name}"));
        if can {
            Trial::test(name, move || test(&guest, &place))
        } else {
            ignored(name, "needs CONFIG_LKDTM", "the kernel has no crash points: build it with `mplab kernel build`")
        }
    };
    let mut trials = vec![
        trial("a_panic_fails_the_case_that_it_came_in_and_no_other", !is_program || has_crash_points, a_panic),
        trial(LETS_NOBODY_JOIN, true, no_joins),
    ];
    if is_program {
        trials.extend([
            trial("a_warning_fails_the_case_that_it_came_in_and_no_other", has_crash_points, a_warning),
            trial(STOPS, has_crash_points, a_kernel_that_stops),
            trial(NEVER_WAITS, true, a_program_that_never_waits),
        ]);
    }
    trials
}

fn a_panic(guest: &Guest, place: &PlaceRecord) -> Result<(), Failed> {
    let (recording, verdict) = broken(guest, place, PANIC)?;
    assert!(recording.splats.iter().any(|splat| splat.kind == Kind::Panic), "{:?}", recording.splats);
    assert!(recording.splats.iter().all(|splat| splat.kind != Kind::Hang), "a panic ends the guest: {:?}", recording.splats);
    let report = report::verdict(&recording, &verdict, "", Style::Plain);
    assert!(report.contains("FAIL  the kernel: Kernel panic - not syncing: "), "{report}");
    Ok(())
}

fn a_warning(guest: &Guest, place: &PlaceRecord) -> Result<(), Failed> {
    let (recording, _) = broken(guest, place, WARNING)?;
    let kinds: Vec<_> = recording.splats.iter().map(|splat| splat.kind).collect();
    assert_eq!(kinds, [Kind::Warning], "{:?}", recording.splats);
    assert!(recording.splats[0].text.contains("lkdtm"), "{:?}", recording.splats);
    assert!(!recording.hosts.is_empty(), "the case went on to its end");
    Ok(())
}

fn a_kernel_that_stops(guest: &Guest, place: &PlaceRecord) -> Result<(), Failed> {
    let (recording, _) = broken(&guest.clone().silent_for(SILENCE), place, STOP)?;
    hangs(&recording, "the guest said nothing for 30s: its kernel runs but lets no program run");
    Ok(())
}

fn a_program_that_never_waits(guest: &Guest, place: &PlaceRecord) -> Result<(), Failed> {
    let (recording, _) = broken(&guest.clone().silent_for(SILENCE), place, NEVER_WAIT)?;
    hangs(&recording, "the guest said nothing for 30s: a program in it runs without waiting or reading the clock, so no time passes");
    Ok(())
}

fn hangs(recording: &Recording, title: &str) {
    let splats: Vec<_> = recording.splats.iter().map(|splat| (splat.kind, splat.title.as_str())).collect();
    assert_eq!(splats, [(Kind::Hang, title)], "{:?}", recording.splats);
}

/// Runs a command in a guest in mid-download, between two downloads that nothing breaks. These pass, and that one fails.
fn broken(guest: &Guest, place: &PlaceRecord, command: &str) -> Result<(Recording, Verdict), Failed> {
    let process = format!(
        "[process.breaking]\nhost = 'laptop'\nprivileged = true\ncommand = ['sh', '-c', 'test -e /mplab/modules.json || exit; {command}']\nprograms = ['mount']\nstart = '500ms'\n"
    );
    let whole = job(place, TOPOLOGY, BOTH_PATHS);
    let [before, broken, behind] = run(guest, [whole.clone(), job(place, TOPOLOGY, &(BOTH_PATHS.to_owned() + &process)), whole])?;
    for (_, verdict) in [before, behind] {
        assert_eq!(verdict.outcome, Outcome::Passed, "{verdict:?}");
    }
    assert_eq!(broken.1.outcome, Outcome::Failed);
    Ok(broken)
}

fn no_joins(guest: &Guest, place: &PlaceRecord) -> Result<(), Failed> {
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

fn job(place: &PlaceRecord, topology: &str, case: &str) -> Job {
    let parsed = check::parse("case.toml", case, [("laptop", topology)].as_slice());
    let (case, topology) = parsed.unwrap_or_else(|wrong| panic!("{}", wrong[0]));
    Job::plan("broken", topology, case, Means::of(&place.features, suite::SEED))
}
