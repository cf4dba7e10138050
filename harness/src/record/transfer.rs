//! What is seen of a transfer: its connections, and what arrived over each of them.
//! Not here: what the kernel reports about these connections, which is in a host's record.

use serde::{Deserialize, Serialize};

use crate::words::absent::is_default;
use crate::words::{Errno, Protocol};

/// The record of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TransferRecord {
    /// When its clients were told to connect, in µs.
    pub started: u64,
    /// Its connections.
    pub connections: Vec<ConnectionRecord>,
    /// The protocol of the listening socket according to `sock_diag`, if it was seen.
    pub listener: Option<Protocol>,
}

/// One connection of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ConnectionRecord {
    /// The client's address and port.
    pub client: String,
    /// When `connect` was called, in µs, of a client that connects again; if absent, that is when the transfer started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<u64>,
    /// When `connect` had succeeded, in µs.
    pub connected: Option<u64>,
    /// Its protocol when last seen, according to the client's socket: `tcp` after a fallback.
    pub protocol: Option<Protocol>,
    /// The client's MPTCP token, which names the connection in [`super::HostRecord::connections`] and path-manager events.
    pub token: Option<u32>,
    /// Client to server.
    pub up: Option<FlowRecord>,
    /// Server to client.
    pub down: Option<FlowRecord>,
    /// How long each exchange took that ended, in µs: the first from when it was `connected`, each other from the end of the one before. Empty
    /// if the transfer makes none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exchanges: Vec<u64>,
    /// What the client's socket told of the connection at its end, if a case wants to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_answers: Option<AnswersRecord>,
    /// What the server's socket told of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_answers: Option<AnswersRecord>,
    /// What went wrong, in words; such a connection is not intact.
    pub error: Option<String>,
    /// The kernel's number for that error, if it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<Errno>,
}

/// What a socket told of its connection (`getsockopt` with `MPTCP_INFO`, `MPTCP_TCPINFO`, `MPTCP_SUBFLOW_ADDRS` and `MPTCP_FULL_INFO`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AnswersRecord {
    /// The connection's token at this host.
    pub token: u32,
    /// Bytes of data sent (`mptcpi_bytes_sent`).
    pub bytes_sent: u64,
    /// Bytes of data received (`mptcpi_bytes_received`).
    pub bytes_received: u64,
    /// Its subflows.
    pub subflows: Vec<SubflowAnswer>,
    /// Where the answers contradict each other, and which wrong requests were not refused, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wrong: Vec<String>,
}

/// What a socket told of a subflow.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SubflowAnswer {
    /// Its number, which no other subflow of the connection gets; the first is 1.
    pub id: u32,
    /// Address and port here.
    pub local: String,
    /// Address and port there.
    pub remote: String,
    /// Bytes of payload sent, those that were sent again included (`tcpi_bytes_sent`).
    pub bytes_sent: u64,
    /// Bytes of payload received (`tcpi_bytes_received`).
    pub bytes_received: u64,
}

/// One direction of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FlowRecord {
    /// Bytes that the sender's socket accepted.
    pub sent: u64,
    /// Bytes that arrived in order, up to the first wrong one.
    pub received: u64,
    /// How many of them the receiver had looked at before it took them (`MSG_PEEK`).
    #[serde(default, skip_serializing_if = "is_default")]
    pub peeked: u64,
    /// Up to which byte of the stream the receiver's kernel ever said that it was there (`TCP_INQ`); the end of the stream may count as one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub told: u64,
    /// Where the first wrong byte was.
    pub corrupt_at: Option<u64>,
    /// What arrived there instead of what was sent.
    #[serde(default)]
    pub wrong: Option<WrongRecord>,
    /// When the sender had closed its direction, in µs.
    pub closed: Option<u64>,
    /// When the receiver saw the end, in µs; absent if it never did.
    pub ended: Option<u64>,
    /// Delivery: pairs of time in µs and bytes arrived by then, about one each 10 ms, and a pair at each end of a longer gap. The receiver reads
    /// what comes in 10 ms at once. It knows to the µs when bytes come after a gap. The time of the last bytes before a gap is that of their
    /// packet (`SO_TIMESTAMPNS`), but not earlier than the read before: if they waited for others, or on a kernel that keeps the time of the
    /// first of several packets, a gap is recorded up to a read too long, never too short. A kernel that counts in ticks of 10 ms reads for up to 20.
    pub progress: Vec<(u64, u64)>,
}

/// Wrong bytes that arrived.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WrongRecord {
    /// When they were read, in µs.
    pub at: u64,
    /// The first few bytes that belong there, in hexadecimal.
    pub wanted: String,
    /// The bytes that came instead.
    pub got: String,
    /// Where these belong: the next such position in the stream, if they are of it at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub belongs: Option<u64>,
}

impl FlowRecord {
    /// Whether everything sent arrived as it was sent, to the end.
    pub fn intact(&self) -> bool {
        self.ended.is_some() && self.corrupt_at.is_none() && self.received == self.sent
    }
}

impl ConnectionRecord {
    /// Its directions.
    pub fn flows(&self) -> impl Iterator<Item = &FlowRecord> {
        self.up.iter().chain(&self.down)
    }
}
