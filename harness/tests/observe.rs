//! What `mplab::observe` sees of real MPTCP connections over loopback, in namespaces of their own.

#[path = "support/mod.rs"]
mod support;

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed};
use mplab::clock::Clock;
use mplab::kernel::notices::Notices;
use mplab::kernel::pm_events::{LOST, PmEvents};
use mplab::kernel::{Batch, Namespace, Netlink, link, route, socket};
use mplab::observe::Observer;
use mplab::recording::{About, ConnectionSeries, HostRecord, SubflowSeries};
use mplab::words::Protocol::{self, Mptcp, Tcp};
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::RcvBuf;
use support::loopback_up;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::{Builder, Runtime};

const DEADLINE: Duration = Duration::from_secs(10);
const HOST: &str = "host";
const LOCALHOST: &str = "127.0.0.1:0";
const PAYLOAD: usize = 10_000;

fn main() {
    let missing = missing();
    let arguments = Arguments::from_args();
    let trial = |name: &str, work: fn(Stage) -> Result<(), Failed>| support::trial(name, missing.clone(), move || work(Stage::new()?));
    let trials = vec![
        trial("a_connection_and_its_subflow_are_seen_at_both_ends", connection_and_subflow),
        trial("a_counter_that_appears_late_was_0_before", late_counter),
        trial("events_tell_of_the_connections_that_are_seen", events),
        trial("the_last_events_are_seen_though_nobody_waits", last_events),
        trial("events_that_were_lost_are_reported", |stage| lost_events(&stage)),
        trial("what_the_kernel_says_of_links_addresses_and_routes_is_heard", notices),
        trial("notices_that_were_lost_are_reported", |stage| lost_notices(&stage)),
        trial("a_listener_speaks_what_it_was_made_to", listeners),
        trial("a_fallback_to_tcp_is_seen", fallback),
        trial("a_subflow_over_ipv6_is_seen", ipv6),
    ];
    libtest_mimic::run(&arguments, trials).exit();
}

fn connection_and_subflow(mut stage: Stage) -> Result<(), Failed> {
    let mut pair = stage.connect(Mptcp, Mptcp, LOCALHOST)?;
    pair.client.write_all(&[7; PAYLOAD])?;
    pair.server.read_exact(&mut [0; PAYLOAD])?;
    let (client, server) = (pair.client.local_addr()?, pair.server.local_addr()?);
    stage.sample_until("everything is acknowledged", |seen| {
        let (here, there) = (subflow(seen, client), subflow(seen, server));
        here.and_then(|flow| flow.bytes_acked.last()) > Some(&(PAYLOAD as u64)) && there.is_some_and(|flow| flow.flags.contains('e'))
    })?;

    let seen = stage.finish();
    let (here, there) = (subflow(&seen, client).ok_or("no client")?, subflow(&seen, server).ok_or("no server")?);
    assert_eq!((here.remote.as_str(), there.remote.as_str()), (there.local.as_str(), here.local.as_str()));
    assert_ne!(here.token, there.token);
    // The kernel counts the SYN that was acknowledged as a byte.
    assert_eq!(here.bytes_acked.last(), Some(&(PAYLOAD as u64 + 1)));
    assert_eq!(there.bytes_received.last(), Some(&(PAYLOAD as u64)));
    assert!(here.flags.contains('m') && here.flags.contains('e'), "the client asked for MPTCP: {}", here.flags);
    assert!(there.flags.contains('M') && there.flags.contains('e'), "the server was asked for MPTCP: {}", there.flags);
    assert_eq!((here.local_id, here.remote_id), (0, 0));
    assert_eq!((here.established.last(), here.at.len()), (Some(&true), seen.at.len()));
    assert!(here.rtt.last() > Some(&0) && here.cwnd.last() > Some(&0));
    assert_eq!((here.in_flight.last(), here.in_flight.len()), (Some(&0), here.at.len()), "all was acknowledged");

    let (near, far) = (connection(&seen, client).ok_or("no connection")?, connection(&seen, server).ok_or("no connection")?);
    assert_eq!((near.token, far.token), (here.token, there.token));
    assert_eq!(near.bytes_sent.last(), Some(&(PAYLOAD as u64)));
    assert_eq!(far.bytes_received.last(), Some(&(PAYLOAD as u64)));
    assert_eq!((near.fallback.last(), near.extra_subflows.last()), (Some(&false), Some(&0)));
    assert!(seen.interfaces.is_empty(), "there is only lo: {:?}", seen.interfaces.keys());
    Ok(())
}

