//! A made-up run: a laptop downloads over Ethernet and WLAN for 30 s, Ethernet is cut at 10 s and back at 20 s.
//! For 420 ms after the cut nothing arrives.

use std::collections::BTreeMap;

use mplab::case::{Action, Amount, Case, Cut, Expect, How, Measure, Step, Subject, Transfer};
use mplab::judge::{Finding, Verdict, judge};
use mplab::plan::Job;
use mplab::recording::{
    About, ConnectionRecord, FORMAT, FlowRecord, HostRecord, InterfaceSeries, Lateness, NoticeRecord, PlaceRecord, Recording, StepRecord,
    SubflowSeries, TransferRecord,
};
use mplab::topology::{Host, Interface, Link, Mptcp, Topology};
use mplab::words::{End, Protocol, Rate, Shape, Time, TransferDirection, Window};

/// The microseconds of a second.
pub(crate) const S: u64 = 1_000_000;
/// What Ethernet and WLAN carry in 10 ms, in bytes: 95 and 36 Mbit/s.
const ETHERNET: u64 = 118_750;
const WLAN: u64 = 45_000;

/// Bytes that each interface carried by a time.
fn carried(time: u64) -> (u64, u64) {
    let until = |from: u64, to: u64| time.clamp(from, to) - from;
    let steps = |micros: u64| micros / 10_000;
    (steps(until(0, 10 * S) + until(20 * S, 30 * S)) * ETHERNET, steps(until(0, 10 * S) + until(10 * S + 420_000, 30 * S)) * WLAN)
}

/// A link between two interfaces of the same name.
fn link(first: &str, second: &str) -> Link {
    let ends = [first.parse().unwrap(), second.parse().unwrap()];
    Link { ends, mtu: 1500, engine: None, up: Shape::default(), down: Shape::default() }
}

/// A topology of links `NAME = A:IF -- B:IF`, where the n-th interface of a host has the address 10.LINK.0.HOST.
pub(crate) fn topology(links: &[(&str, &str, &str)]) -> Topology {
    let links: BTreeMap<String, Link> = links.iter().map(|(name, first, second)| ((*name).to_owned(), link(first, second))).collect();
    let mut hosts: BTreeMap<String, Host> = BTreeMap::new();
    for (index, (name, link)) in links.iter().enumerate() {
        for (side, End { host, interface }) in link.ends.iter().enumerate() {
            let nothing = Host {
                forward: false,
                interfaces: BTreeMap::new(),
                sysctls: BTreeMap::new(),
                routes: Vec::new(),
                firewall: Vec::new(),
                mptcp: Mptcp::default(),
            };
            let addresses = vec![format!("10.0.{}.{}/24", index + 1, side + 1).parse().unwrap()];
            let host = hosts.entry(host.clone()).or_insert(nothing);
            let facts = Interface {
                link: name.clone(),
                addresses,
                mtu: None,
                bond: None,
                vlan: None,
                member_of: None,
                masquerade: false,
                tproxy: None,
            };
            host.interfaces.insert(interface.clone(), facts);
        }
    }
    Topology { summary: "Made up".to_owned(), hosts, links }
}

/// An interface that received `rx` and sent `tx`.
pub(crate) fn interface(rx: &[u64], tx: &[u64]) -> InterfaceSeries {
    InterfaceSeries { rx_bytes: rx.to_vec(), tx_bytes: tx.to_vec(), ..InterfaceSeries::default() }
}

/// A subflow seen established at some times.
fn subflow(local: &str, remote: &str, id: u8, at: &[u64], bytes: u64) -> SubflowSeries {
    let constant = |value| vec![value; at.len()];
    SubflowSeries {
        token: 7,
        local: local.to_owned(),
        remote: remote.to_owned(),
        local_id: id,
        remote_id: id,
        flags: if id == 0 { "mec" } else { "jec" }.to_owned(),
        at: at.to_vec(),
        bytes_acked: constant(0),
        bytes_received: constant(bytes),
        retransmits: constant(u64::from(id)),
        rtt: constant(17_300),
        congestion: "cubic".to_owned(),
        mark: 0,
        cwnd: constant(10),
        in_flight: constant(14_480),
        established: vec![true; at.len()],
    }
}

