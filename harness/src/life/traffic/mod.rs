//! Transfers: real TCP and MPTCP sockets in two namespaces, with content that is checked on arrival, and the record of it.
//! Not here: when a transfer starts, what happens to the links meanwhile, or whether its record is as expected.
//!
//! A transfer has a thread for its loop ([`drive`](self)) and one for each end of each flow; none of them outlives [`Running`].

mod arrivals;
mod connection;
mod content;
mod delivery;
mod drive;
mod exchange;
mod flow;
mod gulp;
mod hints;
mod mailbox;
mod pace;
mod rest;
mod stop;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use crate::document::case::Transfer;
use crate::document::topology::address::is_link_local;
use crate::kernel::{Namespace, socket};
use crate::life::clock::Clock;
use crate::result::recording::TransferRecord;
use crate::words::{Protocol, Time};
use connection::{Direction, Report};
use content::Block;
use mailbox::{Mailbox, Slot, mailbox};
use stop::{Stop, Stopper};

/// Why a transfer could not be prepared or started.
#[derive(Debug, thiserror::Error)]
#[error("transfer `{transfer}`: host {host}, {operation}: {source}")]
pub struct Error {
    transfer: String,
    host: String,
    operation: String,
    source: io::Error,
}

/// A transfer whose servers listen and whose clients have not started.
#[derive(Debug)]
pub struct Prepared {
    name: String,
    transfer: Transfer,
    seed: u64,
    listeners: Vec<TcpListener>,
    clients: Vec<Client>,
    /// Whether each socket is asked about its connection at the end.
    asks_sockets: bool,
}

/// A client's socket, or why the kernel made none, such as MPTCP being disabled: that is the connection's result, and not the lab's fault.
type Client = io::Result<TcpStream>;

/// A running transfer. Dropping it stops it.
pub struct Running {
    meters: Arc<Meters>,
    stopper: Option<Stopper>,
    drive: Option<JoinHandle<TransferRecord>>,
}

/// The progress of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Bytes that have arrived at the server.
    pub up: u64,
    /// Bytes that have arrived at the client.
    pub down: u64,
    /// Connections that have ended, well or not.
    pub done: u32,
}

/// What the threads of a transfer share.
struct Shared {
    transfer: Transfer,
    clock: Clock,
    block: Arc<Block>,
    stop: Arc<Stop>,
    meters: Arc<Meters>,
    reports: Slot<Report>,
    asks_sockets: bool,
}

impl Shared {
    fn server_address(&self) -> SocketAddr {
        server_address(&self.transfer)
    }
}

fn server_address(transfer: &Transfer) -> SocketAddr {
    SocketAddr::new(transfer.as_bound(transfer.to), transfer.port)
}

/// Counts kept while a transfer runs.
#[derive(Default)]
struct Meters {
    up: AtomicU64,
    down: AtomicU64,
    done: AtomicU32,
}

impl Meters {
    fn of(&self, way: Direction) -> &AtomicU64 {
        match way {
            Direction::Up => &self.up,
            Direction::Down => &self.down,
        }
    }

