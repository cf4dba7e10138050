//! What a shape does to real traffic: as an upper bound where the computer may be late, exactly where packets are counted.
//! Not here: shapes that change.

use std::time::{Duration, Instant};

use mplab::case::Transfer;
use mplab::kernel::packet::{HEADER, LONGEST, PacketSocket};
use mplab::kernel::sysctl;
use mplab::relay::model::shape::{Chance, Codel, Discipline, Jitter, Limit, Loss, Reorder, Step};
use mplab::relay::model::{Model, Trace};
use mplab::relay::{Direction, Shape};
use mplab::words::{Percent, Protocol, Rate, Size, Time, TransferDirection};

use crate::lab::{Lab, SERVER6, await_accounts, up, upload, wait_until};

pub(crate) fn a_bare_link_carries_super_packets_whole(lab: &Lab) {
    let relay = lab.relay(Shape::default(), Shape::default());
    let behind = [0, 1].map(|end| lab.hosts[end].enter(|| PacketSocket::open(2)).unwrap().unwrap());
    lab.run(&Transfer { direction: TransferDirection::Both, ..upload(20_000_000) });
    let counts = await_accounts(&relay);
    assert!(counts.packets > 20_000_000 / 1448 && counts.bytes > 20_000_000 * 1514 / 1448, "{counts:?}");
    assert_eq!(relay.seen("link", Direction::Up).unwrap().late.packets, 0, "nothing is due at a time");
    let longest = behind.map(|socket| longest_received(&socket));
    assert!(longest.iter().all(|longest| *longest > 1514), "they came in frames of at most {longest:?} bytes");
}

/// The longest frame that a socket has received of those that its interface took in.
fn longest_received(socket: &PacketSocket) -> usize {
    let mut buffer = vec![0; LONGEST];
    std::iter::from_fn(|| socket.receive(&mut buffer).ok()).map(|received| received.length - HEADER).max().unwrap_or_default()
}

/// What comes when nothing leaves: so many packets find room, and not one more.
pub(crate) fn a_queue_holds_exactly_its_limit(lab: &Lab) {
    const FITS: u32 = 20;
    without_ipv6(lab);
    let relay = lab.relay(Shape::default(), Shape::default());
    let [client, server] = lab.datagrams();
    // A datagram's headers: UDP's, IP's, Ethernet's.
    let bytes = |datagrams: u32| Size(u64::from(datagrams) * (1000 + 8 + 20 + 14));
    let limits = [Limit::Packets(FITS.into()), Limit::Bytes(bytes(FITS)), Limit::Bytes(Size(bytes(FITS + 1).0 - 1))];
    let mut received = [0; 1000];
    for limit in limits {
        relay.reshape("link", Direction::Up, Shape { rate: Some(Rate(0)), limit: Some(limit), ..Shape::default() }).unwrap();
        let (before, mut datagram) = (up(&relay), [0; 1000]);
        for number in 0..100_u32 {
            datagram[..4].copy_from_slice(&number.to_be_bytes());
            client.send(&datagram).unwrap();
        }
        wait_until("all have come to the queue", || up(&relay).offered >= before.offered + 100);
        relay.reshape("link", Direction::Up, Shape::default()).unwrap();
        client.send(b"behind them").unwrap();
        for number in 0..FITS {
            assert_eq!(server.recv(&mut received).unwrap(), 1000, "{limit:?}: only {number} were there");
            assert_eq!(received[..4], number.to_be_bytes());
        }
        assert_eq!(server.recv(&mut received).unwrap(), b"behind them".len(), "{limit:?}: one more was there");
    }
}

