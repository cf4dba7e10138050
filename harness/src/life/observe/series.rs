//! A host's record as it grows, sample by sample. Keeps its columns equally long, whatever appears late or vanishes.
//! Not here: where the values come from.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::kernel::link_stats::LinkStats;
use crate::kernel::pm_events::Event;
use crate::kernel::sock_diag::{Connection, Subflow};
use crate::result::recording::{ConnectionSeries, EventRecord, HostRecord, InterfaceSeries, NoticeRecord, SubflowSeries};
use crate::words::Protocol;

/// A record under way: [`Self::begin`], what was seen, [`Self::end`].
#[derive(Default)]
pub(super) struct Series {
    record: HostRecord,
    /// Where a subflow's series is, by token, local and remote address.
    subflows: BTreeMap<(u32, SocketAddr, SocketAddr), usize>,
    /// Where a connection's series is, by token.
    connections: BTreeMap<u32, usize>,
}

impl Series {
    /// Begins a sample.
    pub(super) fn begin(&mut self, at: u64) {
        self.record.at.push(at);
    }

    /// Says that this sample has the counters too.
    pub(super) fn count(&mut self) {
        self.record.counted.extend(self.record.at.last());
    }

    /// The MPTCP sockets in use in this sample, which has the counters too.
    pub(super) fn mptcp_sockets(&mut self, in_use: u64) {
        self.record.mptcp_sockets.push(in_use);
    }

    /// Ends the sample: what was not seen in it keeps its value, except that a counter that was not seen is 0.
    pub(super) fn end(&mut self) {
        let samples = self.record.at.len();
        for column in self.record.counters.values_mut() {
            column.resize(self.record.counted.len(), 0);
        }
        for series in self.record.interfaces.values_mut() {
            for column in [&mut series.rx_bytes, &mut series.tx_bytes, &mut series.rx_packets, &mut series.tx_packets] {
                column.resize(samples, column.last().copied().unwrap_or_default());
            }
            series.running.resize(samples, false);
        }
    }

    /// So many sockets were asked for one by one, and this was wrong.
    pub(super) fn asked_for(&mut self, sockets: u64, wrong: Vec<String>) {
        let one_by_one = self.record.one_by_one.get_or_insert_default();
        one_by_one.asked += sockets;
        one_by_one.wrong.extend(wrong);
    }

    /// Listening sockets, which may differ from the last time.
    pub(super) fn listeners(&mut self, listeners: &BTreeMap<SocketAddr, Protocol>) {
        self.record.listeners.extend(listeners);
    }

    /// An interface in this sample; it carried nothing before it was first seen.
    pub(super) fn link(&mut self, link: &LinkStats) {
        let before = self.record.at.len() - 1;
        if !self.record.interfaces.contains_key(&link.name) {
            let zeros = vec![0; before];
            let series = InterfaceSeries {
                rx_bytes: zeros.clone(),
                tx_bytes: zeros.clone(),
                rx_packets: zeros.clone(),
                tx_packets: zeros,
                running: vec![false; before],
            };
            self.record.interfaces.insert(link.name.clone(), series);
        }
        if let Some(series) = self.record.interfaces.get_mut(&link.name) {
            series.rx_bytes.push(link.rx_bytes);
            series.tx_bytes.push(link.tx_bytes);
            series.rx_packets.push(link.rx_packets);
            series.tx_packets.push(link.tx_packets);
            series.running.push(link.running);
        }
    }

    /// A counter in this sample; it was 0 before it was first seen.
    pub(super) fn counter(&mut self, name: &str, value: u64) {
        let before = self.record.counted.len() - 1;
        if let Some(column) = self.record.counters.get_mut(name) {
            column.push(value);
        } else {
            let mut column = vec![0; before];
            column.push(value);
            self.record.counters.insert(name.to_owned(), column);
        }
    }

    /// A subflow in this sample.
    pub(super) fn subflow(&mut self, at: u64, seen: Subflow) {
        let series = &mut self.record.subflows;
        let index = *self.subflows.entry((seen.token, seen.local, seen.remote)).or_insert_with(|| {
            let (local, remote) = (seen.local.to_string(), seen.remote.to_string());
            series.push(SubflowSeries { token: seen.token, local, remote, ..SubflowSeries::default() });
            series.len() - 1
        });
        let series = &mut series[index];
        // A socket may be listed twice when others come and go meanwhile.
        if series.at.last() == Some(&at) {
            return;
        }
        (series.local_id, series.remote_id, series.flags) = (seen.local_id, seen.remote_id, seen.flags);
        (series.congestion, series.mark) = (seen.congestion, seen.mark);
        series.at.push(at);
        series.bytes_acked.push(seen.bytes_acked);
        series.bytes_received.push(seen.bytes_received);
        series.retransmits.push(seen.retransmits);
        series.rtt.push(seen.rtt);
        series.cwnd.push(seen.cwnd);
        series.in_flight.push(seen.in_flight);
        series.established.push(seen.established);
    }

