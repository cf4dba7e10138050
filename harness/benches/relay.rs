//! Measures links that are carried by the relay, beside links that the kernel carries: `cargo bench --bench relay`.
//! Not here: any judgement. It prints what was measured and what the issue aims at. `MPLAB_BENCH_ROUNDS` changes the number of rounds, and
//! an argument chooses the parts whose names contain it. The part `rattan` needs iperf3 and that program (github.com/stack-rs/rattan), which
//! is looked for in `PATH`.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use mplab::case::{Amount, Transfer};
use mplab::clock::Clock;
use mplab::kernel::{Batch, Namespace, Netlink, link, route};
use mplab::relay::model::shape::{Limit, Loss};
use mplab::relay::{Direction, Late, Relay, RelayLink, Shape};
use mplab::traffic::Prepared;
use mplab::words::{Protocol, Rate, Size, Time, TransferDirection};
use nix::unistd::Uid;

type Result<T> = std::result::Result<T, Box<dyn Error>>;
/// Measures something in so many rounds, and prints it.
type Part = fn(usize) -> Result<()>;

const ROUNDS: usize = 3;
const ROUND: Time = Time::from_millis(2_000);
const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);

fn main() -> Result<()> {
    if !Uid::effective().is_root() {
        // It comes back only if it cannot be done.
        return Err(Command::new("unshare").arg("-Urnm").arg(std::env::current_exe()?).args(std::env::args().skip(1)).exec().into());
    }
    let rounds = std::env::var("MPLAB_BENCH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    let chosen = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let parts: [(&str, Part); 5] = [("speed", speed), ("rattan", rattan), ("rates", rates), ("delays", delays), ("idle", idle)];
    for (name, part) in parts {
        if chosen.as_ref().is_none_or(|chosen| name.contains(chosen.as_str())) {
            println!("{name}:");
            part(rounds)?;
        }
    }
    Ok(())
}

/// Two hosts and the wires between them, two interfaces with the indexes 1000 and 1001.
struct Cable {
    client: Arc<Namespace>,
    server: Arc<Namespace>,
    wires: Arc<Namespace>,
}

impl Cable {
    fn new(bridged: bool) -> Result<Self> {
        let [client, server, wires] = [Arc::new(Namespace::new()?), Arc::new(Namespace::new()?), Arc::new(Namespace::new()?)];
        let mut middle = Netlink::new(Arc::clone(&wires));
        for (host, address, index) in [(&client, CLIENT, 1000), (&server, SERVER, 1001)] {
            let mut batch = Batch::default();
            let (here, there) = (link::NewEnd { name: "eth0", index: 2 }, link::NewEnd { name: &format!("wire{index}"), index });
            link::veth(&mut batch, &here, true, &wires, &there, [1500; 2]);
            route::add_address(&mut batch, &route::Address { index: 2, address: address.into(), prefix: 24 });
            Netlink::new(Arc::clone(host)).send(&batch)?;
            let mut batch = Batch::default();
            link::set_up(&mut batch, index, true);
            middle.send(&batch)?;
        }
        if bridged {
            let mut batch = Batch::default();
            link::bridge(&mut batch, "bridge", 1002);
            link::attach(&mut batch, 1000, 1002);
            link::attach(&mut batch, 1001, 1002);
            middle.send(&batch)?;
        }
        let deadline = Instant::now() + Duration::from_secs(10);
        while link::list(&mut middle)?.iter().any(|link| link.up && !link.running) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(Self { client, server, wires })
    }

    fn relay(&self, shape: &Shape) -> Result<Relay> {
        let link = RelayLink { name: "link".into(), a: 1000, b: 1001, up: shape.clone(), down: shape.clone(), seed: 1 };
        Ok(Relay::start(&self.wires, vec![link], Clock::start())?)
    }

    /// What arrived of an upload, verified, in the time that its second half took.
    fn goodput(&self, time: Time) -> Result<Rate> {
        let transfer = Transfer {
            client: "client".to_owned(),
            server: "server".to_owned(),
            to: SERVER.into(),
            from: None,
            port: 5201,
            client_protocol: Protocol::Tcp,
            server_protocol: Protocol::Tcp,
            second_protocol: None,
            direction: TransferDirection::Upload,
            amount: Amount::Duration(time),
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
        let prepared = Prepared::listen("bench", &transfer, 1, &self.client, &self.server)?;
        let running = prepared.start(Clock::start(), Box::new(move || end.send(()).unwrap_or_default()))?;
        ended.recv()?;
        let connection = running.stop().connections.remove(0);
        let flow = connection.up.as_ref().filter(|flow| flow.intact());
        let flow = flow.ok_or_else(|| format!("the transfer went wrong: {connection:?}"))?;
        let middle = flow.progress.iter().position(|pair| pair.0 >= time.micros() / 2).unwrap_or(0);
        let ((from, before), (to, after)) = (flow.progress[middle], flow.progress[flow.progress.len() - 1]);
        Ok(Rate::of(after - before, Time::from_micros(to - from)))
    }
}

fn median<T: Copy + PartialOrd>(mut values: Vec<T>) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
    values[values.len() / 2]
}

/// Unshaped, and with every packet decided on, beside a bridge.
fn speed(rounds: usize) -> Result<()> {
    let rate =
        |gigabits: u64| Shape { rate: Some(Rate(gigabits * 1_000_000_000)), limit: Some(Limit::Bytes(Size(64 << 20))), ..Shape::default() };
    let shapes = [
        ("bare", ">= 0.60 of the bridge", Shape::default()),
        ("delay 0.1ms", "", Shape { delay: Time::from_micros(100), ..Shape::default() }),
        ("every packet by number", ">= 2gbit", Shape { loss: Some(Loss::Numbers(Vec::new())), ..Shape::default() }),
        ("rate 2.5gbit", "", Shape { rate: Some(Rate(2_500_000_000)), ..rate(1) }),
        ("rate 100gbit", ">= 2gbit", rate(100)),
    ];
    let mut bridge = Vec::new();
    let mut relays = vec![Vec::new(); shapes.len()];
    let mut costs = vec![Vec::new(); shapes.len()];
    for _ in 0..rounds {
        bridge.push(Cable::new(true)?.goodput(ROUND)?);
        for (number, (.., shape)) in shapes.iter().enumerate() {
            let cable = Cable::new(false)?;
            let relay = cable.relay(shape)?;
            relays[number].push(cable.goodput(ROUND)?);
            let (up, down) = (relay.seen("link", Direction::Up)?.counts, relay.seen("link", Direction::Down)?.counts);
            costs[number].push(relay_cpu()? / ((up.bytes + down.bytes) as f64 / 1e9));
            if up.dropped.total() + down.dropped.total() > 0 {
                println!("  dropped: {:?} {:?}", up.dropped, down.dropped);
            }
        }
    }
    let bridge = median(bridge);
    println!("  {:<24} {:>11}", "bridge (kernel)", bridge.to_string());
    for (((what, aim, _), rates), costs) in shapes.into_iter().zip(relays).zip(costs) {
        let (rate, cost) = (median(rates), median(costs));
        let share = rate.0 as f64 / bridge.0 as f64;
        println!("  {what:<24} {:>11}  {share:.2} of the bridge, {cost:.2} CPU-s/GB  {aim}", rate.to_string());
    }
    Ok(())
}

/// Loads a server for two seconds, once it listens.
const IPERF3: &str = "for _ in $(seq 50); do iperf3 -J -t 2 -c ${RATTAN_BASE-10.77.0.2} && exit; sleep 0.1; done";
/// rattan's link that does nothing, and its least that does something.
const RATTANS: [(&str, &str); 2] = [
    ("rattan, without a cell", "env.mode = 'Isolated'\nlinks = { left = 'right', right = 'left' }"),
    (
        "rattan, delay 0ms",
        "env.mode = 'Isolated'\nlinks = { left = 'up', up = 'right', right = 'down', down = 'left' }\n\
         cells = { up = { type = 'Delay', delay = '0ms' }, down = { type = 'Delay', delay = '0ms' } }",
    ),
];

/// One flow of iperf3 over the unshaped relay, and over another link in user space.
fn rattan(rounds: usize) -> Result<()> {
    if Command::new("rattan").arg("--version").output().is_err() {
        println!("  not measured: there is no `rattan` in PATH");
        return Ok(());
    }
    let (mut relay, mut rattan) = (Vec::new(), vec![Vec::new(); RATTANS.len()]);
    for _ in 0..rounds {
        relay.push(iperf3_over_relay()?);
        for ((_, config), rates) in RATTANS.iter().zip(&mut rattan) {
            rates.push(iperf3_over_rattan(config)?);
        }
    }
    let relay = median(relay);
    println!("  {:<24} {:>11}", "relay, bare", relay.to_string());
    for ((what, _), rates) in RATTANS.iter().zip(rattan) {
        let rate = median(rates);
        println!("  {what:<24} {:>11}  the relay has {:.1} times as much (aim: >= 8)", rate.to_string(), relay.0 as f64 / rate.0 as f64);
    }
    Ok(())
}

fn iperf3_over_relay() -> Result<Rate> {
    let cable = Cable::new(false)?;
    let _relay = cable.relay(&Shape::default())?;
    let mut server = cable.server.enter(|| Command::new("iperf3").args(["-s", "-1"]).stdout(Stdio::null()).spawn())??;
    let client = cable.client.enter(|| Command::new("sh").args(["-c", IPERF3]).output())??;
    server.kill()?;
    server.wait()?;
    received(&client.stdout)
}

/// rattan gives its namespaces names: a network and a /run of its own keep those from the computer's.
fn iperf3_over_rattan(config: &str) -> Result<Rate> {
    let file = std::env::temp_dir().join(format!("rattan-{}.toml", std::process::id()));
    std::fs::write(&file, config)?;
    let alone = "mount -t tmpfs none /run && exec rattan run -c \"$0\" --left-stdout --left=sh --left=-c --left=\"$1\" \
                 --right=iperf3 --right=-s --right=-1";
    let output = Command::new("unshare").args(["-n", "-m", "sh", "-c", alone]).arg(&file).arg(IPERF3).output();
    std::fs::remove_file(&file)?;
    received(&output?.stdout)
}

/// What iperf3 says that its server received, between whatever else was said.
fn received(said: &[u8]) -> Result<Rate> {
    let text = String::from_utf8_lossy(said);
    let objects = text.match_indices("{\n").map(|(begin, _)| serde_json::Deserializer::from_str(&text[begin..]).into_iter().next());
    let mut reports = objects.flatten().filter_map(std::result::Result::ok);
    let rate = reports.find_map(|report: serde_json::Value| report["end"]["sum_received"]["bits_per_second"].as_f64());
    Ok(Rate(rate.ok_or_else(|| format!("iperf3 measured nothing: {text}"))? as u64))
}

/// The CPU time of the relay's thread, in seconds.
fn relay_cpu() -> Result<f64> {
    for thread in std::fs::read_dir("/proc/self/task")? {
        let thread = thread?.path();
        if std::fs::read_to_string(thread.join("comm"))?.trim() == "relay" {
            let spent = std::fs::read_to_string(thread.join("schedstat"))?;
            return Ok(spent.split_whitespace().next().unwrap_or_default().parse::<f64>()? / 1e9);
        }
    }
    Err("no thread is the relay's".into())
}

/// One flow against what its rate allows.
fn rates(rounds: usize) -> Result<()> {
    for megabits in [1, 10, 100, 1000] {
        for rtt in [0, 20] {
            let rate = Rate(megabits * 1_000_000);
            let queue = rate.bytes_in(Time::from_millis(50 + rtt)).max(30 * 1514);
            let shape =
                Shape { rate: Some(rate), delay: Time::from_millis(rtt / 2), limit: Some(Limit::Bytes(Size(queue))), ..Shape::default() };
            let time = if megabits == 1 { Time::from_millis(12_000) } else { Time::from_millis(6_000) };
            let (mut measured, mut late) = (Vec::new(), Vec::new());
            for _ in 0..rounds {
                let cable = Cable::new(false)?;
                let relay = cable.relay(&shape)?;
                measured.push(cable.goodput(time)?);
                late.push(relay.seen("link", Direction::Up)?);
            }
            let goodput = median(measured);
            // Ethernet, IPv4, and TCP with a timestamp, of 1514 bytes.
            let ideal = rate.0 as f64 * 1448.0 / 1514.0;
            let worst = late.iter().map(|seen| seen.late.worst).max().unwrap_or_default();
            let [p50, p99] =
                [|late: Late| late.median, |late: Late| late.p99].map(|of| median(late.iter().map(|seen| of(seen.late)).collect()));
            let part = goodput.0 as f64 / ideal * 100.0;
            println!(
                "  {rate:>7} rtt {rtt:>2}ms {:>11}  {part:>6.2} % of the ideal (99..101); late {p50}, p99 {p99}, worst {worst}",
                goodput.to_string()
            );
        }
    }
    Ok(())
}

/// Round trips of datagrams, against twice the delay.
fn delays(rounds: usize) -> Result<()> {
    for millis in [1, 10, 50] {
        let cable = Cable::new(false)?;
        let relay = cable.relay(&Shape { delay: Time::from_millis(millis), ..Shape::default() })?;
        let open = |address: Ipv4Addr| UdpSocket::bind(SocketAddr::new(IpAddr::V4(address), 7));
        let (client, server) = (cable.client.enter(|| open(CLIENT))??, cable.server.enter(|| open(SERVER))??);
        client.connect((SERVER, 7))?;
        client.set_read_timeout(Some(Duration::from_secs(2)))?;
        let echo = std::thread::spawn(move || {
            let mut buffer = [0; 64];
            while let Ok((length, from)) = server.recv_from(&mut buffer) {
                if length == 0 || server.send_to(&buffer[..length], from).is_err() {
                    break;
                }
            }
        });
        client.send(&[1])?;
        client.recv(&mut [0; 64])?;
        let mut added = Vec::new();
        for _ in 0..rounds as u64 * 3000 / (millis + 9) {
            let start = Instant::now();
            client.send(&[1])?;
            client.recv(&mut [0; 64])?;
            added.push((start.elapsed().as_nanos() as f64 / 1e6 - 2.0 * millis as f64) / 2.0);
        }
        client.send(&[])?;
        echo.join().map_err(|_| "the echo failed")?;
        added.sort_by(f64::total_cmp);
        let at = |part: f64| added[((added.len() - 1) as f64 * part) as usize];
        let late = relay.seen("link", Direction::Up)?.late;
        println!(
            "  {millis:>2}ms: one way, hosts included: median +{:.3}ms (aim: 0.3), p99 +{:.3}ms (aim: 1); the relay's own: {} {} worst {}",
            at(0.5),
            at(0.99),
            late.median,
            late.p99,
            late.worst
        );
    }
    Ok(())
}

/// What a relay with fifty shaped links costs that nobody uses.
fn idle(_: usize) -> Result<()> {
    let wires = Arc::new(Namespace::new()?);
    let host = Arc::new(Namespace::new()?);
    let mut links = Vec::new();
    for number in 0..50 {
        let mut batch = Batch::default();
        let [a, b] = [0, 1].map(|end| 1000 + number * 2 + end);
        for index in [a, b] {
            let name = format!("wire{index}");
            let (here, there) = (link::NewEnd { name: &name, index }, link::NewEnd { name: &name, index: index + 1000 });
            link::veth(&mut batch, &here, true, &host, &there, [1500; 2]);
        }
        Netlink::new(Arc::clone(&wires)).send(&batch)?;
        let shape = Shape { rate: Some(Rate(10_000_000)), delay: Time::from_millis(10), ..Shape::default() };
        links.push(RelayLink { name: format!("link{number}"), a, b, up: shape.clone(), down: shape, seed: number as u64 });
    }
    let relay = Relay::start(&wires, links, Clock::start())?;
    let used =
        || nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF).map(|usage| usage.user_time() + usage.system_time());
    let before = used()?;
    std::thread::sleep(Duration::from_secs(3));
    let spent = used()? - before;
    let micros = spent.tv_sec() * 1_000_000 + spent.tv_usec();
    println!("  50 links: {:.3} % of a core (aim: < 1)", micros as f64 / 3e4);
    drop(relay);
    Ok(())
}