pub(crate) fn a_rate_is_never_exceeded(lab: &Lab) {
    let rate = Rate(50_000_000);
    let shape = Shape { rate: Some(rate), delay: Time::from_millis(5), limit: Some(Limit::Packets(200)), ..Shape::default() };
    let relay = lab.relay(shape.clone(), shape);
    let connection = lab.run(&upload(5_000_000));
    let flow = connection.up.unwrap();
    for (at, bytes) in &flow.progress {
        let since = at - connection.connected.unwrap();
        // A relay that is late sends later, never more.
        assert!(*bytes <= rate.bytes_in(Time::from_micros(since)), "{bytes} bytes after {since} µs");
    }
    let took = flow.ended.unwrap() - connection.connected.unwrap();
    assert!(took >= 5_000_000 * 1514 / 1448 * 8 / 50, "{took} µs");
    let seen = relay.seen("link", Direction::Up).unwrap();
    assert!(seen.late.packets > 3000, "{seen:?}");
}

pub(crate) fn mptcp_crosses_a_shaped_link(lab: &Lab) {
    let shape = Shape { rate: Some(Rate(80_000_000)), delay: Time::from_millis(2), ..Shape::default() };
    let relay = lab.relay(shape.clone(), shape);
    let connection = lab.run(&Transfer {
        client_protocol: Protocol::Mptcp,
        server_protocol: Protocol::Mptcp,
        second_protocol: None,
        direction: TransferDirection::Both,
        ..upload(3_000_000)
    });
    assert_eq!(connection.protocol, Some(Protocol::Mptcp));
    assert!(up(&relay).packets > 2000);
}

pub(crate) fn ipv6_crosses_a_shaped_link(lab: &Lab) {
    let shape = Shape { rate: Some(Rate(200_000_000)), corrupt: Some(Chance::of(0.2)), ..Shape::default() };
    let relay = lab.relay(shape.clone(), shape);
    lab.run(&Transfer { to: SERVER6.into(), ..upload(5_000_000) });
    assert!(up(&relay).corrupted > 0);
}

pub(crate) fn everything_at_once_leaves_content_intact(lab: &Lab) {
    let shape = Shape {
        delay: Time::from_millis(1),
        jitter: Some(Jitter { amount: Time::from_micros(300), ..Jitter::default() }),
        loss: Some(Loss::Random(Chance::of(0.2))),
        duplicate: Some(Chance::of(2.0)),
        corrupt: Some(Chance::of(0.3)),
        reorder: Some(Reorder { percent: Percent(2.0), correlation: Percent(0.0), gap: 1 }),
        ..Shape::default()
    };
    let relay = lab.relay(shape.clone(), shape);
    lab.run(&Transfer { direction: TransferDirection::Both, ..upload(3_000_000) });
    let counts = await_accounts(&relay);
    assert!(counts.dropped.loss > 0 && counts.duplicated > 0 && counts.corrupted > 0 && counts.reordered > 0, "{counts:?}");
    assert_eq!(counts.dropped.missed, 0);
}

pub(crate) fn a_list_of_losses_is_what_is_lost(lab: &Lab) {
    let relay = lab.relay(Shape { loss: Some(Loss::Numbers(vec![300, 700, 900])), ..Shape::default() }, Shape::default());
    lab.run(&upload(5_000_000));
    assert_eq!(up(&relay).dropped.loss, 3);
    await_accounts(&relay);
}

/// Nothing is to cross but what a test sends.
fn without_ipv6(lab: &Lab) {
    for host in &lab.hosts {
        host.enter(|| sysctl::write("net.ipv6.conf.all.disable_ipv6", "1")).unwrap().unwrap();
    }
}

/// Datagrams that are lost or doubled are those that the model loses or doubles, given the same seed.
pub(crate) fn the_fate_of_packets_is_the_model_s(lab: &Lab) {
    without_ipv6(lab);
    let relay = lab.relay(Shape::default(), Shape::default());
    let [client, server] = lab.datagrams();
    drop(relay);
    let shape = Shape { loss: Some(Loss::Random(Chance::of(20.0))), duplicate: Some(Chance::of(10.0)), ..Shape::default() };
    let relay = lab.relay(shape.clone(), Shape::default());
    let mut model = Model::new(shape, 7);
    let mut expected = Vec::new();
    for number in 0..150_u32 {
        client.send(&number.to_be_bytes()).unwrap();
        model.offer(Time(number.into()), 60, number);
        expected.extend(std::iter::from_fn(|| model.take(Time(number.into()))).map(|delivered| delivered.packet.payload));
    }
    let mut buffer = [0; 4];
    let received: Vec<u32> = expected
        .iter()
        .map(|_| {
            server.recv(&mut buffer).expect("as many come as the model lets through");
            u32::from_be_bytes(buffer)
        })
        .collect();
    assert_eq!(received, expected);
    let (counts, decided) = (up(&relay), model.counts());
    assert_eq!((counts.offered, counts.dropped, counts.duplicated), (150, decided.dropped, decided.duplicated));
}

