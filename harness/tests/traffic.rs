//! Transfers over the loopback interface of fresh network namespaces: real sockets, real threads.
//! Not here: links, faults, and what the judge makes of a record.

#[path = "support/mod.rs"]
mod support;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::mpsc;
use std::time::Duration;

use libtest_mimic::{Arguments, Trial};
use mplab::case::{Amount, Exchange, Transfer};
use mplab::clock::Clock;
use mplab::kernel::{Namespace, socket};
use mplab::recording::{ConnectionRecord, FlowRecord, TransferRecord};
use mplab::traffic::{Prepared, Running};
use mplab::words::{Protocol, Rate, Size, Time, TransferDirection};
use support::loopback_up;

/// No transfer here takes a tenth of it on a busy machine; it only keeps a broken one from hanging for ever.
const DEADLINE: Duration = Duration::from_secs(50);
/// A size that is not a whole number of records.
const SIZE: u64 = 3_000_001;

fn main() {
    let without = support::leave_network();
    let arguments = Arguments::from_args();
    let without_mptcp = without.clone().or_else(|| {
        let made = socket::stream(Protocol::Mptcp, IpAddr::V4(Ipv4Addr::LOCALHOST));
        made.err().map(|error| format!("this kernel makes no MPTCP sockets: {error}"))
    });
    let trials = [
        ("an_upload_delivers_every_byte", an_upload_delivers_every_byte as fn(&Namespace)),
        ("a_download_delivers_every_byte", a_download_delivers_every_byte),
        ("both_directions_run_at_once", both_directions_run_at_once),
        ("plain_tcp_is_seen_as_such", plain_tcp_is_seen_as_such),
        ("nothing_at_all_can_be_sent", nothing_at_all_can_be_sent),
        ("a_duration_ends_it", a_duration_ends_it),
        ("a_rate_paces_it", a_rate_paces_it),
        ("exchanges_take_turns", exchanges_take_turns),
        ("exchanges_end_with_their_time", exchanges_end_with_their_time),
        ("a_client_connects_again", a_client_connects_again),
        ("a_receiver_peeks", a_receiver_peeks),
        ("several_connections_are_told_apart", several_connections_are_told_apart),
        ("ipv6_and_a_chosen_source_work", ipv6_and_a_chosen_source_work),
        ("a_refused_connection_is_an_error_of_its_own", a_refused_connection_is_an_error_of_its_own),
        ("a_port_in_use_is_said_before_the_start", a_port_in_use_is_said_before_the_start),
        ("a_connect_without_an_answer_can_be_stopped", a_connect_without_an_answer_can_be_stopped),
        ("stopping_keeps_what_has_arrived", stopping_keeps_what_has_arrived),
        ("nothing_is_left_behind", nothing_is_left_behind),
    ];
    let trials_of_mptcp = [
        ("mptcp_has_a_token", mptcp_has_a_token as fn(&Namespace)),
        ("a_fallback_to_tcp_is_seen", a_fallback_to_tcp_is_seen),
        ("exchanges_take_turns_by_mptcp", exchanges_take_turns_by_mptcp),
        ("a_client_connects_again_by_mptcp", a_client_connects_again_by_mptcp),
        ("a_receiver_peeks_by_mptcp", a_receiver_peeks_by_mptcp),
        ("mptcp_moves_both_directions_paced_and_not", mptcp_moves_both_directions_paced_and_not),
    ];
    let trials = trials.into_iter().map(|(name, test)| trial(name, test, without.clone()));
    let trials_of_mptcp = trials_of_mptcp.into_iter().map(|(name, test)| trial(name, test, without_mptcp.clone()));
    libtest_mimic::run(&arguments, trials.chain(trials_of_mptcp).collect()).exit();
}