/// What the laptop saw of itself.
fn laptop() -> HostRecord {
    let at: Vec<u64> = (0..=300).map(|sample| sample * 100_000).collect();
    let (ethernet, wlan): (Vec<u64>, Vec<u64>) = at.iter().map(|&time| carried(time)).unzip();
    let acknowledgements = |bytes: &[u64]| bytes.iter().map(|bytes| bytes / 50).collect::<Vec<_>>();
    let interfaces = [
        ("eth0", interface(&ethernet, &acknowledgements(&ethernet))),
        ("lo", interface(&[999], &[999])),
        ("wlan0", interface(&wlan, &acknowledgements(&wlan))),
    ];
    let joins = at.iter().map(|&time| u64::from(time >= S) + u64::from(time >= 20 * S)).collect();
    let subflows = vec![
        subflow("10.0.1.1:40000", "10.0.1.2:5001", 0, &at[1..=104], 118_750_000),
        subflow("10.0.2.1:40001", "10.0.2.2:5001", 1, &at[2..], 133_110_000),
        subflow("10.0.1.1:40002", "10.0.1.2:5001", 2, &at[201..], 118_000_000),
    ];
    HostRecord {
        interfaces: interfaces.map(|(name, series)| (name.to_owned(), series)).into(),
        counters: [("MPTcpExtMPJoinSynTx".to_owned(), joins)].into(),
        subflows,
        counted: at.clone(),
        at,
        ..HostRecord::default()
    }
}

/// What arrived.
fn download() -> TransferRecord {
    let total = |time| carried(time).0 + carried(time).1;
    let moving = (1..=3000).map(|step| step * 10_000).filter(|time| !(10 * S + 10_000..10 * S + 430_000).contains(time));
    let flow = FlowRecord {
        sent: total(30 * S),
        received: total(30 * S),
        closed: Some(30 * S),
        ended: Some(30 * S),
        progress: moving.map(|time| (time, total(time))).collect(),
        ..FlowRecord::default()
    };
    let connection = ConnectionRecord {
        client: "10.0.1.1:40000".to_owned(),
        connected: Some(2_000),
        protocol: Some(Protocol::Mptcp),
        token: Some(7),
        down: Some(flow),
        ..ConnectionRecord::default()
    };
    TransferRecord { started: 0, connections: vec![connection], listener: Some(Protocol::Mptcp) }
}

