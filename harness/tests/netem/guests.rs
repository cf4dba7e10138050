//! The same tests in guests, in virtual time: on kernels that have netem, whatever this computer's has.
//! Not here: the tests. In a guest this program is a process of a case, and finds no kernels.

use libtest_mimic::{Failed, Trial};
use mplab::case::check;
use mplab::guest::store::{Kernel, Store};
use mplab::guest::{Guest, SHIFT};
use mplab::plan::{Job, Means};
use mplab::recording::Clockwork;
use mplab::words::Exit;

use crate::fates::FRAMES;
use crate::support;

/// A case has a topology. The tests make labs of their own.
const TOPOLOGY: &str = "summary = \"Two hosts\"\nlink.cable.ends = [\"one:eth0\", \"other:eth0\"]\n";
/// So many frames cross in a test that counts them.
fn case(frames: u32) -> String {
    format!(
        r#"
            summary = "These tests"
            topology = "two"
            deadline = "60min"
            process.tests = {{ host = "one", privileged = true, command = ["/proc/self/exe", "--test-threads=1"], env = {{ {FRAMES} = "{frames}" }} }}
            expect = [{{ process = "tests", exit = 0 }}]
        "#
    )
}

/// One for each kernel whose turn it is.
pub(crate) fn trials() -> Vec<Trial> {
    let lacking = |why: &str| vec![support::trial("in_a_guest", Some(why.to_owned()), || Ok(()))];
    match Store::open().and_then(|store| store.list()) {
        Ok(kernels) if kernels.is_empty() => lacking("no kernel is imported: `tools/fetch-kernels` fetches four"),
        Ok(_) if support::without(&["qemu-system-x86_64"]).is_some() => lacking("not installed: qemu-system-x86_64"),
        Ok(kernels) => {
            let kernels = support::due(&kernels);
            let newest = kernels.len() - 1;
            let trial = |(number, kernel): (usize, Kernel)| {
                let name = format!("in_a_guest::{}", kernel.name.replace(['-', '.'], "_"));
                Trial::test(name, move || run(kernel, if number == newest { 100_000 } else { 20_000 }))
            };
            kernels.into_iter().enumerate().map(trial).collect()
        }
        Err(error) => vec![Trial::test("in_a_guest", move || Err(error.into()))],
    }
}

/// A guest needs half a minute for each hundred thousand of some: one kernel has so many.
fn run(kernel: Kernel, frames: u32) -> Result<(), Failed> {
    let guest = Guest::new(kernel, Clockwork::Virtual { shift: SHIFT }, None)?;
    let place = guest.place()?;
    let (case, topology) =
        check::parse("case.toml", &case(frames), [("two", TOPOLOGY)].as_slice()).map_err(|wrong| wrong[0].to_string())?;
    let job = Job::plan("netem", topology, case, Means::of(&place.features, 1));
    let recording = guest.run(&[job], &mut |_, _| ()).remove(0)?;
    let tests = recording.processes.get("tests").ok_or("the tests did not start")?;
    let output: Vec<_> = tests.output.iter().map(|line| line.text.trim_end()).collect();
    // Where a kernel lacks what they need, all are ignored.
    let ran = output.iter().any(|line| line.contains("jitter_has_its_distribution") && line.ends_with("ok"));
    if ran && tests.exit == Some(Exit::Code(0)) && recording.splats.is_empty() {
        return Ok(());
    }
    Err(format!("{}\n{:?} {:?} {:?}", output.join("\n"), tests.exit, tests.error, recording.splats).into())
}
