//! One connection of a transfer: its two sockets, its flows' threads, what it spoke, and the record it becomes.
//! Not here: the loop that waits for its events.

use std::fmt::Display;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use super::content::Content;
use super::exchange::Turns;
use super::flow::{self, End, Received, Sent};
use super::{Client, Shared};
use crate::document::case::{Amount, Exchange};
use crate::kernel::socket::{self, Spoken};
use crate::kernel::sol_mptcp;
use crate::result::recording::{AnswersRecord, ConnectionRecord, FlowRecord};
use crate::words::{Errno, Protocol};

/// How many bytes are offered with a SYN: more than fit in one.
const EARLY: u64 = 4 << 10;

/// A direction of a connection: its flow's record has the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// Client to server.
    Up,
    /// Server to client.
    Down,
}

/// What a flow's thread reports when it is done.
pub(super) struct Report {
    /// The connection's number.
    pub(super) connection: usize,
    way: Direction,
    outcome: Outcome,
}

enum Outcome {
    Sent(Sent),
    Received(Received),
}

/// A connection from the call of `connect` on.
pub(super) struct Connection {
    shared: Arc<Shared>,
    number: usize,
    stage: Stage,
    client: Option<Arc<TcpStream>>,
    server: Option<Arc<TcpStream>>,
    threads: Vec<JoinHandle<()>>,
    reports_due: usize,
    /// How many bytes were sent with the SYN.
    early: u64,
    /// How often its client connects again.
    reconnects: u32,
    record: ConnectionRecord,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Connecting,
    Connected,
    /// All is done, but its client waits for the peer's end before it connects again.
    Parting,
    Finished,
}

impl Connection {
    /// Begins to connect a client that is to connect again so often.
    pub(super) fn begin(shared: &Arc<Shared>, number: usize, client: Client, reconnects: u32) -> Self {
        let mut connection = Self {
            shared: Arc::clone(shared),
            number,
            stage: Stage::Connecting,
            client: None,
            server: None,
            threads: Vec::new(),
            reports_due: 0,
            early: 0,
            reconnects,
            record: ConnectionRecord::default(),
        };
        let begun = client.and_then(|client| {
            let begun = connection.connect(&client);
            // Without the scope of a link-local address, as inet_diag lists it.
            let local = client.local_addr().map(|address| SocketAddr::new(address.ip(), address.port()));
            connection.record.client = local.map(|address| address.to_string()).unwrap_or_default();
            connection.client = Some(Arc::new(client));
            begun
        });
        if let Err(error) = begun {
            connection.connect_failed(&error);
        }
        connection
    }

    /// The client's socket while its connect is under way.
    pub(super) fn connecting(&self) -> Option<&TcpStream> {
        self.client.as_deref().filter(|_| self.stage == Stage::Connecting)
    }

    /// The client's socket while it waits for the peer's end.
    pub(super) fn parting(&self) -> Option<&TcpStream> {
        self.client.as_deref().filter(|_| self.stage == Stage::Parting)
    }

    /// The peer's end has come: the connection of this number that its client, disconnected, makes instead.
    pub(super) fn again(&mut self, number: usize) -> Self {
        self.stage = Stage::Finished;
        let client = self.client.take().and_then(Arc::into_inner);
        let client = client.ok_or_else(|| io::Error::other("its socket is in use"));
        let client = client.and_then(|client| socket::abort(&client).and_then(|()| client.set_nonblocking(true)).map(|()| client));
        let begun = self.shared.clock.now().micros();
        let mut again = Self::begin(&self.shared, number, client, self.reconnects - 1);
        again.record.begun = Some(begun);
        again
    }

    /// Whether its record is complete.
    pub(super) fn finished(&self) -> bool {
        self.stage == Stage::Finished
    }

    /// Whether the server sees this address at its other end; any will do if it is `alone`.
    pub(super) fn comes_from(&self, peer: SocketAddr, alone: bool) -> bool {
        // The port is enough: all clients of a transfer are on one host.
        let known = || self.record.client.parse::<SocketAddr>().is_ok_and(|client| client.port() == peer.port());
        self.server.is_none() && (alone || known())
    }

