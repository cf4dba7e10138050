//! A checked transfer: traffic that mplab itself makes between a client and a server.
//! Not here: how it is written, and moving its bytes.

use serde::{Deserialize, Serialize};

use crate::words::absent::is_default;
use crate::words::{Protocol, Rate, Size, Time, TransferDirection};

/// Built-in traffic between a client and a server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own, and all go together")]
pub struct Transfer {
    /// The host that connects.
    pub client: String,
    /// The host that listens.
    pub server: String,
    /// The server's address that the client connects to.
    pub to: std::net::IpAddr,
    /// The client's address that it connects from; the kernel chooses if absent.
    pub from: Option<std::net::IpAddr>,
    /// The server's port.
    pub port: u16,
    /// What the client's sockets speak.
    pub client_protocol: Protocol,
    /// What the server's sockets speak.
    pub server_protocol: Protocol,
    /// What a second socket speaks that the server has at the same port, if it has one (socket(7), `SO_REUSEPORT`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_protocol: Option<Protocol>,
    /// Which way the bytes go.
    pub direction: TransferDirection,
    /// When it ends.
    pub amount: Amount,
    /// How much the server sends, if not as much as the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down: Option<Size>,
    /// How fast the sender writes to each connection; as fast as possible if absent.
    pub rate: Option<Rate>,
    /// How many connections at once, each moving the amount.
    pub connections: u32,
    /// When it starts.
    pub start: Time,
    /// The server's addresses that it listens at; all its addresses if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listen: Vec<std::net::IpAddr>,
    /// Whether sockets are IPv6 ones for IPv4 addresses (`::ffff:10.0.1.1`; RFC 4291, section 2.5.5.2).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub v4_mapped: bool,
    /// Which end gives each connection up, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abort: Option<Abort>,
    /// The client's interface that its sockets are bound to (`SO_BINDTODEVICE`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The congestion control of both ends' sockets (`TCP_CONGESTION`); the hosts' default if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub congestion: Option<String>,
    /// The mark of both ends' sockets and so of the packets that they send (`SO_MARK`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<u32>,
    /// Whether the client's first bytes go with its SYN if possible (RFC 7413).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fast_open: bool,
    /// What the two ends say in turn, where the server answers what the client asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Exchange>,
    /// How often each client disconnects its socket after all has been moved, and connects it again.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reconnects: u32,
    /// Whether receivers look at what has come before they take it (`MSG_PEEK`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub peek: bool,
    /// Whether both ends ask how many bytes wait in their sockets, and check the answers (`TCP_INQ`, `SIOCINQ`, `SIOCOUTQ`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inq: bool,
}

/// A request of the client and the server's response to it. The next request follows when the response has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// How long a request is.
    pub request: Size,
    /// How long a response is.
    pub response: Size,
}

/// An end that gives up a connection at once: MPTCP's `MP_FASTCLOSE`, TCP's reset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abort {
    /// The host at that end.
    pub host: String,
    /// How many bytes it has sent or received by then.
    pub after: Size,
}

impl Transfer {
    /// How many connections it makes in all.
    pub fn in_all(&self) -> u32 {
        self.connections.saturating_mul(self.reconnects.saturating_add(1))
    }

    /// When its bytes from the server to the client (`down`), or in the other direction, end.
    pub fn amount_of(&self, down: bool) -> Amount {
        self.down.filter(|_| down).map_or(self.amount, Amount::Bytes)
    }

    /// An address in the form that this transfer's sockets use.
    pub fn as_bound(&self, address: std::net::IpAddr) -> std::net::IpAddr {
        match address {
            std::net::IpAddr::V4(address) if self.v4_mapped => address.to_ipv6_mapped().into(),
            address => address,
        }
    }
}

/// When a transfer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Amount {
    /// After this many bytes per connection and direction.
    Bytes(Size),
    /// When the sender has sent for this long.
    Duration(Time),
}