fn late_counter(mut stage: Stage) -> Result<(), Failed> {
    const COUNTER: &str = "MPTcpExtMPCapableSYNRX";
    stage.sample()?;
    stage.sample()?;
    let _pair = stage.connect(Mptcp, Mptcp, LOCALHOST)?;
    stage.sample_until("the counter has grown", |seen| seen.counters.contains_key(COUNTER))?;
    stage.observer.sample(stage.clock.now(), true)?;
    let seen = stage.finish();
    assert_eq!(seen.counters[COUNTER], [0, 1, 1], "both ends of the connection are this host");
    assert_eq!(seen.counted, [seen.at[0], seen.at[5], seen.at[6]], "in every fifth sample, and in the last");
    for (name, column) in &seen.counters {
        assert_eq!(column.len(), seen.counted.len(), "{name}");
    }
    Ok(())
}

fn events(mut stage: Stage) -> Result<(), Failed> {
    let mut pair = stage.connect(Mptcp, Mptcp, LOCALHOST)?;
    // Established is a connection whose peer has answered to data.
    pair.client.write_all(b"hello")?;
    pair.server.read_exact(&mut [0; 5])?;
    let client = pair.client.local_addr()?;
    stage.sample_until("the connection", |seen| connection(seen, client).is_some())?;
    let (port, token) = (client.port(), connection(stage.seen(), client).map(|connection| connection.token));
    stage.events_until("established", |seen| event(seen, "established", token).is_some())?;
    drop(pair);
    stage.events_until("closed", |seen| event(seen, "closed", token).is_some())?;
    let seen = stage.finish();
    let created = event(&seen, "created", token).ok_or("not created")?;
    assert!(created.contains(&format!("saddr4=127.0.0.1 daddr4=127.0.0.1 sport={port} ")), "{created}");
    Ok(())
}

fn last_events(mut stage: Stage) -> Result<(), Failed> {
    let listener = stage.listen(Mptcp, LOCALHOST)?;
    let to = listener.local_addr()?;
    stage.observer.drain_last_events(stage.clock.now())?;
    let client = TcpStream::from(stage.namespace.enter(|| socket::stream(Mptcp, to.ip()))??);
    socket::connect(&client, to)?;
    let deadline = std::time::Instant::now() + DEADLINE;
    while !stage.seen().events.iter().any(|event| event.kind == "created") {
        assert!(std::time::Instant::now() < deadline, "{:#?}", stage.seen().events);
        stage.observer.drain_last_events(stage.clock.now())?;
    }
    Ok(())
}

