//! Every series of a recording as one list, for other tools: what was measured, of what, and when.
//! Not here: the formats in which they are written.

use std::collections::BTreeMap;
use std::iter;

use crate::document::topology::Topology;
use crate::result::recording::{About, ConnectionRecord, HostRecord, Recording};

/// The nature of a series' values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// A count that only grows.
    Count,
    /// A level that goes up and down.
    Level,
    /// One of the kernel's counters, some of which are levels.
    Unknown,
}

/// A measure of series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    /// The kind of thing measured: `interface`.
    pub kind: &'static str,
    /// Its name: `rx_bytes`.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// How it behaves.
    pub nature: Nature,
    /// Its meaning, in a sentence.
    pub means: &'static str,
}

/// One measure of one thing over time.
#[derive(Debug, Clone)]
pub(super) struct Series<'a> {
    pub(super) measure: &'static Measure,
    /// The host that saw it.
    pub(super) host: &'a str,
    /// The thing measured.
    pub(super) name: String,
    /// The link that it belongs to, if it belongs to one.
    pub(super) link: Option<&'a str>,
    /// The points: times in µs, and values.
    pub(super) points: Vec<(u64, u64)>,
}

const fn measure(kind: &'static str, name: &'static str, unit: &'static str, nature: Nature, means: &'static str) -> Measure {
    Measure { kind, name, unit, nature, means }
}

/// All measures, in the order in which they are written.
pub static MEASURES: [Measure; 25] = [
    measure("interface", "rx_bytes", "bytes", Nature::Count, "bytes received, link-layer headers included"),
    measure("interface", "tx_bytes", "bytes", Nature::Count, "bytes sent, link-layer headers included"),
    measure("interface", "rx_packets", "packets", Nature::Count, "packets received; a super-packet counts once"),
    measure("interface", "tx_packets", "packets", Nature::Count, "packets sent; a super-packet counts once"),
    measure("interface", "running", "0 or 1", Nature::Level, "whether it was up and had a carrier"),
    measure("subflow", "bytes_acked", "bytes", Nature::Count, "bytes of payload that the other end acknowledged"),
    measure("subflow", "bytes_received", "bytes", Nature::Count, "bytes of payload received"),
    measure("subflow", "retransmits", "segments", Nature::Count, "segments sent again"),
    measure("subflow", "rtt", "us", Nature::Level, "smoothed round-trip time"),
    measure("subflow", "cwnd", "segments", Nature::Level, "congestion window"),
    measure("subflow", "in_flight", "bytes", Nature::Level, "bytes sent that the other end had not acknowledged"),
    measure("subflow", "established", "0 or 1", Nature::Level, "whether it was in state ESTABLISHED"),
    measure("connection", "extra_subflows", "subflows", Nature::Level, "subflows besides the first"),
    measure("connection", "fallback", "0 or 1", Nature::Level, "whether it had fallen back to TCP"),
    measure("connection", "bytes_sent", "bytes", Nature::Count, "bytes of data sent; 0 on kernels before 6.5"),
    measure("connection", "bytes_received", "bytes", Nature::Count, "bytes of data received"),
    measure("connection", "bytes_retrans", "bytes", Nature::Count, "bytes of data sent again on another subflow"),
    measure("transfer", "delivered", "bytes", Nature::Count, "bytes that arrived in order, as the receiving program read them"),
    measure("notice", "interface", "0 or 1", Nature::Level, "whether the interface is there, from when the host's kernel said so"),
    measure("notice", "up", "0 or 1", Nature::Level, "whether it is set up"),
    measure("notice", "carrier", "0 or 1", Nature::Level, "whether it has a carrier, if it is set up"),
    measure("notice", "address", "0 or 1", Nature::Level, "whether it has the address"),
    measure("notice", "route", "0 or 1", Nature::Level, "whether there is the route"),
    measure("notice", "lost", "events", Nature::Count, "how often the kernel dropped notices because too many came at once"),
    measure("counter", "count", "events", Nature::Unknown, "one of the kernel's counters, by its name in nstat"),
];

fn known(kind: &str, name: &str) -> &'static Measure {
    let found = MEASURES.iter().find(|measure| (measure.kind, measure.name) == (kind, name));
    found.unwrap_or_else(|| panic!("{kind}.{name} is in the table"))
}

/// All series, those of a measure together, in the order of [`MEASURES`].
pub(super) fn series(recording: &Recording) -> Vec<Series<'_>> {
    let topology = &recording.job.topology;
    let of_hosts = recording.hosts.iter().flat_map(|(name, host)| of_host(topology, name, host));
    let mut all: Vec<Series> = of_hosts.chain(transfers(recording)).collect();
    let place = |series: &Series| MEASURES.iter().position(|measure| measure == series.measure);
    all.sort_by_key(|series| place(series));
    all
}

