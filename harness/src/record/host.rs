//! What is seen of a host: series of its interfaces, counters, subflows and connections, its path-manager events, and its kernel's
//! notices about links.
//! Not here: how it was configured (`state`).

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::{NoticeRecord, StateRecord};
use crate::words::absent::is_default;
use crate::words::{Protocol, Time, Window};

/// What was seen of a host.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HostRecord {
    /// The times of its samples.
    pub at: Vec<u64>,
    /// Its interfaces by name.
    pub interfaces: BTreeMap<String, InterfaceSeries>,
    /// The times at which its counters were read: those of every fifth sample, and of the last.
    pub counted: Vec<u64>,
    /// MPTCP sockets in use at those times (/proc/net/protocols).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mptcp_sockets: Vec<u64>,
    /// Its counters by the kernel's names, those that ever differed from 0 (/proc/net/netstat and /proc/net/snmp; `nstat`).
    pub counters: BTreeMap<String, Vec<u64>>,
    /// The TCP flows that are part of MPTCP connections, in the order of appearance.
    pub subflows: Vec<SubflowSeries>,
    /// MPTCP connections, in the order of appearance.
    pub connections: Vec<ConnectionSeries>,
    /// Path-manager events.
    pub events: Vec<EventRecord>,
    /// Its kernel's notices about links, addresses and routes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<NoticeRecord>,
    /// The protocols of its listening TCP sockets by address and port, as last seen: when a process was ready, and at the end.
    #[serde(default)]
    pub listeners: BTreeMap<SocketAddr, Protocol>,
    /// Its MPTCP connections and subflows asked for one by one, where a case wants that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_by_one: Option<OneByOneRecord>,
    /// How it was configured when the run ended.
    #[serde(default)]
    pub state: Option<StateRecord>,
}

impl HostRecord {
    /// The window of the round of samples before a moment; any other window unchanged.
    pub(crate) fn samples_of(&self, window: Window) -> Window {
        let Some(moment) = window.moment() else { return window };
        let next = self.at.partition_point(|start| *start <= moment.micros());
        let until = self.at.get(next).map(|at| Time::from_micros(at - 1));
        Window { from: next.checked_sub(1).map(|last| Time::from_micros(self.at[last])), to: until }
    }
}

/// What came of asking for sockets by themselves that a list had before (inet_diag without `NLM_F_DUMP`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OneByOneRecord {
    /// How often one was asked for, in all samples together.
    pub asked: u64,
    /// Which were not found, or were others, in words.
    pub wrong: Vec<String>,
}

/// An interface's counters (`ip -s link`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct InterfaceSeries {
    /// Bytes received, link-layer headers included.
    pub rx_bytes: Vec<u64>,
    /// Bytes sent, link-layer headers included.
    pub tx_bytes: Vec<u64>,
    /// Packets received; a super-packet of segmentation offload counts once.
    pub rx_packets: Vec<u64>,
    /// Packets sent; a super-packet of segmentation offload counts once.
    pub tx_packets: Vec<u64>,
    /// Whether it was up and had a carrier.
    pub running: Vec<bool>,
}

/// A subflow: one TCP flow of an MPTCP connection, as `ss -tiM` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SubflowSeries {
    /// The connection's token at this host.
    pub token: u32,
    /// Address and port here.
    pub local: String,
    /// Address and port there.
    pub remote: String,
    /// The address id here; 0 is the connection's initial address.
    pub local_id: u8,
    /// The address id there.
    pub remote_id: u8,
    /// `MPTCP_SUBFLOW_FLAG_*`, those last seen, as `ss` letters (include/uapi/linux/mptcp.h): `M` and `m` for `MP_CAPABLE` asked for remotely
    /// and locally, `J` and `j` for `MP_JOIN`, `B` and `b` for backup, `e` for fully established, `c` for connected, `v` for a valid mapping.
    pub flags: String,
    /// The times at which it was seen.
    pub at: Vec<u64>,
    /// Bytes of payload acknowledged by the peer.
    pub bytes_acked: Vec<u64>,
    /// Bytes of payload received.
    pub bytes_received: Vec<u64>,
    /// Segments retransmitted.
    pub retransmits: Vec<u64>,
    /// Its congestion control, the last seen.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub congestion: String,
    /// The mark of its packets, the last seen.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mark: u32,
    /// Smoothed round-trip time in µs.
    pub rtt: Vec<u64>,
    /// Congestion window in segments.
    pub cwnd: Vec<u64>,
    /// Bytes sent that the peer had not acknowledged: those from SND.UNA to SND.NXT (RFC 9293, section 3.3.1), lost ones included. Empty in
    /// recordings from before this was recorded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub in_flight: Vec<u64>,
    /// Whether it was in state ESTABLISHED.
    pub established: Vec<bool>,
}

impl SubflowSeries {
    /// The times at which it was seen established. At the client, a joining subflow is in ESTABLISHED as soon as its SYN is answered, when the server
    /// may still refuse it; it counts here only once it is fully established, with the fourth packet (RFC 8684, section 3.2).
    pub fn up(&self) -> impl DoubleEndedIterator<Item = u64> {
        let refused = self.flags.contains(['j', 'J']) && !self.flags.contains('e');
        self.at.iter().zip(&self.established).filter(move |(_, established)| **established && !refused).map(|(at, _)| *at)
    }
}

/// An MPTCP connection, as `MPTCP_INFO` has it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ConnectionSeries {
    /// Its token at this host.
    pub token: u32,
    /// Address and port here.
    pub local: String,
    /// Address and port there.
    pub remote: String,
    /// The times at which it was seen.
    pub at: Vec<u64>,
    /// Subflows besides the first (`mptcpi_extra_subflows`).
    pub extra_subflows: Vec<u64>,
    /// Whether it had fallen back to TCP (`MPTCP_INFO_FLAG_FALLBACK`).
    pub fallback: Vec<bool>,
    /// Bytes of data sent (`mptcpi_bytes_sent`), 0 on kernels before 6.5.
    pub bytes_sent: Vec<u64>,
    /// Bytes of data received (`mptcpi_bytes_received`).
    pub bytes_received: Vec<u64>,
    /// Bytes of data retransmitted on another subflow (`mptcpi_bytes_retrans`).
    pub bytes_retrans: Vec<u64>,
    /// The other plain numbers in `struct mptcp_info`, by the kernel's names without `mptcpi_` (include/uapi/linux/mptcp.h), as far as the
    /// kernel has them.
    #[serde(default)]
    pub info: BTreeMap<String, Vec<u64>>,
}

impl ConnectionSeries {
    /// A field of `MPTCP_INFO` by the kernel's name without `mptcpi_`; none if the kernel does not have it.
    pub fn field(&self, name: &str) -> Option<&[u64]> {
        match name {
            "extra_subflows" => Some(&self.extra_subflows),
            "bytes_sent" => Some(&self.bytes_sent),
            "bytes_received" => Some(&self.bytes_received),
            "bytes_retrans" => Some(&self.bytes_retrans),
            other => self.info.get(other).map(Vec::as_slice),
        }
    }
}

/// A path-manager event (`ip mptcp monitor`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EventRecord {
    /// When it was read, in µs.
    pub at: u64,
    /// Its kind, one of [`crate::document::case::EVENT_KINDS`], or `lost` where the kernel had to drop events.
    pub kind: String,
    /// The connection's token at this host.
    pub token: Option<u32>,
    /// Its other fields, as `ip mptcp monitor` spells them: `saddr4=10.0.1.1 dport=5001`.
    pub detail: String,
}
