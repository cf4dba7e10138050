//! Measures `mplab proxy` beside HAProxy, nginx and socat under mptcpize, each between a TCP client and an MPTCP server: `cargo bench --bench proxy`.
//! Not here: any judgement, and any link: over the loopback, where nothing else holds them up. It prints medians, beside no proxy at all.

#[path = "../tests/support/mod.rs"]
mod support;

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use mplab::kernel::socket;
use mplab::proxy::command;
use mplab::words::Protocol::{self, Mptcp, Tcp};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Rounds of each, alternating. `MPLAB_BENCH_ROUNDS` changes it.
const ROUNDS: usize = 5;
const LASTING: Duration = Duration::from_millis(1500);
const MESSAGES: usize = 1000;
const MESSAGE: usize = 64;
/// How many connections are open at a time: the bench itself has two descriptors for each, a proxy has two to six.
const MANY: usize = 3000;
/// How long a proxy may take until it listens.
const READY: Duration = Duration::from_secs(10);
/// Where the MPTCP server listens; proxies have the ports behind it.
const SERVER: u16 = 5000;

/// What leads to the server.
struct Course {
    name: &'static str,
    client: Protocol,
    to: SocketAddr,
    /// The proxy, if there is one.
    proxy: Option<Running>,
    measured: Measured,
}

#[derive(Default)]
struct Measured {
    /// In Gbit/s.
    rate: Vec<f64>,
    /// CPU seconds of the proxy for each gigabyte.
    cost: Vec<f64>,
    /// Round trip of a message, in µs.
    latency: Vec<f64>,
}

/// A proxy that runs until this is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn main() -> Result<()> {
    mplab::enter();
    if let Some(confined) = support::leave_network() {
        println!("not measured: {confined}");
        return Ok(());
    }
    support::loopback_up()?;
    let rounds = env::var("MPLAB_BENCH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    let directory = env::temp_dir().join(format!("mplab-bench-{}", process::id()));
    fs::create_dir(&directory)?;
    let measured = measure(&directory, rounds);
    fs::remove_dir_all(&directory)?;
    measured
}

fn measure(directory: &Path, rounds: usize) -> Result<()> {
    let (tcp, mptcp) = (listen(Tcp, 0)?, listen(Mptcp, SERVER)?);
    let direct = |name, client, listener: &TcpListener| {
        Ok::<_, io::Error>(Course { name, client, to: listener.local_addr()?, proxy: None, measured: Measured::default() })
    };
    let mut ways = vec![direct("TCP alone", Tcp, &tcp)?, direct("MPTCP alone", Mptcp, &mptcp)?];
    let [ours, haproxys, nginxs, socats] = [1, 2, 3, 4].map(|behind| here(SERVER + behind));
    let proxies = [
        ("mplab proxy", ours, &[][..], mplab(ours)?),
        ("HAProxy", haproxys, &["haproxy", "mptcpize"], haproxy(haproxys, directory)?),
        ("nginx", nginxs, &["nginx", "mptcpize"], nginx(nginxs, directory)?),
        ("socat", socats, &["socat", "mptcpize"], socat(socats)),
    ];
    for (name, to, programs, mut command) in proxies {
        if let Some(missing) = support::without(programs) {
            println!("{name} is not measured: {missing}");
            continue;
        }
        let running = Running(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?);
        ways.push(Course { name, client: Tcp, to, proxy: Some(running), measured: Measured::default() });
    }
    let server = |way: &Course| if way.client == Tcp && way.proxy.is_none() { &tcp } else { &mptcp };
    for _ in 0..rounds {
        for way in &mut ways {
            let (rate, cost) = throughput(way, server(way)).map_err(|error| format!("{}: {error}", way.name))?;
            way.measured.rate.push(rate);
            way.measured.cost.extend(cost);
            way.measured.latency.push(latency(way, server(way))?);
        }
    }
    println!(
        "medians of {rounds} rounds; {MESSAGE} bytes there and back; {MANY} connections at a time: one opened, one message on each there and back"
    );
    println!("{:12} {:>15} {:>7} {:>13} {:>13} {:>13} {:>13}", "", "throughput", "of TCP", "CPU per GB", "message", "opened", "on each");
    let tcp = median(&mut ways[0].measured.rate);
    for way in &mut ways {
        let Measured { rate, cost, latency } = &mut way.measured;
        let (rate, cost, latency) = (median(rate), median(cost), median(latency));
        print!("{:12} {rate:8.2} Gbit/s {:6.0}% {cost:12.3}s {latency:11.1}us", way.name, 100.0 * rate / tcp);
        match many(way, server(way)) {
            Ok([opened, each]) => println!(" {opened:11.1}us {each:11.1}us"),
            Err(error) => println!(" not {MANY} at a time: {error}"),
        }
    }
    Ok(())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

fn here(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

fn listen(protocol: Protocol, port: u16) -> io::Result<TcpListener> {
    let listening = socket::stream(protocol, here(port).ip())?;
    socket::bind(&listening, here(port))?;
    let listener = socket::listen(listening, 4096)?;
    listener.set_nonblocking(false)?;
    Ok(listener)
}

fn mplab(listen: SocketAddr) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args([command::ITSELF, "proxy", "--listen", &listen.to_string(), "--to", &here(SERVER).to_string()]);
    Ok(command)
}

fn mptcpize(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("mptcpize");
    command.args(["run", program]).args(arguments);
    command
}

/// Writes a file of configuration, and says where.
fn written(directory: &Path, name: &str, content: String) -> io::Result<String> {
    let path = directory.join(name);
    fs::write(&path, content)?;
    Ok(path.display().to_string())
}

fn haproxy(listen: SocketAddr, directory: &Path) -> io::Result<Command> {
    let to = here(SERVER);
    let text = format!(
        "global\n nbthread 1\n maxconn 7000\ndefaults\n mode tcp\n option splice-auto\n timeout connect 1m\n timeout client 5m\n \
         timeout server 5m\nlisten gateway\n bind {listen} backlog 4096\n server server {to}\n"
    );
    Ok(mptcpize("haproxy", &["-db", "-q", "-f", &written(directory, "haproxy.cfg", text)?]))
}

fn nginx(listen: SocketAddr, directory: &Path) -> io::Result<Command> {
    let (to, at) = (here(SERVER), directory.display());
    let text = format!(
        "daemon off; master_process off; pid {at}/pid; error_log stderr crit; worker_rlimit_nofile 19000;\n\
         load_module modules/ngx_stream_module.so;\nevents {{ worker_connections 9000; }}\n\
         stream {{ server {{ listen {listen} backlog=4096; proxy_pass {to}; tcp_nodelay on; }} }}\n"
    );
    Ok(mptcpize("nginx", &["-e", "stderr", "-c", &written(directory, "nginx.conf", text)?]))
}

fn socat(listen: SocketAddr) -> Command {
    let from = format!("TCP4-LISTEN:{},bind={},fork,reuseaddr,backlog=4096,nodelay", listen.port(), listen.ip());
    mptcpize("socat", &[&from, &format!("TCP4:{},nodelay", here(SERVER))])
}

impl Course {
    /// A connection by this way: the client's socket and the server's.
    fn connect(&self, server: &TcpListener) -> io::Result<[TcpStream; 2]> {
        let begun = Instant::now();
        let client = loop {
            let client = TcpStream::from(socket::stream(self.client, self.to.ip())?);
            client.set_nonblocking(false)?;
            match socket::connect(&client, self.to) {
                // A proxy that has just been started.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused && begun.elapsed() < READY => {
                    thread::sleep(Duration::from_millis(5));
                }
                connected => break connected.map(|()| client)?,
            }
        };
        let (server, _) = server.accept()?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        Ok([client, server])
    }

    /// CPU time that the proxy and its children that have ended have taken so far, in seconds.
    fn cpu(&self) -> io::Result<Option<f64>> {
        let Some(running) = &self.proxy else { return Ok(None) };
        let stat = fs::read_to_string(format!("/proc/{}/stat", running.0.id()))?;
        // Behind the name, which may have anything in it, the state is the 3rd field and these are the 14th to the 17th (proc(5)), in ticks.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: f64 = fields.skip(11).take(4).filter_map(|field| field.parse::<f64>().ok()).sum();
        Ok(Some(ticks / 100.0))
    }
}

