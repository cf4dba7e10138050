//! Two hosts with a relay between them, and what the tests do there: transfers, datagrams, waiting.
//! Not here: what must hold.

use std::net::{Ipv4Addr, Ipv6Addr, UdpSocket};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use mplab::case::{Amount, Transfer};
use mplab::clock::Clock;
use mplab::kernel::{Batch, Namespace, Netlink, link, route, sysctl};
use mplab::recording::ConnectionRecord;
use mplab::relay::{Counts, Direction, Relay, RelayLink, Shape};
use mplab::traffic::{Prepared, Running};
use mplab::words::{Protocol, Size, Time, TransferDirection};

/// No transfer here takes a tenth of it on a busy machine; it only keeps a broken one from hanging for ever.
pub(crate) const DEADLINE: Duration = Duration::from_secs(50);
/// The indexes of the wire's two interfaces.
pub(crate) const WIRE: [i32; 2] = [1000, 1001];

/// Two hosts, and the two interfaces between them.
pub(crate) struct Lab {
    pub(crate) hosts: [Arc<Namespace>; 2],
    pub(crate) wires: Arc<Namespace>,
}

pub(crate) const ADDRESSES: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 77, 0, 1), Ipv4Addr::new(10, 77, 0, 2)];
pub(crate) const SERVER6: Ipv6Addr = Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, 2);

impl Lab {
    pub(crate) fn new() -> Result<Self, Failed> {
        let namespace = || Namespace::new().map(Arc::new);
        let lab = Self { hosts: [namespace()?, namespace()?], wires: namespace()? };
        lab.wires.enter(|| sysctl::write("net.ipv6.conf.default.disable_ipv6", "1"))??;
        for (number, host) in lab.hosts.iter().enumerate() {
            // Nothing but what a test sends: no router is looked for, no address tried for being somebody else's.
            for key in ["autoconf", "accept_dad", "router_solicitations"] {
                host.enter(|| sysctl::write(&format!("net.ipv6.conf.default.{key}"), "0"))??;
            }
            let mut batch = Batch::default();
            let name = format!("wire{number}");
            let (here, there) = (link::NewEnd { name: "eth0", index: 2 }, link::NewEnd { name: &name, index: WIRE[number] });
            link::veth(&mut batch, &here, true, &lab.wires, &there, [1500; 2]);
            route::add_address(&mut batch, &route::Address { index: 2, address: ADDRESSES[number].into(), prefix: 24 });
            let address6 = Ipv6Addr::from(u128::from(SERVER6) - 1 + number as u128);
            route::add_address(&mut batch, &route::Address { index: 2, address: address6.into(), prefix: 64 });
            Netlink::new(Arc::clone(host)).send(&batch)?;
            lab.set_up(number, true);
        }
        lab.await_carriers();
        Ok(lab)
    }

    pub(crate) fn set_up(&self, end: usize, up: bool) {
        let mut batch = Batch::default();
        link::set_up(&mut batch, WIRE[end], up);
        Netlink::new(Arc::clone(&self.wires)).send(&batch).unwrap();
    }

    pub(crate) fn await_carriers(&self) {
        for namespace in [&self.wires, &self.hosts[0], &self.hosts[1]] {
            let mut netlink = Netlink::new(Arc::clone(namespace));
            wait_until("every interface has a carrier", || link::list(&mut netlink).unwrap().iter().all(|link| !link.up || link.running));
        }
    }

    pub(crate) fn relay(&self, up: Shape, down: Shape) -> Relay {
        let link = RelayLink { name: "link".into(), a: WIRE[0], b: WIRE[1], up, down, seed: 7 };
        Relay::start(&self.wires, vec![link], Clock::start()).expect("a relay can be started")
    }

    pub(crate) fn start(&self, transfer: &Transfer) -> (Running, mpsc::Receiver<()>) {
        let prepared = Prepared::listen("test", transfer, 1, &self.hosts[0], &self.hosts[1]).expect("the transfer can be prepared");
        let (end, ended) = mpsc::channel();
        let running = prepared.start(Clock::start(), Box::new(move || end.send(()).unwrap_or_default()));
        (running.expect("the transfer starts"), ended)
    }

    /// Runs a transfer of one connection to its own end: all of it arrives as it was sent.
    pub(crate) fn run(&self, transfer: &Transfer) -> ConnectionRecord {
        let (running, ended) = self.start(transfer);
        ended.recv_timeout(DEADLINE).expect("the transfer ends by itself");
        let connection = running.stop().connections.remove(0);
        assert_eq!(connection.error, None);
        assert!(connection.flows().all(|flow| flow.intact() && flow.received == flow.sent), "{connection:?}");
        connection
    }

    /// A socket at each end.
    pub(crate) fn datagrams(&self) -> [UdpSocket; 2] {
        let sockets = [0, 1].map(|end| {
            let socket = self.hosts[end].enter(|| UdpSocket::bind((ADDRESSES[end], 9))).unwrap().unwrap();
            socket.set_read_timeout(Some(DEADLINE)).unwrap();
            socket
        });
        sockets[0].connect((ADDRESSES[1], 9)).unwrap();
        sockets[1].connect((ADDRESSES[0], 9)).unwrap();
        // The hosts learn each other's addresses.
        sockets[0].send(b"hello").unwrap();
        sockets[1].recv(&mut [0; 8]).unwrap();
        sockets
    }
}

pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < deadline, "not so within {DEADLINE:?}: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// An upload by TCP.
pub(crate) fn upload(bytes: u64) -> Transfer {
    Transfer {
        client: "laptop".to_owned(),
        server: "server".to_owned(),
        to: ADDRESSES[1].into(),
        from: None,
        port: 5001,
        client_protocol: Protocol::Tcp,
        server_protocol: Protocol::Tcp,
        second_protocol: None,
        direction: TransferDirection::Upload,
        amount: Amount::Bytes(Size(bytes)),
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

pub(crate) fn up(relay: &Relay) -> Counts {
    relay.seen("link", Direction::Up).unwrap().counts
}

/// Every packet is accounted for, once none is on its way any more.
pub(crate) fn await_accounts(relay: &Relay) -> Counts {
    let balanced = |counts: Counts| counts.offered + counts.duplicated == counts.packets + counts.dropped.total();
    wait_until("every packet is accounted for", || balanced(up(relay)));
    up(relay)
}