pub(crate) fn a_delay_is_kept(lab: &Lab) {
    let delay = Time::from_millis(20);
    let relay = lab.relay(Shape { delay, ..Shape::default() }, Shape { delay, ..Shape::default() });
    let [client, server] = lab.datagrams();
    for _ in 0..20 {
        let start = Instant::now();
        client.send(b"ping").unwrap();
        server.recv(&mut [0; 8]).unwrap();
        let there = start.elapsed();
        let turned = Instant::now();
        server.send(b"pong").unwrap();
        client.recv(&mut [0; 8]).unwrap();
        let back = turned.elapsed();
        assert!(there.min(back) >= delay.into(), "{there:?} there, {back:?} back");
    }
    let late = relay.seen("link", Direction::Up).unwrap().late;
    assert!(late.packets >= 20 && late.median <= late.p99 && late.p99 <= late.worst, "{late:?}");
}

pub(crate) fn a_queue_is_kept_by_codel(lab: &Lab) {
    let shape = Shape { rate: Some(Rate(20_000_000)), discipline: Discipline::CoDel(Codel::default()), ..Shape::default() };
    let relay = lab.relay(shape, Shape::default());
    lab.run(&upload(5_000_000));
    let counts = await_accounts(&relay);
    assert!(counts.dropped.codel > 0 && counts.dropped.queue == 0, "{counts:?}");
}

pub(crate) fn a_trace_is_followed(lab: &Lab) {
    // Two opportunities in each ms, but none in the second half of each 100 ms: 12 Mbit/s.
    let lines: Vec<u64> = (1..=50).flat_map(|millis| [millis, millis]).chain([100, 100]).collect();
    let trace = Trace::try_from(lines).unwrap();
    let _relay = lab.relay(Shape { trace: Some(trace), ..Shape::default() }, Shape::default());
    let connection = lab.run(&upload(1_000_000));
    let took = connection.up.unwrap().ended.unwrap() - connection.connected.unwrap();
    assert!(took >= 1_000_000 * 8 * 1500 / 1448 / 13, "{took} µs");
}

pub(crate) fn steps_are_taken(lab: &Lab) {
    let (pause, goes_on, delay) = (Time::from_millis(100), Time::from_millis(600), Time::from_millis(200));
    let steps =
        vec![Step { at: pause, rate: Some(Rate(0)), delay: None }, Step { at: goes_on, rate: Some(Rate(80_000_000)), delay: Some(delay) }];
    let begun = Instant::now();
    let _relay = lab.relay(Shape { rate: Some(Rate(800_000)), steps, ..Shape::default() }, Shape::default());
    let [client, server] = lab.datagrams();
    for _ in 0..40 {
        client.send(&[0; 1000]).unwrap();
    }
    let came: Vec<Duration> = (0..40)
        .map(|_| {
            server.recv(&mut [0; 1000]).unwrap();
            begun.elapsed()
        })
        .collect();
    // 1042 bytes take 10.4 ms at first: nine pass, and the one that is being sent.
    let early = came.iter().filter(|came| **came < goes_on.into()).count();
    assert!(early <= 10, "{early} came before the rate was back");
    let sent = Instant::now();
    client.send(b"late").unwrap();
    server.recv(&mut [0; 8]).unwrap();
    assert!(sent.elapsed() >= delay.into(), "{:?}", sent.elapsed());
}