/// What one connection carries in Gbit/s, and what CPU time a gigabyte costs the proxy.
fn throughput(way: &Course, server: &TcpListener) -> Result<(f64, Option<f64>)> {
    let [mut client, mut server] = way.connect(server)?;
    let before = way.cpu()?;
    let receiving = thread::spawn(move || {
        let (mut block, mut received) = (vec![0; 256 * 1024], 0);
        while let Ok(read @ 1..) = server.read(&mut block) {
            received += read;
        }
        received as f64
    });
    let block = vec![7; 256 * 1024];
    let begun = Instant::now();
    while begun.elapsed() < LASTING {
        client.write_all(&block)?;
    }
    drop(client);
    let received = receiving.join().map_err(|_| "the receiver failed")?;
    let rate = received * 8.0 / begun.elapsed().as_secs_f64() / 1e9;
    // A child's time counts once it has ended, which is soon after its connection.
    thread::sleep(Duration::from_millis(50));
    let cost = way.cpu()?.zip(before).map(|(after, before)| (after - before) / (received / 1e9));
    Ok((rate, cost))
}

/// How long a message takes there and back, in µs.
fn latency(way: &Course, server: &TcpListener) -> Result<f64> {
    let [mut client, mut server] = way.connect(server)?;
    let echo = thread::spawn(move || {
        let mut message = [0; MESSAGE];
        while server.read_exact(&mut message).is_ok() && server.write_all(&message).is_ok() {}
    });
    let mut took = Vec::with_capacity(MESSAGES);
    for _ in 0..MESSAGES {
        let begun = Instant::now();
        client.write_all(&[7; MESSAGE])?;
        client.read_exact(&mut [0; MESSAGE])?;
        took.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    drop(client);
    echo.join().map_err(|_| "the echo failed")?;
    Ok(median(&mut took))
}

/// How long each of many connections takes to open, and then a message there and back on each of them, in µs.
fn many(way: &Course, server: &TcpListener) -> io::Result<[f64; 2]> {
    let each = |begun: Instant| begun.elapsed().as_secs_f64() * 1e6 / MANY as f64;
    let begun = Instant::now();
    let mut connections = (0..MANY).map(|_| way.connect(server)).collect::<io::Result<Vec<_>>>()?;
    let opened = each(begun);
    let begun = Instant::now();
    let mut message = [7; MESSAGE];
    // All say something before anybody listens.
    for [client, _] in &mut connections {
        client.write_all(&message)?;
    }
    for [_, server] in &mut connections {
        server.read_exact(&mut message)?;
        server.write_all(&message)?;
    }
    for [client, _] in &mut connections {
        client.read_exact(&mut message)?;
    }
    Ok([opened, each(begun)])
}