/// The case.
fn case() -> Case {
    let transfer = Transfer {
        client: "laptop".to_owned(),
        server: "server".to_owned(),
        to: [10, 0, 1, 2].into(),
        from: None,
        port: 5001,
        client_protocol: Protocol::Mptcp,
        server_protocol: Protocol::Mptcp,
        second_protocol: None,
        direction: TransferDirection::Download,
        amount: Amount::Duration(Time::from_millis(30_000)),
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
    let cut = Cut { link: "ethernet".to_owned(), how: How::Carrier(Vec::new()) };
    let steps = [(10_000, Action::Cut(cut)), (20_000, Action::Restore("ethernet".to_owned()))];
    Case {
        summary: "A download survives losing Ethernet, and uses it again when it is back".to_owned(),
        topology: "ethernet-and-wlan".to_owned(),
        deadline: Time::from_millis(60_000),
        sample: Time::from_millis(100),
        transfers: [("download".to_owned(), transfer)].into(),
        processes: BTreeMap::new(),
        steps: steps.map(|(at, action)| Step { at: Time::from_millis(at), when: None, refused: None, action }).into(),
        expects: Vec::new(),
        must_fail: Vec::new(),
    }
}

/// The run, without expectations.
pub(crate) fn run() -> Recording {
    let job = Job {
        engines: BTreeMap::new(),
        name: "survival/ethernet_unplugged".to_owned(),
        seed: 7,
        topology: topology(&[("ethernet", "laptop:eth0", "server:eth0"), ("wlan", "laptop:wlan0", "server:wlan0")]),
        case: case(),
        setup: Vec::new(),
        steps: Vec::new(),
        unshaped: None,
        needs: [].into(),
    };
    let step = |due: u64, line: &str| StepRecord { due, at: due + 300, lines: vec![line.to_owned()], number: None, refused: None };
    Recording {
        relayed: BTreeMap::new(),
        splats: Vec::new(),
        format: FORMAT,
        place: PlaceRecord {
            name: "local".to_owned(),
            kernel: "6.18.44".to_owned(),
            root: true,
            features: [].into(),
            timers: Some(1),
            machine: None,
        },
        end: 30 * S + 200_000,
        timed_out: false,
        lateness: Lateness::default(),
        transfers: [("download".to_owned(), download())].into(),
        processes: BTreeMap::new(),
        hosts: [("laptop".to_owned(), laptop())].into(),
        waits: BTreeMap::new(),
        steps: vec![step(10 * S, "ip link set dev ethernet-a down"), step(20 * S, "ip link set dev ethernet-a up")],
        job,
    }
}

/// 64 subflows over 20 links for an hour, each seen by both hosts, with a step and what the kernels report of it every two minutes.
pub(crate) fn many() -> Recording {
    let mut run = run();
    let names: Vec<[String; 3]> =
        (0..20).map(|n| [format!("path{n:02}"), format!("laptop:if{n:02}"), format!("server:if{n:02}")]).collect();
    let links: Vec<(&str, &str, &str)> = names.iter().map(|[name, one, other]| (name.as_str(), one.as_str(), other.as_str())).collect();
    run.job.topology = topology(&links);
    for (n, link) in (1..).zip(run.job.topology.links.values_mut()) {
        link.up = Shape { rate: Some(Rate(n * 1_000_000)), delay: Time::from_millis(n), ..Shape::default() };
        link.down = Shape { rate: Some(Rate(n * 5_000_000)), delay: Time::from_millis(10 * n), ..Shape::default() };
    }
    run.job.case.sample = Time::from_millis(1000);
    run.end = 3600 * S;
    let at: Vec<u64> = (0..=3600).map(|second| second * S).collect();
    let series = |step: u64| at.iter().map(|at| at / 1000 * step).collect::<Vec<u64>>();
    let bytes: Vec<Vec<u64>> = (0..64).map(|n| series(50 + n * 7)).collect();
    let noise = |n: u64| at.iter().map(|at| 20_000 + (at / S).wrapping_mul(2_654_435_761 + n) % 977 * 40).collect::<Vec<u64>>();
    let host = |[here, there]: [u8; 2]| {
        let sends = here == 1;
        let subflow = |n: usize| {
            let ports = [40_000 + n, 5001];
            let end = |number: u8| format!("10.0.{}.{number}:{}", n % 20 + 1, ports[usize::from(number - 1)]);
            SubflowSeries {
                local: end(here),
                remote: end(there),
                flags: if sends { "jec" } else { "Jec" }.to_owned(),
                at: at.clone(),
                bytes_acked: if sends { bytes[n].clone() } else { vec![0; at.len()] },
                bytes_received: if sends { vec![0; at.len()] } else { bytes[n].clone() },
                rtt: noise(n as u64),
                cwnd: noise(n as u64 + 64),
                in_flight: noise(n as u64 + 128),
                established: vec![true; at.len()],
                ..SubflowSeries::default()
            }
        };
        HostRecord {
            interfaces: (0..20).map(|n| (format!("if{n:02}"), interface(&bytes[n], &bytes[n]))).collect(),
            subflows: (0..64).map(subflow).collect(),
            at: at.clone(),
            ..HostRecord::default()
        }
    };
    run.hosts = [("laptop".to_owned(), host([1, 2])), ("server".to_owned(), host([2, 1]))].into();
    (run.job.case.steps, run.steps) = (Vec::new(), Vec::new());
    for n in 0..30 {
        let (due, link, whole) = ((100 + 115 * n) * S, format!("path{:02}", n / 2), n % 2 == 1);
        let cut = Cut { link: link.clone(), how: How::Blackhole { up: true, down: false } };
        let action = if whole { Action::Restore(link) } else { Action::Cut(cut) };
        run.job.case.steps.push(Step { at: Time::from_micros(due), when: None, refused: None, action });
        run.steps.push(StepRecord { due, at: due + 300, lines: Vec::new(), number: None, refused: None });
        for host in run.hosts.values_mut() {
            let notice = |about, detail: &str| {
                let interface = Some(format!("if{:02}", n / 2));
                NoticeRecord { at: due + S, about, now: whole, interface, detail: detail.to_owned() }
            };
            let address = format!("2001:db8:0:{n}::1/64");
            host.notices.extend([
                notice(About::Carrier, ""),
                notice(About::Address, &address),
                notice(About::Route, "default via 10.0.0.1"),
            ]);
        }
    }
    run
}

/// The only connection of the run.
pub(crate) fn connection(recording: &mut Recording) -> &mut ConnectionRecord {
    &mut recording.transfers.get_mut("download").unwrap().connections[0]
}

/// The only flow of the run.
pub(crate) fn flow(recording: &mut Recording) -> &mut FlowRecord {
    connection(recording).down.as_mut().unwrap()
}

/// Expects more of the download.
pub(crate) fn expect(recording: &mut Recording, during: &str, measure: impl Into<Measure>) {
    let measure = measure.into();
    let during = if during.is_empty() { Window::default() } else { during.parse().unwrap() };
    let host = matches!(measure, Measure::Counter(..) | Measure::Event(..));
    let of = if host { Subject::Host("laptop".to_owned()) } else { Subject::Transfer("download".to_owned()) };
    recording.job.case.expects.push(Expect { of, during, measures: vec![measure] });
}

/// Judges a run by its own case.
pub(crate) fn verdict(recording: &Recording) -> Verdict {
    judge(recording, &recording.job.case)
}

/// The finding about one more measure.
pub(crate) fn finding(recording: &Recording, during: &str, measure: impl Into<Measure>) -> Finding {
    let mut recording = recording.clone();
    expect(&mut recording, during, measure);
    verdict(&recording).findings.pop().unwrap()
}
