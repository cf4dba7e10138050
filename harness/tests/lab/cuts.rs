//! Every way to cut a link silences the directions it should, no other, and what is restored passes again.
//!
//! That a datagram does not pass is no matter of patience: one sent after it by the same CPU over a second link, as long as the first, has
//! arrived. The kernel takes what waits for a CPU in its order (net/core/dev.c, enqueue_to_backlog). The relay takes the links in any order,
//! but looks at all of them before it looks at one again: so a second datagram follows the first.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use mplab::case;
use mplab::lab::Lab;
use mplab::plan::{Forwarding, Job};
use mplab::words::Engine;
use nix::sched::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
use nix::unistd::Pid;

use crate::support;

/// Two hosts and two cables.
pub(crate) fn topology(engine: Engine) -> String {
    format!(
        r#"
        summary = "two hosts, two cables"
        [link]
        cut = {{ ends = ["a:cut", "b:cut"], engine = "{engine}" }}
        whole = {{ ends = ["a:whole", "b:whole"], engine = "{engine}" }}
        "#
    )
}

/// A way to cut, and whether datagrams of the first and of the second host still pass.
const CUTS: [(&str, &str, [bool; 2]); 9] = [
    ("without_carrier_nothing_passes", r#"how = "carrier""#, [false, false]),
    ("without_carrier_at_the_first_end_nothing_passes", r#"how = "carrier", end = "a""#, [false, false]),
    ("without_carrier_at_the_second_end_nothing_passes", r#"how = "carrier", end = "b""#, [false, false]),
    ("set_down_nothing_passes", r#"how = "admin""#, [false, false]),
    ("set_down_at_the_first_end_nothing_passes", r#"how = "admin", end = "a""#, [false, false]),
    ("set_down_at_the_second_end_nothing_passes", r#"how = "admin", end = "b""#, [false, false]),
    ("a_blackhole_lets_nothing_pass", r#"how = "blackhole""#, [false, false]),
    ("a_blackhole_upwards_lets_pass_what_comes_down", r#"how = "blackhole", direction = "up""#, [false, true]),
    ("a_blackhole_downwards_lets_pass_what_goes_up", r#"how = "blackhole", direction = "down""#, [true, false]),
];

pub(crate) fn trials(forwarding: Forwarding, engine: Engine, by: &str, missing: Option<String>) -> Vec<Trial> {
    let trial = |(name, cut, passes)| {
        support::trial(&format!("{name}_until_it_is_restored{by}"), missing.clone(), move || silent(forwarding, engine, cut, passes))
    };
    CUTS.into_iter().map(trial).collect()
}

fn silent(forwarding: Forwarding, engine: Engine, cut: &str, passes: [bool; 2]) -> Result<(), Failed> {
    let job = plan(forwarding, engine, cut);
    let mut lab = Lab::build(&job.setup)?;
    let (mut cut, mut whole) = (Pair::new(&lab, 1)?, Pair::new(&lab, 2)?);
    for from in [0, 1] {
        cut.await_passing(from)?;
        whole.await_passing(from)?;
    }
    for (step, passes) in job.steps.iter().zip([passes, [true, true]]) {
        lab.apply(&step.ops)?;
        lab.verify(&step.ops)?;
        for (from, passes) in passes.into_iter().enumerate() {
            if passes {
                cut.await_passing(from)?;
            } else {
                assert!(!cut.passes_before(from, &mut whole)?, "it passes from {:?}", cut.ends[from].0);
            }
        }
    }
    assert_eq!(job.steps.len(), 2);
    Ok(())
}

/// A job that cuts, and restores.
fn plan(forwarding: Forwarding, engine: Engine, cut: &str) -> Job {
    let text = format!(
        r#"
        summary = "cut and restored"
        topology = "test"
        transfer.t = {{ client = "a", server = "b", duration = "9s" }}
        step = [{{ at = "1s", cut = {{ link = "cut", {cut} }} }}, {{ at = "2s", restore = "cut" }}]
        expect = [{{ transfer = "t", intact = true }}]
        "#
    );
    let (case, topology) = case::check::parse("case.toml", &text, [("test", topology(engine).as_str())].as_slice())
        .unwrap_or_else(|wrong| panic!("{}", wrong[0]));
    Job::plan("cut", topology, case, forwarding)
}

/// No datagram here takes a hundredth of it; it only keeps a broken lab from hanging for ever.
const DEADLINE: Duration = Duration::from_secs(30);
/// How long one datagram is waited for before another is sent.
const PATIENCE: Duration = Duration::from_millis(50);

/// Sockets at the two ends of a link.
struct Pair {
    ends: [(UdpSocket, SocketAddr); 2],
    sent: u32,
}

impl Pair {
    /// `number` is the link's place in the order of names, which its network is called by.
    fn new(lab: &Lab, number: u8) -> Result<Self, Failed> {
        let end = |host: &str, end: u8| -> Result<_, Failed> {
            let namespace = lab.namespace(host).ok_or("it was built")?;
            let socket = namespace.enter(|| UdpSocket::bind(SocketAddr::from(([10, 0, number, end], 0))))??;
            socket.set_read_timeout(Some(PATIENCE))?;
            let address = socket.local_addr()?;
            Ok((socket, address))
        };
        Ok(Self { ends: [end("a", 1)?, end("b", 2)?], sent: 0 })
    }

    /// Sends a datagram that is like no other, if the kernel takes it at all.
    fn send(&mut self, from: usize) -> u32 {
        self.sent += 1;
        // Where the cut is, the kernel may know no way any more: this is one more way not to pass.
        self.ends[from].0.send_to(&self.sent.to_ne_bytes(), self.ends[1 - from].1).ok();
        self.sent
    }

    /// The next datagram that has arrived, or arrives soon.
    fn receive(&self, from: usize) -> io::Result<Option<u32>> {
        let mut datagram = [0; 4];
        match self.ends[1 - from].0.recv(&mut datagram) {
            Ok(_) => Ok(Some(u32::from_ne_bytes(datagram))),
            // A socket with a timeout is not asked again by the kernel when it was interrupted.
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends until one passes.
    fn await_passing(&mut self, from: usize) -> Result<(), Failed> {
        let deadline = Instant::now() + DEADLINE;
        let first = self.sent + 1;
        while Instant::now() < deadline {
            self.send(from);
            if self.receive(from)?.is_some_and(|received| received >= first) {
                return Ok(());
            }
        }
        Err(format!("nothing passes within {DEADLINE:?} from {:?}", self.ends[from].0).into())
    }

    /// Whether a datagram has arrived when one that was sent after it over the other link has.
    fn passes_before(&mut self, from: usize, other: &mut Self) -> Result<bool, Failed> {
        let all = sched_getaffinity(Pid::from_raw(0))?;
        let mut here = CpuSet::new();
        here.set(sched_getcpu()?)?;
        sched_setaffinity(Pid::from_raw(0), &here)?;
        let marked = self.send(from);
        let passed = other.await_passing(from).and_then(|()| other.await_passing(from));
        sched_setaffinity(Pid::from_raw(0), &all)?;
        passed?;
        self.ends[1 - from].0.set_nonblocking(true)?;
        let mut arrived = false;
        while let Some(received) = self.receive(from)? {
            arrived |= received == marked;
        }
        self.ends[1 - from].0.set_nonblocking(false)?;
        Ok(arrived)
    }
}