/// A trial in a namespace of its own, or one that is ignored for a reason.
fn trial(name: &str, test: fn(&Namespace), missing: Option<String>) -> Trial {
    support::trial(name, missing, move || {
        let namespace = Namespace::new()?;
        namespace.enter(loopback_up)??;
        test(&namespace);
        Ok(())
    })
}

/// An upload of [`SIZE`] bytes by TCP.
fn transfer() -> Transfer {
    Transfer {
        client: "laptop".to_owned(),
        server: "server".to_owned(),
        to: Ipv4Addr::LOCALHOST.into(),
        from: None,
        port: 5001,
        client_protocol: Protocol::Tcp,
        server_protocol: Protocol::Tcp,
        second_protocol: None,
        direction: TransferDirection::Upload,
        amount: Amount::Bytes(Size(SIZE)),
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
    }
}

fn mptcp() -> Transfer {
    Transfer { client_protocol: Protocol::Mptcp, server_protocol: Protocol::Mptcp, ..transfer() }
}

fn start(transfer: &Transfer, namespace: &Namespace) -> (Running, mpsc::Receiver<()>) {
    let prepared = Prepared::listen("test", transfer, 1, namespace, namespace).expect("the transfer can be prepared");
    let (end, ended) = mpsc::channel();
    let running = prepared.start(Clock::start(), Box::new(move || end.send(()).expect("told once, and awaited")));
    (running.expect("the transfer starts"), ended)
}

/// Runs the transfer to its own end.
fn run(transfer: &Transfer, namespace: &Namespace) -> TransferRecord {
    let (running, ended) = start(transfer, namespace);
    ended.recv_timeout(DEADLINE).expect("the transfer ends by itself");
    assert_eq!(running.progress().done, transfer.connections);
    let record = running.stop();
    assert_eq!(record.connections.len(), transfer.connections as usize);
    record
}

/// Runs a transfer of one connection to its own end, without an error.
fn run_one(transfer: &Transfer, namespace: &Namespace) -> ConnectionRecord {
    let connection = run(transfer, namespace).connections.remove(0);
    assert_eq!(connection.error, None);
    connection
}

/// All of it arrived, and the progress tells so.
fn assert_whole(flow: Option<&FlowRecord>, bytes: u64) {
    let flow = flow.expect("the direction is recorded");
    assert!(flow.intact(), "{flow:?}");
    assert_eq!((flow.sent, flow.received), (bytes, bytes));
    assert_eq!(flow.progress[0].1, 0);
    assert_eq!(flow.progress.last().map(|pair| pair.1), Some(bytes));
    assert!(flow.progress.windows(2).all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 < pair[1].1), "{flow:?}");
    assert!(flow.progress.last().map(|pair| pair.0) <= flow.ended);
}

fn an_upload_delivers_every_byte(namespace: &Namespace) {
    let connection = run_one(&transfer(), namespace);
    assert_whole(connection.up.as_ref(), SIZE);
    assert_eq!(connection.down, None);
    assert!(connection.client.starts_with("127.0.0.1:"), "{}", connection.client);
    assert_eq!(connection.connected, connection.up.map(|flow| flow.progress[0].0));
}

fn a_download_delivers_every_byte(namespace: &Namespace) {
    let connection = run_one(&Transfer { direction: TransferDirection::Download, ..transfer() }, namespace);
    assert_whole(connection.down.as_ref(), SIZE);
    assert_eq!(connection.up, None);
}

fn both_directions_run_at_once(namespace: &Namespace) {
    let connection = run_one(&Transfer { direction: TransferDirection::Both, ..transfer() }, namespace);
    assert_whole(connection.up.as_ref(), SIZE);
    assert_whole(connection.down.as_ref(), SIZE);
}

fn plain_tcp_is_seen_as_such(namespace: &Namespace) {
    let connection = run_one(&transfer(), namespace);
    assert_eq!((connection.protocol, connection.token), (Some(Protocol::Tcp), None));
}