fn lost_events(stage: &Stage) -> Result<(), Failed> {
    let events = stage.namespace.enter(PmEvents::open)??.ok_or("the kernel has no path manager")?;
    // The least that the kernel gives has room for a few events.
    setsockopt(&events, RcvBuf, &0)?;
    for _ in 0..50 {
        stage.listen(Mptcp, LOCALHOST)?;
    }
    let seen = events.read()?;
    assert!(seen.len() < 100 && seen.iter().any(|event| event.kind == LOST), "{seen:?}");
    assert_eq!(events.read().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    Ok(())
}

/// A bridge without ports, which has no carrier.
fn bridge(netlink: &mut Netlink) -> Result<(), Failed> {
    let mut batch = Batch::default();
    link::bridge(&mut batch, "br0", 7);
    Ok(netlink.send(&batch)?)
}

fn notices(mut stage: Stage) -> Result<(), Failed> {
    let mut netlink = Netlink::new(Arc::clone(&stage.namespace));
    bridge(&mut netlink)?;
    let mut batch = Batch::default();
    route::add_address(&mut batch, &route::Address { index: 7, address: [10, 7, 0, 1].into(), prefix: 24 });
    link::set_up(&mut batch, 7, false);
    link::set_up(&mut batch, 7, true);
    netlink.send(&batch)?;
    let said = |seen: &HostRecord| seen.notices.iter().map(ToString::to_string).collect::<Vec<_>>();
    let route = "route added: 10.7.0.0/24 dev br0";
    stage.events_until("the route again", |seen| said(seen).iter().filter(|notice| *notice == route).count() == 2)?;
    // The kernel tells of the route that comes with the address, and not that it goes with the interface.
    let expected = ["br0 was created", "br0 got the address 10.7.0.1/24", route, "br0 was set down", "br0 was set up", route];
    assert_eq!(said(&stage.finish()), expected);
    Ok(())
}

fn lost_notices(stage: &Stage) -> Result<(), Failed> {
    let mut netlink = Netlink::new(Arc::clone(&stage.namespace));
    bridge(&mut netlink)?;
    let mut notices = stage.namespace.enter(Notices::open)??;
    // The least that the kernel gives has room for a few messages.
    setsockopt(&notices, RcvBuf, &0)?;
    let mut batch = Batch::default();
    for host in 1..=50 {
        route::add_address(&mut batch, &route::Address { index: 7, address: [10, 7, 0, host].into(), prefix: 24 });
    }
    netlink.send(&batch)?;
    let seen = notices.read(9)?;
    assert!(seen.len() < 50 && seen.iter().any(|notice| notice.about == About::Lost && notice.at == 9), "{seen:?}");
    assert_eq!(notices.read(9).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    Ok(())
}

fn listeners(mut stage: Stage) -> Result<(), Failed> {
    let (mptcp, tcp) = (stage.listen(Mptcp, LOCALHOST)?, stage.listen(Tcp, LOCALHOST)?);
    let listeners = stage.observer.listeners(HOST)?;
    assert_eq!(listeners.get(&mptcp.local_addr()?), Some(&Mptcp));
    assert_eq!(listeners.get(&tcp.local_addr()?), Some(&Tcp));
    assert_eq!(listeners.len(), 2);
    assert!(stage.observer.listeners("nobody")?.is_empty());
    Ok(())
}

fn fallback(mut stage: Stage) -> Result<(), Failed> {
    let pair = stage.connect(Mptcp, Tcp, LOCALHOST)?;
    let client = pair.client.local_addr()?;
    stage.sample_until("the fallback", |seen| connection(seen, client).and_then(|connection| connection.fallback.last()) == Some(&true))?;
    let seen = stage.finish();
    let flags = subflow(&seen, client).map(|subflow| subflow.flags.as_str());
    assert_eq!(flags, Some("mc"), "MPTCP was asked for, and the connection was made without");
    Ok(())
}

fn ipv6(mut stage: Stage) -> Result<(), Failed> {
    let pair = stage.connect(Mptcp, Mptcp, "[::1]:0")?;
    let client = pair.client.local_addr()?;
    stage.sample_until("the subflow", |seen| subflow(seen, client).is_some())?;
    stage.events_until("created", |seen| seen.events.iter().any(|event| event.detail.contains("daddr6=::1")))
}

/// A host of its own, observed.
struct Stage {
    namespace: Arc<Namespace>,
    clock: Clock,
    // Before the runtime, which must outlive it.
    observer: Observer,
    runtime: Runtime,
}

/// Both ends of an accepted connection; the listener closes when it has been accepted.
struct Pair {
    client: TcpStream,
    server: TcpStream,
}

impl Stage {
    fn new() -> Result<Self, Failed> {
        let namespace = Arc::new(Namespace::new()?);
        namespace.enter(loopback_up)??;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let observer = runtime.block_on(async { Observer::open([(HOST, &*namespace)]) })?;
        Ok(Self { namespace, clock: Clock::start(), observer, runtime })
    }

    fn connect(&self, client: Protocol, server: Protocol, to: &str) -> io::Result<Pair> {
        let listener = self.listen(server, to)?;
        let to = listener.local_addr()?;
        let client = self.socket(client, to)?;
        let (client, (server, _)) = self.runtime.block_on(async { tokio::try_join!(client.connect(to), listener.accept()) })?;
        let blocking = |stream: tokio::net::TcpStream| stream.into_std().and_then(|stream| stream.set_nonblocking(false).map(|()| stream));
        Ok(Pair { client: blocking(client)?, server: blocking(server)? })
    }

    fn listen(&self, protocol: Protocol, address: &str) -> io::Result<TcpListener> {
        let address = address.parse().map_err(io::Error::other)?;
        let socket = self.socket(protocol, address)?;
        socket.bind(address)?;
        self.runtime.block_on(async { socket.listen(8) })
    }

    fn socket(&self, protocol: Protocol, address: SocketAddr) -> io::Result<TcpSocket> {
        let socket = self.namespace.enter(|| socket::stream(protocol, address.ip()))??;
        Ok(TcpSocket::from_std_stream(socket.into()))
    }

    fn sample(&mut self) -> Result<(), Failed> {
        Ok(self.observer.sample(self.clock.now(), false)?)
    }

    /// Samples as often as it can until something is seen.
    fn sample_until(&mut self, what: &str, seen: impl Fn(&HostRecord) -> bool) -> Result<(), Failed> {
        let deadline = self.clock.instant(DEADLINE.into());
        loop {
            self.sample()?;
            if seen(self.seen()) {
                return Ok(());
            }
            if std::time::Instant::now() > deadline {
                return Err(format!("not seen within {DEADLINE:?}: {what}\n{:#?}", self.seen()).into());
            }
            std::thread::yield_now();
        }
    }

    /// Waits for events until something is seen.
    fn events_until(&mut self, what: &str, seen: impl Fn(&HostRecord) -> bool) -> Result<(), Failed> {
        let Self { observer, clock, runtime, .. } = self;
        let drained = async {
            while !observer.seen(HOST).is_some_and(&seen) {
                observer.event().await;
                observer.drain_events(clock.now())?;
            }
            Ok(())
        };
        let waited = runtime.block_on(async { tokio::time::timeout(DEADLINE, drained).await });
        waited.unwrap_or_else(|_| Err(format!("not seen within {DEADLINE:?}: {what}\n{:#?}", self.seen().events).into()))
    }

    fn seen(&self) -> &HostRecord {
        self.observer.seen(HOST).expect("the observer was told of it")
    }

    fn finish(self) -> HostRecord {
        self.observer.finish().remove(HOST).expect("the observer was told of it")
    }
}

fn subflow(seen: &HostRecord, local: SocketAddr) -> Option<&SubflowSeries> {
    seen.subflows.iter().find(|subflow| subflow.local == local.to_string())
}

fn connection(seen: &HostRecord, local: SocketAddr) -> Option<&ConnectionSeries> {
    seen.connections.iter().find(|connection| connection.local == local.to_string())
}

fn event<'a>(seen: &'a HostRecord, kind: &str, token: Option<u32>) -> Option<&'a str> {
    let mut events = seen.events.iter();
    events.find(|event| event.kind == kind && event.token.is_some() && event.token == token).map(|event| event.detail.as_str())
}

/// Why no trial can run here, if so.
fn missing() -> Option<String> {
    support::leave_network().or_else(|| {
        let mptcp = socket::stream(Mptcp, [127, 0, 0, 1].into());
        mptcp.err().map(|error| format!("the kernel makes no MPTCP sockets: {error}"))
    })
}