fn of_host<'a>(topology: &'a Topology, host: &'a str, record: &'a HostRecord) -> Vec<Series<'a>> {
    let mut all = Vec::new();
    let mut add = |kind, thing: &str, link, at: &[u64], columns: &[(&str, &[u64])]| {
        for (name, values) in columns {
            let points = at.iter().copied().zip(values.iter().copied()).collect();
            all.push(Series { measure: known(kind, name), host, name: thing.to_owned(), link, points });
        }
    };
    let flags = |flags: &[bool]| flags.iter().map(|flag| u64::from(*flag)).collect::<Vec<_>>();
    let link = |interface: &str| {
        let facts = topology.hosts.get(host).and_then(|host| host.interfaces.get(interface));
        facts.filter(|facts| facts.bond.is_none()).map(|facts| facts.link.as_str())
    };
    for (name, seen) in &record.interfaces {
        let running = flags(&seen.running);
        let counts = [
            ("rx_bytes", &seen.rx_bytes),
            ("tx_bytes", &seen.tx_bytes),
            ("rx_packets", &seen.rx_packets),
            ("tx_packets", &seen.tx_packets),
            ("running", &running),
        ];
        add("interface", name, link(name), &record.at, &counts.map(|(name, values)| (name, values.as_slice())));
    }
    for seen in &record.subflows {
        let established = flags(&seen.established);
        let counts = [
            ("bytes_acked", &seen.bytes_acked),
            ("bytes_received", &seen.bytes_received),
            ("retransmits", &seen.retransmits),
            ("rtt", &seen.rtt),
            ("cwnd", &seen.cwnd),
            ("in_flight", &seen.in_flight),
            ("established", &established),
        ];
        let name = format!("{:08x} {} {}", seen.token, seen.local, seen.remote);
        add("subflow", &name, None, &seen.at, &counts.map(|(name, values)| (name, values.as_slice())));
    }
    for seen in &record.connections {
        let fallback = flags(&seen.fallback);
        let counts = [
            ("extra_subflows", &seen.extra_subflows),
            ("fallback", &fallback),
            ("bytes_sent", &seen.bytes_sent),
            ("bytes_received", &seen.bytes_received),
            ("bytes_retrans", &seen.bytes_retrans),
        ];
        add("connection", &format!("{:08x}", seen.token), None, &seen.at, &counts.map(|(name, values)| (name, values.as_slice())));
    }
    for ((about, interface, name), points) in notices(record) {
        let columns: (Vec<u64>, Vec<u64>) = points.into_iter().unzip();
        add("notice", &name, link(interface), &columns.0, &[(about, &columns.1)]);
    }
    for (name, values) in &record.counters {
        add("counter", name, None, &record.counted, &[("count", values)]);
    }
    all
}

/// Points by measure, interface and name.
type Notices<'a> = BTreeMap<(&'static str, &'a str, String), Vec<(u64, u64)>>;

/// A kernel's notices, by measure, interface and name: when each thing began to be so, and when it ended.
fn notices(record: &HostRecord) -> Notices<'_> {
    let mut all = Notices::new();
    for notice in &record.notices {
        let interface = notice.interface.as_deref().unwrap_or_default();
        let (about, name) = match notice.about {
            About::Interface => ("interface", interface.to_owned()),
            About::Up => ("up", interface.to_owned()),
            About::Carrier => ("carrier", interface.to_owned()),
            About::Address => ("address", format!("{} dev {interface}", notice.detail)),
            About::Route => ("route", notice.detail.clone()),
            About::Lost => ("lost", String::new()),
        };
        let points = all.entry((about, interface, name)).or_default();
        let value = if notice.about == About::Lost { points.len() as u64 + 1 } else { notice.now.into() };
        // Of changes at one moment, the last counts.
        match points.last_mut().filter(|last| last.0 == notice.at) {
            Some(last) => last.1 = value,
            None => points.push((notice.at, value)),
        }
    }
    all
}

fn transfers(recording: &Recording) -> Vec<Series<'_>> {
    let mut all = Vec::new();
    for (name, transfer) in &recording.transfers {
        let Some(asked) = recording.job.case.transfers.get(name) else { continue };
        for (index, ConnectionRecord { up, down, .. }) in transfer.connections.iter().enumerate() {
            for (way, flow, to) in [("up", up, &asked.server), ("down", down, &asked.client)] {
                let Some(flow) = flow else { continue };
                let name = format!("{name} {} {way}", index + 1);
                let arrived = flow.progress.iter().copied().chain(flow.ended.map(|ended| (ended, flow.received)));
                let mut points: Vec<(u64, u64)> = iter::once((transfer.started, 0)).chain(arrived).collect();
                // The last bytes and the end may have come together.
                points.dedup_by(|later, earlier| {
                    later.0 == earlier.0 && {
                        earlier.1 = later.1;
                        true
                    }
                });
                all.push(Series { measure: known("transfer", "delivered"), host: to, name, link: None, points });
            }
        }
    }
    all
}