    /// A connection in this sample.
    pub(super) fn connection(&mut self, at: u64, seen: &Connection) {
        let series = &mut self.record.connections;
        let index = *self.connections.entry(seen.token).or_insert_with(|| {
            let (local, remote) = (seen.local.to_string(), seen.remote.to_string());
            series.push(ConnectionSeries { token: seen.token, local, remote, ..ConnectionSeries::default() });
            series.len() - 1
        });
        let series = &mut series[index];
        if series.at.last() == Some(&at) {
            return;
        }
        series.at.push(at);
        series.extra_subflows.push(seen.extra_subflows);
        series.fallback.push(seen.fallback);
        series.bytes_sent.push(seen.bytes_sent);
        series.bytes_received.push(seen.bytes_received);
        series.bytes_retrans.push(seen.bytes_retrans);
        for (name, value) in &seen.info {
            series.info.entry((*name).to_owned()).or_default().push(*value);
        }
    }

    /// An event, at any time.
    pub(super) fn event(&mut self, at: u64, event: Event) {
        self.record.events.push(EventRecord { at, kind: event.kind.to_owned(), token: event.token, detail: event.detail });
    }

    /// A notice of the kernel, at any time.
    pub(super) fn notice(&mut self, notice: NoticeRecord) {
        self.record.notices.push(notice);
    }

    /// What has grown so far.
    pub(super) fn record(&self) -> &HostRecord {
        &self.record
    }

    /// What has grown.
    pub(super) fn into_record(self) -> HostRecord {
        self.record
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stay_as_long_as_the_samples_are_many() {
        let link = |name: &str, bytes| LinkStats { name: name.into(), rx_bytes: bytes, running: true, ..LinkStats::default() };
        let mut series = Series::default();
        series.begin(0);
        series.count();
        series.link(&link("eth0", 10));
        series.counter("TcpCurrEstab", 1);
        series.end();
        series.begin(100);
        series.link(&link("eth0", 20));
        series.link(&link("wlan0", 5));
        series.end();
        series.begin(200);
        series.count();
        series.link(&link("wlan0", 6));
        series.counter("TcpRetransSegs", 4);
        series.end();

        let record = series.into_record();
        assert_eq!(record.at, [0, 100, 200]);
        assert_eq!(record.counted, [0, 200]);
        assert_eq!(record.counters["TcpCurrEstab"], [1, 0]);
        assert_eq!(record.counters["TcpRetransSegs"], [0, 4], "0 before it was seen");
        assert_eq!(record.interfaces["eth0"].rx_bytes, [10, 20, 20], "gone, with what it had carried");
        assert_eq!(record.interfaces["eth0"].running, [true, true, false]);
        assert_eq!(record.interfaces["wlan0"].rx_bytes, [0, 5, 6]);
        assert_eq!(record.interfaces["wlan0"].running, [false, true, true]);
        assert_eq!(record.interfaces["wlan0"].tx_packets.len(), 3);
    }

    #[test]
    fn subflows_of_one_connection_are_told_apart_by_their_addresses() {
        let mut series = Series::default();
        for (at, remotes) in [(0, ["10.0.0.2:80", "10.0.1.2:80"].as_slice()), (100, &["10.0.1.2:80"])] {
            series.begin(at);
            for remote in remotes {
                series.subflow(at, subflow(7, remote, at));
            }
            series.end();
        }
        let subflows = series.into_record().subflows;
        let seen: Vec<_> = subflows.iter().map(|subflow| (subflow.remote.as_str(), subflow.at.as_slice())).collect();
        assert_eq!(seen, [("10.0.0.2:80", [0].as_slice()), ("10.0.1.2:80", &[0, 100])]);
        assert_eq!(subflows[1].bytes_acked, [0, 100]);
    }

    fn subflow(token: u32, remote: &str, bytes_acked: u64) -> Subflow {
        Subflow {
            token,
            cookie: [0; 8],
            local: "10.0.0.1:4000".parse().unwrap(),
            remote: remote.parse().unwrap(),
            local_id: 0,
            remote_id: 0,
            flags: "mec".into(),
            established: true,
            bytes_acked,
            bytes_received: 0,
            retransmits: 0,
            rtt: 20,
            cwnd: 10,
            in_flight: 0,
            congestion: "cubic".into(),
            device: 0,
            mark: 0,
        }
    }
}