    /// The client's socket reports that its connect has ended.
    pub(super) fn connect_ended(&mut self) {
        let Some(client) = self.client.clone() else { return };
        let connected = client.take_error().and_then(|error| error.map_or_else(|| client.peer_addr(), Err));
        // From here on, each call decides whether it waits.
        if let Err(error) = connected.and_then(|_| client.set_nonblocking(false)) {
            self.connect_failed(&error);
            return;
        }
        self.stage = Stage::Connected;
        self.record.connected = Some(self.shared.clock.now().micros());
        self.ask();
        self.start(Direction::Up);
        self.start(Direction::Down);
    }

    /// The server has accepted it.
    pub(super) fn accepted(&mut self, server: TcpStream) {
        self.server = Some(Arc::new(server));
        self.start(Direction::Down);
    }

    /// One of its threads is done.
    pub(super) fn reported(&mut self, report: Report) {
        self.reports_due -= 1;
        // Errors at an end that aborted the connection are its own doing.
        let at_client = (report.way == Direction::Up) == matches!(report.outcome, Outcome::Sent(_));
        let quit = self.aborts(at_client).is_some();
        let errno = match &report.outcome {
            Outcome::Sent(Sent { error, .. }) | Outcome::Received(Received { error, .. }) => {
                error.as_ref().and_then(io::Error::raw_os_error)
            }
        };
        let error = match &report.outcome {
            Outcome::Sent(sent) => sent.error.as_ref().map(|error| format!("sending {}: {error}", self.route(report.way))),
            Outcome::Received(received) => received.error.as_ref().map(|error| format!("receiving {}: {error}", self.route(report.way))),
        };
        let way = report.way;
        let flow = match way {
            Direction::Up => &mut self.record.up,
            Direction::Down => &mut self.record.down,
        };
        let flow = flow.get_or_insert_default();
        match report.outcome {
            Outcome::Sent(Sent { bytes, closed, .. }) => (flow.sent, flow.closed) = (bytes, closed),
            Outcome::Received(Received { bytes, peeked, hints, corrupt_at, wrong, ended, progress, exchanges, .. }) => {
                *flow =
                    FlowRecord { received: bytes, peeked, told: hints.reach, corrupt_at, wrong, ended, progress, ..std::mem::take(flow) };
                if way == Direction::Down {
                    self.record.exchanges = exchanges;
                }
            }
        }
        if let Some(error) = error.filter(|_| !quit) {
            // A socket reports the cause to only one of its users, and to the other just that it is broken (sk_stream_error() in net/core/stream.c).
            if self.record.errno == Some(Errno(libc::EPIPE)) {
                self.record.error = None;
            }
            if self.record.error.is_none() {
                self.record.errno = errno.map(Errno);
            }
            self.note(error);
        }
        let complete = self.server.is_some() || self.record.error.is_some();
        if self.stage == Stage::Connected && self.reports_due == 0 && complete {
            self.finish();
        }
    }

    /// Ends what is still under way, with these words as its error.
    pub(super) fn fail(&mut self, words: impl Display) {
        self.note(words.to_string());
        for socket in self.client.iter().chain(&self.server) {
            // This fails if the socket is not connected, and then there is nothing to shut down.
            let _ = socket.shutdown(Shutdown::Both);
        }
        if self.reports_due == 0 {
            self.finish();
        }
    }