fn nothing_at_all_can_be_sent(namespace: &Namespace) {
    let connection = run_one(&Transfer { amount: Amount::Bytes(Size(0)), ..transfer() }, namespace);
    assert_whole(connection.up.as_ref(), 0);
}

fn a_duration_ends_it(namespace: &Namespace) {
    let amount = Amount::Duration(Time::from_millis(300));
    let connection = run_one(&Transfer { amount, direction: TransferDirection::Both, ..transfer() }, namespace);
    for flow in connection.flows() {
        assert_whole(Some(flow), flow.sent);
        assert!(flow.sent > 0);
        assert!(flow.closed >= connection.connected.map(|at| at + 300_000), "{:?} after {:?}", flow.closed, connection.connected);
    }
}

/// Exchanges of 300 bytes and 200 kB, which do not fit into a socket at once.
fn exchanges(amount: Amount, transfer: Transfer) -> Transfer {
    let exchange = Some(Exchange { request: Size(300), response: Size(200_000) });
    Transfer { exchange, amount, direction: TransferDirection::Both, ..transfer }
}

/// Twenty exchanges, each recorded: they are over by the time that the client has seen the end.
fn assert_turns(transfer: Transfer, namespace: &Namespace) {
    let twenty = Transfer { down: Some(Size(20 * 200_000)), ..exchanges(Amount::Bytes(Size(20 * 300)), transfer) };
    let connection = run_one(&twenty, namespace);
    assert_whole(connection.up.as_ref(), 20 * 300);
    assert_whole(connection.down.as_ref(), 20 * 200_000);
    assert_eq!(connection.exchanges.len(), 20);
    let answered = connection.connected.map(|at| at + connection.exchanges.iter().sum::<u64>());
    assert!(answered <= connection.up.and_then(|up| up.closed), "{:?}", connection.exchanges);
}

fn exchanges_take_turns(namespace: &Namespace) {
    assert_turns(transfer(), namespace);
}

fn exchanges_take_turns_by_mptcp(namespace: &Namespace) {
    assert_turns(mptcp(), namespace);
}

fn exchanges_end_with_their_time(namespace: &Namespace) {
    let connection = run_one(&exchanges(Amount::Duration(Time::from_millis(200)), transfer()), namespace);
    let count = connection.exchanges.len() as u64;
    assert!(count > 0);
    assert_whole(connection.up.as_ref(), count * 300);
    assert_whole(connection.down.as_ref(), count * 200_000);
    assert!(connection.exchanges.iter().sum::<u64>() >= 200_000);
}

/// Two clients that make three connections each, one after the other.
fn assert_again(transfer: Transfer, namespace: &Namespace) {
    let (running, ended) = start(&Transfer { connections: 2, reconnects: 2, ..transfer }, namespace);
    ended.recv_timeout(DEADLINE).expect("the transfer ends by itself");
    let record = running.stop();
    assert_eq!(record.connections.len(), 6);
    for (number, connection) in record.connections.iter().enumerate() {
        assert_eq!(connection.error, None, "{number}");
        assert_whole(connection.up.as_ref(), SIZE);
        assert_eq!(connection.begun.is_some(), number >= 2);
        assert!(connection.begun <= connection.connected);
    }
    let ended = |number: usize| record.connections[number].up.as_ref().and_then(|up| up.ended);
    assert!(record.connections[2].begun >= ended(0).min(ended(1)));
}

fn a_client_connects_again(namespace: &Namespace) {
    assert_again(transfer(), namespace);
}

fn a_client_connects_again_by_mptcp(namespace: &Namespace) {
    assert_again(mptcp(), namespace);
}

fn assert_peeked(transfer: Transfer, namespace: &Namespace) {
    let connection = run_one(&Transfer { peek: true, direction: TransferDirection::Both, ..transfer }, namespace);
    assert_whole(connection.up.as_ref(), SIZE);
    assert_whole(connection.down.as_ref(), SIZE);
}

fn a_receiver_peeks(namespace: &Namespace) {
    assert_peeked(transfer(), namespace);
}