    fn connection_done(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}

/// How many connections may wait, as with most servers. Joins count during their handshakes: if they fill this, the kernel answers with SYN
/// cookies (net/ipv4/tcp_input.c, `tcp_conn_request`), and refuses some of many simultaneous joins for their HMAC.
const BACKLOG: u32 = 128;

impl Prepared {
    /// Makes all sockets in their namespaces, where they stay, and makes the server's listen.
    pub fn listen(name: &str, transfer: &Transfer, seed: u64, client: &Namespace, server: &Namespace) -> Result<Self, Error> {
        let failed = |host: &str, operation: String| {
            let (transfer, host) = (name.to_owned(), host.to_owned());
            move |source| Error { transfer, host, operation, source }
        };
        let fresh = |namespace: &Namespace, protocol: Protocol, host: &str| {
            let made = namespace.enter(|| socket::stream(protocol, transfer.as_bound(transfer.to))).and_then(|made| made);
            let made = made.map_err(failed(host, format!("making a socket that speaks {protocol}")))?;
            if let Some(congestion) = &transfer.congestion {
                socket::control_congestion(&made, congestion)
                    .map_err(failed(host, format!("choosing the congestion control {congestion}")))?;
            }
            if let Some(mark) = transfer.mark {
                socket::mark(&made, mark).map_err(failed(host, format!("setting the mark {mark}")))?;
            }
            Ok(made)
        };
        // Subflows may arrive at any of the server's addresses, as for a program that does not choose one.
        let v6 = transfer.as_bound(transfer.to).is_ipv6();
        let any: IpAddr = if v6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
        let at = if transfer.listen.is_empty() { vec![any] } else { transfer.listen.iter().map(|at| transfer.as_bound(*at)).collect() };
        let protocols = || std::iter::once(transfer.server_protocol).chain(transfer.second_protocol);
        let listen = |(at, protocol): (IpAddr, Protocol)| {
            let address = SocketAddr::new(at, transfer.port);
            let listening = fresh(server, protocol, &transfer.server)?;
            if transfer.second_protocol.is_some() {
                socket::share_port(&listening).map_err(failed(&transfer.server, format!("sharing port {}", transfer.port)))?;
            }
            // Several interfaces may have it, so the kernel wants to know which is meant (RFC 4007).
            if is_link_local(at)
                && let Some(device) = server
                    .enter(|| socket::interface_of(at))
                    .and_then(|found| found)
                    .map_err(failed(&transfer.server, format!("looking for {at}")))?
            {
                socket::bind_to_device(&listening, &device).map_err(failed(&transfer.server, format!("binding to the device {device}")))?;
            }
            socket::bind(&listening, address).map_err(failed(&transfer.server, format!("binding to {address}")))?;
            if transfer.fast_open {
                socket::allow_fast_open(&listening, BACKLOG).map_err(failed(&transfer.server, "allowing fast open".to_owned()))?;
            }
            socket::listen(listening, transfer.connections.max(BACKLOG))
                .map_err(failed(&transfer.server, format!("listening at {address}")))
        };
        let listeners =
            at.into_iter().flat_map(|at| protocols().map(move |protocol| (at, protocol))).map(listen).collect::<Result<_, _>>()?;
        let connecting = || {
            let made = match fresh(client, transfer.client_protocol, &transfer.client) {
                Err(error) if error.source.raw_os_error() == Some(libc::ENOPROTOOPT) => return Ok(Err(error.source)),
                socket => socket?,
            };
            if let Some(device) = &transfer.device {
                socket::bind_to_device(&made, device).map_err(failed(&transfer.client, format!("binding to the device {device}")))?;
            }
            Ok(Ok(TcpStream::from(made)))
        };
        let clients = (0..transfer.connections).map(|_| connecting());
        let clients = clients.collect::<Result<_, _>>()?;
        Ok(Self { name: name.to_owned(), transfer: transfer.clone(), seed, listeners, clients, asks_sockets: false })
    }

    /// Has each socket be asked about its connection when that ends.
    pub fn ask_sockets(&mut self) {
        self.asks_sockets = true;
    }

    /// When it starts: less than a millisecond after the time in its file. Where only the seed varies, its packets would otherwise always meet those of
    /// others, and the hosts' timers, in the same way.
    pub fn start_time(&self) -> Time {
        self.transfer.start.after(Time::from_micros(content::offset(self.seed)))
    }

    /// Starts the clients and everything else. `on_end` is called once, from a thread of the transfer, when all connections have ended or the transfer
    /// has been stopped; from then on, the record is available without waiting.
    pub fn start(self, clock: Clock, on_end: Box<dyn FnOnce() + Send>) -> Result<Running, Error> {
        let Self { name, transfer, seed, listeners, clients, asks_sockets } = self;
        let host = transfer.client.clone();
        let run = || -> io::Result<Running> {
            let (stop, stopper) = Stopper::new()?;
            let (reports, received): (_, Mailbox<Report>) = mailbox()?;
            let meters = Arc::new(Meters::default());
            let shared = Shared { block: Block::new(seed), transfer, clock, stop, meters: Arc::clone(&meters), reports, asks_sockets };
            let drive = thread::Builder::new().name(name.clone()).spawn(move || {
                let record = drive::drive(&Arc::new(shared), &received, listeners, clients);
                on_end();
                record
            })?;
            Ok(Running { meters, stopper: Some(stopper), drive: Some(drive) })
        };
        run().map_err(|source| Error { transfer: name.clone(), host, operation: "starting its thread".to_owned(), source })
    }
}

impl Running {
    /// Its progress. This is cheap.
    pub fn progress(&self) -> Progress {
        let Meters { up, down, done } = &*self.meters;
        Progress { up: up.load(Ordering::Relaxed), down: down.load(Ordering::Relaxed), done: done.load(Ordering::Relaxed) }
    }

    /// Ends whatever still runs, and returns the record.
    pub fn stop(mut self) -> TransferRecord {
        self.end().unwrap_or_default()
    }

    fn end(&mut self) -> Option<TransferRecord> {
        self.stopper = None;
        self.drive.take()?.join().ok()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}
