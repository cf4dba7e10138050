//! Measures one connection of a transfer beside iperf3, over the same unshaped veth pair, in alternating rounds: `cargo bench --bench transfer`.
//! Prints the median throughput and CPU time per gigabyte of both, and their ratios.
//! Not here: anything that is shaped, and any judgement.

use std::error::Error;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::mpsc;

use mplab::case::{Amount, Transfer};
use mplab::clock::Clock;
use mplab::kernel::Namespace;
use mplab::traffic::Prepared;
use mplab::words::{Protocol, Rate, Time, TransferDirection};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use nix::unistd::Uid;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Rounds of each program and protocol, and how long each takes. `MPLAB_BENCH_ROUNDS` changes the first.
const ROUNDS: usize = 5;
const ROUND: Time = Time::from_millis(3_000);
const SERVER: &str = "10.77.0.2";
const PORT: u16 = 5201;

fn main() -> Result<()> {
    for program in ["ip", "iperf3", "mptcpize"] {
        if Command::new(program).arg("--help").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
            println!("not measured: the program `{program}` is missing; this bench needs ip (iproute2), iperf3 and mptcpize (mptcpd)");
            return Ok(());
        }
    }
    if !Uid::effective().is_root() {
        // It comes back only if it cannot be done.
        return Err(Command::new("unshare").arg("-Urnm").arg(std::env::current_exe()?).exec().into());
    }
    let rounds = std::env::var("MPLAB_BENCH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    let (client, server) = (Namespace::new()?, Namespace::new()?);
    let server_file = format!("/proc/{}/fd/{}", std::process::id(), server.as_fd().as_raw_fd());
    ip(&client, &["link", "add", "veth0", "type", "veth", "peer", "name", "veth0", "netns", &server_file])?;
    for (namespace, address) in [(&client, "10.77.0.1"), (&server, SERVER)] {
        ip(namespace, &["address", "add", &format!("{address}/24"), "dev", "veth0"])?;
        ip(namespace, &["link", "set", "veth0", "up"])?;
    }
    println!("{rounds} alternating rounds of {ROUND} each, one connection, upload, medians:");
    for protocol in [Protocol::Tcp, Protocol::Mptcp] {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            // Our threads are of this process; iperf3's two processes are waited for.
            ours.push(Round::of(UsageWho::RUSAGE_SELF, || mplab(protocol, &client, &server))?);
            theirs.push(Round::of(UsageWho::RUSAGE_CHILDREN, || iperf3(protocol, &client, &server))?);
            println!("       round: mplab {}, iperf3 {}", ours[ours.len() - 1], theirs[theirs.len() - 1]);
        }
        let (ours, theirs) = (Round::median(&ours), Round::median(&theirs));
        let (rate, cpu) = (ours.rate.0 as f64 / theirs.rate.0 as f64, ours.cpu / theirs.cpu);
        println!("{protocol:>5}: mplab {ours}, iperf3 {theirs}: {rate:.2} times the rate of iperf3 for {cpu:.2} times its CPU time");
    }
    Ok(())
}

/// What a program achieved, and what it took.
struct Round {
    rate: Rate,
    /// CPU seconds of sender and receiver per gigabyte (10^9 bytes), what the kernel did for them included.
    cpu: f64,
}

impl Round {
    /// Has some bytes moved, which tells how many arrived in which time, by those whose CPU time is asked for.
    fn of(who: UsageWho, moved: impl FnOnce() -> Result<(u64, Time)>) -> Result<Self> {
        let used = || getrusage(who).map(|usage| (usage.user_time() + usage.system_time()).num_microseconds());
        let before = used()?;
        let (bytes, took) = moved()?;
        Ok(Self { rate: Rate::of(bytes, took), cpu: (used()? - before) as f64 * 1e3 / bytes as f64 })
    }

    /// The medians of rate and CPU time, which may be of different rounds.
    fn median(rounds: &[Self]) -> Self {
        let mut rates: Vec<_> = rounds.iter().map(|round| round.rate).collect();
        let mut cpus: Vec<_> = rounds.iter().map(|round| round.cpu).collect();
        rates.sort();
        cpus.sort_by(f64::total_cmp);
        Self { rate: rates[rates.len() / 2], cpu: cpus[cpus.len() / 2] }
    }
}

/// `10gbit (0.41 CPU s/GB)`
impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:.3} CPU s/GB)", self.rate, self.cpu)
    }
}

fn ip(namespace: &Namespace, arguments: &[&str]) -> Result<()> {
    let status = namespace.enter(|| Command::new("ip").args(arguments).status())??;
    if status.success() { Ok(()) } else { Err(format!("ip {}: {status}", arguments.join(" ")).into()) }
}

/// A round of ours: what arrived, verified, in the time from the connect to the last byte.
fn mplab(protocol: Protocol, client: &Namespace, server: &Namespace) -> Result<(u64, Time)> {
    let transfer = Transfer {
        client: "client".to_owned(),
        server: "server".to_owned(),
        to: SERVER.parse()?,
        from: None,
        port: PORT,
        client_protocol: protocol,
        server_protocol: protocol,
        second_protocol: None,
        direction: TransferDirection::Upload,
        amount: Amount::Duration(ROUND),
        rate: None,
        connections: 1,
        start: Time::ZERO,
        listen: Vec::new(),
        v4_mapped: false,
        abort: None,
        down: None,
        device: None,
        congestion: None,
        mark: None,
        fast_open: false,
        exchange: None,
        reconnects: 0,
        peek: false,
        inq: false,
    };
    let (end, ended) = mpsc::channel();
    let prepared = Prepared::listen("bench", &transfer, 1, client, server)?;
    let running = prepared.start(Clock::start(), Box::new(move || end.send(()).unwrap_or_default()))?;
    ended.recv()?;
    let connection = running.stop().connections.remove(0);
    let flow = connection.up.as_ref().filter(|flow| flow.intact() && connection.protocol == Some(protocol));
    let flow = flow.ok_or_else(|| format!("the transfer went wrong: {connection:?}"))?;
    let took = flow.ended.zip(connection.connected).map_or(0, |(ended, connected)| ended - connected);
    Ok((flow.received, Time::from_micros(took)))
}

/// A round of iperf3's: what its server received.
fn iperf3(protocol: Protocol, client: &Namespace, server: &Namespace) -> Result<(u64, Time)> {
    let command = |arguments: &[&str]| {
        let mut command = match protocol {
            Protocol::Tcp => Command::new("iperf3"),
            Protocol::Mptcp => Command::new("mptcpize"),
        };
        if protocol == Protocol::Mptcp {
            command.args(["run", "iperf3"]);
        }
        command.args(arguments).stdout(Stdio::piped());
        command
    };
    let mut listening = server.enter(|| command(&["-s", "-1", "--forceflush"]).spawn())??;
    let mut said = BufReader::new(listening.stdout.take().ok_or("the server's output is piped")?);
    let mut line = String::new();
    while !line.contains("listening") {
        line.clear();
        if said.read_line(&mut line)? == 0 {
            return Err("iperf3's server ended before it listened".into());
        }
    }
    let seconds = ROUND.seconds().to_string();
    let output = client.enter(|| command(&["-c", SERVER, "-t", &seconds, "-J"]).output())??;
    said.read_to_string(&mut line)?;
    listening.wait()?;
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let received = &report["end"]["sum_received"];
    let seen = received["bytes"].as_u64().zip(received["seconds"].as_f64());
    seen.map(|(bytes, seconds)| (bytes, Time((seconds * 1e9) as u64)))
        .ok_or_else(|| format!("iperf3 reports no bytes: {}", report["error"]).into())
}