fn a_receiver_peeks_by_mptcp(namespace: &Namespace) {
    assert_peeked(mptcp(), namespace);
}

fn a_rate_paces_it(namespace: &Namespace) {
    let rate = Some(Rate(8_000_000));
    let connection = run_one(&Transfer { rate, amount: Amount::Bytes(Size(400_000)), ..transfer() }, namespace);
    let flow = connection.up.as_ref().expect("the direction is recorded");
    assert_whole(Some(flow), 400_000);
    let took = flow.ended.unwrap() - connection.connected.unwrap();
    assert!(took >= 399_000, "400,000 bytes at 1,000,000 a second took {took} µs");
    for &(at, bytes) in &flow.progress {
        let most = at - connection.connected.unwrap() + 70_000;
        assert!(bytes <= most, "{bytes} bytes by {at} µs are ahead of the schedule");
    }
}

fn several_connections_are_told_apart(namespace: &Namespace) {
    let record = run(&Transfer { connections: 8, direction: TransferDirection::Both, ..transfer() }, namespace);
    let mut clients: Vec<_> = record.connections.iter().map(|connection| connection.client.clone()).collect();
    clients.sort();
    clients.dedup();
    assert_eq!(clients.len(), 8);
    for connection in &record.connections {
        assert_eq!(connection.error, None);
        assert_whole(connection.up.as_ref(), SIZE);
        assert_whole(connection.down.as_ref(), SIZE);
    }
}

fn ipv6_and_a_chosen_source_work(namespace: &Namespace) {
    let connection = run_one(&Transfer { to: "::1".parse().unwrap(), ..transfer() }, namespace);
    assert!(connection.client.starts_with("[::1]:"));
    let connection = run_one(&Transfer { from: Some("127.0.0.9".parse().unwrap()), ..transfer() }, namespace);
    assert!(connection.client.starts_with("127.0.0.9:"));
}

/// The server listens in a namespace that the client cannot reach.
fn a_refused_connection_is_an_error_of_its_own(namespace: &Namespace) {
    let elsewhere = Namespace::new().unwrap();
    elsewhere.enter(loopback_up).unwrap().unwrap();
    for transfer in [transfer(), Transfer { client_protocol: Protocol::Mptcp, ..transfer() }] {
        let Ok(prepared) = Prepared::listen("test", &transfer, 1, namespace, &elsewhere) else { continue };
        let (end, ended) = mpsc::channel();
        let running = prepared.start(Clock::start(), Box::new(move || end.send(()).unwrap())).unwrap();
        ended.recv_timeout(DEADLINE).expect("the transfer ends by itself");
        let connection = running.stop().connections.remove(0);
        assert_eq!(connection.error.as_deref(), Some("connecting to 127.0.0.1:5001 from laptop: Connection refused (os error 111)"));
        assert_eq!((connection.connected, connection.up), (None, None));
    }
}

fn a_port_in_use_is_said_before_the_start(namespace: &Namespace) {
    let prepared = Prepared::listen("test", &transfer(), 1, namespace, namespace).unwrap();
    let error = Prepared::listen("test", &transfer(), 1, namespace, namespace).unwrap_err().to_string();
    let (_, said) = error.split_once(": host server, ").expect("the host is named");
    assert!(said.ends_with("0.0.0.0:5001: Address already in use (os error 98)"), "{error}");
    drop(prepared);
}

