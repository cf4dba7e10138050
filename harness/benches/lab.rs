//! How long it takes to build a lab: the demo's against the same lines given to `ip -batch` and `tc -batch`, and one of many links against the
//! raw floor, the same number of veth pairs and nothing else. Run it as root: `cargo bench -p mplab --bench lab -- [LINKS [ROUNDS]]`.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mplab::kernel::{Batch, Namespace, Netlink, link, sysctl};
use mplab::lab::Lab;
use mplab::plan::{self, Act, Forwarding, HostAct, Op};
use mplab::topology::{self, Topology};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let (links, rounds) = (numbers.first().copied().unwrap_or(1000), numbers.get(1).copied().unwrap_or(5));
    // Nothing here is done in the computer's own network.
    Namespace::new()?.enter(|| demo(rounds.max(5) * 4).and_then(|()| many(links, rounds)))?
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn row(what: &str, times: Vec<Duration>) -> Duration {
    let (least, most) = (times.iter().min().copied().unwrap_or_default(), times.iter().max().copied().unwrap_or_default());
    let median = median(times);
    println!("{what:<52} {median:>10.1?}   ({least:.1?} to {most:.1?})");
    median
}

/// The kernel takes a dead namespace apart long after its last holder is gone, under the lock that building needs. A veth into it tells when.
struct Sentinel {
    here: Arc<Namespace>,
}

impl Sentinel {
    fn into(lab: &Namespace) -> Outcome<Self> {
        let here = Arc::new(Namespace::new()?);
        let mut batch = Batch::default();
        let (near, far) = (link::NewEnd { name: "near", index: 2 }, link::NewEnd { name: "far", index: 1 << 30 });
        link::veth(&mut batch, &near, true, lab, &far, [1500; 2]);
        Netlink::new(Arc::clone(&here)).send(&batch)?;
        Ok(Self { here })
    }

    fn wait(self) -> Outcome<()> {
        let mut netlink = Netlink::new(self.here);
        while link::list(&mut netlink)?.len() > 1 {
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }
}

/// Builds a lab once, and waits until the kernel has forgotten it.
fn build(ops: &[Op]) -> Outcome<Duration> {
    let before = Instant::now();
    let lab = Lab::build(ops)?;
    let took = before.elapsed();
    let sentinel = Sentinel::into(lab.namespace("wires").ok_or("a lab has wires")?)?;
    drop(lab);
    sentinel.wait()?;
    Ok(took)
}

fn demo(rounds: usize) -> Outcome<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../topologies/two-guests-configured.toml");
    let ops = plan::lab(&topology::check::load(&path)?, Forwarding::Redirect);
    let script = batches(&ops);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ours.push(build(&ops)?);
        theirs.push(by_ip(&script)?);
    }
    println!("The demo's lab: 2 hosts, 3 links with their wires, addresses, routes, rules, rates, MPTCP ({} operations)", ops.len());
    let (ours, theirs) = (row("mplab, read back", ours), row("ip -batch, tc -batch, sysctl -p", theirs));
    println!("{:<52} {:>10.1}\n", "ratio", theirs.as_secs_f64() / ours.as_secs_f64());
    Ok(())
}

/// A shell script that does a plan by as few programs as `ip` and `tc` allow: one for each run of operations in a namespace.
fn batches(ops: &[Op]) -> String {
    let mut script = String::from("set -e\nmount -t tmpfs none /run\nmkdir /run/netns\nbefore=$(date +%s%N)\n");
    let mut last = String::new();
    for line in ops.iter().map(ToString::to_string) {
        let words: Vec<&str> = line.split(' ').collect();
        let (command, rest) = match words[..] {
            ["ip", "netns", "exec", ns, "sysctl", "-q", "-w", ref rest @ ..] => {
                (format!("ip netns exec {ns} sysctl -q -p -"), rest.join(" "))
            }
            ["ip", "-n", ns, "-6", ref rest @ ..] => (format!("ip -n {ns} -6 -batch -"), rest.join(" ")),
            [program, "-n", ns, ref rest @ ..] => (format!("{program} -n {ns} -batch -"), rest.join(" ")),
            [program, ref rest @ ..] => (format!("{program} -batch -"), rest.join(" ")),
            [] => continue,
        };
        if command != last {
            script += if last.is_empty() { "" } else { "END\n" };
            writeln!(script, "{command} <<END").expect("writing to a string");
            last = command;
        }
        script += &rest;
        script.push('\n');
    }
    script + "END\necho $(($(date +%s%N) - before))\n"
}

