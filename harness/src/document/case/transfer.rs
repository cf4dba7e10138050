//! A transfer: traffic that mplab itself makes between a client and a server. Checked.
//! Not here: how it is written, and moving its bytes.

use serde::{Deserialize, Serialize};

use crate::words::{Protocol, Rate, Size, Time, TransferDirection};

/// Built-in traffic between a client and a server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    /// The host that connects.
    pub client: String,
    /// The host that listens.
    pub server: String,
    /// The server's address that the client connects to.
    pub to: std::net::IpAddr,
    /// The client's address that it connects from, if not the kernel's choice.
    pub from: Option<std::net::IpAddr>,
    /// The server's port.
    pub port: u16,
    /// What the client's sockets speak.
    pub client_protocol: Protocol,
    /// What the server's sockets speak.
    pub server_protocol: Protocol,
    /// Which way the bytes go.
    pub direction: TransferDirection,
    /// When it ends.
    pub amount: Amount,
    /// How fast the sender hands bytes to each connection; as fast as it goes if absent.
    pub rate: Option<Rate>,
    /// How many connections, each moving the amount.
    pub connections: u32,
    /// When it starts.
    pub start: Time,
}

/// When a transfer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Amount {
    /// After so many bytes per connection and direction.
    Bytes(Size),
    /// When the sender has sent for so long.
    Duration(Time),
}