/// The server's queue of one is full of a connection and a half that nobody accepts: further SYNs get no answer.
fn a_connect_without_an_answer_can_be_stopped(namespace: &Namespace) {
    let deaf = namespace.enter(|| {
        let fd = socket::stream(Protocol::Tcp, Ipv4Addr::LOCALHOST.into())?;
        socket::bind(&fd, "127.0.0.1:5001".parse().unwrap())?;
        socket::listen(fd, 0)
    });
    let deaf = deaf.unwrap().unwrap();
    let fill = namespace.enter(|| std::net::TcpStream::connect("127.0.0.1:5001")).unwrap().unwrap();
    let elsewhere = Namespace::new().unwrap();
    elsewhere.enter(loopback_up).unwrap().unwrap();
    let prepared = Prepared::listen("test", &transfer(), 1, namespace, &elsewhere).unwrap();
    let running = prepared.start(Clock::start(), Box::new(|| ())).unwrap();
    let connection = running.stop().connections.remove(0);
    assert_eq!(connection.connected, None);
    assert!(connection.error.is_some_and(|error| error.contains("no answer until the transfer was stopped")));
    drop((deaf, fill));
}

fn stopping_keeps_what_has_arrived(namespace: &Namespace) {
    for rate in [None, Some(Rate(8_000_000))] {
        let transfer = Transfer { rate, amount: Amount::Bytes(Size(1 << 50)), direction: TransferDirection::Both, ..transfer() };
        let (running, ended) = start(&transfer, namespace);
        let clock = Clock::start();
        while running.progress().up == 0 || running.progress().down == 0 {
            assert!(Duration::from(clock.now()) < DEADLINE, "nothing arrives");
            std::thread::yield_now();
        }
        let before = running.progress();
        let clock = Clock::start();
        let connection = running.stop().connections.remove(0);
        assert!(clock.now() < Time::from_millis(5_000), "stopping took {}", clock.now());
        ended.try_recv().expect("the end is told when it has been stopped, too");
        assert_eq!(connection.error, None);
        for (flow, before) in [(connection.up.unwrap(), before.up), (connection.down.unwrap(), before.down)] {
            assert!(flow.received >= before && flow.received <= flow.sent, "{flow:?}");
            assert_eq!((flow.ended, flow.closed, flow.corrupt_at), (None, None, None));
            assert_eq!(flow.progress.last().map(|pair| pair.1), Some(flow.received));
        }
    }
}

/// A socket that some descriptor holds has an inode in /proc/net/tcp; what the kernel still buries has none.
fn nothing_is_left_behind(namespace: &Namespace) {
    let (running, _ended) = start(&Transfer { amount: Amount::Bytes(Size(1 << 50)), connections: 3, ..transfer() }, namespace);
    drop(running);
    let sockets = namespace.enter(|| std::fs::read_to_string("/proc/thread-self/net/tcp")).unwrap().unwrap();
    let held = sockets.lines().skip(1).filter(|line| line.split_whitespace().nth(9) != Some("0"));
    assert_eq!(held.count(), 0, "{sockets}");
}

fn mptcp_has_a_token(namespace: &Namespace) {
    let connection = run_one(&mptcp(), namespace);
    assert_whole(connection.up.as_ref(), SIZE);
    assert_eq!(connection.protocol, Some(Protocol::Mptcp));
    assert!(connection.token.is_some_and(|token| token != 0));
}

fn a_fallback_to_tcp_is_seen(namespace: &Namespace) {
    for (client_protocol, server_protocol) in [(Protocol::Mptcp, Protocol::Tcp), (Protocol::Tcp, Protocol::Mptcp)] {
        let connection = run_one(&Transfer { client_protocol, server_protocol, ..transfer() }, namespace);
        assert_whole(connection.up.as_ref(), SIZE);
        assert_eq!((connection.protocol, connection.token), (Some(Protocol::Tcp), None));
    }
}

fn mptcp_moves_both_directions_paced_and_not(namespace: &Namespace) {
    for rate in [None, Some(Rate(100_000_000))] {
        let record = run(&Transfer { rate, connections: 2, direction: TransferDirection::Both, ..mptcp() }, namespace);
        for connection in &record.connections {
            assert_eq!(connection.error, None);
            assert_whole(connection.up.as_ref(), SIZE);
            assert_whole(connection.down.as_ref(), SIZE);
        }
    }
}