/// Runs it in namespaces of its own.
fn by_ip(script: &str) -> Outcome<Duration> {
    let output = Command::new("unshare").args(["-n", "-m", "sh", "-c", script]).output()?;
    let text = String::from_utf8(output.stdout)?;
    let nanos = text.trim().parse().map_err(|_| String::from_utf8_lossy(&output.stderr).into_owned())?;
    Ok(Duration::from_nanos(nanos))
}

fn many(links: usize, rounds: usize) -> Outcome<()> {
    let mut text = String::from("summary = \"Two hosts and many links\"\n");
    for number in 1..=links {
        writeln!(text, "[link.l{number}]\nends = [\"a:eth{number}\", \"b:eth{number}\"]\nrate = \"100mbit\"")?;
    }
    let topology: Topology = topology::check::parse("many.toml", &text)?;
    let ops = plan::lab(&topology, Forwarding::Redirect);
    let with_ipv6 = plan::lab(&topology::check::parse("many.toml", &format!("ipv6 = true\n{text}"))?, Forwarding::Redirect);
    println!("{links} links between 2 hosts, with their wires");
    for (ipv6, ops) in [(false, &ops), (true, &with_ipv6)] {
        let (mut ours, mut floor) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            ours.push(build(ops)?);
            floor.push(pairs(2 * links, ipv6)?);
        }
        let with = if ipv6 { "IPv4 and IPv6" } else { "IPv4" };
        let ours = row(&format!("mplab, {with}, read back ({} operations)", ops.len()), ours);
        let with = if ipv6 { "" } else { ", IPv6 disabled" };
        let floor = row(&format!("{} veth pairs and nothing else{with}", 2 * links), floor);
        println!("{:<52} {:>10.2}", "ratio", ours.as_secs_f64() / floor.as_secs_f64());
    }
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for op in &ops {
        let kind = format!("{:?}", op.act);
        let kind = kind.split([' ', '{']).next().unwrap_or_default();
        *kinds.entry(kind.to_owned()).or_default() += usize::from(op.act != Act::Host(HostAct::Namespace));
    }
    println!("{kinds:?}");
    Ok(())
}

/// The raw floor: veth pairs made in place between two namespaces and set up, in large batches, one queue each.
fn pairs(count: usize, ipv6: bool) -> Outcome<Duration> {
    let before = Instant::now();
    let (a, b) = (Arc::new(Namespace::new()?), Arc::new(Namespace::new()?));
    if !ipv6 {
        for namespace in [&a, &b] {
            namespace.enter(|| sysctl::write("net.ipv6.conf.default.disable_ipv6", "1"))??;
        }
    }
    let (mut in_a, mut in_b) = (Netlink::new(Arc::clone(&a)), Netlink::new(Arc::clone(&b)));
    for chunk in (0..count as i32).collect::<Vec<_>>().chunks(Batch::MOST) {
        let (mut make, mut up) = (Batch::default(), Batch::default());
        for number in chunk {
            let (near, far) = (format!("n{number}"), format!("f{number}"));
            let (near, far) = (link::NewEnd { name: &near, index: 2 + number }, link::NewEnd { name: &far, index: (1 << 20) + number });
            link::veth(&mut make, &near, true, &b, &far, [1500; 2]);
            link::set_up(&mut up, far.index, true);
        }
        in_a.send(&make)?;
        in_b.send(&up)?;
    }
    let took = before.elapsed();
    let sentinel = Sentinel::into(&b)?;
    drop((in_a, in_b, a, b));
    sentinel.wait()?;
    Ok(took)
}