    /// Waits for its threads, which have been told to stop.
    pub(super) fn join(&mut self) {
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                self.record.error.get_or_insert_with(|| "one of its threads panicked".to_owned());
            }
        }
    }

    /// The record, once all its threads have reported or have been joined.
    pub(super) fn into_record(mut self) -> ConnectionRecord {
        if self.stage == Stage::Connecting {
            self.note(format!("{}: no answer until the transfer was stopped", self.connecting_words()));
        }
        if matches!(self.stage, Stage::Connecting | Stage::Connected) {
            self.finish();
        }
        self.record
    }

    /// Starts the flows' threads at the end of the connection that sends this way, once it is there and the client has connected.
    fn start(&mut self, sends: Direction) {
        let socket = if sends == Direction::Up { &self.client } else { &self.server };
        let Some(socket) = socket.clone().filter(|_| self.stage == Stage::Connected) else { return };
        let direction = self.shared.transfer.direction;
        let ways = [(Direction::Up, direction.uploads()), (Direction::Down, direction.downloads())];
        let ways: Vec<Direction> = ways.into_iter().filter_map(|(way, active)| active.then_some(way)).collect();
        for way in &ways {
            let flow = match way {
                Direction::Up => &mut self.record.up,
                Direction::Down => &mut self.record.down,
            };
            let connected = self.record.connected.unwrap_or_default();
            flow.get_or_insert_with(|| FlowRecord { progress: vec![(connected, 0)], ..FlowRecord::default() });
        }
        let spawned = match self.shared.transfer.exchange {
            Some(exchange) => self.spawn_turns(&socket, sends, exchange),
            None => ways.into_iter().try_for_each(|way| self.spawn(&socket, way, way == sends)),
        };
        if let Err(error) = spawned {
            self.fail(format!("starting a thread: {error}"));
        }
    }

    /// What an end of the connection moves this way with.
    fn end(&self, socket: &Arc<TcpStream>, way: Direction, sends: bool) -> End {
        let abort = self.aborts((way == Direction::Up) == sends);
        let Shared { clock, stop, transfer, .. } = &*self.shared;
        let (socket, stop) = (Arc::clone(socket), Arc::clone(stop));
        let fell_back = transfer.client_protocol == Protocol::Mptcp && self.record.protocol == Some(Protocol::Tcp);
        let content = self.content(way);
        End { socket, content, clock: *clock, stop, abort, peeks: transfer.peek, asks: transfer.inq, fell_back }
    }

    /// Starts the thread of an end that sends or receives.
    fn spawn(&mut self, socket: &Arc<TcpStream>, way: Direction, sends: bool) -> io::Result<()> {
        let (shared, connection) = (Arc::clone(&self.shared), self.number);
        let early = if way == Direction::Up { self.early } else { 0 };
        let connected = self.record.connected.unwrap_or_default();
        let end = self.end(socket, way, sends);
        let work = move || {
            let outcome = if sends {
                Outcome::Sent(flow::send(&end, early, shared.transfer.amount_of(way == Direction::Down), shared.transfer.rate))
            } else {
                Outcome::Received(flow::receive(&end, connected, shared.meters.of(way)))
            };
            shared.reports.post(Report { connection, way, outcome });
        };
        self.threads.push(thread::Builder::new().name(format!("{connection} {way:?}")).spawn(work)?);
        self.reports_due += 1;
        Ok(())
    }

    /// Starts the thread of an end that does both in turn: the client's asks, the server's answers.
    fn spawn_turns(&mut self, socket: &Arc<TcpStream>, sends: Direction, exchange: Exchange) -> io::Result<()> {
        let (shared, connection, early) = (Arc::clone(&self.shared), self.number, self.early);
        let connected = self.record.connected.unwrap_or_default();
        let hears = if sends == Direction::Up { Direction::Down } else { Direction::Up };
        let ends = (self.end(socket, sends, true), self.end(socket, hears, false));
        let work = move || {
            let turns = Turns { says: ends.0, hears: ends.1, meter: shared.meters.of(hears), exchange, connected };
            let (sent, received) = if sends == Direction::Up { turns.ask(early, shared.transfer.amount) } else { turns.answer() };
            shared.reports.post(Report { connection, way: sends, outcome: Outcome::Sent(sent) });
            shared.reports.post(Report { connection, way: hears, outcome: Outcome::Received(received) });
        };
        self.threads.push(thread::Builder::new().name(format!("{connection} {sends:?}")).spawn(work)?);
        self.reports_due += 2;
        Ok(())
    }

    /// The content in this direction.
    fn content(&self, way: Direction) -> Content {
        Content::new(&self.shared.block, self.number as u64 * 2 + way as u64)
    }

    /// Begins to connect, with the first bytes where there are to be some.
    fn connect(&mut self, client: &TcpStream) -> io::Result<()> {
        let transfer = &self.shared.transfer;
        if let Some(from) = transfer.from {
            socket::bind(client, SocketAddr::new(transfer.as_bound(from), 0))?;
        }
        let address = self.shared.server_address();
        if !transfer.fast_open {
            return socket::connect(client, address);
        }
        let most = match (transfer.exchange, transfer.amount) {
            (Some(exchange), _) => exchange.request.0.min(EARLY),
            (None, Amount::Bytes(size)) => size.0.min(EARLY),
            (None, Amount::Duration(_)) => EARLY,
        };
        let content = self.content(Direction::Up);
        self.early = socket::connect_with(client, address, &content.records::<1>(0, most).slices())? as u64;
        Ok(())
    }

    /// After how many bytes an end aborts the connection, if it does.
    fn aborts(&self, client: bool) -> Option<u64> {
        let transfer = &self.shared.transfer;
        let host = if client { &transfer.client } else { &transfer.server };
        transfer.abort.as_ref().filter(|abort| abort.host == *host).map(|abort| abort.after.0)
    }

    /// Asks the client's socket for its protocol. Without an answer, the earlier one stays.
    fn ask(&mut self) {
        match self.client.as_deref().map(socket::spoken) {
            Some(Ok(Spoken::Mptcp { token })) => {
                self.record.protocol = Some(Protocol::Mptcp);
                self.record.token = Some(token);
            }
            Some(Ok(Spoken::Tcp)) => {
                self.record.protocol = Some(Protocol::Tcp);
                self.record.token = None;
            }
            Some(Err(_)) | None => {}
        }
    }

    fn finish(&mut self) {
        if self.record.connected.is_some() {
            self.ask();
        }
        if self.shared.asks_sockets && self.record.error.is_none() {
            self.record.client_answers = self.client.as_deref().map(answers);
            self.record.server_answers = self.server.as_deref().map(answers);
        }
        self.join();
        let again = self.reconnects > 0 && self.record.error.is_none() && !self.shared.stop.asked();
        self.client = self.client.take().filter(|_| again);
        self.server = None;
        self.stage = Stage::Finished;
        self.shared.meters.connection_done();
        if let Some(client) = &self.client {
            // The server's way is closed with its socket. This fails where both are closed already.
            let _ = client.shutdown(Shutdown::Write);
            self.stage = Stage::Parting;
        }
    }

    fn connect_failed(&mut self, error: &io::Error) {
        self.record.errno = error.raw_os_error().map(Errno);
        self.note(format!("{}: {error}", self.connecting_words()));
        self.finish();
    }

    /// The first error is kept: others follow from it.
    fn note(&mut self, words: String) {
        self.record.error.get_or_insert(words);
    }

    fn connecting_words(&self) -> String {
        let from = self.shared.transfer.from.map(|from| format!(" ({from})")).unwrap_or_default();
        format!("connecting to {} from {}{from}", self.shared.server_address(), self.shared.transfer.client)
    }

    fn route(&self, way: Direction) -> String {
        let (client, server) = (&self.shared.transfer.client, &self.shared.transfer.server);
        let (from, to) = if way == Direction::Up { (client, server) } else { (server, client) };
        format!("from {from} to {to} ({} to {})", self.record.client, self.shared.server_address())
    }
}

/// What a socket tells of its connection, or that it does not.
fn answers(socket: &TcpStream) -> AnswersRecord {
    sol_mptcp::ask(socket).unwrap_or_else(|error| AnswersRecord { wrong: vec![format!("getsockopt: {error}")], ..AnswersRecord::default() })
}
